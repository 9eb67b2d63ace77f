//! What was left out of a dump or repaired before the walk.

use serde::{Deserialize, Serialize};

/// What was left out of a dump because there was too much of it, or repaired, before the walk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Threads left out, never including the crashing one.
    pub threads: u32,
    /// The crashing thread's index in the dump's list, if it replaced another thread because those after it were left
    /// out.
    pub moved: Option<u32>,
    /// Whether stacks lost their far ends.
    pub stacks: bool,
    /// Whether the stacks of all threads except the crashing one were left out.
    pub others: bool,
    /// Whether the list of handles was left out.
    pub handles: bool,
    /// Names of modules and threads that could not be read, or not in full.
    pub names: u32,
    /// Whether the dump was compressed or wrapped in a form.
    pub packed: bool,
}

impl Cut {
    /// Both together; `later` was cut from what the first left.
    pub(super) fn and(self, later: Self) -> Self {
        Self {
            threads: self.threads.saturating_add(later.threads),
            moved: self.moved.or(later.moved),
            stacks: self.stacks || later.stacks,
            others: self.others || later.others,
            handles: self.handles || later.handles,
            names: self.names.saturating_add(later.names),
            packed: self.packed || later.packed,
        }
    }

    /// Notes about the cuts; none if the dump was walked as it is.
    pub fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.packed {
            notes.push("the minidump was taken out of a packing".to_owned());
        }
        if self.names > 0 {
            notes.push(format!("names that cannot be read were replaced: {}", self.names));
        }
        if self.handles {
            notes.push("the list of handles was left out".to_owned());
        }
        if self.threads > 0 {
            notes.push(format!("threads that were left out before walking: {}", self.threads));
        }
        if let Some(index) = self.moved {
            notes.push(format!("the crashing thread, {index} in the dump, stands last"));
        }
        if self.stacks {
            notes.push("long stacks were cut before walking".to_owned());
        }
        if self.others {
            notes.push("only one thread was walked, the crashing one if it is named".to_owned());
        }
        notes
    }
}
