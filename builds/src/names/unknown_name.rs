//! An unknown name.

/// A stored name that matches no known value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: {text:?}")]
pub struct UnknownName {
    /// The kind of name expected.
    pub what: &'static str,
    /// The text as read.
    pub text: String,
}
