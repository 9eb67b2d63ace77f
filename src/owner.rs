//! The name of this process.

/// A unique name for this process, used to claim jobs or imports.
pub(crate) fn owner() -> String {
    format!("{}-{:08x}", std::process::id(), rand::random::<u32>())
}
