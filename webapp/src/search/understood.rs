//! The meaning of a text typed into the search box.

use buildinfo::db::beginning;
use builds::names::channel::Channel;
use builds::names::product;
use builds::names::version::Stage;
use builds::{BuildId, Version};
use crash::CrashId;

use crate::names::Names;

/// A text with more words is a signature.
const MAX_WORDS: usize = 10;

/// Maximum words of an unlisted product with the names after it: each way to split them is looked up.
const MAX_PRODUCT_WORDS: usize = 4;

/// What the search is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Report(CrashId),
    Build(BuildId),
    Revision(String),
    Named(Names),
    Signature(String),
    Nothing,
}

/// A text with this many hexadecimal digits is a revision, or the beginning of one.
const REVISION: std::ops::RangeInclusive<usize> = 12..=40;

/// What pages write about a build after its name.
const STATES: [&str; 11] = [
    "candidate",
    "shipped",
    "aborted",
    "pulled",
    "published",
    "never",
    "superseded",
    "released",
    "offered",
    "stated",
    "inferred",
];

/// Understands a crash id (also with the prefix `bp-`), a build id or a revision, each also in a link; the names of
/// builds as people and pages write them (`Firefox 153.0b5`, `153`, `nightly`, `2026-08-27`, `154.0b1 build 2
/// (candidate)`); or a signature (also as bugs write it, `[@ signature ]`).
pub(super) fn wanted(text: &str) -> Wanted {
    let text = text.trim();
    if text.is_empty() {
        return Wanted::Nothing;
    }
    if let Some(signature) = text.strip_prefix("[@").and_then(|rest| rest.strip_suffix(']')) {
        return Wanted::Signature(signature.trim().to_owned());
    }
    if let Some(wanted) = named_by_id(text) {
        return wanted;
    }
    names(text).map_or_else(|| Wanted::Signature(text.to_owned()), Wanted::Named)
}

/// A text as the name of an unlisted product, alone or followed by names of builds: only the stored crashes can tell
/// whether there is such a product.
pub(super) fn with_product(text: &str) -> Vec<Names> {
    let text = text.trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |count: usize| {
        let rest = words.get(count..)?;
        let mut names = match rest {
            [] => Names::default(),
            rest => names(&rest.join(" ")).filter(|names| names.product.is_empty())?,
        };
        names.product = words.get(..count)?.join(" ");
        names.product_typed.clone_from(&names.product);
        Some(names)
    };
    let most = words.len().min(MAX_PRODUCT_WORDS);
    (1..=most).rev().filter_map(named).collect()
}

/// A single word or link that holds an id.
fn named_by_id(text: &str) -> Option<Wanted> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let is_link = text.contains("://") || text.starts_with('/');
    let pieces: Vec<String> = if is_link {
        text.split(['/', '?', '#', '=', '&'])
            .filter(|piece| !piece.is_empty())
            .map(str::to_ascii_lowercase)
            .collect()
    } else {
        vec![text.trim_end_matches('/').to_ascii_lowercase()]
    };
    let crash = |piece: &String| {
        let id = piece.strip_prefix("bp-").unwrap_or(piece);
        id.parse().ok().map(Wanted::Report)
    };
    let build = |piece: &String| {
        let is_whole = piece.len() == 14;
        piece.parse().ok().filter(|_| is_whole || is_link).map(Wanted::Build)
    };
    let revision = |piece: &String| {
        let is_one = REVISION.contains(&piece.len())
            && piece.bytes().all(|byte| byte.is_ascii_hexdigit())
            && piece.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_one.then(|| Wanted::Revision(piece.clone()))
    };
    pieces
        .iter()
        .rev()
        .find_map(crash)
        .or_else(|| pieces.iter().rev().find_map(build))
        .or_else(|| pieces.iter().rev().find_map(revision))
}

/// The names, if every word is one, and none occurs twice.
fn names(text: &str) -> Option<Names> {
    let typed = text.replace(',', " ");
    let typed: Vec<&str> = typed.split_whitespace().collect();
    let lower: Vec<String> = typed.iter().map(|word| word.to_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    if words.len() > MAX_WORDS {
        return None;
    }
    let mut names = Names::default();
    let mut rest = words.as_slice();
    while let [first, after @ ..] = rest {
        if let Some((name, channel, count)) = product_at(rest) {
            let at = words.len() - rest.len();
            names.product_typed = typed.get(at..at + count)?.join(" ");
            set(&mut names.product, name)?;
            if !channel.is_empty() {
                set(&mut names.channel, channel)?;
            }
            rest = rest.get(count..)?;
            continue;
        }
        if let Some((version, count)) = spoken_at(rest) {
            let star = if version.candidate().is_some() { "" } else { "*" };
            set(&mut names.version, &format!("{version}{star}"))?;
            names.build_number = version.candidate().or(names.build_number);
            rest = rest.get(count..)?;
            continue;
        }
        rest = after;
        let word = first.trim_matches(|c: char| matches!(c, '(' | ')'));
        if STATES.contains(&word) && (word != *first || names.build_number.is_some()) {
            continue;
        }
        if let Some(number) = build_number(word, after) {
            if names.build_number.replace(number).is_some() {
                return None;
            }
            if word == "build" {
                rest = after.get(1..)?;
            }
            continue;
        }
        read(word, &mut names)?;
    }
    let is_build = names.build_number.is_none() || !names.version.is_empty();
    (names != Names::default() && is_build).then(|| names.settled())
}

/// The product that the first words name, its only channel, and the number of those words.
fn product_at(words: &[&str]) -> Option<(&'static str, &'static str, usize)> {
    (1..=3.min(words.len())).rev().find_map(|count| {
        let name = words.get(..count)?.join(" ");
        let (product, channel) = product::named(&name)?;
        Some((product, channel, count))
    })
}

/// The version that the first words form, as spoken in several words, and the number of those words.
fn spoken_at(words: &[&str]) -> Option<(Version, usize)> {
    (2..=4.min(words.len())).rev().find_map(|count| {
        let text = words.get(..count)?.join(" ");
        let version = Version::from_spoken(text.strip_prefix('v').unwrap_or(&text))?;
        Some((version, count))
    })
}

/// The number in `build2`, or in the word after `build`.
fn build_number(word: &str, after: &[&str]) -> Option<u32> {
    let digits = match word.strip_prefix("build")? {
        "" => after.first()?,
        digits => digits,
    };
    digits.parse().ok().filter(|number| (1..1000).contains(number))
}

/// Parses a word that is not a product.
fn read(word: &str, names: &mut Names) -> Option<()> {
    if product::any_channel(word).is_some_and(Channel::is_official) || word == "default" {
        return set(&mut names.channel, word);
    }
    if let Some(begin) = beginning::build_ids(word) {
        return set(&mut names.build_id, &begin.to_string());
    }
    if word.len() == 14 && word.parse::<BuildId>().is_ok() {
        return set(&mut names.build_id, word);
    }
    let digits = word.strip_prefix('v').unwrap_or(word);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if let Some(major) = digits.strip_suffix("esr")
        && major.bytes().all(|byte| byte.is_ascii_digit())
        && major.len() <= 3
    {
        set(&mut names.channel, product::any_channel_of_stage(Stage::Esr))?;
        return set(&mut names.version, &format!("{major}*"));
    }
    if let Some(begin) = beginning::versions(digits) {
        let is_number = begin.as_str().bytes().all(|byte| byte.is_ascii_digit());
        if is_number && begin.as_str().len() > 3 {
            return None;
        }
        return set(&mut names.version, &begin.to_string());
    }
    let version = digits.parse::<Version>().ok()?;
    if !digits.contains('.') {
        return None;
    }
    let star = if version.candidate().is_some() { "" } else { "*" };
    set(&mut names.version, &format!("{digits}{star}"))
}

/// Sets a name that is not set yet, or has the same value.
fn set(name: &mut String, value: &str) -> Option<()> {
    if name.is_empty() {
        value.clone_into(name);
    }
    (name == value).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_found_alone_and_in_links() {
        const ID: &str = "de1bb258-cbbf-4589-a673-34f800160918";
        let report = || Wanted::Report(ID.parse().unwrap());
        let build = || Wanted::Build("20181025233934".parse().unwrap());
        let revision = || Wanted::Revision("1a2b3c4d5e6f".to_owned());
        for (text, expected) in [
            (ID.to_owned(), report()),
            (format!(" bp-{ID} "), report()),
            (ID.to_uppercase(), report()),
            (format!("https://crash.example/report/index/{ID}"), report()),
            (format!("https://crash.example/report/index/{ID}#tab-details"), report()),
            (
                format!("https://crash.example/api/ProcessedCrash/?crash_id={ID}&x=1"),
                report(),
            ),
            (format!("/report/index/bp-{ID}/"), report()),
            ("20181025233934".to_owned(), build()),
            (
                "https://crash.example/builds/Firefox/beta/20181025233934".to_owned(),
                build(),
            ),
            ("1A2B3C4D5E6F".to_owned(), revision()),
            ("https://hg.example/releases/rev/1a2b3c4d5e6f".to_owned(), revision()),
            (
                "https://hg.example/pushloghtml?changeset=1a2b3c4d5e6f".to_owned(),
                revision(),
            ),
            (String::new(), Wanted::Nothing),
        ] {
            assert_eq!(wanted(&text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_builds_are_understood_as_people_write_them() {
        for (text, expected) in [
            ("153", "version 153*"),
            ("v153.0", "version 153.0*"),
            ("153.0b", "version 153.0b*"),
            ("153.0b5", "version 153.0b5*"),
            ("Firefox 153.0b5", "product Firefox, version 153.0b5*"),
            ("153.0b5 firefox", "product Firefox, version 153.0b5*"),
            ("firefox beta 153", "product Firefox, channel beta, version 153*"),
            ("Mozilla Firefox", "product Firefox"),
            ("Firefox for Android 153.0", "product Fenix, version 153.0*"),
            ("fenix nightly", "product Fenix, channel nightly"),
            ("Klar", "product Focus"),
            ("Thunderbird 140.2.0esr", "product Thunderbird, version 140.2.0esr*"),
            ("esr 140", "channel esr, version 140*"),
            ("140esr", "channel esr, version 140*"),
            ("Developer Edition 153", "product Firefox, channel aurora, version 153*"),
            ("devedition", "product Firefox, channel aurora"),
            ("nightly", "channel nightly"),
            ("20260827", "build id 20260827*, builds that were started on 2026-08-27"),
            (
                "2026-08-27",
                "build id 20260827*, builds that were started on 2026-08-27",
            ),
            ("nightly 2026-08", "channel nightly, build id 202608*"),
            ("Firefox 20260827093000", "product Firefox, build id 20260827093000"),
            ("154.0b1rc2", "version 154.0b1rc2"),
            ("154.0b1 build 2 (candidate)", "version 154.0b1rc2, which is build 2"),
            (
                "Firefox 154.0 build2",
                "product Firefox, version 154.0rc2, which is build 2",
            ),
            (
                "Firefox 154.0 build 2 (never shipped)",
                "product Firefox, version 154.0rc2, which is build 2",
            ),
            ("153.0 rc2", "version 153.0rc2, which is build 2"),
            ("153.0 rc 2", "version 153.0rc2, which is build 2"),
            ("153.0 RC build 2", "version 153.0rc2, which is build 2"),
            ("v153.0 RC build 2 (candidate)", "version 153.0rc2, which is build 2"),
            (
                "Firefox beta 153.0 RC build 2",
                "product Firefox, channel beta, version 153.0rc2, which is build 2",
            ),
            (
                "Firefox 153.0 RC build 2 20260827",
                "product Firefox, version 153.0rc2, build id 20260827*, which is build 2, builds that were started on \
                 2026-08-27",
            ),
            ("154.0 Beta 3", "version 154.0b3*"),
            ("Firefox 154 beta 3", "product Firefox, version 154.0b3*"),
            ("154.0 beta", "channel beta, version 154.0*"),
            ("VPN 2.1", "product MozillaVPN, version 2.1*"),
            ("ReferenceBrowser", "product ReferenceBrowser"),
        ] {
            let Wanted::Named(names) = wanted(text) else {
                panic!("{text} is {:?}", wanted(text));
            };
            assert_eq!(names.words().join(", "), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_signature() {
        for (text, expected) in [
            ("64.dll", "64.dll"),
            ("[@ mozilla::a::b ]", "mozilla::a::b"),
            ("[@ nightly ]", "nightly"),
            ("20189925233934", "20189925233934"),
            ("1530", "1530"),
            ("firefox thunderbird", "firefox thunderbird"),
            ("153 154", "153 154"),
            ("build 2", "build 2"),
            ("candidate", "candidate"),
            ("nsFoo::Bar | 153", "nsFoo::Bar | 153"),
            ("a &b", "a &b"),
            ("de1bb258-cbbf-4589-a673", "de1bb258-cbbf-4589-a673"),
        ] {
            assert_eq!(wanted(text), Wanted::Signature(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_foreign_product_may_stand_before_names() {
        let found = |text: &str| -> Vec<String> {
            let names = with_product(text).into_iter();
            names.map(|names| names.words().join(", ")).collect()
        };
        assert_eq!(
            found("Water fowl 153.0"),
            ["product Water fowl 153.0", "product Water fowl, version 153.0*"]
        );
        assert_eq!(
            found("Waterfowl beta 153").last().unwrap(),
            "product Waterfowl, channel beta, version 153*"
        );
        assert_eq!(
            found("Waterfowl 153.0 RC build 2"),
            [
                "product Waterfowl 153.0 RC build, version 2*",
                "product Waterfowl, version 153.0rc2, which is build 2"
            ]
        );
        assert!(found("one two three four five").is_empty());
    }

    proptest! {
        #[test]
        fn every_candidate_is_understood_as_pages_call_it(
            version in "[1-9][0-9]{0,2}(\\.[0-9]{1,2}){0,3}(b[0-9]{0,2}|esr|a[12]|-beta\\.[1-9])?rc[1-9][0-9]{0,8}"
        ) {
            let version: Version = version.parse().unwrap();
            let Wanted::Named(names) = wanted(&version.spoken()) else {
                panic!("{version} is called {}", version.spoken());
            };
            prop_assert_eq!(names.version.parse(), Ok(version));
        }

        #[test]
        fn any_text_is_something(
            text in "\\PC{0,80}|([0-9a-z.*-]{1,8} ?){1,6}|(firefox|beta|build|rc|[0-9.]{1,8}|\\(| ){1,12}",
        ) {
            if let Wanted::Named(names) = wanted(&text) {
                prop_assert!(!names.words().is_empty());
            }
        }
    }
}
