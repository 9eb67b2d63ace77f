//! What the collector writes into a raw crash, beside the annotations. Code that reads or writes such a key takes its
//! name from here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The crash's id. A client that may choose it sends it under this name.
pub const ID: &str = "uuid";
/// When the report came in, RFC 3339.
pub const SUBMITTED: &str = "submitted_timestamp";
/// The version of the raw crash's form, [`FORM_VERSION`].
pub const FORM: &str = "version";
/// The object [`Metadata`].
pub const METADATA: &str = "metadata";
/// The member of [`METADATA`] with the dumps' checksums.
pub const CHECKSUMS: &str = "dump_checksums";

/// What stands under [`FORM`].
pub const FORM_VERSION: i64 = 2;

/// Whether the collector writes this key of a raw crash itself; a client's value under it is overwritten.
pub fn writes(name: &str) -> bool {
    [ID, SUBMITTED, FORM, METADATA].contains(&name)
}

/// What the collector notes of a report and of how it came in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// `json` or `multipart`: how the annotations were sent.
    pub payload: String,
    /// `1` when the body was gzip-compressed, else `0`.
    pub payload_compressed: String,
    /// Size of the body as sent, in bytes.
    pub payload_size: u64,
    /// Oddities that the collector found; consumers of the data know these texts.
    pub collector_notes: Vec<String>,
    /// The SHA-256 of each dump in hexadecimal, by name.
    pub dump_checksums: BTreeMap<String, String>,
    /// The `User-Agent` header; the text `None` if absent.
    pub user_agent: String,
    /// The throttling rule that let the crash in.
    pub throttle_rule: String,
    /// How many crashes this one stands for: 1 divided by the product of the throttling percentages it passed. At least
    /// 1.
    pub sampling_weight: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_stand_under_their_name() {
        let checksums = BTreeMap::from([("upload_file_minidump".to_owned(), "ab".to_owned())]);
        let metadata = Metadata {
            dump_checksums: checksums,
            ..Metadata::default()
        };
        let metadata = serde_json::to_value(metadata).unwrap();
        assert_eq!(metadata[CHECKSUMS]["upload_file_minidump"], "ab");
    }
}
