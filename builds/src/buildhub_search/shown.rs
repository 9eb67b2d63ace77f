//! The members of a record that a hit shows: `_source`.

use serde_json::{Map, Value};

use super::body::{Refused, object, text_of, unsupported};

/// Maximum patterns in one list.
const MOST_PATTERNS: usize = 100;

/// What is shown of each record.
#[derive(Debug)]
pub(super) enum Shown {
    Nothing,
    /// Members that match one of the first list (or all, if it is empty) and none of the second.
    Members {
        includes: Vec<String>,
        excludes: Vec<String>,
    },
}

impl Shown {
    pub(super) fn parse(source: Option<&Value>) -> Result<Self, Refused> {
        let only = |includes| Self::Members {
            includes,
            excludes: Vec::new(),
        };
        Ok(match source {
            None | Some(Value::Bool(true)) => only(Vec::new()),
            Some(Value::Bool(false)) => Self::Nothing,
            Some(Value::Object(lists)) => {
                let known = ["includes", "include", "excludes", "exclude"];
                if let Some(word) = lists.keys().find(|word| !known.contains(&word.as_str())) {
                    return Err(unsupported("member of [_source]", word, &known.join(", ")));
                }
                let list = |words: [&str; 2]| {
                    let found = words.into_iter().find_map(|word| lists.get(word));
                    found.map_or(Ok(Vec::new()), patterns)
                };
                Self::Members {
                    includes: list(["includes", "include"])?,
                    excludes: list(["excludes", "exclude"])?,
                }
            }
            Some(list) => only(patterns(list)?),
        })
    }

    /// Whether a member such as `download.size` is shown.
    pub(super) fn shows(&self, path: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Members { includes, excludes } => {
                (includes.is_empty() || includes.iter().any(|pattern| fits(pattern, path)))
                    && !excludes.iter().any(|pattern| fits(pattern, path))
            }
        }
    }

    /// The shown part of a record; none if nothing is ever shown.
    pub(super) fn of(&self, record: &Value) -> Option<Value> {
        if matches!(self, Self::Nothing) {
            return None;
        }
        let mut shown = Map::new();
        for (group, value) in object("record", record).ok()? {
            match value {
                Value::Object(members) => {
                    let members: Map<String, Value> = members
                        .iter()
                        .filter(|(name, _)| self.shows(&format!("{group}.{name}")))
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect();
                    if !members.is_empty() {
                        shown.insert(group.clone(), Value::Object(members));
                    }
                }
                value if self.shows(group) => {
                    shown.insert(group.clone(), value.clone());
                }
                _ => {}
            }
        }
        Some(Value::Object(shown))
    }
}

fn patterns(list: &Value) -> Result<Vec<String>, Refused> {
    let items = match list {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    if items.len() > MOST_PATTERNS {
        return Err(Refused(format!("at most {MOST_PATTERNS} patterns in [_source]")));
    }
    let text = |item| text_of("_source", item).map(str::to_owned);
    items.iter().map(text).collect()
}

/// Whether a pattern (`target.version`, `target`, `*.id`) matches a member; a group's name matches all its members.
fn fits(pattern: &str, path: &str) -> bool {
    let group = path.split('.').next().unwrap_or(path);
    matches(pattern, path) || matches(pattern, group)
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_members_and_groups() {
        for (pattern, path, expected) in [
            ("build.id", "build.id", true),
            ("build.id", "build.idx", false),
            ("build", "build.id", true),
            ("build.*", "build.id", true),
            ("*", "id", true),
            ("*.id", "build.id", true),
            ("*.id", "id", false),
            ("*e*.pl*m", "target.platform", true),
            ("t*x", "target.platform", false),
            ("", "build.id", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
