//! The rows that a process has: those that are built in, and those that the site's file of products changes or adds.

use std::sync::{OnceLock, PoisonError, RwLock};

use super::rows::{BUILT_IN, Product, Row, own};
use crate::names::unknown_name::UnknownName;

/// The rows in force. Products are positions in them, so they stay as they were when the first one was read.
static ROWS: OnceLock<&'static [Row]> = OnceLock::new();

/// The products of which stored data have a name, and nobody a row: those of a file that is another one now. Their
/// positions follow those of the rows.
static ELSEWHERE: RwLock<Vec<&'static Row>> = RwLock::new(Vec::new());

/// Maximum bytes of a stored name.
const LONGEST_NAME: usize = 256;

/// Rows of products came too late: some were read before, or others were installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rows of products are installed once, before any product is named")]
pub struct Late;

/// Every product's row, in the order of lists: those that are built in come first.
pub fn rows() -> &'static [Row] {
    ROWS.get_or_init(|| BUILT_IN)
}

/// Puts these rows in force, which [`super::stated::with`] made, before anything reads one.
///
/// # Errors
/// See [`Late`].
pub fn install(rows: Vec<Row>) -> Result<(), Late> {
    // Kept for as long as the program runs.
    ROWS.set(rows.leak()).map_err(|_| Late)
}

impl Product {
    /// What is particular to the product.
    pub fn row(self) -> &'static Row {
        let position = usize::from(self.position());
        rows().get(position).unwrap_or_else(|| {
            let elsewhere = ELSEWHERE.read().unwrap_or_else(PoisonError::into_inner);
            // Positions are only given to products that have a row in one of the two.
            elsewhere[position - rows().len()]
        })
    }

    /// The product that has exactly this canonical name in stored data. One without a row was stored when a file of
    /// products had it: it is kept, and no question finds it.
    ///
    /// # Errors
    /// The text is no name, or there are too many of them.
    pub fn stored(name: &str) -> Result<Self, UnknownName> {
        let position = |rows: &[&Row]| rows.iter().position(|row| row.name == name);
        if let Some(known) = Self::of_name(name) {
            return Ok(known);
        }
        let mut elsewhere = ELSEWHERE.write().unwrap_or_else(PoisonError::into_inner);
        let nth = position(&elsewhere).unwrap_or(elsewhere.len());
        let unknown = || UnknownName {
            what: "product",
            text: text::cut(name, 80).to_owned(),
        };
        let product = u8::try_from(rows().len() + nth).map_err(|_| unknown())?;
        if nth == elsewhere.len() {
            if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
                return Err(unknown());
            }
            // Kept for as long as the program runs: there are few of them.
            elsewhere.push(Box::leak(Box::new(own(name.to_owned().leak()))));
        }
        Ok(Self::at(product))
    }
}
