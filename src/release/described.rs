//! The description of a build, from everything known about the origin of its sources.

use super::checkout::{Checkout, is_commit};

/// Longer texts from outside are rejected.
const MAX_TEXT: usize = 500;

/// Information given from outside the checkout.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// `DATIL_COMMIT`.
    pub(crate) commit: Option<String>,
    /// `DATIL_BUILD`.
    pub(crate) build: Option<String>,
    /// `DATIL_SOURCE`.
    pub(crate) source: Option<String>,
    /// The text of `version.json`.
    pub(crate) file: Option<String>,
}

/// The description of a build. Unknown fields are `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) commit: Option<String>,
    pub(crate) dirty: Option<bool>,
    pub(crate) build: Option<String>,
    pub(crate) source: Option<String>,
}

impl Described {
    /// Combines a checkout, if there is one, with what was given; also returns what was not believed.
    pub(crate) fn of(checkout: Option<Checkout>, given: &Given) -> (Self, Vec<String>) {
        let mut doubts = Vec::new();
        let mut commit_of = |name: &str, text: Option<&str>| {
            let text = text.and_then(usable)?.to_ascii_lowercase();
            if is_commit(&text) {
                return Some(text);
            }
            doubts.push(format!("{name} is not the whole hash of a commit, and is not used"));
            None
        };
        let file = given.file.as_deref().map(serde_json::from_str::<serde_json::Value>);
        let file = match file {
            Some(Ok(file)) => file,
            _ => serde_json::Value::Null,
        };
        let in_file = |name: &str| file[name].as_str();
        let variable = commit_of("DATIL_COMMIT", given.commit.as_deref());
        let filed = commit_of("the commit in version.json", in_file("commit"));
        let (own, dirty, origin) = match checkout {
            Some(checkout) => (checkout.commit, checkout.dirty, checkout.source),
            None => (None, None, None),
        };
        if let (Some(own), Some(variable)) = (&own, &variable)
            && own != variable
        {
            doubts.push("DATIL_COMMIT is another commit than the one checked out, and is not used".to_owned());
        }
        if given.file.is_some() && !file.is_object() {
            doubts.push("version.json holds no JSON object, and is not used".to_owned());
        }
        let commit = own.or(variable).or_else(|| filed.clone());
        // A file for another commit describes another build.
        let is_of_this = filed.is_none() || filed == commit;
        let in_file = |name: &str| in_file(name).filter(|_| is_of_this);
        let text = |given: Option<&str>, name: &str| {
            let text = given.and_then(usable).or_else(|| in_file(name).and_then(usable));
            text.map(str::to_owned)
        };
        let described = Self {
            dirty: dirty.filter(|_| commit.is_some()),
            build: text(given.build.as_deref(), "build"),
            source: text(given.source.as_deref(), "source").or(origin),
            commit,
        };
        (described, doubts)
    }

    /// The text after the program's name.
    pub(crate) fn line(&self, version: &str) -> String {
        let mut parts = Vec::new();
        if let Some(commit) = &self.commit {
            let changed = if self.dirty == Some(true) { " with changes" } else { "" };
            parts.push(format!("commit {commit}{changed}"));
        }
        if let Some(build) = &self.build {
            parts.push(format!("build {build}"));
        }
        match parts.is_empty() {
            true => version.to_owned(),
            false => format!("{version} ({})", parts.join(", ")),
        }
    }
}

/// Returns a text that fits on one line.
fn usable(text: &str) -> Option<&str> {
    let text = text.trim();
    let fits = (1..=MAX_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn checkout() -> Checkout {
        Checkout {
            commit: Some(ONE.to_owned()),
            dirty: Some(false),
            source: Some("https://git.example.org/datil".to_owned()),
            watched: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let filed = |commit: &str| format!(r#"{{"commit":"{commit}","build":"77","source":"https://a.example/"}}"#);
        let (one, two) = (filed(ONE), filed(TWO));
        // Checkout, DATIL_COMMIT, version.json; commit, dirty, build, and the number of doubts.
        for (is_checkout, variable, file, commit, dirty, build, doubts) in [
            (false, None, None, None, None, None, 0),
            (true, None, None, Some(ONE), Some(false), None, 0),
            (true, Some(TWO), None, Some(ONE), Some(false), None, 1),
            (true, None, Some(&*two), Some(ONE), Some(false), None, 0),
            (true, None, Some(&*one), Some(ONE), Some(false), Some("77"), 0),
            (false, Some(TWO), None, Some(TWO), None, None, 0),
            (false, Some(""), Some(&*one), Some(ONE), None, Some("77"), 0),
            (false, Some("main"), None, None, None, None, 1),
            (false, None, Some("nonsense"), None, None, None, 1),
            (false, None, Some(r#"{"build": "77"}"#), None, None, Some("77"), 0),
            (
                false,
                None,
                Some(r#"{"commit": 7, "build": "a\nb"}"#),
                None,
                None,
                None,
                0,
            ),
        ] {
            let given = Given {
                commit: variable.map(str::to_owned),
                file: file.map(str::to_owned),
                ..Given::default()
            };
            let (described, said) = Described::of(is_checkout.then(checkout), &given);
            let found = (described.commit.as_deref(), described.dirty, described.build.as_deref());
            assert_eq!(found, (commit, dirty, build), "{given:?}");
            assert_eq!(said.len(), doubts, "{said:?}");
        }
    }

    #[test]
    fn the_line_says_what_is_known() {
        let one = |dirty, build: Option<&str>| Described {
            commit: Some(ONE.to_owned()),
            dirty,
            build: build.map(str::to_owned),
            source: None,
        };
        for (described, expected) in [
            (Described::default(), "1.2.3".to_owned()),
            (one(None, None), format!("1.2.3 (commit {ONE})")),
            (one(Some(false), None), format!("1.2.3 (commit {ONE})")),
            (
                one(Some(true), Some("77")),
                format!("1.2.3 (commit {ONE} with changes, build 77)"),
            ),
        ] {
            assert_eq!(described.line("1.2.3"), expected);
        }
    }
}
