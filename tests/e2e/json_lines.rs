//! Commands over JSON lines: one line out for each line in.

use serde_json::{Value, json};

use crate::system::{Config, System};

fn answers(system: &System, args: &[&str], input: &str) -> Vec<Value> {
    let output = system.run_with_input(args, input.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn rules_run_alone_and_all_together() {
    let system = System::new(&Config::default());
    let names = system.run_well(["rules", "list"]);
    assert!(names.lines().count() >= 50, "{names}");
    let input = format!(
        "{}\nnonsense\n",
        json!({"raw": {"ProcessType": "main"}, "dumps": {}, "processed": {}})
    );
    let found = answers(&system, &["rules", "run", "ProcessTypeRule"], &input);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["processed"]["process_type"], "parent");
    assert!(found[1]["error"].is_string());
    let input = format!(
        "{}\n",
        json!({
            "raw": {
                "ProductName": "Firefox", "ReleaseChannel": "beta", "BuildID": "20181025233934", "Version": "64.0",
                "uuid": "x", "submitted_timestamp": "2026-08-01T00:00:00+00:00",
            },
            "lookup": {"Firefox:beta:20181025233934": "64.0b4"},
        })
    );
    let found = answers(&system, &["rules", "run", "*"], &input);
    assert_eq!(found[0]["processed"]["version"], "64.0b4");
    assert!(!system.run(["rules", "run", "NoSuchRule"]).status.success());
}
