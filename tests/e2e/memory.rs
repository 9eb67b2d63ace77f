//! The whole process tree stays small.

use demo::Plan;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// Maximum bytes for all processes together, at rest and also right after a large import.
const LIMIT: u64 = 150 << 20;

/// What a process and its children hold in memory, in bytes.
#[derive(Default)]
struct Held {
    /// Their own pages, all together.
    own: u64,
    /// The most pages of files that one of them maps: the program, of which there is one copy for all.
    files: u64,
}

impl Held {
    fn by(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let row = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let number = value.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
            number.unwrap_or(0) * 1024
        };
        let own = Self {
            own: row("RssAnon:") + row("RssShmem:"),
            files: row("RssFile:"),
        };
        children(pid).into_iter().map(Self::by).fold(own, |held, child| Self {
            own: held.own + child.own,
            files: held.files.max(child.files),
        })
    }
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let lists = threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let words = lists.collect::<Vec<_>>().join(" ");
    words.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
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
    let held = Held::by(system.pid());
    let size = held.own + held.files;
    assert!(
        held.own > 1 << 20 && held.files > 1 << 20,
        "the processes cannot be measured"
    );
    assert!(size < LIMIT, "{} MiB, {} of them files", size >> 20, held.files >> 20);
}
