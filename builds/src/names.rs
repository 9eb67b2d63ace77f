//! How products, versions and builds are named, and in which order versions come.

pub mod build_id;
pub mod product;
mod unknown_name;
pub mod version;
pub mod version_code;

pub use unknown_name::UnknownName;
