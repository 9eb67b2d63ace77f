//! Who sees and does what: tokens, sessions, and what is protected, searched for in everything that the program says.

mod addresses;
mod callers;
mod leaks;
mod limits;
mod marks;
mod sessions;
mod site;
mod table;
mod twins;
mod world;
