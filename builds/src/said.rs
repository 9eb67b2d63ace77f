//! What a source said, and where; without conclusions.

pub mod files;
pub mod location;
pub mod observation;
mod response;

pub use response::Response;
