//! A test that leaves something out says so where it is seen, and fails where nothing may be left out.

use std::io::Write as _;
use std::path::PathBuf;

/// Set by the gate: a test fails rather than leave something out.
const NOTHING_LEFT_OUT: &str = "DATIL_TESTS_SKIP_NOTHING";

/// Names the folder of recordings and real data, which are no part of the repository.
const SHARED: &str = "DATIL_SHARED";

/// Says what a test leaves out, and why.
///
/// # Panics
/// The variable `DATIL_TESTS_SKIP_NOTHING` is set.
pub fn skip(what: &str, why: &str) {
    assert!(
        std::env::var_os(NOTHING_LEFT_OUT).is_none(),
        "{what} may not be left out, as {NOTHING_LEFT_OUT} is set: {why}"
    );
    skip_until_release(what, why);
}

/// Says what a test leaves out, and why, where that may always be: it takes what is made before a release alone. It is
/// written past the harness, which shows what a test prints only if it fails.
pub fn skip_until_release(what: &str, why: &str) {
    let line = format!("\nSKIPPED: {what}: {why}\n");
    // Nobody reads what cannot be written.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The folder `data` of recordings that `what` is compared with, if `DATIL_SHARED` names one that has it.
///
/// # Panics
/// There is none, and the variable `DATIL_TESTS_SKIP_NOTHING` is set.
pub fn recordings(what: &str) -> Option<PathBuf> {
    let data = std::env::var_os(SHARED).map(|shared| PathBuf::from(shared).join("data"));
    let data = data.filter(|data| data.is_dir());
    if data.is_none() {
        skip(
            what,
            &format!("{SHARED} names no folder with the recordings to compare with"),
        );
    }
    data
}
