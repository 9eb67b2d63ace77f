//! Crash data, from which a signature is made.

use std::sync::OnceLock;

use signature::{CrashData, Lists, generate};

/// A signature is printable ASCII of at most 255 characters, and the same every time.
pub(crate) fn check(bytes: &[u8]) {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    let lists = LISTS.get_or_init(Lists::built_in);
    let Ok(crash) = CrashData::from_json(bytes) else {
        return;
    };
    let signature = generate(&crash, lists);
    let text = &signature.signature;
    assert!(text.len() <= 255, "{text:?}");
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
    assert_eq!(generate(&crash, lists).signature, *text);
}
