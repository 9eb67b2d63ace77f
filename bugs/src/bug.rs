//! What is known of a bug.

use std::collections::BTreeMap;

use serde::Serialize;

/// A bug that names crash signatures, as everybody may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bug {
    /// Its number, above 0.
    pub id: i64,
    /// Its status, such as `NEW`; empty if it is not known. At most 64 characters.
    pub status: String,
    /// How it was resolved, such as `FIXED`; empty for an open bug. At most 64 characters.
    pub resolution: String,
    /// Its title. At most 300 characters.
    pub summary: String,
    /// Whether somebody works on it; who that is, is not known.
    pub assigned: bool,
    /// Its keywords, sorted: at most 50, each of at most 64 characters.
    pub keywords: Vec<String>,
    /// The fields `cf_status_…` and `cf_tracking_…` that say something, and what: at most 200.
    pub flags: BTreeMap<String, String>,
}

/// One signature that a bug names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct BugSignature {
    /// The bug's number.
    pub id: i64,
    /// The signature, as the bug has it.
    pub signature: String,
}
