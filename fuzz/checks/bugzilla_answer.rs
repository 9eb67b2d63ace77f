//! A Bugzilla's answer to a search.

use bugs::bugzilla::answer::read;
use bugs::bugzilla::{MAX_LENGTH, MAX_SIGNATURES};

/// What is kept of a bug is bounded, and can be stored.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(found) = read(bytes) else { return };
    for said in &found {
        let bug = &said.bug;
        assert!(bug.id > 0);
        let signatures = said.signatures.clone().unwrap_or_default();
        assert!(signatures.len() <= MAX_SIGNATURES);
        assert!(bug.keywords.len() <= 50 && bug.flags.len() <= 200);
        let flags = bug.flags.iter().flat_map(|(name, value)| [name, value]);
        let texts = [&bug.status, &bug.resolution]
            .into_iter()
            .chain(&bug.keywords)
            .chain(flags);
        for text in texts {
            assert!(text.chars().count() <= 64, "{text:?}");
        }
        for text in signatures.iter().chain([&bug.summary]) {
            assert!(
                text.chars().count() <= 300 && !text.contains(char::is_control),
                "{text:?}"
            );
        }
        for signature in &signatures {
            assert!((1..=MAX_LENGTH).contains(&signature.chars().count()), "{signature:?}");
        }
    }
    assert_eq!(read(bytes), Ok(found));
}
