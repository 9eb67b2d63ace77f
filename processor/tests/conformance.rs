//! The rules against recorded answers of the system they replace. The records are not part of the project: the test
//! needs the folder that `DATIL_SHARED` names. Without it nothing is compared, and the test says so.

use std::collections::{BTreeMap, BTreeSet};

use processor::pipeline;
use serde_json::{Map, Value, json};
use signature::Lists;

/// The rest of such a note is a parser's error message, and our parser is a different one.
const PARSER_ERROR: &str = "Error parsing AsyncShutdownTimeout:";

/// Socorro's note on a stack trace that starts with a class without a message.
const CLASS_ALONE: &str =
    "SignatureGenerationRule: JavaSignatureTool: stack trace line 1 is not in the expected format";

/// Where our answers differ on purpose.
struct Deliberate {
    rule: &'static str,
    /// The parts of the output that may differ, such as `processed.uptime`, or `notes`.
    fields: &'static [&'static str],
    /// For which inputs.
    when: fn(&Value) -> bool,
}

/// For the reasons, see ARCHITECTURE.md, "Where answers differ from Socorro's on purpose".
const DELIBERATE: &[Deliberate] = &[
    Deliberate {
        rule: "DatesAndTimesRule",
        fields: &["processed.uptime"],
        when: |input| {
            let startup = input["processed"]["startup_time"].as_i64();
            crash_time(input).is_none() || startup.is_none_or(|startup| startup <= 0)
        },
    },
    Deliberate {
        rule: "DatesAndTimesRule",
        fields: &["processed.install_age", "notes"],
        when: |input| {
            let install = &input["raw"]["InstallTime"];
            crash_time(input).is_none() || seconds(install).is_none() || as_text(install).len() > 10
        },
    },
    Deliberate {
        rule: "DatesAndTimesRule",
        fields: &["processed.crash_time", "processed.client_crash_date", "notes"],
        when: |input| {
            let time = &input["raw"]["CrashTime"];
            time.is_number() || !time.is_null() && crash_time(input).is_none()
        },
    },
    Deliberate {
        rule: "BetaVersionRule",
        fields: &["processed.version", "notes"],
        when: has_suffix,
    },
    Deliberate {
        rule: "ProcessTypeRule",
        fields: &["processed.process_type"],
        when: |input| {
            let kind = &input["raw"]["ProcessType"];
            kind.is_number() || ends_blank(kind)
        },
    },
    Deliberate {
        rule: "PluginRule",
        fields: &[
            "processed.plugin_filename",
            "processed.plugin_name",
            "processed.plugin_version",
        ],
        when: |input| {
            let names = ["PluginFilename", "PluginName", "PluginVersion"];
            names.iter().any(|name| input["raw"][*name].is_number())
        },
    },
    Deliberate {
        rule: "AccessibilityRule",
        fields: &["processed.accessibility"],
        when: |input| ends_blank(&input["raw"]["Accessibility"]),
    },
    Deliberate {
        rule: "DistributionIdRule",
        fields: &["processed.distribution_id"],
        when: |input| {
            let id = &input["raw"]["DistributionID"];
            id.is_number() || ends_blank(id)
        },
    },
    Deliberate {
        rule: "MozCrashReasonRule",
        fields: &["processed.moz_crash_reason"],
        when: |input| as_text(&input["raw"]["MozCrashReason"]).starts_with(' '),
    },
    Deliberate {
        rule: "*",
        fields: &["processed.moz_crash_reason"],
        when: |input| as_text(&input["raw"]["MozCrashReason"]).starts_with(' '),
    },
    Deliberate {
        rule: "OSPrettyVersionRule",
        fields: &["processed.os_pretty_version"],
        when: |input| {
            let version = as_text(&input["processed"]["os_version"]);
            let minor = version
                .strip_prefix("10.")
                .and_then(|rest| rest.split('.').next()?.parse().ok());
            minor.is_some_and(|minor: u32| minor >= 16)
        },
    },
    Deliberate {
        rule: "JavaStackTraceRule",
        fields: &["processed.java_stack_trace", "notes"],
        // A class whose name contains a character that no name can.
        when: |input| as_text(&input["raw"]["JavaStackTrace"]).starts_with('\u{200b}'),
    },
    Deliberate {
        rule: "ReportTypeRule",
        fields: &["processed.report_type"],
        when: names_no_thread,
    },
    Deliberate {
        rule: "SignatureGeneratorRule",
        fields: &["processed.signature", "processed.proto_signature", "notes"],
        when: names_no_thread,
    },
    Deliberate {
        rule: "SignatureGeneratorRule",
        fields: &["notes"],
        when: |input| is_class_alone(&input["processed"]["java_stack_trace"]),
    },
    Deliberate {
        rule: "ModuleURLRewriteRule",
        fields: &["processed.json_dump", "notes"],
        when: |input| {
            let modules = input["processed"]["json_dump"]["modules"].as_array();
            let mut urls = modules
                .into_iter()
                .flatten()
                .filter_map(|module| module["symbol_url"].as_str());
            let known = ["https://symbols.mozilla.org/", "http://localhost"];
            urls.any(|url| !known.iter().any(|known| url.starts_with(known)))
        },
    },
    Deliberate {
        rule: "ModulesInStackRule",
        fields: &["processed.modules_in_stack"],
        when: |input| {
            let modules = input["processed"]["json_dump"]["modules"].as_array();
            let mut ids: BTreeMap<&str, &Value> = BTreeMap::new();
            modules.into_iter().flatten().any(|module| {
                let name = module["filename"].as_str().unwrap_or_default();
                let id = &module["debug_id"];
                ids.insert(name, id).is_some_and(|before| before != id)
            })
        },
    },
];

/// The index in the table of the difference that allows this one.
fn deliberate(rule: &str, field: &str, input: &Value) -> Option<usize> {
    DELIBERATE.iter().position(|difference| {
        difference.rule == rule && difference.fields.contains(&field) && (difference.when)(input)
    })
}

/// A stack trace of an exception without a message: its first line is the name of a class.
fn is_class_alone(trace: &Value) -> bool {
    let text = as_text(trace);
    let first = text.lines().next().unwrap_or_default();
    trace.is_string() && !first.is_empty() && !first.contains([' ', ':'])
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn crash_time(input: &Value) -> Option<i64> {
    seconds(&input["raw"]["CrashTime"])
}

fn seconds(value: &Value) -> Option<i64> {
    let text: String = as_text(value).trim().chars().take(10).collect();
    text.parse().ok().filter(|seconds| *seconds > 0)
}

fn ends_blank(value: &Value) -> bool {
    let text = as_text(value);
    text.trim_end() != text
}

/// A version that is more than a number.
fn has_suffix(input: &Value) -> bool {
    let version = [&input["processed"]["version"], &input["raw"]["Version"]];
    let is_letter = |c: char| c.is_ascii_alphabetic();
    version
        .iter()
        .any(|version| as_text(version).contains(is_letter) && !version.is_null())
}

/// A walked minidump that does not name the crashing thread.
fn names_no_thread(input: &Value) -> bool {
    let dump = &input["processed"]["json_dump"];
    dump.as_object().is_some_and(|dump| !dump.is_empty()) && !dump["crash_info"]["crashing_thread"].is_number()
}

#[derive(Default)]
struct Count {
    agree: usize,
    deliberate: usize,
    differ: usize,
    not_compared: usize,
}

#[test]
fn the_rules_agree_with_recorded_answers() {
    let Some(folder) = platform_testing::recordings("processing rules") else {
        return;
    };
    let lists = Lists::load(&folder.join("siglists")).unwrap();
    let text = std::fs::read_to_string(folder.join("processor/rule_vectors.jsonl")).unwrap();
    let only = std::env::var("DATIL_RULE").ok();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
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
        // Not in the records.
        if let Some(processed) = output["processed"].as_object_mut() {
            processed.remove("signature_debug");
            if rule == "*" {
                processed.remove("success");
                // Socorro has no such field.
                processed.remove("version_reported");
            }
        }
        let mut expected = json!({
            "raw": vector["out"][0], "processed": vector["out"][1], "notes": vector["notes"],
        });
        // With all rules, an earlier one removes the message, so that the line is a class alone, which is correct.
        if rule == "*"
            && is_class_alone(&output["processed"]["java_stack_trace"])
            && let Some(notes) = expected["notes"].as_array_mut()
        {
            notes.retain(|note| note != CLASS_ALONE);
        }
        let all = differences(&output, &expected);
        let (_, differences): (Vec<_>, Vec<_>) = all.iter().partition(|difference| {
            let allowed = deliberate(&rule, &difference.field, &input);
            used.extend(allowed);
            allowed.is_some()
        });
        if all.is_empty() {
            count.agree += 1;
        } else if differences.is_empty() {
            count.deliberate += 1;
        } else {
            count.differ += 1;
            if count.differ <= 5 {
                let input = cut(&input.to_string());
                eprintln!("line {}, {rule}: {input}", n + 1);
                for difference in differences {
                    eprintln!("    {}: {}", difference.field, difference.text);
                }
            }
        }
    }
    for (rule, count) in &counts {
        let Count {
            agree,
            deliberate,
            differ,
            not_compared,
        } = count;
        eprintln!(
            "{rule}: {agree} agree, {deliberate} differ on purpose, {differ} differ, {not_compared} not compared"
        );
    }
    let disagreeing: Vec<&String> = counts
        .iter()
        .filter(|(_, count)| count.differ > 0)
        .map(|(rule, _)| rule)
        .collect();
    assert!(disagreeing.is_empty(), "{disagreeing:?}");
    if only.is_none() {
        let unused: Vec<&str> = (0..DELIBERATE.len())
            .filter(|at| !used.contains(at))
            .map(|at| DELIBERATE[at].rule)
            .collect();
        assert!(unused.is_empty(), "nothing differs any more: {unused:?}");
    }
}

fn cut(text: &str) -> String {
    text.chars().take(700).collect()
}

struct Difference {
    field: String,
    text: String,
}

fn differences(output: &Value, expected: &Value) -> Vec<Difference> {
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
                found.push(Difference {
                    field: format!("{part}.{name}"),
                    text: format!("{} instead of {}", show(ours), show(theirs)),
                });
            }
        }
    }
    if notes(output) != notes(expected) {
        found.push(Difference {
            field: "notes".to_owned(),
            text: format!("{} instead of {}", output["notes"], expected["notes"]),
        });
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
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
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
