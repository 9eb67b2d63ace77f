//! Reads the answer to a search for bugs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::signatures::signatures_in;
use crate::bug::Bug;

/// Maximum bugs in an answer, far more than are asked for.
const BUGS: usize = 10_000;
/// Maximum characters of a status, a resolution, a keyword, or the name of a flag.
const WORD: usize = 64;
/// Maximum characters of a title that are kept.
const SUMMARY: usize = 300;
/// Maximum keywords that are kept.
const KEYWORDS: usize = 50;
/// Maximum flags that are kept.
const FLAGS: usize = 200;
/// Maximum characters of a flag's value; a longer one is not kept.
const FLAG_VALUE: usize = 32;
/// Maximum characters of a message that are passed on.
const MESSAGE: usize = 200;

/// A bug with the signatures that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The bug.
    pub bug: Bug,
    /// Its signatures, which most bugs have none of; `None` if nothing is said of them, as where a product has no such
    /// field.
    pub signatures: Option<BTreeSet<String>>,
}

/// An answer without bugs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoBugs {
    /// The Bugzilla says that something is wrong: its words, without addresses of people.
    Error(String),
    /// It is no answer of a Bugzilla: what it is instead.
    Garbage(&'static str),
}

/// An answer as it is sent.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    bugs: Option<Bugs>,
}

/// The bugs of an answer, or what is wrong with them. Each is cut to what is kept of it as soon as it is read.
struct Bugs(Result<Vec<Said>, &'static str>);

/// What is wrong with an answer that has none.
const NO_LIST: &str = "JSON without a list of bugs";

impl<'de> Deserialize<'de> for Bugs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Bugs;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a list of bugs")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Bugs, E> {
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Bugs, E> {
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Bugs, E> {
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Bugs, E> {
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_str<E>(self, _: &str) -> Result<Bugs, E> {
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Bugs, A::Error> {
                IgnoredAny.visit_map(map)?;
                Ok(Bugs(Err(NO_LIST)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bugs, A::Error> {
                let mut bugs = Ok(Vec::new());
                while let Ok(read) = &mut bugs {
                    match list.next_element::<Value>()? {
                        None => return Ok(Bugs(bugs)),
                        Some(_) if read.len() >= BUGS => bugs = Err("more than 10,000 bugs in one answer"),
                        Some(sent) => match sent.as_object().and_then(said) {
                            Some(said) => read.push(said),
                            None => bugs = Err("a bug without a number"),
                        },
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Bugs(bugs))
            }
        }
        from.deserialize_any(Reads)
    }
}

/// Reads an answer: the bugs in the order in which they were sent.
///
/// # Errors
/// The Bugzilla says that something is wrong, or it holds no list of bugs, each with its number, or too long a one.
pub fn read(bytes: &[u8]) -> Result<Vec<Said>, NoBugs> {
    const OTHER: NoBugs = NoBugs::Garbage(NO_LIST);
    // A list would be taken for the members of an answer, one after the other.
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    let answer: Answer = match serde_json::from_slice(bytes) {
        Ok(answer) if is_object => answer,
        Err(error) if error.is_syntax() || error.is_eof() => return Err(NoBugs::Garbage(kind(bytes))),
        Ok(_) | Err(_) => return Err(OTHER),
    };
    if is_said(&answer.error) {
        return Err(NoBugs::Error(said_error(&answer)));
    }
    let bugs = answer.bugs.ok_or(OTHER)?;
    bugs.0.map_err(NoBugs::Garbage)
}

/// What is no JSON, in words: its text is not passed on, since anything may stand there.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes.trim_ascii_start().first() {
        None => "nothing",
        Some(b'<') => "an HTML page",
        Some(b'{' | b'[') => "damaged JSON",
        Some(_) => "a text that is no JSON",
    }
}

fn is_said(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

fn said_error(answer: &Answer) -> String {
    let message = answer.message.as_str().unwrap_or_default();
    let words = message.split_whitespace();
    let words = words.map(|word| if word.contains('@') { "\u{2026}" } else { word });
    let message = kept(&words.collect::<Vec<_>>().join(" "), MESSAGE);
    let code = answer.code.as_i64();
    match (message.as_str(), code) {
        ("", None) => "an error without words".to_owned(),
        ("", Some(code)) => format!("error {code}"),
        (_, None) => message,
        (_, Some(code)) => format!("{message} (error {code})"),
    }
}

fn said(sent: &Map<String, Value>) -> Option<Said> {
    let id = sent.get("id")?.as_i64().filter(|id| *id > 0)?;
    let text = |name: &str, most| kept(sent.get(name).and_then(Value::as_str).unwrap_or_default(), most);
    let keywords: BTreeSet<String> = match sent.get("keywords") {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(word).collect(),
        // As some versions write them.
        Some(Value::String(words)) => words.split(',').map(word).collect(),
        _ => BTreeSet::new(),
    };
    let keywords = keywords.into_iter().filter(|word| !word.is_empty());
    let bug = Bug {
        id,
        status: text("status", WORD),
        resolution: text("resolution", WORD),
        summary: text("summary", SUMMARY),
        assigned: is_somebody(sent.get("assigned_to").and_then(Value::as_str).unwrap_or_default()),
        keywords: keywords.take(KEYWORDS).collect(),
        flags: flags(sent),
    };
    let field = sent.get("cf_crash_signature").and_then(Value::as_str);
    Some(Said {
        bug,
        signatures: field.map(signatures_in),
    })
}

/// Whether an assignee is a person: nobody has an account of its own in a Bugzilla, whose domain strangers do not see.
fn is_somebody(assignee: &str) -> bool {
    let account = assignee.trim().split('@').next().unwrap_or_default();
    !account.is_empty() && !account.eq_ignore_ascii_case("nobody")
}

fn flags(sent: &Map<String, Value>) -> BTreeMap<String, String> {
    let said = sent.iter().filter_map(|(name, value)| {
        let value = value.as_str()?.trim();
        let is_short = value.chars().take(FLAG_VALUE + 1).count() <= FLAG_VALUE;
        let says = is_short && !matches!(value, "" | "---") && !value.chars().any(text::breaks_line);
        (says && is_flag(name)).then(|| (name.clone(), value.to_owned()))
    });
    said.take(FLAGS).collect()
}

/// Whether a field is the status of a version or says whether it is tracked for one.
fn is_flag(name: &str) -> bool {
    let rest = ["cf_status_", "cf_tracking_"]
        .into_iter()
        .find_map(|start| name.strip_prefix(start));
    let is_name = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    name.len() <= WORD && rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_name))
}

fn word(text: &str) -> String {
    kept(text, WORD)
}

/// The part of a text that is kept: without what breaks or turns a line, and blanks around it, at most so many
/// characters.
fn kept(text: &str, most: usize) -> String {
    let letters = text.trim().chars().filter(|letter| !text::breaks_line(*letter));
    let kept: String = letters.take(most).collect();
    kept.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(sent: &Value) -> Said {
        let mut bugs = read(json!({ "bugs": [sent] }).to_string().as_bytes()).unwrap();
        assert_eq!(bugs.len(), 1);
        bugs.remove(0)
    }

    #[test]
    fn a_bug_is_read() {
        let said = one(&json!({
            "id": 5, "summary": " Crash in\u{202e} [@ a ]\u{0}\n", "status": "RESOLVED", "resolution": "FIXED",
            "keywords": ["topcrash", "crash", "crash", ""], "assigned_to": "jo@example.org",
            "assigned_to_detail": {"real_name": "Jo", "email": "jo@example.org"},
            "cf_crash_signature": "[@ b ]\r\n[@ a ]",
            "cf_status_firefox152": "fixed", "cf_status_firefox_esr140": "---", "cf_tracking_firefox152": " + ",
            "cf_tracking_firefox_relnote": "", "cf_status_": "x", "cf_status_A": "x", "cf_has_str": "yes",
            "cf_status_long": "x".repeat(33), "cf_status_number": 7,
        }));
        let expected = Bug {
            id: 5,
            status: "RESOLVED".into(),
            resolution: "FIXED".into(),
            summary: "Crash in [@ a ]".into(),
            assigned: true,
            keywords: vec!["crash".into(), "topcrash".into()],
            flags: [("cf_status_firefox152", "fixed"), ("cf_tracking_firefox152", "+")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        assert_eq!(said.bug, expected);
        assert_eq!(said.signatures, Some(["a".to_owned(), "b".to_owned()].into()));
        assert_eq!(
            one(&json!({"id": 5, "cf_crash_signature": ""})).signatures,
            Some(BTreeSet::new())
        );
        for nothing in [json!({"id": 5}), json!({"id": 5, "cf_crash_signature": null})] {
            assert_eq!(one(&nothing).signatures, None);
        }
        assert!(!format!("{said:?}").contains("jo@"));
    }

    #[test]
    fn whether_somebody_is_assigned() {
        for (assignee, expected) in [
            (json!("jo@example.org"), true),
            (json!("jo"), true),
            (json!("nobody@mozilla.org"), false),
            (json!("nobody@example.org"), false),
            (json!("nobody"), false),
            (json!("Nobody"), false),
            (json!(""), false),
            (json!(null), false),
            (json!({"name": "jo"}), false),
        ] {
            assert_eq!(
                one(&json!({"id": 1, "assigned_to": assignee})).bug.assigned,
                expected,
                "{assignee}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_passed_over() {
        let odd = json!({
            "id": 1, "summary": 5, "status": null, "keywords": {"a": 1}, "cf_crash_signature": ["[@ a ]"],
        });
        assert_eq!(
            one(&odd),
            Said {
                bug: Bug {
                    id: 1,
                    ..Bug::default()
                },
                ..Said::default()
            }
        );
        for other in [
            json!({"id": "7"}),
            json!({"id": 0}),
            json!({"id": -1}),
            json!({"id": 1.5}),
            json!({}),
            json!(null),
            json!([1]),
        ] {
            let list = json!({"bugs": [{"id": 2}, other]}).to_string();
            assert_eq!(
                read(list.as_bytes()),
                Err(NoBugs::Garbage("a bug without a number")),
                "{list}"
            );
        }
        assert_eq!(one(&json!({"id": 1, "keywords": "b, a"})).bug.keywords, ["a", "b"]);
    }

    #[test]
    fn what_is_too_much_is_cut() {
        let mut sent = json!({
            "id": 1, "summary": "\u{1f600}".repeat(999), "status": "S".repeat(99), "resolution": "R".repeat(99),
            "keywords": (0..99).map(|n| format!("{n:03}{}", "k".repeat(99))).collect::<Vec<_>>(),
        });
        for number in 0..999 {
            sent[format!("cf_status_{number}")] = json!("fixed");
        }
        let bug = one(&sent).bug;
        assert_eq!(bug.summary.chars().count(), SUMMARY);
        assert_eq!((bug.status.len(), bug.resolution.len()), (WORD, WORD));
        assert_eq!((bug.keywords.len(), bug.keywords[0].len()), (KEYWORDS, WORD));
        assert_eq!(bug.flags.len(), FLAGS);
    }

    #[test]
    fn answers_without_bugs() {
        let error = |text: &str| NoBugs::Error(text.to_owned());
        for (answer, expected) in [
            (
                r#"{"error":true,"code":102,"message":"You are\n not"}"#,
                error("You are not (error 102)"),
            ),
            (
                r#"{"error":true,"message":"no jo@example.org here"}"#,
                error("no \u{2026} here"),
            ),
            (r#"{"error":true}"#, error("an error without words")),
            (r#"{"error":1,"code":5,"message":7}"#, error("error 5")),
            (r#"{"error":true,"bugs":{"a":[1]}}"#, error("an error without words")),
            (r#"{"bugs":7.5,"error":true,"code":5}"#, error("error 5")),
            (r#"{"bugs":{}}"#, NoBugs::Garbage("JSON without a list of bugs")),
            (r#"{"error":false}"#, NoBugs::Garbage("JSON without a list of bugs")),
            ("[]", NoBugs::Garbage("JSON without a list of bugs")),
            ("[true]", NoBugs::Garbage("JSON without a list of bugs")),
            ("[0,0,0,[]]", NoBugs::Garbage("JSON without a list of bugs")),
            ("7", NoBugs::Garbage("JSON without a list of bugs")),
            (r#"{"bugs":null}"#, NoBugs::Garbage("JSON without a list of bugs")),
            (r#"{"bugs":"x"}"#, NoBugs::Garbage("JSON without a list of bugs")),
            ("", NoBugs::Garbage("nothing")),
            ("\n <html>", NoBugs::Garbage("an HTML page")),
            (r#"{"bugs":[{"id":1},"#, NoBugs::Garbage("damaged JSON")),
            (r#"{"bugs":[{}],"error":{"bugs":[}}"#, NoBugs::Garbage("damaged JSON")),
            ("Sign in", NoBugs::Garbage("a text that is no JSON")),
        ] {
            assert_eq!(read(answer.as_bytes()), Err(expected), "{answer}");
        }
        assert_eq!(read(br#"{"bugs":[],"error":null}"#), Ok(Vec::new()));
    }

    #[test]
    fn an_answer_of_too_many_bugs_is_refused() {
        let of = |count: usize| {
            let bugs = vec![r#"{"id":1}"#; count].join(",");
            read(format!(r#"{{"bugs":[{bugs}]}}"#).as_bytes())
        };
        assert_eq!(of(BUGS).map(|bugs| bugs.len()), Ok(BUGS));
        assert_eq!(
            of(BUGS + 1),
            Err(NoBugs::Garbage("more than 10,000 bugs in one answer"))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_texts_are_kept_within_their_bounds(text in "\\PC{0,400}|[\\x00-\\x20]{0,9}", id in any::<i64>()) {
            let sent = json!({"bugs": [{
                "id": id, "summary": text, "status": text, "keywords": [text], "assigned_to": text,
                "cf_crash_signature": text, "cf_status_x": text,
            }]});
            let bugs = read(sent.to_string().as_bytes());
            prop_assert_eq!(bugs.is_ok(), id > 0);
            for said in bugs.unwrap_or_default() {
                prop_assert!(said.bug.summary.chars().count() <= SUMMARY);
                prop_assert!(said.bug.status.chars().count() <= WORD);
                prop_assert!(!said.bug.summary.contains(text::breaks_line));
            }
        }
    }
}
