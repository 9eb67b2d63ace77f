//! How far the built-in lists agree with Mozilla's.

use super::comparison::percent;

/// How far the built-in lists agree with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The SHA-256 of the built-in lists that were compared.
    pub built_in: &'static str,
    /// The SHA-256 of the others.
    pub other: &'static str,
    /// Whose the others are, and of when.
    pub with: &'static str,
    /// How many names were tried.
    pub names: usize,
    /// How many of them both treat alike.
    pub alike: usize,
}

impl Agreement {
    /// The share of names that are treated alike, in percent, rounded down to a tenth.
    pub fn percent(&self) -> f64 {
        percent(self.alike, self.names)
    }
}

/// How far the built-in lists agree with Mozilla's, as [`crate::Comparison`] found. It was measured, and is measured
/// again where Mozilla's lists are at hand (`tests/conformance.rs`); a test keeps anybody from changing the lists
/// without that.
pub const AGREEMENT: Agreement = Agreement {
    built_in: "e818d4f15e7f7d6262a64f51a28ef10b668a249296e831aa1346db03cabe813a",
    other: "3897e1305a536f1051ad5caccd84966bf2801fc7e94f6e064d804ff813647cf8",
    with: "Mozilla's lists of August 2026",
    names: 24_659,
    alike: 24_659,
};
