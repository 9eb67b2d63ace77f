//! The words for states, each with an explanatory sentence.

use builds::audit::{Check, Severity};
use builds::policy::State;
use builds::said::source::Way;
use builds::unknown::Verdict;
use builds::{Product, Reason, SourceName, Version};

/// A word on a page and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word.
    pub(crate) text: &'static str,
    /// What it means, as a sentence.
    pub(crate) meaning: &'static str,
    /// How it looks: a class of the stylesheet.
    pub(crate) look: &'static str,
}

/// The status of a build, by its stored name.
pub(crate) fn status(name: &str) -> Word {
    let (text, meaning, look) = match name {
        "shipped" => ("shipped", "It was released to the users of its channel.", "good"),
        "candidate" => (
            "candidate",
            "It may still ship, or it is a release candidate that only beta users got.",
            "plain",
        ),
        "aborted" => (
            "never shipped",
            "Another build of its version shipped, or a later version did.",
            "odd",
        ),
        "pulled" => ("pulled", "It was ready for release and was taken back.", "odd"),
        "published" => (
            "published",
            "It is out without a release process, as nightly builds are, or its site's own pipeline announced it.",
            "good",
        ),
        "variant" => ("variant", "It was made for a partner or a test.", "odd"),
        "unofficial" => (
            "unofficial",
            "No release process made it: a local build, a try push or a distribution's own.",
            "odd",
        ),
        "" => ("not looked up", "Nobody has asked yet which build this is.", "odd"),
        _ => (
            "unknown build",
            "No source has listed this build so far, so its exact version is not known.",
            "bad",
        ),
    };
    Word { text, meaning, look }
}

/// The name that a person uses for a version of a product: a candidate is `154.0b1 build 2 (candidate)` or `153.0 RC
/// build 2`, while programs get the crash system's `154.0b1rc2` and `153.0rc2`. Other products may mean something else
/// by such a name, so theirs are left unchanged.
pub(crate) fn version(product: &str, version: &str) -> String {
    let known = product.parse::<Product>().is_ok();
    let read = version.parse::<Version>().ok().filter(|_| known);
    read.map_or_else(|| version.to_owned(), |version| version.spoken())
}

/// The status of a crash's build in a list, where the answer is not known in detail: products without a source of
/// builds, and invalid build ids, have no unknown builds "so far".
pub(crate) fn build_status(name: &str, product: &str, build_id: &str) -> Word {
    let is_listed = product.parse().is_ok_and(builds::Product::has_source);
    let is_id = build_id.parse::<builds::BuildId>().is_ok();
    match name {
        "unknown" if !is_listed => NOT_LISTED,
        "unknown" if build_id.is_empty() && is_listed => EMPTY_ID,
        "unknown" if !is_id => NO_ID,
        name => status(name),
    }
}

/// The status of a build, refined by the answer's reason.
pub(crate) fn answer_status(name: &str, reason: &str) -> Word {
    match reason {
        "no_source_for_product" | "version_code" if name == "unknown" => NOT_LISTED,
        "gecko_sibling" if name == "unknown" => Word {
            text: "known by its Gecko",
            meaning: "No source that is read lists builds of this product; the Gecko in it is known by Firefox's \
                build.",
            look: "plain",
        },
        "junk" | "in_the_future" if name == "unknown" => NO_ID,
        _ => status(name),
    }
}

const NO_ID: Word = Word {
    text: "no build id",
    meaning: "What the report carries as its build id is none, so that the build cannot be looked up.",
    look: "plain",
};

/// The report has no build id at all.
pub(crate) const EMPTY_ID: Word = Word {
    text: "no build id",
    meaning: "The report has no build id. Let the crash reporter send the annotation BuildID.",
    look: "plain",
};

const NOT_LISTED: Word = Word {
    text: "not listed",
    meaning: "No source that is read lists builds of this product: the version is the one that the client reports.",
    look: "plain",
};

/// What a status is based on, by its stored name.
pub(crate) fn certainty(name: &str) -> Word {
    let (text, meaning, look) = match name {
        "stated" => ("stated", "A source says so.", "good"),
        "inferred" => (
            "inferred",
            "It follows from what the sources say, but none of them states it.",
            "odd",
        ),
        _ => ("not known", "Nothing is known that it could rest on.", "bad"),
    };
    Word { text, meaning, look }
}

/// What a status is based on, if the rule stored under this name concluded it: a table of versions is only as good as
/// its author, and an announcement is the site's own word.
pub(crate) fn certainty_by(name: &str, reason: &str) -> Word {
    match reason.parse() {
        Ok(Reason::InTable) if name == "stated" => BY_TABLE,
        Ok(Reason::Announced) if name == "stated" => ANNOUNCED,
        _ => certainty(name),
    }
}

/// Based on an announcement.
const ANNOUNCED: Word = Word {
    text: "announced",
    meaning: "The site's own pipeline announced it so; no source that is read tells of the build.",
    look: "good",
};

/// What a source is called: what was handed in is told from sources that are read.
pub(crate) fn source(source: SourceName) -> String {
    match source.row().way {
        Way::Loaded => format!("a table of versions ({source})"),
        Way::Announced => format!("announced builds ({source})"),
        Way::Read(_) | Way::Elsewhere => source.to_string(),
    }
}

/// Based on a table.
pub(crate) const BY_TABLE: Word = Word {
    text: "stated by a table",
    meaning: "A table of versions says so; no source does.",
    look: "odd",
};

/// What a check of the audit looks for: a heading, and what findings mean.
pub(crate) fn check(check: Check) -> (&'static str, &'static str) {
    match check {
        Check::NoImporter => (
            "Nobody imports by itself",
            "What a source lists stays unknown until somebody imports, and builds of alarms are looked for only then.",
        ),
        Check::SilentSource => (
            "Sources that do not answer",
            "Nothing new comes from them; what they said before is still used.",
        ),
        Check::ProductWithoutRow => (
            "Builds of products without a row",
            "They are kept, but no question finds them: the file that describes the product is not read here.",
        ),
        Check::OpenAlarm => (
            "Unknown builds that crash",
            "Several installations crash with a build that no source knows: its exact version cannot be told.",
        ),
        Check::ReportedVersion => (
            "Builds of which installs report another version",
            "The version that the client reports is none that the build with its build id reports: the crashes are \
             counted under the build's version.",
        ),
        Check::ShippedWithoutBuild => (
            "Shipped versions without a build",
            "A version went out, and no source has listed a build of it: its crashes keep the version that they \
             report.",
        ),
        Check::LatePlatform => (
            "Builds late or missing on a platform",
            "Most builds of the last six weeks have the platform, these do not.",
        ),
        Check::Conflict => (
            "Conflicts between sources",
            "The sources say different things of one build. One value is taken; it may be the wrong one.",
        ),
        Check::BadFile => (
            "Files of the archive that cannot be read",
            "What they say of their builds is not used.",
        ),
        Check::UnreadableRecord => (
            "Records that cannot be understood",
            "They are kept, and nothing is concluded from them.",
        ),
    }
}

/// How bad a finding of the audit is.
pub(crate) fn severity(severity: Severity) -> Word {
    let (text, meaning, look) = match severity {
        Severity::Bad => ("bad", "Answers are wrong or missing because of it.", "bad"),
        Severity::Warning => ("warning", "Answers may be wrong or missing because of it.", "odd"),
        Severity::Note => ("note", "Good to know; answers do not suffer.", "plain"),
    };
    Word { text, meaning, look }
}

/// Why no source knows a build id.
pub(crate) fn verdict(verdict: Verdict) -> Word {
    let (text, meaning, look) = match verdict {
        Verdict::NotSeen => (
            "not seen yet",
            "It could be a build that no source has listed so far.",
            "bad",
        ),
        Verdict::NoSource => (
            "no source",
            "No source that is read knows builds of this product.",
            "plain",
        ),
        Verdict::Unofficial => (
            "unofficial",
            "Its channel is none of a release process: a local build, a try push or a distribution's own.",
            "plain",
        ),
        Verdict::Junk => ("junk", "It is no build id, or lies in the future.", "plain"),
    };
    Word { text, meaning, look }
}

/// The result of an import, by its stored name.
pub(crate) fn outcome(name: &str) -> Word {
    let (text, meaning, look) = match name {
        "complete" => ("complete", "Every source was read.", "good"),
        "partial" => (
            "partial",
            "A source failed. What the others said is in use, and the next import goes on.",
            "odd",
        ),
        "running" => (
            "running",
            "It has not ended. If its process was killed, the next import says so.",
            "plain",
        ),
        "stopped" => (
            "stopped",
            "It was asked to stop. What it had read is kept, and the next import goes on.",
            "odd",
        ),
        "failed" => (
            "failed",
            "No source could be read. The answers are as old as the import before.",
            "bad",
        ),
        _ => (
            "broken off",
            "Its process was killed, or failed at its own end. What it had read is kept, and the next import goes on.",
            "bad",
        ),
    };
    Word { text, meaning, look }
}

/// How a source did during an import.
pub(crate) fn source_state(state: State) -> Word {
    let (text, meaning, look) = match state {
        State::Well => ("well", "It answers, and knows what others know.", "good"),
        State::Flaky => ("flaky", "It answers, but not every time.", "odd"),
        State::Slow => ("slow", "It answers, but takes long.", "odd"),
        State::Late => ("late", "Others know newer builds.", "odd"),
        State::Holes => (
            "has holes",
            "Others know builds, or platforms of builds, between those that it knows.",
            "odd",
        ),
        State::Empty => ("empty", "It answers, and has nothing at all.", "bad"),
        State::Garbage => ("garbage", "It answers with something else than data.", "bad"),
        State::Down => ("down", "It does not answer.", "bad"),
    };
    Word { text, meaning, look }
}

/// How the stack walker found a frame.
pub(crate) fn trust(name: &str) -> &'static str {
    match name {
        "context" => "Certain: taken from the registers at the moment of the crash.",
        "cfi" => "Reliable: found with the call frame information of the symbols.",
        "frame_pointer" => "Fairly reliable: found by following the frame pointer.",
        "prewalked" => "The stack was walked on the machine that crashed.",
        "cfi_scan" | "scan" => "A guess: found by looking for return addresses on the stack. It may be wrong.",
        "inlined" => "Certain as the frame below it: the compiler merged this function into it.",
        _ => "It is not known how this frame was found.",
    }
}

/// A rule's reason as a sentence: stored by name, or already a sentence.
pub(crate) fn reason(text: &str) -> String {
    let named = text.parse::<builds::Reason>();
    sentence(named.map_or(text, |reason| reason.sentence()))
}

/// Adds a full stop to a text, and a capital letter unless it starts with an address.
pub(crate) fn sentence(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        None => String::new(),
        Some(first) => {
            let mut sentence: String = if sentence.starts_with("http") {
                sentence.to_owned()
            } else {
                first.to_uppercase().chain(characters).collect()
            };
            if !sentence.ends_with(['.', '!', '?']) {
                sentence.push('.');
            }
            sentence
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_letter_or_an_address() {
        for (text, expected) in [
            ("", ""),
            ("no answer", "No answer."),
            ("élan!", "Élan!"),
            ("https://a.example/: 503", "https://a.example/: 503."),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }

    #[test]
    fn candidates_of_known_products_are_called_what_people_call_them() {
        for (product, name, expected) in [
            ("Firefox", "154.0b1rc2", "154.0b1 build 2 (candidate)"),
            ("Firefox", "153.0rc2", "153.0 RC build 2"),
            ("Thunderbird", "140.2.0esrrc1", "140.2.0esr build 1 (candidate)"),
            ("Firefox", "154.0b1", "154.0b1"),
            ("Firefox", "<junk>", "<junk>"),
            ("Firefox", "", ""),
            ("Editor", "1.0rc2", "1.0rc2"),
        ] {
            assert_eq!(version(product, name), expected);
        }
    }

    #[test]
    fn every_status_and_certainty_of_the_build_service_has_words() {
        use builds::{Certainty, Status};
        for known in [
            Status::Shipped,
            Status::Candidate,
            Status::Aborted,
            Status::Pulled,
            Status::Published,
            Status::Variant,
            Status::Unofficial,
        ] {
            assert_ne!(status(&known.to_string()).look, "bad", "{known}");
        }
        assert_eq!(status(&Status::Unknown.to_string()).text, "unknown build");
        for known in [Certainty::Stated, Certainty::Inferred] {
            assert_ne!(certainty(&known.to_string()).look, "bad", "{known}");
        }
    }

    #[test]
    fn only_what_may_still_be_listed_is_unknown_so_far() {
        for (product, build_id, expected) in [
            ("Firefox", "20260801093000", "unknown build"),
            ("Firefox", "x", "no build id"),
            ("Firefox", "", "no build id"),
            ("Fenix", "20260801093000", "not listed"),
            ("Waterfowl", "", "not listed"),
        ] {
            let word = build_status("unknown", product, build_id);
            assert_eq!(word.text, expected, "{product} {build_id}");
            assert_eq!(word.meaning.contains("so far"), expected == "unknown build");
        }
        assert_eq!(build_status("shipped", "Fenix", "").text, "shipped");
        for (build_id, is_advised) in [("", true), ("x", false)] {
            let meaning = build_status("unknown", "Firefox", build_id).meaning;
            assert_eq!(meaning.contains("annotation BuildID"), is_advised, "{build_id:?}");
        }
    }

    #[test]
    fn reasons_become_sentences() {
        for (text, expected) in [
            ("not_seen", "No source has listed this build so far."),
            ("a nightly build", "A nightly build."),
            ("Done.", "Done."),
            ("", ""),
        ] {
            assert_eq!(reason(text), expected);
        }
    }
}
