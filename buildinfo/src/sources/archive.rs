//! The file archive: what its listings, its names and the small files beside the builds say. Parsing them does no I/O.

mod build_folder;
mod listing;
mod metadata;
mod names;
mod reader;

pub(crate) use build_folder::{BuildFolder, BuildRead, CandidateFolder, buildhub_package};
pub use listing::{FileEntry, Listing, NotAListing};
pub use metadata::{BadFile, read};
pub use names::{
    FileKind, MetadataFiles, NightlyFolder, Package, build_number, candidate_files, candidate_version, info_platform,
    month, nightly_folder, packages, platform, release_version, year,
};
pub(crate) use reader::Reader;
pub use reader::public_address;
