//! What a running program tells operators about itself.

use std::process::Command;

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
