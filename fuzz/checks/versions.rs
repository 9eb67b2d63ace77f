//! Versions and build ids: two lines of text.

use builds::names::build_id::prefix_range;
use builds::names::version::toolkit_cmp;
use builds::{BuildId, Version};

/// What is read reads back, and every order agrees with every other.
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (left, right) = text.split_once('\n').unwrap_or((&text, ""));
    assert_eq!(toolkit_cmp(left, right), toolkit_cmp(right, left).reverse());
    if let Ok(version) = left.parse::<Version>() {
        check_version(&version);
        if let Ok(other) = right.parse::<Version>() {
            check_order(&version, &other);
        }
    }
    if let Ok(id) = left.parse::<BuildId>() {
        assert_eq!(id.to_string(), left.trim());
        assert_eq!(BuildId::from_u64(id.as_u64()), Some(id));
        assert!(id.micros() > 0);
    }
    if let Some(range) = prefix_range(left) {
        assert!(range.start < range.end);
        assert!(range.start.to_string().starts_with(left));
    }
}

fn check_version(version: &Version) {
    for shown in [
        version.clone(),
        version.without_candidate(),
        version.without_legacy_final_beta(),
        version.with_candidate(3),
        version.with_esr(),
    ] {
        let read: Version = shown.as_str().parse().unwrap_or_else(|_| panic!("{shown} reads back"));
        assert_eq!(read, shown);
    }
    let number: Version = version.number().parse().expect("a number is a version");
    assert_eq!(number.number(), version.number());
}

fn check_order(version: &Version, other: &Version) {
    let order = version.cmp(other);
    assert_eq!(order, version.sort_key().cmp(&other.sort_key()));
    if let (Some(a), Some(b)) = (version.to_semver(), other.to_semver()) {
        // Semantic versions do not tell builds of one version apart.
        let by_semver = a.cmp(&b);
        assert!(by_semver == order || by_semver.is_eq(), "{a} {b}");
    }
}
