use builds::build::Certainty;

use super::{reported_version, silent_sources};
use crate::db::{ReportedVersion, SourceState};

#[test]
fn only_sources_in_trouble_are_silent() {
    let state = |source: &str, answered, trouble: Option<&str>| SourceState {
        source: source.to_owned(),
        tried: 5,
        answered,
        newest: None,
        trouble: trouble.map(str::to_owned),
    };
    let found = silent_sources(&[
        state("archive", Some(4), None),
        state("buildhub", Some(0), Some("timed out")),
        state("product-details", None, Some("404")),
    ]);
    let said: Vec<(&str, &str)> = found
        .iter()
        .map(|finding| (finding.subject.as_str(), finding.found.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("buildhub", "timed out; it last answered at 1970-01-01T00:00:00Z"),
            ("product-details", "404; it never answered"),
        ]
    );
}

#[test]
fn texts_of_clients_stand_in_a_finding_short_and_plain() {
    for (text, shown) in [
        ("153.0", "153.0".to_owned()),
        ("1\n2\u{202e}3\0", "123".to_owned()),
        (&"x".repeat(32), "x".repeat(32)),
        (&"x".repeat(33), format!("{}…", "x".repeat(32))),
    ] {
        let seen = ReportedVersion {
            product: "Firefox".to_owned(),
            channel: text.to_owned(),
            build_id: "20260801093000".to_owned(),
            reported: text.to_owned(),
            installs: 2,
            last: 0,
            versions: 1,
        };
        let finding = reported_version(&seen, 0, "154.0", Certainty::Stated);
        assert_eq!(finding.subject, format!("Firefox {shown} 20260801093000"));
        let said = format!("2 installs report {shown} with");
        assert!(finding.found.starts_with(&said), "{finding:?}");
    }
}
