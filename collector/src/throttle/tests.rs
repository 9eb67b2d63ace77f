use chrono::TimeZone;
use serde_json::json;

use super::*;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap()
}

fn mozilla() -> Rules {
    Rules::open("mozilla", supported()).unwrap()
}

fn supported() -> Supported {
    let exactly = |name: &str| ProductName::Exactly(name.to_owned());
    let packages = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut products = ["Firefox", "Thunderbird", "Fenix", "Focus"].map(exactly).to_vec();
    products.push(ProductName::AnyCase("Game".to_owned()));
    Supported {
        products: Some(products),
        packages: vec![
            (exactly("Fenix"), packages(&["org.mozilla.fenix"])),
            (exactly("Focus"), packages(&["org.mozilla.focus"])),
        ],
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn check(annotations: &Value, rule: &str, outcome: Outcome) {
    let decision = decide(&mozilla(), &object(annotations.clone()), "content", now());
    assert_eq!(
        (decision.rule.as_str(), decision.outcome, decision.weight),
        (rule, outcome, 1.0),
        "{annotations}"
    );
}

#[test]
fn mozillas_rules_decide_as_they_did() {
    use Outcome::{Accept, FakeAccept, Reject};
    let nightly = json!({"ProductName": "Firefox", "ReleaseChannel": "nightly"});
    let with = |extra: Value| {
        let mut map = object(nightly.clone());
        map.extend(object(extra));
        Value::Object(map)
    };
    for (annotations, rule, outcome) in [
        (nightly.clone(), "is_nightly", Accept),
        (with(json!({"BuildID": "20240101000000"})), "has_old_buildid", Reject),
        (with(json!({"BuildID": "20241123000000"})), "has_old_buildid", Reject),
        (with(json!({"BuildID": "20241125000000"})), "is_nightly", Accept),
        (with(json!({"BuildID": "20241301000000"})), "is_nightly", Accept),
        (with(json!({"BuildID": "2024010100000"})), "is_nightly", Accept),
        (with(json!({"BuildID": "20240101000000\n"})), "is_nightly", Accept),
        (with(json!({"HangID": "x"})), "has_hangid_and_browser", Reject),
        (
            with(json!({"HangID": "x", "ProcessType": "content"})),
            "is_nightly",
            Accept,
        ),
        (
            with(json!({"SubmittedFromInfobar": "true", "Version": "52.0.1", "BuildID": "20171225"})),
            "infobar_is_true",
            Reject,
        ),
        (
            with(json!({"SubmittedFromInfobar": true, "Version": "52.0.1", "BuildID": "20171225"})),
            "is_nightly",
            Accept,
        ),
        (
            with(json!({"SubmittedFromInfobar": "true", "Version": "60.0", "BuildID": "20171225"})),
            "is_nightly",
            Accept,
        ),
        (
            with(json!({"SubmittedFromInfobar": "true", "Version": "59.0", "BuildID": ""})),
            "is_nightly",
            Accept,
        ),
        (json!({"ProductName": "B2g"}), "b2g", FakeAccept),
        (json!({"ProductName": "firefox"}), "unsupported_product", Reject),
        (json!({"ProductName": "gAME"}), "accept_everything", Accept),
        (json!({"Version": "1"}), "unsupported_product", Reject),
        (
            json!({"ProductName": "Fenix", "Android_PackageName": "org.example"}),
            "unsupported_packagename",
            Reject,
        ),
        (json!({"ProductName": "Focus"}), "unsupported_packagename", Reject),
        (
            json!({"ProductName": "Fenix", "Android_PackageName": "org.mozilla.fenix"}),
            "accept_everything",
            Accept,
        ),
        (
            json!({"ProductName": "Thunderbird", "Throttleable": "0"}),
            "throttleable_0",
            Accept,
        ),
        (
            json!({"ProductName": "Thunderbird", "Throttleable": "1"}),
            "accept_everything",
            Accept,
        ),
        (
            json!({"ProductName": "Thunderbird", "Comments": null}),
            "has_comments",
            Accept,
        ),
        (json!({"ProductName": "Firefox", "PHCKind": ""}), "has_phc", Accept),
        (
            json!({"ProductName": "Firefox", "ProcessType": "rdd"}),
            "is_background",
            Accept,
        ),
        (
            json!({"ProductName": "Firefox", "ReleaseChannel": "esr"}),
            "is_alpha_beta_esr",
            Accept,
        ),
        (
            json!({"ProductName": "Firefox", "ReleaseChannel": "nightly-try"}),
            "is_nightly",
            Accept,
        ),
        (
            json!({"ProductName": "Firefox", "ReleaseChannel": "default"}),
            "accept_everything",
            Accept,
        ),
        (
            json!({"ProductName": "Firefox", "ReleaseChannel": "esr", "TelemetryEnvironment": "[[]]"}),
            "is_alpha_beta_esr",
            Accept,
        ),
    ] {
        check(&annotations, rule, outcome);
    }
}

/// How many of 1,000 reports a rule decides with this outcome, and their weight.
fn count(annotations: &Value, rule: &str, outcome: Outcome) -> (usize, f64) {
    let (rules, annotations) = (mozilla(), object(annotations.clone()));
    let found: Vec<Decision> = (0..1000)
        .map(|n| decide(&rules, &annotations, &n.to_string(), now()))
        .filter(|decision| decision.rule == rule && decision.outcome == outcome)
        .collect();
    (found.len(), found.iter().map(|d| d.weight).sum())
}

#[test]
fn samples_have_their_size_and_their_weight() {
    let old_windows = r#"{"system":{"os":{"name":"Windows_NT","windowsBuildNumber":9600}}}"#;
    let release = json!({"ProductName": "Firefox", "ReleaseChannel": "release"});
    let shutdown = json!({"ProductName": "Firefox", "ReleaseChannel": "beta", "ipc_channel_error": "ShutDownKill"});
    let esr = json!({"ProductName": "Firefox", "ReleaseChannel": "esr", "TelemetryEnvironment": old_windows});
    let both = json!({"ProductName": "Firefox", "ReleaseChannel": "release", "ipc_channel_error": "ShutDownKill"});
    for (annotations, rule, share, weight) in [
        (&release, "is_firefox_desktop", 100, 10.0),
        (&shutdown, "is_alpha_beta_esr", 100, 10.0),
        (&esr, "is_alpha_beta_esr", 250, 4.0),
        (&both, "is_firefox_desktop", 10, 100.0),
    ] {
        let (found, sum) = count(annotations, rule, Outcome::Accept);
        assert!(found.abs_diff(share) <= 10 + share / 4, "{rule}: {found}");
        assert!((sum - weight * found as f64).abs() < 1e-6, "{rule}: {sum}");
    }
    assert_eq!(
        count(&shutdown, "is_shutdownkill", Outcome::Reject).0,
        1000 - count(&shutdown, "is_alpha_beta_esr", Outcome::Accept).0
    );
}

#[test]
fn a_report_that_is_sent_again_gets_the_same_answer() {
    let release = object(json!({"ProductName": "Firefox", "ReleaseChannel": "release"}));
    for n in 0..50 {
        let content = n.to_string();
        assert_eq!(
            decide(&mozilla(), &release, &content, now()),
            decide(&mozilla(), &release, &content, now() + TimeDelta::hours(1)),
        );
    }
}

#[test]
fn an_explanation_names_every_rule_and_the_one_that_decides() {
    let annotations = object(json!({"ProductName": "Firefox", "ReleaseChannel": "release", "Comments": "x"}));
    let steps = explain(&mozilla(), &annotations, "content", now());
    assert_eq!(steps.len(), 16);
    let matched: Vec<&str> = steps.iter().filter(|s| s.matched).map(|s| s.rule.as_str()).collect();
    assert_eq!(matched, ["has_comments", "is_firefox_desktop", "accept_everything"]);
    let deciding: Vec<&str> = steps.iter().filter(|s| s.decides).map(|s| s.rule.as_str()).collect();
    assert_eq!(deciding, ["has_comments"]);
}

#[test]
fn nothing_matching_keeps_a_report_out() {
    let rules = r#"{"rules":[{"name":"a","when":[{"present":"A"}],"then":"accept"}]}"#;
    let rules = Rules::from_json(rules, supported()).unwrap();
    let decision = decide(&rules, &Map::new(), "", now());
    assert_eq!((decision.rule.as_str(), decision.outcome), (NO_MATCH, Outcome::Reject));
}

#[test]
fn files_are_read_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    let rules = json!({"rules": mozilla().rules});
    std::fs::write(&path, rules.to_string()).unwrap();
    assert_eq!(Rules::open(path.to_str().unwrap(), supported()).unwrap(), mozilla());
    assert!(matches!(
        Rules::open("no-such-file", supported()),
        Err(RulesError::File(..))
    ));
    for text in [
        "",
        "rules = []",
        "rules = [{ name = 'a' }]",
        "rules = [{ name = 'a b', then = 'accept' }]",
        "rules = [{ name = 'a', then = 'accept' }, { name = 'a', then = 'accept' }]",
        "rules = [{ name = 'a', then = 'accept', percent = 0.0 }]",
        "rules = [{ name = 'a', then = 'accept', percent = 100.0 }]",
        "rules = [{ name = 'a', then = 'accept', when = [{ presents = 'A' }] }]",
        "rules = [{ name = 'a', then = 'accept', whenever = [] }]",
    ] {
        assert!(Rules::from_toml(text, supported()).is_err(), "{text}");
    }
}

#[test]
fn accept_all_accepts_all() {
    let decision = decide(&Rules::open("accept-all", supported()).unwrap(), &Map::new(), "", now());
    assert_eq!(
        (decision.rule.as_str(), decision.outcome, decision.weight),
        ("accept_everything", Outcome::Accept, 1.0)
    );
}

#[test]
fn lists_in_a_file_hold_alone() {
    const RULES: &str = "rules = [
        { name = 'product', when = ['unsupported_product'], then = 'reject' },
        { name = 'package', when = ['unsupported_package'], then = 'reject' },
        { name = 'rest', then = 'accept' },
    ]";
    for (lists, product, package, rule) in [
        ("", "Firefox", "x", "rest"),
        ("", "Other", "x", "product"),
        ("", "Fenix", "x", "package"),
        ("products = ['Other']", "Other", "x", "rest"),
        ("products = ['Other']", "other", "x", "product"),
        ("products = ['Other']", "Firefox", "x", "product"),
        ("products = ['Fenix']", "Fenix", "x", "rest"),
        ("products = []", "Other", "x", "rest"),
        ("products = []", "Fenix", "x", "rest"),
        ("packages = { Other = ['y'] }", "Other", "x", "package"),
        ("packages = { Other = ['y'] }", "Other", "y", "rest"),
        ("packages = { Other = ['y'] }", "Fenix", "x", "rest"),
        ("packages = { Other = [] }", "Other", "x", "package"),
    ] {
        let rules = Rules::from_toml(&format!("{lists}\n{RULES}"), supported()).unwrap();
        let annotations = object(json!({"ProductName": product, "Android_PackageName": package}));
        let decision = decide(&rules, &annotations, "", now());
        assert_eq!(decision.rule, rule, "{lists} {product}");
    }
}

#[test]
fn names_that_may_be_in_any_case_are_known_however_long_a_report_makes_them() {
    let any_case = |name: &str| ProductName::AnyCase(name.to_owned());
    let supported = Supported {
        products: Some(vec![any_case("Müller's GAME"), ProductName::Exactly("Kite".to_owned())]),
        packages: vec![(any_case("Müller's GAME"), vec!["org.example".to_owned()])],
    };
    let rules = Rules::from_toml(
        "rules = [
            { name = 'product', when = ['unsupported_product'], then = 'reject' },
            { name = 'package', when = ['unsupported_package'], then = 'reject' },
            { name = 'rest', then = 'accept' },
        ]",
        supported,
    )
    .unwrap();
    let blanks = " ".repeat(1024 - "müller's game".len());
    for (product, package, rule) in [
        ("Kite".to_owned(), "x", "rest"),
        ("kite".to_owned(), "x", "product"),
        ("müller's game".to_owned(), "org.example", "rest"),
        (" MÜLLER'S GAME ".to_owned(), "x", "package"),
        (format!("{blanks}Müller's Game"), "org.example", "rest"),
        (format!(" {blanks}Müller's Game"), "org.example", "product"),
        ("Ü".repeat(1 << 20), "org.example", "product"),
    ] {
        let annotations = object(json!({"ProductName": product, "Android_PackageName": package}));
        let decision = decide(&rules, &annotations, "", now());
        assert_eq!(decision.rule, rule, "{} bytes of {:.20}", product.len(), product);
    }
}
