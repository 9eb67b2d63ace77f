//! Walks dumps in real child processes: this program starts itself again as the walker.
//!
//! So it has its own `main`, which understands as much of a test program's arguments as `cargo test` and `cargo
//! nextest` use.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test program; clippy knows tests by an attribute that these do not have"
)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bytes::Bytes;
use processor::walk::{self, Pool, PoolSettings, WalkDeath, WalkJob, Walked};
use serde_json::Value;

mod documents;
mod dumps;
mod hostile;
mod lives;

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    (
        "a_windows_dump_is_walked_with_symbols",
        documents::a_windows_dump_is_walked_with_symbols,
    ),
    ("no_innocent_thread_is_named", documents::no_innocent_thread_is_named),
    (
        "modules_of_one_name_and_names_of_any_bytes_are_shown_as_they_are",
        documents::modules_of_one_name_and_names_of_any_bytes_are_shown_as_they_are,
    ),
    (
        "threads_that_were_left_out_are_counted",
        documents::threads_that_were_left_out_are_counted,
    ),
    (
        "one_broken_list_or_name_costs_no_stack",
        documents::one_broken_list_or_name_costs_no_stack,
    ),
    ("a_packed_minidump_is_walked", documents::a_packed_minidump_is_walked),
    (
        "the_two_annotations_reach_the_document",
        documents::the_two_annotations_reach_the_document,
    ),
    (
        "symbols_are_parsed_once_and_new_ones_seen",
        documents::symbols_are_parsed_once_and_new_ones_seen,
    ),
    (
        "the_sample_crashes_have_the_stacks_they_were_made_for",
        documents::the_sample_crashes_have_the_stacks_they_were_made_for,
    ),
    (
        "documents_equal_those_of_minidump_stackwalk",
        documents::documents_equal_those_of_minidump_stackwalk,
    ),
    (
        "what_is_no_minidump_has_an_error_for_a_status",
        hostile::what_is_no_minidump_has_an_error_for_a_status,
    ),
    ("any_bytes_are_answered", hostile::any_bytes_are_answered),
    ("a_huge_stack_is_cut", hostile::a_huge_stack_is_cut),
    (
        "threads_that_cite_one_stack_are_cut",
        hostile::threads_that_cite_one_stack_are_cut,
    ),
    (
        "too_much_memory_is_told_from_other_deaths",
        hostile::too_much_memory_is_told_from_other_deaths,
    ),
    (
        "a_child_that_is_killed_is_replaced",
        lives::a_child_that_is_killed_is_replaced,
    ),
    (
        "a_child_that_dies_idle_costs_no_dump",
        lives::a_child_that_dies_idle_costs_no_dump,
    ),
    (
        "a_child_that_takes_too_long_is_killed",
        lives::a_child_that_takes_too_long_is_killed,
    ),
    (
        "a_walk_that_nobody_waits_for_ends_its_child",
        lives::a_walk_that_nobody_waits_for_ends_its_child,
    ),
    (
        "children_are_reused_and_retired",
        lives::children_are_reused_and_retired,
    ),
    (
        "the_pool_takes_its_children_with_it",
        lives::the_pool_takes_its_children_with_it,
    ),
    (
        "a_program_that_cannot_be_started_is_not_the_dumps_fault",
        lives::a_program_that_cannot_be_started_is_not_the_dumps_fault,
    ),
    ("an_idle_child_is_small", lives::an_idle_child_is_small),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "walker") {
        return walk::child::run();
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--ignored") {
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments
        .iter()
        .filter(|argument| TESTS.iter().any(|(name, _)| name.contains(argument.as_str())))
        .collect();
    let unknown_filter = arguments
        .iter()
        .any(|argument| !argument.starts_with('-') && argument != "terse" && !filters.contains(&argument));
    let chosen = |name: &str| match has("--exact") {
        true => filters.iter().any(|filter| filter.as_str() == name),
        false => (filters.is_empty() && !unknown_filter) || filters.iter().any(|filter| name.contains(filter.as_str())),
    };
    let chosen: Vec<&Test> = TESTS.iter().filter(|(name, _)| chosen(name)).collect();
    if has("--list") {
        for (name, _) in &chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let mut failed = 0;
    for (name, test) in &chosen {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let (result, passed) = (if failed == 0 { "ok" } else { "FAILED" }, chosen.len() - failed);
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out\n",
        TESTS.len() - chosen.len()
    );
    ExitCode::from(u8::from(failed > 0))
}

/// Runs a test's body.
fn run<T>(body: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(body)
}

/// Settings for one child of this program.
fn settings(symbols: &[&Path]) -> PoolSettings {
    PoolSettings {
        walkers: 1,
        timeout: Duration::from_secs(60),
        symbol_roots: symbols.iter().map(|root| root.to_path_buf()).collect(),
        ..PoolSettings::default()
    }
}

fn pool(symbols: &[&Path]) -> Pool {
    Pool::new(settings(symbols)).unwrap()
}

fn job(dump: impl Into<Bytes>) -> WalkJob {
    WalkJob {
        dump: dump.into(),
        module_signatures: None,
        microcode: None,
        hard_clip: false,
        symbol_roots: Vec::new(),
    }
}

fn document(walked: &Walked) -> Value {
    assert_eq!(walked.status, "OK");
    walked.document().unwrap()
}

fn put_symbols(root: &Path) -> PathBuf {
    let folder = root.join(dumps::DEBUG_FILE).join(dumps::DEBUG_ID);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("xul.sym");
    std::fs::write(&path, dumps::SYMBOLS).unwrap();
    path
}

/// A walk that must succeed.
async fn walked(pool: &Pool, job: &WalkJob) -> Walked {
    pool.walk(job)
        .await
        .unwrap_or_else(|death: WalkDeath| panic!("{death:?}"))
}
