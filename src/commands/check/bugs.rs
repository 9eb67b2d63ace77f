//! How old the bugs are that name signatures, and why they are not newer.

use ::bugs::Settings as BugSettings;
use ::bugs::db::{Numbers, State, state};
use anyhow::Context;
use platform::clock;
use platform::db::Db;

use super::finding::Finding;
use crate::settings::Settings;

const NAME: &str = "bugs";
/// Older bugs are late, microseconds: they are read every hour.
const LATE: i64 = 3 * 3_600_000_000;

/// One finding: how many bugs are known and how old that is; none where no Bugzilla was ever read.
pub(super) async fn look(settings: &Settings, db: &Db) -> anyhow::Result<Option<Finding>> {
    let root = root(&settings.bugs)?;
    let state = state(db).await?;
    let numbers = Numbers::of(db).await?;
    Ok(finding(&root, &state, numbers, clock::now_micros()))
}

fn root(settings: &BugSettings) -> anyhow::Result<String> {
    let root = settings.root().context("where the Bugzilla is")?;
    Ok(root.map_or_else(String::new, String::from))
}

fn finding(root: &str, state: &State, numbers: Numbers, now: i64) -> Option<Finding> {
    let known = format!(
        "{} with {} signatures are known, as of {}",
        numbers.bugs,
        numbers.signatures,
        clock::rfc3339(state.good)
    );
    if root.is_empty() {
        let off = format!("{known}; bugs.bugzilla_url is empty: they stay as they are");
        return (state.good > 0).then(|| Finding::well(NAME, off));
    }
    let is_failing = state.failed > state.good;
    let failure = format!("{}: {}", clock::rfc3339(state.failed), state.failure);
    Some(if state.good == 0 {
        match (is_failing, state.tried > 0) {
            (true, _) if numbers.bugs == 0 => Finding::bad(NAME, format!("none could be read; {failure}")),
            (true, _) => {
                let part = format!("only a part could be read so far, {} bugs; {failure}", numbers.bugs);
                Finding::bad(NAME, part)
            }
            (false, true) => Finding::well(NAME, format!("{} are known; all are being read", numbers.bugs)),
            (false, false) => Finding::bad(
                NAME,
                "none were read yet: is `datil up` or `datil processor` running? or run `datil bugs import`",
            ),
        }
    } else if is_failing {
        Finding::bad(NAME, format!("{known}; {failure}"))
    } else if state.root != root {
        Finding::bad(NAME, format!("{known}, from {}; {root} was not read yet", state.root))
    } else if now - state.good > LATE {
        let running = "is `datil up` or `datil processor` running?";
        Finding::bad(NAME, format!("{known}, over 3 hours ago: {running}"))
    } else {
        Finding::well(NAME, known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_old_bugs_are_is_told_and_what_failed() {
        const HOUR: i64 = 3_600_000_000;
        let state = |tried, good, failed| State {
            root: "https://b.example/".to_owned(),
            tried: tried * HOUR,
            good: good * HOUR,
            failed: failed * HOUR,
            failure: "it broke".to_owned(),
            ..State::default()
        };
        let known = "7 with 9 signatures are known, as of 1970-01-01T05:00:00Z";
        let said = |more: &str| format!("{known}{more}");
        let other = "; 1970-01-01T06:00:00Z: it broke";
        for (root, state, now, expected) in [
            ("", State::default(), 9, None),
            (
                "",
                state(5, 5, 0),
                99,
                Some((true, said("; bugs.bugzilla_url is empty: they stay as they are"))),
            ),
            (
                "https://b.example/",
                State::default(),
                9,
                Some((
                    false,
                    "none were read yet: is `datil up` or `datil processor` running? or run `datil bugs import`".into(),
                )),
            ),
            (
                "https://b.example/",
                state(5, 0, 0),
                9,
                Some((true, "7 are known; all are being read".into())),
            ),
            (
                "https://b.example/",
                state(5, 0, 6),
                9,
                Some((false, format!("only a part could be read so far, 7 bugs{other}"))),
            ),
            ("https://b.example/", state(5, 5, 4), 8, Some((true, known.into()))),
            ("https://b.example/", state(6, 5, 6), 6, Some((false, said(other)))),
            (
                "https://b.example/",
                state(5, 5, 4),
                9,
                Some((
                    false,
                    said(", over 3 hours ago: is `datil up` or `datil processor` running?"),
                )),
            ),
            (
                "https://c.example/",
                state(5, 5, 4),
                5,
                Some((
                    false,
                    said(", from https://b.example/; https://c.example/ was not read yet"),
                )),
            ),
        ] {
            let numbers = Numbers { bugs: 7, signatures: 9 };
            let found = finding(root, &state, numbers, now * HOUR);
            assert_eq!(found.map(|found| (found.well, found.text)), expected, "{state:?}");
        }
    }
}
