//! The single table of fields: each field of a processed crash and each annotation, with type, origin, access, search
//! name and description.
//!
//! Copying annotations, redaction, the search row and the documentation (`docs/fields.md`) are made from it. A field,
//! member or annotation that is not here is protected. Which are public follows the published data dictionary of Crash
//! Stats (processed crash and annotation schemas, 2026-08).
//!
//! The rows stand in files by theme. A row that is public begins with `public`, any other with `protected`.

mod field;
mod table;

mod android;
mod dates;
mod failure;
mod graphics;
mod ipc;
mod java;
mod json_dump;
mod machine;
mod memory;
mod process;
mod processing;
mod product;
mod report;
mod session;
mod shutdown;
mod signature;
mod stackwalk;

pub mod annotations;

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;

pub use field::{Access, Field, Kind, Shape};
pub use signature::FRAMES;
pub use stackwalk::PUBLIC_DUMPS;
pub use table::{Searched, THEMES, Theme, access_of, all, by_name, searched};
