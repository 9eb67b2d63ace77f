//! The whole process tree stays small.

use demo::Plan;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// Maximum bytes for all processes together, at rest and also right after a large import.
const LIMIT: u64 = 150 << 20;

/// Resident memory of a process and its children, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let own = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0);
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let children = threads.flatten().flat_map(|thread| {
        let list = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        list.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect::<Vec<u32>>()
    });
    own * 1024 + children.map(resident).sum::<u64>()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_tree_is_small_right_after_an_import_of_ten_thousand_records() {
    let sources = StandIns::serve(&Plan::records(10_000)).await;
    let system = System::up(&Config {
        sources: Some(&sources.url),
        imports: true,
        ..Config::default()
    });
    let samples = demo::crashes::samples_for(&sources.world);
    let sample = samples
        .iter()
        .find(|sample| !sample.dumps.is_empty() && sample.expected.is_some())
        .expect("a sample with a minidump");
    // Starts a walker as well.
    system.processed(&system.submit(sample, "firefox")).await;
    let records = system
        .wait_for("the import to end", async || {
            let runs = system.json("/api/v1/runs").await;
            let run = runs["runs"].get(0)?.clone();
            (run["outcome"] == "complete").then(|| run["records"].as_i64())
        })
        .await;
    assert!(records.is_some_and(|n| n >= 10_000), "{records:?}");
    let size = resident(system.pid());
    assert!(size > 1 << 20, "the process tree cannot be measured");
    assert!(size < LIMIT, "{} MiB", size >> 20);
}
