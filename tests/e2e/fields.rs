//! The field table against what the program writes.

use crash::fields::{self, Field, Shape};
use serde_json::{Map, Value, json};

/// Where a processed crash has what the table does not know, and what nobody would see for that reason. Results for
/// additional dumps have the dump's name, and only one of them is public.
pub(crate) fn undescribed(crash: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in crash.iter().filter(|(name, _)| !name.starts_with(crash::MAIN_DUMP)) {
        match fields::by_name(name) {
            Some(field) => look_into(&mut found, name, field, value),
            None => found.push(name.clone()),
        }
    }
    found
}

fn look_into(found: &mut Vec<String>, path: &str, field: &Field, value: &Value) {
    let Shape::Members(members) = field.shape else { return };
    let items = match value {
        Value::Array(items) => items.as_slice(),
        value => std::slice::from_ref(value),
    };
    for (name, value) in items.iter().filter_map(Value::as_object).flatten() {
        let path = format!("{path}.{name}");
        match members.iter().find(|member| member.name == name) {
            Some(member) => look_into(found, &path, member, value),
            None => found.push(path),
        }
    }
}

#[test]
fn what_nothing_describes_is_found() {
    let crash = json!({
        "signature": "a", "novelty": 1, "upload_file_minidump_content": {},
        "json_dump": {"threads": [{"frames": [{"function": "f"}, {"novelty": 1}]}], "pid": 1},
    });
    let found = undescribed(crash.as_object().expect("an object"));
    assert_eq!(found, ["json_dump.threads.frames.novelty", "novelty"]);
}

/// Sums of memory are public and searched, each under its name.
#[test]
fn every_sum_of_memory_is_described() {
    let entry = |path: &str| json!({"process": "web (pid 7)", "path": path, "kind": 1, "units": 0, "amount": 5});
    let input = json!({"processed": {
        "json_dump": {"pid": 7},
        "memory_report": {"version": 1, "hasMozMallocUsableSize": true, "reports": [entry("explicit/images/x")]},
    }});
    let lists = signature::Lists::built_in();
    let output = processor::pipeline::run_one("MemoryReportExtraction", &input, &lists).expect("the rule is known");
    let measures = output["processed"]["memory_measures"].as_object();
    let measures: Vec<&String> = measures.expect("the report is summed up").keys().collect();
    let searched: Vec<&str> = fields::searched()
        .iter()
        .filter(|searched| searched.path[0] == "memory_measures")
        .map(|searched| searched.path[1])
        .collect();
    assert_eq!(measures, searched);
}
