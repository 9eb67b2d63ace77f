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

/// What a page of another site reads of these answers: of each its status, 0 if it could not be read, and its text.
/// Nothing if the page was looked at too early.
async fn read_elsewhere(system: &System, paths: &[&str]) -> Vec<(u16, String)> {
    const PAGE: &str = r#"<script>
        const read = async (address) => {
            try {
                const answer = await fetch(address);
                return [answer.status, await answer.text()];
            } catch (error) {
                return [0, String(error)];
            }
        };
        Promise.all(ADDRESSES.map(read)).then((answers) => {
            document.body.textContent = encodeURIComponent(JSON.stringify(answers));
        });
    </script><body>nothing</body>"#;
    let addresses: Vec<String> = paths.iter().map(|path| format!("{}{path}", system.url)).collect();
    let addresses = serde_json::to_string(&addresses).expect("addresses");
    let page = axum::response::Html(PAGE.replace("ADDRESSES", &addresses));
    let elsewhere = axum::Router::new().fallback(move || async move { page });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move { axum::serve(listener, elsewhere).await });
    let opened = tokio::task::spawn_blocking(move || open(&url).expect("a browser"));
    let document = opened.await.expect("the browser does not panic");
    server.abort();
    let (_, body) = document.split_once("<body>").expect("a body");
    let shown = text(body);
    let (json, _) = url::form_urlencoded::parse(shown.as_bytes()).next().expect("a text");
    serde_json::from_str(&json).unwrap_or_default()
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
    // As the chart that Bugzilla shows beside a signature, and two mistakes.
    let [from, to] = [-180, 1].map(|days: i64| {
        let moment = platform::clock::now_micros() + days * 86_400_000_000;
        platform::clock::rfc3339(moment)[..10].to_owned()
    });
    let chart = format!(
        "/api/SuperSearch/?signature={}&date=>={from}&date=<={to}&_histogram.date=release_channel&_results_number=0",
        url::form_urlencoded::byte_serialize(format!("={signature}").as_bytes()).collect::<String>()
    );
    let found = async || {
        let answers = read_elsewhere(&system, &[&chart, "/api/SuperSearch/?_columns=x", "/api/Nothing/"]).await;
        // The page was looked at before all were read.
        if answers.len() < 3 || answers.iter().any(|(status, _)| *status == 0) {
            return None;
        }
        let total: serde_json::Value = serde_json::from_str(&answers[0].1).expect("JSON");
        assert_eq!(
            answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(),
            [200, 400, 404]
        );
        assert!(answers[1].1.contains("Unknown field 'x'"), "{answers:?}");
        (total["total"] == 1).then_some(())
    };
    system.wait_for("the crash to be counted on another site", found).await;
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
