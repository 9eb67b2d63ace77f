//! Watches over the data: crashing builds that no source knows, whether imports happen, and history that is too old.

pub mod alarm;
pub mod importer;
pub mod unknown;
pub mod upkeep;
