//! The parameters by name, within bounds.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::cursor;
use super::problem::{Fault, Problem, Warning};

/// Maximum number of parameters, and of names of them.
pub(super) const MAX_PARAMETERS: usize = 10_000;

/// Maximum values of one parameter.
const MAX_VALUES: usize = 1_000;

/// Maximum characters of a value.
const MAX_VALUE: usize = 10_000;

/// Whether a word says yes or no, in any case; `None` if it says neither.
pub fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// The values of each parameter, in the order in which they were given.
pub(super) struct Parameters<'a> {
    /// By their first place.
    names: Vec<&'a str>,
    values: BTreeMap<&'a str, Vec<&'a str>>,
    read: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(params: &'a [(String, String)]) -> Result<Self, Problem> {
        if params.len() > MAX_PARAMETERS {
            return Err(Problem::new(
                "",
                format!("more than {MAX_PARAMETERS} parameters: ask for less at once"),
            ));
        }
        let mut names = Vec::new();
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in params {
            if value.contains('\0') {
                return Err(Problem::of(Fault::Type, name, "Null characters are not allowed."));
            }
            let most = if name == cursor::NAME {
                cursor::MAX_LENGTH
            } else {
                MAX_VALUE
            };
            if value.len() > most && value.chars().count() > most {
                let message = format!("a value is longer than {most} characters: shorten it");
                return Err(Problem::new(name, message));
            }
            let of_name = values.entry(name).or_insert_with(|| {
                names.push(name.as_str());
                Vec::new()
            });
            of_name.push(value);
            if of_name.len() > MAX_VALUES {
                return Err(Problem::new(
                    name,
                    format!("more than {MAX_VALUES} values: ask for less at once"),
                ));
            }
        }
        Ok(Self {
            names,
            values,
            read: RefCell::default(),
        })
    }

    /// The names, by their first place.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }

    /// The values of a parameter, which is known then.
    pub(super) fn values(&self, name: &str) -> &[&'a str] {
        match self.values.get_key_value(name) {
            None => &[],
            Some((name, values)) => {
                self.read.borrow_mut().insert(name);
                values
            }
        }
    }

    /// The values of a parameter that are not empty.
    pub(super) fn filled(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name).iter().copied().filter(|value| !value.is_empty())
    }

    /// A whole number from 0 to `most`. Of several the last counts, with a warning.
    pub(super) fn number(
        &self,
        name: &str,
        default: u64,
        most: u64,
        warnings: &mut Vec<Warning>,
    ) -> Result<u64, Problem> {
        let Some(value) = self.last(name, warnings) else {
            return Ok(default);
        };
        let value = value.trim();
        let digits = value.strip_prefix('-').unwrap_or(value);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Problem::of(Fault::Type, name, "Enter a whole number."));
        }
        let number = value.parse().ok().filter(|number| *number <= most);
        number.ok_or_else(|| Problem::new(name, format!("must be a whole number from 0 to {most}")))
    }

    /// Whether something is wanted that is not by default.
    pub(super) fn flag(&self, name: &str, warnings: &mut Vec<Warning>) -> Result<bool, Problem> {
        match self.last(name, warnings).map(truth) {
            None => Ok(false),
            Some(Some(wanted)) => Ok(wanted),
            Some(None) => Err(Problem::new(name, "must be `1` or `0`")),
        }
    }

    /// The last value that is not empty, with a warning if there are others.
    pub(super) fn last(&self, name: &str, warnings: &mut Vec<Warning>) -> Option<&'a str> {
        let mut values = self.filled(name);
        let mut last = values.next()?;
        for value in values {
            if last != value {
                warnings.push(Warning::new(name, "has several values: the last counts"));
            }
            last = value;
        }
        Some(last)
    }

    /// The parameters that nothing asked for.
    pub(super) fn unread(&self) -> impl Iterator<Item = &'a str> {
        let read = self.read.borrow().clone();
        self.names().filter(move |name| !read.contains(name))
    }
}
