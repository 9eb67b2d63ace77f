//! The sources of observations. Each is one module with one function that reads it and hands over
//! what it said; none concludes anything.

pub mod archive;
pub mod buildhub;
pub mod client;
pub mod csv;
pub mod product_details;
pub mod tape;

pub use client::{Client, SourceError};
pub use tape::Tape;

/// A path below a service's root, whether or not the root ends in a slash.
fn under(root: &url::Url, path: &str) -> String {
    format!("{}{path}", root.as_str().trim_end_matches('/'))
}
