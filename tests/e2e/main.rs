//! Tests the real program from outside: starts it, submits reports, queries it, kills it and inspects it.

mod access;
mod announced;
mod browser;
mod bugs;
mod builds;
mod builds_cli;
mod clients;
mod crashes;
mod demo;
mod errors;
mod fields;
mod hostile;
mod json_lines;
mod kill;
mod memory;
#[path = "../../src/meters.rs"]
mod meters;
mod metrics;
mod migrations;
mod older_rows;
mod operating;
mod outages;
mod own_products;
mod rebuild;
mod release;
mod reprocessing;
mod search;
mod siglists;
mod signatures;
mod stand_ins;
mod super_search;
mod symbols;
mod system;
mod unknown;
