//! Commands over JSON lines: one line out for each line in.

use serde_json::{Value, json};

use crate::system::{Config, System};

fn answers(system: &System, args: &[&str], input: &str) -> Vec<Value> {
    let output = system.run_with_input(args, input.as_bytes());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
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
            "raw": {"ProductName": "Firefox", "ReleaseChannel": "beta", "BuildID": "20181025233934", "Version": "64.0", "uuid": "x", "submitted_timestamp": "2026-08-01T00:00:00+00:00"},
            "lookup": {"Firefox:beta:20181025233934": "64.0b4"},
        })
    );
    let found = answers(&system, &["rules", "run", "*"], &input);
    assert_eq!(found[0]["processed"]["version"], "64.0b4");
    assert!(!system.run(["rules", "run", "NoSuchRule"]).status.success());
}

#[test]
fn signatures_come_in_order_one_a_line() {
    let system = System::new(&Config::default());
    let crash =
        json!({"crashing_thread": 0, "threads": [{"frames": [{"function": "alpha::beta()"}]}]});
    let found = answers(&system, &["signature"], &format!("{crash}\n[]\n{{}}\n"));
    assert_eq!(found.len(), 3);
    assert_eq!(found[0]["signature"], "alpha::beta");
    assert!(found[1]["error"].is_string());
    assert_eq!(found[2]["signature"], "EMPTY: no frame data available");
    let explained = answers(&system, &["signature", "--explain"], &format!("{crash}\n"));
    assert!(
        explained[0]["debug"]
            .as_array()
            .is_some_and(|steps| !steps.is_empty())
    );
}
