//! The columns: what the index holds, by field. The only place that knows how tantivy keeps them.
//!
//! An index is a folder with a folder for each ISO week of reports. Each week is an index of tantivy with nothing but
//! fast fields, in which only the crash id can be looked up. Everything else here is ours: what a query needs is read
//! from the columns, value by value.

mod bits;
mod codes;
mod error;
mod index;
mod of_week;
mod schema;
mod segment;
mod view;
mod week;

pub use bits::Bits;
pub use codes::{Code, Coded, Codes, NO_CODE};
pub use error::IndexError;
pub use index::{Index, Merging};
pub use segment::{Numbers, Segment, Texts, integer_of, is_full, number_of, order_of_integer, order_of_number};
pub use view::{Snapshot, View};
pub use week::Week;
