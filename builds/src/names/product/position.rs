//! A product, as the position of its row.

/// A product whose builds are looked up: the position of its row, by which products are ordered.
///
/// A position is small, and constants of it can stand in patterns and in the rows themselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product(u8);

impl Product {
    /// Firefox for desktop, with Developer Edition on channel `aurora`.
    pub const FIREFOX: Self = Self(0);
    /// Thunderbird for desktop.
    pub const THUNDERBIRD: Self = Self(1);
    /// Firefox for Android until 68.
    pub const FENNEC: Self = Self(2);
    /// Firefox for Android since 79.
    pub const FENIX: Self = Self(3);
    /// Firefox Focus and Klar.
    pub const FOCUS: Self = Self(4);

    /// The product whose row is at this position.
    pub(super) fn at(position: u8) -> Self {
        Self(position)
    }

    /// Where it stands in the order of products.
    pub(crate) fn position(self) -> u8 {
        self.0
    }
}
