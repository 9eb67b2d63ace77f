//! Texts that many builds share, each kept once.

use std::collections::HashMap;

/// More builds, or longer texts, than the index can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index is full")]
pub struct IndexFull;

/// Texts stored one after another, by position.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Texts {
    /// The text at a position; empty if there is none.
    pub(super) fn get(&self, position: u32) -> &str {
        let position = position as usize;
        let end = self.ends.get(position).map_or(0, |end| *end as usize);
        let start = match position {
            0 => 0,
            _ => self.ends.get(position - 1).map_or(0, |end| *end as usize),
        };
        self.all.get(start..end).unwrap_or_default()
    }

    /// Adds a text, and returns its position.
    pub(super) fn push(&mut self, text: &str) -> Result<u32, IndexFull> {
        let position = u32::try_from(self.ends.len()).map_err(|_| IndexFull)?;
        let end = u32::try_from(self.all.len() + text.len()).map_err(|_| IndexFull)?;
        self.all.push_str(text);
        self.ends.push(end);
        Ok(position)
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Finds the position of a text seen before.
#[derive(Debug, Default)]
pub(super) struct Positions(HashMap<Box<str>, u32, foldhash::fast::RandomState>);

impl Positions {
    /// The position of `text`; a new text gets the one that `add` returns.
    pub(super) fn of(&mut self, text: &str, add: impl FnOnce() -> Result<u32, IndexFull>) -> Result<u32, IndexFull> {
        if let Some(position) = self.0.get(text) {
            return Ok(*position);
        }
        let position = add()?;
        self.0.insert(text.into(), position);
        Ok(position)
    }
}
