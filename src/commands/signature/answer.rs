//! The answer about one crash: its signature, and the one to compare it with.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use signature::{CrashData, Lists, Signature, explain, generate};

/// Makes answers.
pub(super) struct Maker {
    /// The lists used to make signatures.
    pub(super) lists: Lists,
    /// What they are compared with.
    pub(super) original: Original,
    /// Whether to include the steps that lead to a signature.
    pub(super) explain: bool,
}

/// The origin of the signature that the new one is compared with.
pub(super) enum Original {
    /// The crash's stored signature.
    Stored,
    /// The crash's stored signature; if it has none, one made with these lists.
    StoredOrMadeWith(Lists),
    /// A signature made with these lists.
    MadeWith(Lists),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The source of the crash: `file:line`, or its id.
    pub(super) input: String,
    /// Its id, if it states one.
    pub(super) crash_id: Option<String>,
    /// The signature that the new one is compared with, if there is one.
    pub(super) original: Option<String>,
    /// The new signature, or why there is none.
    pub(super) made: Result<Signature, String>,
}

impl Answer {
    /// An answer without a signature.
    pub(super) fn error(input: String, error: String) -> Self {
        Self {
            input,
            crash_id: None,
            original: None,
            made: Err(error),
        }
    }

    /// The answer with the id in the crash's JSON document.
    pub(super) fn named(mut self, json: &[u8]) -> Self {
        self.crash_id = crash_id(json);
        self
    }

    /// Whether the signature changed; `None` if that cannot be said.
    pub(super) fn changed(&self) -> Option<bool> {
        let made = self.made.as_ref().ok()?;
        Some(*self.original.as_ref()? != made.signature)
    }
}

impl Maker {
    /// The answer about a crash.
    pub(super) fn about(&self, input: String, crash: &CrashData<'_>) -> Answer {
        let stored = || crash.original.clone();
        let made_with = |lists| Some(generate(crash, lists).signature);
        let make = if self.explain { explain } else { generate };
        Answer {
            input,
            crash_id: None,
            original: match &self.original {
                Original::Stored => stored(),
                Original::StoredOrMadeWith(lists) => stored().or_else(|| made_with(lists)),
                Original::MadeWith(lists) => made_with(lists),
            },
            made: Ok(make(crash, &self.lists)),
        }
    }

    /// The answer about a JSON document.
    pub(super) fn about_json(&self, input: String, json: &[u8]) -> Answer {
        match CrashData::from_json(json) {
            Ok(crash) => self.about(input, &crash),
            Err(error) => Answer::error(input, error.to_string()),
        }
    }
}

/// The id of a processed crash, or of crash data with one.
fn crash_id(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        uuid: Option<String>,
        crash_id: Option<String>,
    }
    let named: Named = serde_json::from_slice(json).ok()?;
    named.uuid.or(named.crash_id)
}

/// How many crashes changed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    changed: AtomicU64,
    same: AtomicU64,
    not_comparable: AtomicU64,
    without_signature: AtomicU64,
}

impl Counts {
    pub(super) fn add(&self, answer: &Answer) {
        let count = match (&answer.made, answer.changed()) {
            (Err(_), _) => &self.without_signature,
            (Ok(_), Some(true)) => &self.changed,
            (Ok(_), Some(false)) => &self.same,
            (Ok(_), None) => &self.not_comparable,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// One line for people.
    pub(super) fn shown(&self) -> String {
        let [changed, same, not_comparable, without] =
            [&self.changed, &self.same, &self.not_comparable, &self.without_signature]
                .map(|count| count.load(Ordering::Relaxed));
        format!(
            "{} crashes: {changed} with another signature, {same} with the same, \
             {not_comparable} with none to compare with, {without} not readable",
            changed + same + not_comparable + without
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Lists for which `entry` is irrelevant.
    fn lists(entry: &str) -> Lists {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("irrelevant_signature_re.txt", entry),
            ("prefix_signature_re.txt", ""),
            ("signature_sentinels.txt", ""),
            ("signatures_with_line_numbers_re.txt", ""),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Lists::load(folder.path()).unwrap()
    }

    fn ask(original: Original, keys: &Value) -> Answer {
        let mut crash = json!({"threads": [{"frames": [{"function": "a"}, {"function": "b"}]}]});
        for (key, value) in keys.as_object().unwrap() {
            crash[key] = value.clone();
        }
        let maker = Maker {
            lists: lists("a"),
            original,
            explain: false,
        };
        let json = crash.to_string();
        let answer = maker.about_json("stdin:1".to_owned(), json.as_bytes());
        answer.named(json.as_bytes())
    }

    #[test]
    fn signatures_are_compared_with_the_stored_one_or_that_of_other_lists() {
        let stored = json!({"original_signature": "b"});
        let cases = [
            (Original::Stored, &stored, Some(false)),
            (Original::Stored, &json!({"original_signature": "a"}), Some(true)),
            (Original::Stored, &json!({}), None),
            (Original::StoredOrMadeWith(lists("none")), &stored, Some(false)),
            (Original::StoredOrMadeWith(lists("none")), &json!({}), Some(true)),
            (Original::MadeWith(lists("none")), &stored, Some(true)),
            (Original::MadeWith(lists("a")), &json!({}), Some(false)),
        ];
        let counts = Counts::default();
        for (original, keys, expected) in cases {
            let answer = ask(original, keys);
            assert_eq!(answer.changed(), expected, "{keys}");
            counts.add(&answer);
        }
        counts.add(&Answer::error("stdin:2".to_owned(), "gone".to_owned()));
        assert_eq!(
            counts.shown(),
            "8 crashes: 3 with another signature, 3 with the same, \
             1 with none to compare with, 1 not readable"
        );
    }

    #[test]
    fn processed_crashes_tell_their_id() {
        for (keys, expected) in [
            (json!({"uuid": "x"}), Some("x")),
            (json!({"crash_id": "y"}), Some("y")),
            (json!({"uuid": 5}), None),
            (json!({}), None),
        ] {
            assert_eq!(ask(Original::Stored, &keys).crash_id.as_deref(), expected);
        }
    }
}
