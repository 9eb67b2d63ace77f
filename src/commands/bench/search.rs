//! `datil bench search`: searches over invented crashes, and SQLite on the same rows beside them.

mod asked;
mod rows;
