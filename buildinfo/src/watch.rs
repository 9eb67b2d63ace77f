//! Watches over the data: crashing builds that no source knows, whether imports happen, announced builds that wait, and
//! history that is too old.

pub mod alarm;
pub mod importer;
pub mod inbox;
pub mod unknown;
pub mod upkeep;
