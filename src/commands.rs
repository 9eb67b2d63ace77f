//! The sub-commands, one file each.

pub(crate) mod audit_log;
pub(crate) mod bench;
pub(crate) mod bugs;
pub(crate) mod buildinfo;
pub(crate) mod check;
pub(crate) mod crash;
mod lines;
pub(crate) mod reprocess;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod signature;
pub(crate) mod submit;
pub(crate) mod token;
pub(crate) mod up;
