//! What of a dump was left out or put right before the walk.

use serde::{Deserialize, Serialize};

/// What of a dump was left out because there was too much of it, or put right, before it was walked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Threads that were left out; the crashing one never is.
    pub threads: u32,
    /// Where in the dump's list the crashing thread stood, if it took the place of another one
    /// because those behind it were left out.
    pub moved: Option<u32>,
    /// Whether stacks lost their far ends.
    pub stacks: bool,
    /// Whether the stacks of all threads but the crashing one were left out.
    pub others: bool,
    /// Whether the list of handles was left out.
    pub handles: bool,
    /// Names of modules and threads that could not be read, or not whole.
    pub names: u32,
    /// Whether the dump was compressed, or lay in a form of its own.
    pub packed: bool,
}

impl Cut {
    /// Both together, of which `later` was cut from what the first one left.
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

    /// What is to be said of it, none if the dump was walked as it is.
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
