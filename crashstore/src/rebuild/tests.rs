//! Rows made again, over both databases, from objects as they stand in a store.

mod meanwhile;
mod objects;
mod site;
