//! Looks after the data: builds that crash and that no source knows, whether anybody imports, and history that is too
//! old.

pub mod alarm;
pub mod importer;
pub mod unknown;
pub mod upkeep;
