//! A name that is none of ours.

/// A stored name that no known value has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: {text:?}")]
pub struct UnknownName {
    /// What kind of name it should have been.
    pub what: &'static str,
    /// The text as it was read.
    pub text: String,
}
