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
    /// In which way it is wrong.
    pub fault: Fault,
}

/// In which way a parameter is wrong: clients of Crash Stats know these errors in different forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not of the parameter's type.
    Type,
    /// Its value makes no sense; the message says why, and does not name the parameter.
    Value,
    /// It makes no sense; the message is a sentence of its own.
    Sense,
}

impl Problem {
    /// A value that makes no sense.
    pub(super) fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self::of(Fault::Value, parameter, message)
    }

    pub(super) fn of(fault: Fault, parameter: &str, message: impl Into<String>) -> Self {
        Self {
            parameter: shown(parameter),
            message: message.into(),
            fault,
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
