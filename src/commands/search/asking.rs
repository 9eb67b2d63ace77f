//! A query string on the command line, the index that answers it, and what is said about both.

use std::io::Write;

use anyhow::Context as _;
use platform::clock;
use platform::db::Db;
use search::evaluate;
use search::parse::{Context, Parsed, Warning, parse_query_string};
use search::query::{Query, Test};
use search::service::{AsOf, Search};

use crate::owner::owner;
use crate::parts::search_folder;
use crate::settings::Settings;

/// Maximum warnings that are said.
const MOST_WARNINGS: usize = 20;

/// What a query string asks for. The command line sees what everyone sees.
#[derive(Debug)]
pub(crate) struct Asking {
    /// The query.
    pub(crate) query: Query,
    /// Whether the cursor of the next page is wanted.
    pub(crate) pages: bool,
    /// What was left out of it, or may mean something else than the caller thinks.
    pub(crate) warnings: Vec<Warning>,
}

impl Asking {
    /// # Errors
    /// A parameter cannot be understood; the text names it.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        let context = Context {
            now: clock::now_micros(),
            sees_protected: false,
        };
        let Parsed { query, pages, warnings } = parse_query_string(text, &context).context("in the query string")?;
        Ok(Self { query, pages, warnings })
    }

    /// The dates that are searched, microseconds UTC.
    pub(crate) fn span(&self) -> (i64, i64) {
        evaluate::span(&self.query)
    }

    /// Whether it names anything but dates.
    pub(crate) fn has_condition(&self) -> bool {
        self.query
            .conditions
            .iter()
            .any(|condition| condition.field.name() != "date")
    }

    /// The name of a field that is compared with nothing: with an empty text, or with words without any.
    pub(crate) fn empty_operand(&self) -> Option<&'static str> {
        let mut conditions = self.query.conditions.iter();
        let found = conditions.find(|condition| condition.any.iter().chain(&condition.none).any(is_empty));
        found.map(|condition| condition.field.name())
    }

    pub(crate) fn say_warnings(&self) {
        for Warning { parameter, message } in self.warnings.iter().take(MOST_WARNINGS) {
            say(&format!("{parameter}: {message}"));
        }
        let others = self.warnings.len().saturating_sub(MOST_WARNINGS);
        if others > 0 {
            say(&format!("and {others} more such warnings"));
        }
    }
}

/// Whether a test compares with nothing.
fn is_empty(test: &Test) -> bool {
    match test {
        Test::Equals(text) | Test::Contains(text) | Test::StartsWith(text) | Test::EndsWith(text) => {
            text.trim().is_empty()
        }
        Test::Matches(pattern) => pattern.typed.trim().is_empty(),
        Test::Words(words) => words.is_empty(),
        Test::Missing | Test::Number(_) | Test::Boolean(_) | Test::Range(_) => false,
    }
}

/// Whether a query string has a parameter with this name.
pub(crate) fn has_parameter(text: &str, name: &str) -> bool {
    let text = text.strip_prefix('?').unwrap_or(text);
    url::form_urlencoded::parse(text.as_bytes()).any(|(found, _)| found == name)
}

/// Opens the index for a query; if no running process keeps it up to date, it is brought up to date first.
///
/// # Errors
/// The database or the files failed.
pub(crate) async fn open(settings: &Settings, db: &Db, query: &Query) -> anyhow::Result<Search> {
    let folder = search_folder(settings);
    let opened = Search::for_command(&folder, db, &owner(), evaluate::span(query), say).await;
    opened.with_context(|| format!("opening the search index in {}", folder.display()))
}

/// Says what an answer does not know yet, if there is anything.
pub(crate) fn say_what_is_missing(as_of: &AsOf) {
    if let Some(newer) = newer(as_of) {
        say(&newer);
    }
    for gap in &as_of.gaps {
        let end = |moment: i64, open: &str| match moment {
            i64::MIN | i64::MAX => open.to_owned(),
            moment => clock::rfc3339(moment),
        };
        let (from, before) = (end(gap.from, "the beginning"), end(gap.before, "now"));
        say(&format!(
            "crashes from {from} to {before} are not all indexed yet: the answer lacks some of them"
        ));
    }
    if !as_of.lacking.is_empty() {
        say(&format!(
            "some crashes lack {}: an earlier release wrote their rows, and processors make them again (`datil check` \
             says how many are left)",
            as_of.lacking.join(", ")
        ));
    }
}

/// What is newer than an answer, if there is anything.
fn newer(as_of: &AsOf) -> Option<String> {
    // An index that has just begun has taken nothing in yet: it is of no moment.
    let since = match as_of.committed {
        ..=0 => "the index has just begun".to_owned(),
        at => format!("this is as of {}", clock::rfc3339(at)),
    };
    match as_of.behind {
        Some(..=0) => None,
        Some(behind) => Some(format!(
            "{since}: up to {} newer changes are not in it yet",
            text::thousands(behind)
        )),
        None => Some(format!(
            "{since}: whether anything newer is to be added is not known yet"
        )),
    }
}

/// Says something beside the answer. If standard error is closed, nobody wants to know.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", text::one_line(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_has_just_begun_is_of_no_moment() {
        for (committed, behind, expected) in [
            (1, Some(0), None),
            (0, Some(0), None),
            (
                1_800_000_000_000_000,
                Some(1_200),
                Some("this is as of 2027-01-15T08:00:00"),
            ),
            (1_800_000_000_000_000, None, Some("this is as of 2027-01-15T08:00:00")),
            (
                0,
                Some(1_200),
                Some("the index has just begun: up to 1,200 newer changes are not in it yet"),
            ),
            (0, None, Some("the index has just begun: whether anything newer")),
        ] {
            let as_of = AsOf {
                committed,
                behind,
                gaps: Vec::new(),
                lacking: Vec::new(),
            };
            let said = newer(&as_of);
            match expected {
                None => assert_eq!(said, None),
                Some(expected) => assert!(said.as_ref().is_some_and(|said| said.starts_with(expected)), "{said:?}"),
            }
        }
    }

    #[test]
    fn what_compares_with_nothing_is_found() {
        for (text, expected) in [
            ("product=Firefox&version==", Some("version")),
            ("signature=~", Some("signature")),
            ("signature=!^", Some("signature")),
            ("signature=$&product=Firefox", Some("signature")),
            ("signature=@", Some("signature")),
            ("signature=~+", Some("signature")),
            ("signature=", Some("signature")),
            ("signature=!::", Some("signature")),
            ("product=!", Some("product")),
            (
                "product=!__null__&signature=__null__&uptime=>5&safe_mode=true&version=@.*",
                None,
            ),
            ("signature=a&signature=~b&version=!^1&version=!$2", None),
        ] {
            assert_eq!(Asking::new(text).unwrap().empty_operand(), expected, "{text}");
        }
    }

    #[test]
    fn parameters_are_found_by_their_decoded_names() {
        for (text, expected) in [
            ("_results_number=1", true),
            ("?a=b&%5Fresults_number", true),
            ("a=_results_number", false),
            ("", false),
        ] {
            assert_eq!(has_parameter(text, "_results_number"), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_names_its_parameter() {
        let problem = Asking::new("uptime=soon").unwrap_err();
        assert!(
            format!("{problem:#}").starts_with("in the query string: uptime: must be"),
            "{problem:#}"
        );
        for (text, expected) in [
            ("", false),
            ("date=>=2026-01-01&date=<2026-01-02", false),
            ("product=Firefox", true),
        ] {
            assert_eq!(Asking::new(text).unwrap().has_condition(), expected, "{text}");
        }
        assert_eq!(Asking::new("url=x").unwrap().warnings.len(), 1);
    }
}
