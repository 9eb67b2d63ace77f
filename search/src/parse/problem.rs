//! What is wrong with a parameter. No text repeats a value: it may be a protected one.

/// Maximum characters of a parameter's name in a text.
const MAX_NAME: usize = 100;

/// A parameter that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}{}{message}", if .parameter.is_empty() { "" } else { ": " })]
pub struct Problem {
    /// The parameter's name, at most 100 characters of it; empty if it is of all of them.
    pub parameter: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    pub(super) fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self {
            parameter: shown(parameter),
            message: message.into(),
        }
    }
}

/// A parameter that was left out, or may mean something else than the caller thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The parameter's name, at most 100 characters of it.
    pub parameter: String,
    /// What was done about it.
    pub message: String,
}

impl Warning {
    pub(super) fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self {
            parameter: shown(parameter),
            message: message.into(),
        }
    }
}

/// The beginning of a name.
pub(super) fn shown(name: &str) -> String {
    text::cut(name, MAX_NAME).to_owned()
}
