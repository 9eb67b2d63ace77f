//! The rules against recorded answers of the system they replace. The records are not part of the
//! project: the test needs the folder that `DATIL_SHARED` names, and says so without it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use processor::pipeline;
use serde_json::{Map, Value, json};
use signature::Lists;

/// The rest of such a note is the text of a parser's error, and ours is another parser.
const PARSER_ERROR: &str = "Error parsing AsyncShutdownTimeout:";

#[derive(Default)]
struct Count {
    agree: usize,
    differ: usize,
    not_compared: usize,
}

#[test]
fn the_rules_agree_with_recorded_answers() {
    let Some(shared) = std::env::var_os("DATIL_SHARED").map(PathBuf::from) else {
        eprintln!("SKIPPED: DATIL_SHARED names no folder with recorded answers");
        return;
    };
    let folder = shared.join("data");
    let lists = Lists::load(&folder.join("siglists")).unwrap();
    let text = std::fs::read_to_string(folder.join("processor/rule_vectors.jsonl")).unwrap();
    let only = std::env::var("DATIL_RULE").ok();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let rule = vector["rule"].as_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| *only != rule) {
            continue;
        }
        let input = json!({
            "raw": vector["in"][0], "processed": vector["in"][1], "dumps": vector["in"][2],
            "lookup": vector["lookup"],
        });
        let mut output = pipeline::run_one(&rule, &input, &lists).unwrap();
        let count = counts.entry(rule.clone()).or_default();
        if !vector["bug"].is_null() || !vector["exception"].is_null() {
            count.not_compared += 1;
            continue;
        }
        // Left out of the records.
        if let Some(processed) = output["processed"].as_object_mut() {
            processed.remove("signature_debug");
            if rule == "*" {
                processed.remove("success");
            }
        }
        let expected = json!({
            "raw": vector["out"][0], "processed": vector["out"][1], "notes": vector["notes"],
        });
        let differences = differences(&output, &expected);
        if differences.is_empty() {
            count.agree += 1;
        } else {
            count.differ += 1;
            if count.differ <= 5 {
                let input = cut(&input.to_string());
                eprintln!("line {}, {rule}: {input}", n + 1);
                for difference in differences {
                    eprintln!("    {difference}");
                }
            }
        }
    }
    for (rule, count) in &counts {
        let Count {
            agree,
            differ,
            not_compared,
        } = count;
        eprintln!("{rule}: {agree} agree, {differ} differ, {not_compared} not compared");
    }
    let disagreeing: Vec<&String> = counts
        .iter()
        .filter(|(_, count)| count.differ > 0)
        .map(|(rule, _)| rule)
        .collect();
    assert!(disagreeing.is_empty(), "{disagreeing:?}");
}

fn cut(text: &str) -> String {
    text.chars().take(700).collect()
}

fn differences(output: &Value, expected: &Value) -> Vec<String> {
    let empty = Map::new();
    let mut found = Vec::new();
    for part in ["raw", "processed"] {
        let ours = output[part].as_object().unwrap_or(&empty);
        let theirs = expected[part].as_object().unwrap_or(&empty);
        let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (ours, theirs) = (ours.get(name), theirs.get(name));
            if !same(ours.unwrap_or(&Value::Null), theirs.unwrap_or(&Value::Null)) {
                found.push(format!(
                    "{part}.{name}: {} instead of {}",
                    show(ours),
                    show(theirs)
                ));
            }
        }
    }
    if notes(output) != notes(expected) {
        found.push(format!(
            "notes: {} instead of {}",
            output["notes"], expected["notes"]
        ));
    }
    found
}

/// The notes, as far as they can be the same.
fn notes(document: &Value) -> Vec<&str> {
    let notes = document["notes"].as_array().map_or(&[][..], Vec::as_slice);
    let texts = notes.iter().filter_map(Value::as_str);
    texts
        .map(|note| match note.find(PARSER_ERROR) {
            Some(at) => &note[..at + PARSER_ERROR.len()],
            None => note,
        })
        .collect()
}

fn show(value: Option<&Value>) -> String {
    value.map_or("nothing".to_owned(), |value| cut(&value.to_string()))
}

/// Null counts as absent, and two texts of the same JSON are equal.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).all(|name| {
            let (a, b) = (a.get(name), b.get(name));
            same(a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null))
        }),
        (Value::String(a), Value::String(b)) if a != b => {
            let read = |text: &str| serde_json::from_str::<Value>(text).ok();
            read(a).zip(read(b)).is_some_and(|(a, b)| same(&a, &b))
        }
        _ => ours == theirs,
    }
}
