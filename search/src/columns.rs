//! The columns: what the index holds, by field. The only place that knows how tantivy keeps them.
//!
//! An index is a folder with a folder for each ISO week of reports. Each week is an index of tantivy with nothing but
//! fast fields, in which only the crash id can be looked up. Everything else here is ours: what a query needs is read
//! from the columns, value by value.

mod bits;
mod codes;
mod schema;
mod segment;
mod week;
mod writer;

pub use bits::Bits;
pub use codes::{Code, Coded, Codes, NO_CODE};
pub use segment::{Numbers, Segment, Texts, integer_of, is_full, number_of, order_of_integer, order_of_number};
pub use week::Week;
pub use writer::{Index, IndexError, Snapshot};
