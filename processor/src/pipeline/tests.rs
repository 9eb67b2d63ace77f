mod notes;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::json;

use super::*;

/// Made once: reading them takes longer than a run of the rules.
static LISTS: LazyLock<Lists> = LazyLock::new(Lists::built_in);

fn context<'a>(dumps: &'a BTreeMap<String, Bytes>, table: &'a BTreeMap<String, String>) -> Context<'a> {
    Context {
        raw: Map::new(),
        processed: ProcessedCrash::default(),
        dumps,
        walks: &[],
        builds: Builds::Table(table),
        lists: None,
        notes: Vec::new(),
    }
}

#[test]
fn a_rule_that_panics_leaves_a_note_and_what_it_wrote() {
    fn panics(context: &mut Context<'_>) {
        context.set("half", true);
        std::panic::resume_unwind(Box::new("secret"));
    }
    let (dumps, table) = (BTreeMap::new(), BTreeMap::new());
    let mut context = context(&dumps, &table);
    let rule = Rule {
        name: "Some",
        apply: panics,
    };
    apply(&rule, &mut context);
    assert_eq!(
        context.notes,
        [Note::protected("ruleset 'default' rule 'Some' failed: panic")]
    );
    assert_eq!(context.processed.0.get("half"), Some(&json!(true)));
}

#[test]
fn names_of_rules_are_unique_and_those_of_the_identity_exist() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert!(IDENTITY.iter().all(|name| names.contains(name)));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

fn processed(raw: &Value, previous: Option<&ProcessedCrash>) -> ProcessedCrash {
    let raw = RawCrash(raw.as_object().unwrap().clone());
    let (dumps, table) = (BTreeMap::new(), BTreeMap::new());
    run(Input {
        raw: &raw,
        dumps: &dumps,
        walks: &[],
        builds: Builds::Table(&table),
        lists: &LISTS,
        previous,
        notes: vec![Note::public("first")],
        started: DateTime::UNIX_EPOCH,
    })
}

#[test]
fn one_bad_annotation_costs_only_its_own_field() {
    let crash = processed(
        &json!({
            "AbortMessage": ["x"], "ProductName": "Fenix", "Version": "1.0", "BuildID": "7",
            "SafeMode": {}, "UptimeTS": "nan",
        }),
        None,
    );
    assert_eq!(crash.text("product"), Some("Fenix"));
    assert_eq!(crash.text("version"), Some("1.0"));
    assert_eq!(crash.text("build"), Some("7"));
    assert_eq!(crash.text("signature_lists"), Some(LISTS.sha256()));
    let notes = crash.text("processor_notes").unwrap();
    for note in [
        "AbortMessage has a non-text value",
        "SafeMode has a non-boolean value",
        "UptimeTS has a non-float value",
    ] {
        assert!(notes.lines().any(|line| line == note), "{notes}");
    }
}

#[test]
fn a_second_round_is_made_anew_and_keeps_the_notes_of_the_first() {
    let mut first = processed(&json!({"Version": "1"}), None);
    first.set("stale", 1);
    let second = processed(&json!({"Version": "1"}), Some(&first));
    assert!(!second.0.contains_key("stale"));
    let notes = first.text("processor_notes").unwrap();
    assert_eq!(second.0["processor_history"], json!([notes]));
    let third = processed(&json!({"Version": "1"}), Some(&second));
    assert_eq!(third.0["processor_history"], json!([notes, notes]));
    assert_eq!(third.0["success"], json!(true));
}

#[test]
fn a_signature_made_again_is_that_of_the_same_rules_and_replaces_only_its_notes() {
    let trace = "no stack\u{7}";
    let first = processed(&json!({"Version": "1", "SafeMode": {}, "JavaStackTrace": trace}), None);
    let notes: Vec<&str> = first.text("processor_notes").unwrap().lines().collect();
    let of_signature = notes.iter().filter(|note| is_of_signature(note)).count();
    assert!((1..notes.len()).contains(&of_signature), "{notes:?}");
    let mut again = first.clone();
    for round in 1..3 {
        again.set("signature", "old");
        again = sign_again(again, &LISTS, DateTime::UNIX_EPOCH);
        assert_eq!(again.0["processor_history"].as_array().unwrap().len(), round);
    }
    let (kept, made): (Vec<&str>, Vec<&str>) = notes.iter().partition(|note| !is_of_signature(note));
    let version = env!("CARGO_PKG_VERSION");
    let mark = format!(">>> Signature made again: 1970-01-01T00:00:00.000000+00:00 (datil {version})");
    let expected = [&kept[..], &[mark.as_str()], &made[..]].concat();
    assert_eq!(
        again.text("processor_notes").unwrap().lines().collect::<Vec<_>>(),
        expected
    );
    for name in ["signature", "proto_signature", "signature_debug", "signature_lists"] {
        assert_eq!(again.0.get(name), first.0.get(name), "{name}");
    }
    let details = |crash: &ProcessedCrash| crash.0.get("processor_details").cloned();
    assert_eq!(details(&again), details(&first));
}

#[test]
fn one_rule_runs_alone_and_an_unknown_one_is_refused() {
    let input = json!({"raw": {"uuid": "x"}});
    assert_eq!(
        run_one("IdentifierRule", &input, &LISTS).unwrap(),
        json!({"raw": {"uuid": "x"}, "processed": {"crash_id": "x", "uuid": "x"}, "notes": []})
    );
    assert!(matches!(
        run_one("Nothing", &input, &LISTS),
        Err(RunError::NoSuchRule(_))
    ));
    assert!(matches!(
        run_one("IdentifierRule", &json!({"raw": 1}), &LISTS),
        Err(RunError::Input("raw"))
    ));
}

#[test]
fn numbers_are_read_as_texts_are() {
    let crash = processed(
        &json!({
            "ProductName": "Firefox", "Version": 128, "BuildID": 20_261_101_093_000_u64, "ReleaseChannel": "nightly",
            "CrashTime": 1_795_800_000_i64, "StartupTime": 1_795_799_940.5, "InstallTime": "1795796400",
            "SafeMode": 1.0, "ProcessType": "plugin", "PluginName": 5, "EMCheckCompatibility": true,
            "AsyncShutdownTimeout": {"phase": "x"}, "submitted_timestamp": "2026-11-28T09:00:00+00:00",
        }),
        None,
    );
    for (name, expected) in [
        ("version", json!("128")),
        ("major_version", json!(128)),
        ("build", json!("20261101093000")),
        ("crash_time", json!(1_795_800_000_i64)),
        ("uptime", json!(60)),
        ("install_age", json!(3_600)),
        ("safe_mode", json!(true)),
        ("plugin_name", json!("5")),
        ("addons_checked", json!(true)),
        ("async_shutdown_timeout", json!("{\"phase\": \"x\"}")),
        ("report_type", json!("hang")),
    ] {
        assert_eq!(crash.0.get(name), Some(&expected), "{name}");
    }
}

#[test]
fn a_difference_of_a_known_and_a_guessed_time_is_no_answer() {
    let crash = |times: Value| {
        let mut raw = times;
        raw["submitted_timestamp"] = json!("2026-11-28T09:00:00+00:00");
        let crash = processed(&raw, None);
        let number = |name: &str| crash.0.get(name).and_then(Value::as_i64);
        (number("uptime"), number("install_age"), number("crash_time"))
    };
    let submitted = Some(1_795_856_400);
    for (times, expected) in [
        (
            json!({"CrashTime": "1795800000", "StartupTime": "1795799940", "InstallTime": "1795796400"}),
            (Some(60), Some(3_600), Some(1_795_800_000)),
        ),
        (
            json!({"StartupTime": "1795799940", "InstallTime": "1795796400"}),
            (None, None, submitted),
        ),
        (
            json!({"CrashTime": "soon", "StartupTime": "1795799940"}),
            (None, None, submitted),
        ),
        (
            json!({"CrashTime": 0, "StartupTime": "1795799940"}),
            (None, None, submitted),
        ),
        (
            json!({"CrashTime": "1795800000", "StartupTime": "0", "InstallTime": "never"}),
            (None, None, Some(1_795_800_000)),
        ),
        (json!({"CrashTime": "1795800000"}), (None, None, Some(1_795_800_000))),
    ] {
        assert_eq!(crash(times.clone()), expected, "{times}");
    }
}

#[test]
fn what_stands_behind_androids_last_annotation_matters_to_no_rule() {
    for (annotation, field, expected) in [
        ("Android_CPU_ABI", "cpu_arch", json!("arm64")),
        ("ProcessType", "process_type", json!("parent")),
        ("Accessibility", "accessibility", json!(true)),
        ("DOMFissionEnabled", "dom_fission_enabled", json!(true)),
        ("DistributionID", "distribution_id", json!("mozilla")),
        ("ReleaseChannel", "release_channel", json!("nightly")),
    ] {
        let value = match annotation {
            "Android_CPU_ABI" => "arm64-v8a\r\n",
            "ProcessType" => "main\r\n",
            "Accessibility" => "Active\r\n",
            "DOMFissionEnabled" => "1\r\n",
            "DistributionID" => "mozilla\r\n",
            _ => "nightly\r\n",
        };
        let crash = processed(&json!({annotation: value}), None);
        assert_eq!(crash.0.get(field), Some(&expected), "{annotation}");
    }
}

#[test]
fn no_control_character_reaches_a_field() {
    let crash = processed(
        &json!({
            "ProductName": "x\u{0}\u{1b}[31m", "MozCrashReason": "a\u{7}b", "Add-ons": "x%1b:1",
            "JavaException": {"exception": {"values": [{"stacktrace": {
                "type": "X", "module": "a", "value": "\u{1b}",
                "frames": [{"module": "a", "function": "f\u{1b}", "filename": null, "in_app": null, "lineno": null}],
            }}]}},
            "TelemetryEnvironment": "{\"partner\": {\"distributionId\": \"a\\u001b\"}}",
            "Comments": "one\r\n\ttwo",
        }),
        None,
    );
    let text = serde_json::to_string(&crash.0).unwrap();
    for escape in ["\\u0000", "\\u001b", "\\u0007"] {
        assert!(!text.contains(escape), "{text}");
    }
    assert_eq!(crash.text("product"), Some("x\u{fffd}[31m"));
    assert_eq!(crash.text("user_comments"), Some("one\r\n\ttwo"));
}
