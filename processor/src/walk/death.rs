//! Why a walk has no result.

use std::io;

/// Why a walk has no result: its child is gone, or could not be started.
#[derive(Debug, thiserror::Error)]
pub enum WalkDeath {
    /// The dump took longer than [`PoolSettings::timeout`](super::PoolSettings::timeout); the child was killed.
    #[error("walking took too long")]
    Timeout,
    /// The child needed more than [`PoolSettings::memory_bytes`](super::PoolSettings::memory_bytes).
    #[error("walking took too much memory")]
    OutOfMemory,
    /// The walking code panicked.
    #[error("the walker panicked")]
    Panic,
    /// The child was killed by this signal, which the pool did not send. 9 is usually the kernel's when the machine is
    /// out of memory.
    #[error("the walker was ended by signal {0}")]
    Signal(i32),
    /// The child exited or answered in violation of the protocol.
    #[error("the walker did not keep to the protocol")]
    Protocol,
    /// No child could be started. This says nothing about the dump.
    #[error("the walker could not be started")]
    Spawn(#[source] io::Error),
}

impl WalkDeath {
    /// A short, stable name for notes, metrics and stored reasons.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out of memory",
            Self::Panic => "panic",
            Self::Signal(_) => "signal",
            Self::Protocol => "protocol",
            Self::Spawn(_) => "spawn",
        }
    }

    /// Whether the dump may be the cause, so that it counts as one of its attempts.
    pub fn may_be_the_dumps_fault(&self) -> bool {
        !matches!(self, Self::Spawn(_))
    }
}
