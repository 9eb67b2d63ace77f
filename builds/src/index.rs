//! Every build in memory; look-ups are answered from here.
//!
//! An index never changes; a newer generation is another index. Each text is kept once, rows are sorted by (product,
//! build id), and a look-up is one probe of a table of numbers, without allocation.

mod build_index;
mod build_ref;
mod builder;
mod lines;
mod row;
mod sources;
mod tables;
mod texts;

pub use build_index::BuildIndex;
pub use build_ref::{BuildRef, InLine};
pub use builder::IndexBuilder;
pub use lines::Place;
pub use texts::IndexFull;

#[cfg(test)]
mod tests;
