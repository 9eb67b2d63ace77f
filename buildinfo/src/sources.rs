//! The sources of observations. Each is one module with one function that reads it and returns its observations; none
//! draws conclusions.

mod address;
pub mod archive;
pub mod buildhub;
pub mod client;
pub mod csv;
pub mod product_details;
pub mod table;
pub mod tape;

pub use client::{Client, SourceError};
pub use tape::Tape;
