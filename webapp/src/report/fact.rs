//! A line of a list of facts.

/// A line of a list of facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    /// What the label means, for readers who do not know; may be empty.
    pub(super) hint: &'static str,
    pub(super) value: String,
    pub(super) link: Option<String>,
}

impl Fact {
    pub(super) fn new(label: &'static str, hint: &'static str, value: impl Into<String>) -> Self {
        Self {
            label,
            hint,
            value: value.into(),
            link: None,
        }
    }

    /// The same fact with a link after its value.
    pub(super) fn linked(mut self, link: Option<String>) -> Self {
        self.link = link;
        self
    }
}
