//! Looks after what is missing: builds that crash and that no source knows, and whether anybody imports.

pub mod alarm;
pub mod importer;
pub mod unknown;
