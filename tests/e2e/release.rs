//! What a running program tells operators about itself.

use std::process::Command;

use demo::Plan;
use serde_json::Value;

use crate::system::{Config, System};

/// The commit that this test and the program were built from; empty if unknown.
const COMMIT: &str = env!("DATIL_RELEASE_COMMIT");

/// Whether a git command succeeds here; `None` if this is not a checkout, or git is missing.
fn git(arguments: &[&str]) -> Option<bool> {
    let folder = env!("CARGO_MANIFEST_DIR");
    if !std::path::Path::new(folder).join(".git").exists() {
        return None;
    }
    let output = Command::new("git").args(["-C", folder]).args(arguments).output().ok()?;
    Some(output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_was_built_from_and_sends_search_engines_away() {
    let system = System::up(&Config::default());
    let (status, body) = system.get("/__version__").await;
    let said: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(status, 200);
    let names: Vec<&String> = said.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["build", "commit", "dirty", "source", "version"]);
    assert_eq!(said["version"], env!("CARGO_PKG_VERSION"));
    let line = system.run_well(["--version"]);
    assert!(line.starts_with(concat!("datil ", env!("CARGO_PKG_VERSION"))), "{line}");
    let built = (!COMMIT.is_empty()).then_some(COMMIT);
    assert_eq!(said["commit"].as_str(), built);
    assert_eq!(line.contains("(commit "), built.is_some(), "{line}");
    // The branch may have moved since the program was built, but the commit still exists.
    if git(&["rev-parse", "--verify", "--quiet", "HEAD"]) == Some(true) {
        let commit = format!("{}^{{commit}}", built.expect("a checkout has a commit"));
        assert_eq!(git(&["cat-file", "-e", &commit]), Some(true), "{commit}");
    }
    let (_, figures) = system.get("/metrics").await;
    assert!(figures.contains("\ndatil_build_info{"), "{figures}");
    let robots = system.get("/robots.txt").await;
    assert_eq!(robots, (200, "User-agent: *\nDisallow: /\n".to_owned()));
}

/// Every metric of a system after use has a help text and a type, but no quantiles.
#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_shown_has_help_and_can_be_added_up() {
    let system = System::up(&Config::default());
    let world = demo::World::generate(&Plan::default());
    let id = system.submit(&demo::crashes::samples_for(&world).remove(0), "firefox");
    system.processed(&id).await;
    system.get("/builds/").await;
    let (_, figures) = system.get("/metrics").await;
    let told = |what: &str| -> Vec<&str> {
        let lines = figures.lines().filter_map(|line| line.strip_prefix(what));
        lines.filter_map(|line| line.split(' ').next()).collect()
    };
    let (helped, typed) = (told("# HELP "), told("# TYPE "));
    for name in figures
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let name = name.split(['{', ' ']).next().unwrap_or_default();
        let is_of = |family: &&str| {
            let end = name.strip_prefix(*family);
            end.is_some_and(|end| ["", "_bucket", "_sum", "_count"].contains(&end))
        };
        assert!(helped.iter().any(is_of), "{name} has no help");
        assert!(typed.iter().any(is_of), "{name} has no type");
    }
    assert!(
        !figures.contains("summary") && !figures.contains("quantile="),
        "{figures}"
    );
    for name in [
        "collector_crashmover_save_crash_total 1",
        "processor_crash_seconds_bucket{",
        "datil_http_panics_total 0",
    ] {
        assert!(figures.contains(&format!("\n{name}")), "{name}\n{figures}");
    }
}
