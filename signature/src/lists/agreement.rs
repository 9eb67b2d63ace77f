//! How far the built-in lists agree with Mozilla's.

use super::comparison::percent;

/// How far the built-in lists agree with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The SHA-256 of the built-in lists that were compared.
    pub built_in: &'static str,
    /// The SHA-256 of the others.
    pub other: &'static str,
    /// Whose lists the others are, and their date.
    pub with: &'static str,
    /// How many names were tried.
    pub names: usize,
    /// How many of them both treat the same.
    pub alike: usize,
}

impl Agreement {
    /// Returns the percentage of names treated the same, rounded down to a tenth.
    pub fn percent(&self) -> f64 {
        percent(self.alike, self.names)
    }
}

/// How far the built-in lists agree with Mozilla's, as [`crate::Comparison`] found. It is measured again wherever
/// Mozilla's lists are available (`tests/conformance.rs`); a test fails if the lists change without a new measurement.
pub const AGREEMENT: Agreement = Agreement {
    built_in: "e818d4f15e7f7d6262a64f51a28ef10b668a249296e831aa1346db03cabe813a",
    other: "3897e1305a536f1051ad5caccd84966bf2801fc7e94f6e064d804ff813647cf8",
    with: "Mozilla's lists of August 2026",
    names: 24_659,
    alike: 24_659,
};
