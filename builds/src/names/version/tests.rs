use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Version, toolkit_cmp};

fn version(text: &str) -> Version {
    text.parse().unwrap_or_else(|_| panic!("{text} is a version"))
}

const ASCENDING: &str = "
    1.5.0.1rc1 1.5.0.1 3.0.19 3.1b3 3.6.28 33.1 36.0a1 36.0a2 38.0 38.0.5b1 38.0.5b3 38.0.5
    40.0b1rc1 40.0b1 40.0b99 40.0rc1 40.0 60.0 60.0esrrc1 60.0esrrc2 60.0esr 60.0.1 60.9.0esr
    60.10.0esr 62.0a1 62.0b 62.0b1rc1 62.0b1rc2 62.0b1 62.0b9 62.0b10 62.0rc1 62.0rc2 62.0
    62.0esrrc1 62.0esr 62.0.1 62.0.2rc1 62.0.2 84.0.0-beta.1 84.0.0-beta.10 84.0.0-rc.1 84.0.0
    84.1.0 104.0b1 140.12.0esr
";

#[test]
fn order_is_release_engineerings_with_candidates() {
    let ascending: Vec<&str> = ASCENDING.split_whitespace().collect();
    for pair in ascending.windows(2) {
        let (low, high) = (version(pair[0]), version(pair[1]));
        assert!(low < high, "{low} < {high}");
        assert!(low.sort_key() < high.sort_key(), "sort key of {low} < {high}");
        if let (Some(low), Some(high)) = (low.to_semver(), high.to_semver()) {
            assert!(low < high, "{low} < {high}");
        }
    }
}

#[test]
fn versions_of_one_meaning_are_equal() {
    for (a, b) in [
        ("32.0", "032.0"),
        ("60.0", "60.0.0"),
        ("84.0.0-beta.2", "84.0b2"),
        (" 65.0 ", "65.0"),
    ] {
        assert_eq!(version(a), version(b));
        assert_eq!(version(a).number(), version(b).number());
    }
    assert!(version("32.0build1") < version("32.0build2"));
}

#[test]
fn what_is_no_version_is_refused() {
    let long = "1".repeat(100);
    for text in [
        "",
        " ",
        "N/A",
        "42p",
        "None",
        "4.0b13pre",
        "3.6.3plugin1",
        "3.0.19-real-real",
        "65.0rc",
        "65.0a",
        "65..0",
        "65.",
        ".65",
        "1.2.3.4.5",
        "65.0b4esr",
        "-1",
        "99999999999.0",
        "65.0build",
        "六五",
        &long,
    ] {
        assert!(text.parse::<Version>().is_err(), "{text:?} was read as a version");
    }
}

#[test]
fn parts_of_a_version() {
    fn check(text: &str, major: u32, base: &str, candidate: Option<u32>, number: &str) {
        let version = version(text);
        assert_eq!(version.as_str(), text);
        assert_eq!(version.major(), major, "{text}");
        assert_eq!(version.without_candidate().as_str(), base, "{text}");
        assert_eq!(version.without_candidate(), base.parse().unwrap(), "{text}");
        assert_eq!(version.candidate(), candidate, "{text}");
        assert_eq!(version.number(), number, "{text}");
    }
    check("64.0b4rc1", 64, "64.0b4", Some(1), "64.0");
    check("63.0rc2", 63, "63.0", Some(2), "63.0");
    check("60.3.0esrrc1", 60, "60.3.0esr", Some(1), "60.3");
    check("65.0build2", 65, "65.0", None, "65.0");
    check("84.0.0-rc.1", 84, "84.0.0", Some(1), "84.0");
    check("3.6.28", 3, "3.6.28", None, "3.6.28");
}

#[test]
fn candidates_and_suffixes_are_added() {
    assert_eq!(version("64.0b4").with_candidate(1), version("64.0b4rc1"));
    assert_eq!(version("63.0").with_candidate(10).as_str(), "63.0rc10");
    assert_eq!(version("60.3.0").with_esr(), version("60.3.0esr"));
    let numbered = version("60.3.0build2").with_esr();
    assert_eq!(numbered.as_str(), "60.3.0esrbuild2");
    assert_eq!(numbered, version("60.3.0esrbuild2"));
    assert_eq!(version("40.0b99").without_legacy_final_beta().as_str(), "40.0");
}

#[test]
fn only_the_first_version_of_a_major_is_one() {
    for (text, expected) in [
        ("63.0", true),
        ("63.0.1", false),
        ("33.1", false),
        ("63.0b1", false),
        ("63.0esr", false),
        ("63.0.0", true),
    ] {
        assert_eq!(version(text).is_first_of_major(), expected, "{text}");
    }
}

#[test]
fn toolkit_order_is_the_programs_own() {
    for (a, b, expected) in [
        ("1", "1.0.0", Ordering::Equal),
        ("1.0pre1", "1.0", Ordering::Less),
        ("1.0+", "1.1pre", Ordering::Equal),
        ("65.0a1", "65.0b1", Ordering::Less),
        ("65.0b9", "65.0b10", Ordering::Less),
        ("65.0b14", "65.0rc1", Ordering::Less),
        ("65.0rc2", "65.0", Ordering::Less),
        ("65.0", "65.0esr", Ordering::Greater),
        ("60.9.0esr", "60.10.0esr", Ordering::Less),
        ("1.*", "1.99", Ordering::Greater),
    ] {
        assert_eq!(toolkit_cmp(a, b), expected, "{a} {b}");
        assert_eq!(toolkit_cmp(b, a), expected.reverse(), "{b} {a}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*", other in "\\PC*") {
        let _ = text.parse::<Version>();
        prop_assert_eq!(toolkit_cmp(&text, &other), toolkit_cmp(&other, &text).reverse());
    }

    #[test]
    fn text_near_a_version_is_read_or_refused(
        text in "[0-9]{1,3}(\\.[0-9]{1,10}){0,4}(a|b|rc|esr|build|-beta\\.|-){0,3}[0-9]{0,4}(rc|build)?[0-9]{0,3}",
    ) {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.as_str(), text.as_str());
            let base = version.without_candidate();
            prop_assert_eq!(base.as_str().parse::<Version>(), Ok(base.clone()));
            prop_assert_eq!(base.with_candidate(3).as_str().parse::<Version>(), Ok(base.with_candidate(3)));
        }
    }

    #[test]
    fn keys_order_as_versions_do(
        a in "[0-9]{1,3}\\.[0-9](\\.[0-9])?(b[0-9]{1,2}(rc[1-9])?|a1|rc[1-9]|esr)?",
        b in "[0-9]{1,3}\\.[0-9](\\.[0-9])?(b[0-9]{1,2}(rc[1-9])?|a1|rc[1-9]|esr)?",
    ) {
        let (a, b): (Version, Version) = (a.parse().unwrap(), b.parse().unwrap());
        prop_assert_eq!(a.cmp(&b), a.sort_key().cmp(&b.sort_key()));
        prop_assert_eq!(a.cmp(&b), a.to_semver().cmp(&b.to_semver()));
    }
}
