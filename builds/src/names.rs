//! The names of products, versions and builds, and the order of versions.

pub mod build_id;
pub mod channel;
pub mod product;
mod unknown_name;
pub mod version;
pub mod version_code;

pub use unknown_name::UnknownName;
