//! The words that stand for states, with a sentence that explains each.

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

/// The status of a build, by the name that it is stored under.
pub(crate) fn status(name: &str) -> Word {
    let (text, meaning, look) = match name {
        "shipped" => (
            "shipped",
            "It was released to the users of its channel.",
            "good",
        ),
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
        "pulled" => (
            "pulled",
            "It was ready for release and was taken back.",
            "odd",
        ),
        "published" => (
            "published",
            "It is out without a release process, as nightly builds are.",
            "good",
        ),
        "variant" => ("variant", "It was made for a partner or a test.", "odd"),
        "unofficial" => (
            "unofficial",
            "No release process made it: a local build, a try push or a distribution's own.",
            "odd",
        ),
        "" => (
            "not looked up",
            "Nobody has asked yet which build this is.",
            "odd",
        ),
        _ => (
            "unknown build",
            "No source has listed this build so far, so its exact version is not known.",
            "bad",
        ),
    };
    Word {
        text,
        meaning,
        look,
    }
}

/// On what a status rests, by the name that it is stored under.
pub(crate) fn certainty(name: &str) -> Word {
    let (text, meaning, look) = match name {
        "stated" => ("stated", "A source says so.", "good"),
        "inferred" => (
            "inferred",
            "It follows from what the sources say, but none of them states it.",
            "odd",
        ),
        _ => (
            "not known",
            "Nothing is known that it could rest on.",
            "bad",
        ),
    };
    Word {
        text,
        meaning,
        look,
    }
}

/// How the stack walker found a frame.
pub(crate) fn trust(name: &str) -> &'static str {
    match name {
        "context" => "Certain: taken from the registers at the moment of the crash.",
        "cfi" => "Reliable: found with the call frame information of the symbols.",
        "frame_pointer" => "Fairly reliable: found by following the frame pointer.",
        "prewalked" => "The stack was walked on the machine that crashed.",
        "cfi_scan" | "scan" => {
            "A guess: found by looking for return addresses on the stack. It may be wrong."
        }
        "inlined" => "Certain as the frame below it: the compiler merged this function into it.",
        _ => "It is not known how this frame was found.",
    }
}

/// A rule's reason as a sentence: stored by its name, or as a sentence already.
pub(crate) fn reason(text: &str) -> String {
    let sentence = text
        .parse::<buildinfo::Reason>()
        .map_or(text, |reason| reason.sentence());
    let mut characters = sentence.chars();
    match characters.next() {
        None => String::new(),
        Some(first) => {
            let mut sentence: String = first.to_uppercase().chain(characters).collect();
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
    fn every_status_and_certainty_of_the_build_service_has_words() {
        use buildinfo::{Certainty, Status};
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
