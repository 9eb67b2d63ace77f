//! The name of this process.

/// A name for this process that no other has: who claims jobs or imports.
pub(crate) fn owner() -> String {
    format!("{}-{:08x}", std::process::id(), rand::random::<u32>())
}
