//! What a source said, and where; without conclusions.

pub mod announcement;
pub mod canonical;
pub mod files;
pub mod location;
pub mod observation;
mod response;
pub mod source;

pub use response::Response;
