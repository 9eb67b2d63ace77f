//! The pages in a real browser: Debian's chromium, if installed.

use std::path::Path;
use std::process::Command;

use demo::Plan;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// The browser's document after loading a page, `None` without a browser.
fn open(url: &str) -> Option<String> {
    let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
        .into_iter()
        .find(|program| Path::new(program).is_file())?;
    let profile = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .output()
        .expect("the browser can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The text a person reads: without markup, white space collapsed.
fn text(document: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for part in document.chars() {
        match part {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(part),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_crashes_and_builds_in_a_browser() {
    let sources = StandIns::serve(&Plan::default()).await;
    let mut system = System::new(&Config {
        sources: Some(&sources.url),
        ..Config::default()
    });
    system.run_well(["buildinfo", "import"]);
    system.start(["up"]);
    let samples = demo::crashes::samples_for(&sources.world);
    let sample = samples
        .iter()
        .find(|sample| {
            sample.sample == "linux-null-write"
                && sample.expected.is_some()
                && sample.annotations["ProductName"] == "Firefox"
        })
        .expect("a sample with a real stack");
    let expected = sample.expected.as_ref().expect("it has a build");
    let id = system.submit(sample, "firefox");
    let crash = system.processed(&id).await;
    let Some(list) = open(&format!("{}/", system.url)) else {
        platform_testing::skip("the pages in a browser", "chromium is not installed");
        return;
    };
    let list = text(&list);
    let signature = crash["signature"].as_str().expect("a signature");
    for part in ["Firefox", expected.version.as_str(), signature] {
        assert!(list.contains(part), "{part} is missing in the list: {list}");
    }
    let report = text(&open(&format!("{}/report/index/{id}", system.url)).expect("a browser"));
    for part in [
        expected.version.as_str(),
        &sample.annotations["BuildID"],
        "SIGSEGV",
        "victim::render::set_opacity",
        signature,
    ] {
        assert!(report.contains(part), "{part} is missing in the report: {report}");
    }
    let channel = &sample.annotations["ReleaseChannel"];
    let builds = text(&open(&format!("{}/builds/Firefox/{channel}", system.url)).expect("a browser"));
    assert!(builds.contains(&sample.annotations["BuildID"]), "{builds}");
    let build = format!(
        "{}/builds/Firefox/{channel}/{}",
        system.url, sample.annotations["BuildID"]
    );
    let build = text(&open(&build).expect("a browser"));
    for part in [expected.version.as_str(), "buildhub"] {
        assert!(
            build.to_lowercase().contains(part),
            "{part} is missing on the build's page: {build}"
        );
    }
    for (page, part) in [
        ("audit", "How good each source is"),
        ("unknown", "Build ids that no source knows"),
        ("runs", "What was imported"),
    ] {
        let page = text(&open(&format!("{}/builds/{page}", system.url)).expect("a browser"));
        assert!(page.contains(part), "{part} is missing: {page}");
    }
}
