use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn context<'a>(
    dumps: &'a BTreeMap<String, Bytes>,
    table: &'a BTreeMap<String, String>,
) -> Context<'a> {
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
        ["ruleset 'default' rule 'Some' failed: panic"]
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
        lists: &Lists::built_in(),
        previous,
        notes: vec!["first".to_owned()],
        started: DateTime::UNIX_EPOCH,
    })
}

#[test]
fn one_bad_annotation_costs_only_its_own_field() {
    let crash = processed(
        &json!({"AbortMessage": ["x"], "ProductName": "Fenix", "Version": "1.0", "BuildID": "7", "SafeMode": {}, "UptimeTS": "nan"}),
        None,
    );
    assert_eq!(crash.text("product"), Some("Fenix"));
    assert_eq!(crash.text("version"), Some("1.0"));
    assert_eq!(crash.text("build"), Some("7"));
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
fn one_rule_runs_alone_and_an_unknown_one_is_refused() {
    let lists = Lists::built_in();
    let input = json!({"raw": {"uuid": "x"}});
    assert_eq!(
        run_one("IdentifierRule", &input, &lists).unwrap(),
        json!({"raw": {"uuid": "x"}, "processed": {"crash_id": "x", "uuid": "x"}, "notes": []})
    );
    assert!(matches!(
        run_one("Nothing", &input, &lists),
        Err(RunError::NoSuchRule(_))
    ));
    assert!(matches!(
        run_one("IdentifierRule", &json!({"raw": 1}), &lists),
        Err(RunError::Input("raw"))
    ));
}
