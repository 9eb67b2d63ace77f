//! Rows made again, over both databases, from objects as they stand in a store.

mod firsts;
mod meanwhile;
mod objects;
mod site;
