//! The field table against what the program writes.

use builds::resolve::{PreviousBuild, Sibling};
use builds::{BuildId, Certainty, CrashBuildInfo, Product, Reason, SourceName, Status, Version};
use crash::fields::{self, Field, Shape};
use crash::{ProcessedCrash, redact};
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

/// What is known about a build is public, all of it. A new member of it does not compile here before it is described.
#[test]
fn all_that_is_known_about_a_build_is_public() {
    let text = || "x".to_owned();
    let build_id: BuildId = "20260827093000".parse().expect("a build id");
    let version: Version = "153.0b5".parse().expect("a version");
    let info = CrashBuildInfo {
        status: Status::Shipped,
        certainty: Certainty::Stated,
        reason: Reason::ShippedBuildNumber,
        version: Some(text()),
        reported_differs: true,
        channel: text(),
        line: Some(Product::FIREFOX.line("beta", &version)),
        build_id: text(),
        build_date: Some(text()),
        build_number: Some(1),
        platforms: vec![text()],
        revision: Some(text()),
        repository: Some(text()),
        revision_url: Some(text()),
        archive_url: Some(text()),
        published_at: Some(text()),
        previous_build: Some(PreviousBuild {
            build_id,
            version: version.clone(),
            revision: Some(text()),
        }),
        changes_url: Some(text()),
        age_at_crash_days: Some(1),
        builds_behind: Some(1),
        sources: vec![SourceName::BUILDHUB],
        sibling: Some(Sibling {
            product: Product::FIREFOX,
            channel: text(),
            version,
            build_id,
            status: Status::Shipped,
            certainty: Certainty::Inferred,
            revision: Some(text()),
            repository: Some(text()),
            revision_url: Some(text()),
        }),
        generation: 1,
    };
    let mut crash = ProcessedCrash::default();
    crash.set("build_info", serde_json::to_value(info).expect("plain data"));
    assert_eq!(redact::public_processed(&crash), crash.0);
}
