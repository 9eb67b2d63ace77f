//! What a source said, and where: nothing is concluded here.

pub mod files;
pub mod location;
pub mod observation;
mod response;

pub use response::Response;
