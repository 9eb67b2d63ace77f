//! `datil up --demo` delivers what its summary promises.

use serde_json::Value;

use crate::system::{Config, System};

/// 2026-11-28 11:18:47 UTC.
const NOW: i64 = 1_795_864_727_000_000;
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The summary once it is complete: after the imports and after all crashes are processed.
async fn summary(system: &System) -> String {
    system
        .wait_long_for("the summary", 4, async || {
            let printed = system.printed();
            printed.contains("Ctrl-C").then_some(printed)
        })
        .await
}

/// The commands and addresses in the summary, by the number of the thing to try.
fn ways(summary: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut number = 0;
    for line in summary.lines() {
        let text = line.trim();
        if let Some((first, _)) = text.split_once(". ")
            && let Ok(next) = first.parse()
        {
            number = next;
        } else if line.starts_with("       ") {
            found.push((number, text.to_owned()));
        }
    }
    found
}

fn findings(system: &System, check: &str) -> Vec<Value> {
    let audit = system.run_well(["--json", "buildinfo", "audit"]);
    let findings = audit.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    findings.filter(|finding: &Value| finding["check"] == check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn six_things_to_try_work_as_they_stand_in_the_summary() {
    let mut system = System::new(&Config::default());
    system.move_clock(NOW);
    system.start(["up", "--demo"]);
    let printed = summary(&system).await;
    let ways = ways(&printed);
    let tried: Vec<u32> = ways.iter().map(|(number, _)| *number).collect();
    assert_eq!(tried, [1, 1, 2, 2, 3, 3, 4, 5, 6, 6], "{printed}");
    // The stand-in for a Bugzilla is asked from the start on.
    let bugs = "/api/Bugs/?signatures=stackoverflow+%7C+nsBlockFrame%3A%3AReflow";
    system
        .wait_for("the bugs", async || {
            (system.json(bugs).await["total"] == 1).then_some(())
        })
        .await;
    let mut shown = Vec::new();
    for (number, way) in &ways {
        let text = match way.strip_prefix(&system.url) {
            Some(path) => {
                let (status, page) = system.get(path).await;
                assert_eq!(status, 200, "{way}");
                page
            }
            None => {
                let output = system.shell(way);
                let error = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{way}: {error}");
                String::from_utf8(output.stdout).expect("UTF-8")
            }
        };
        shown.push((*number, text));
    }
    for (number, place, parts) in [
        (1, 0, &["161.0", "20261119"][..]),
        (
            1,
            1,
            &["161.0rc2", "release candidate", "product-details", "\"build_number\":2"],
        ),
        (2, 0, &["win64-aarch64 revision", "Firefox nightly linux-aarch64"]),
        (2, 1, &["is 162.0b3", "Contradictions:", "archive", "buildhub"]),
        (3, 0, &["never shipped", "162.0b1"]),
        (3, 1, &["never shipped", "162.0b1"]),
        (4, 0, &["+ beta 162.0b3", "win64-aarch64", "2 stored crashes"]),
        (5, 0, &["1 alarm is on", "20261128081640"]),
        (6, 1, &["Sign in"]),
    ] {
        let of_number: Vec<&String> = shown
            .iter()
            .filter(|(shown, _)| *shown == number)
            .map(|(_, text)| text)
            .collect();
        for part in parts {
            let text = of_number[place];
            assert!(text.contains(part), "{number}: {part} is missing in {text}");
        }
    }
    let token = shown
        .iter()
        .find(|(number, _)| *number == 6)
        .map(|(_, text)| text.trim());
    let client = platform::http::client().build().expect("an HTTP client");
    let account = client
        .get(format!("{}/account", system.url))
        .header("Auth-Token", token.expect("a token"))
        .send()
        .await
        .expect("an answer");
    let page = account.text().await.expect("a page");
    assert!(page.contains("view_rawdump"), "{page}");
    // Trying them corrected nothing.
    assert_eq!(system.run_well(["--json", "buildinfo", "correct", "list"]), "");
    for (check, count) in [
        ("late_platform", 1),
        ("conflict", 1),
        ("open_alarm", 1),
        ("silent_source", 0),
        ("product_without_row", 0),
        ("shipped_without_build", 0),
        ("bad_file", 0),
        ("unreadable_record", 0),
    ] {
        assert_eq!(findings(&system, check).len(), count, "{check}");
    }
    // A newcomer reads the whole log: few lines, none repeated. Lines about a slow machine do not count.
    let log = system.log_text();
    let said: Vec<&str> = log
        .lines()
        .filter_map(|line| Some(line.split_once("Z ")?.1.trim_start()))
        .filter(|said| said.starts_with("INFO"))
        .collect();
    assert!(!said.is_empty(), "{log}");
    let mut once = said.clone();
    once.sort_unstable();
    once.dedup();
    assert!(said.len() == once.len() && said.len() <= 6, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alarm_ends_by_itself_and_the_world_goes_on() {
    let mut system = System::new(&Config::default());
    system.move_clock(NOW);
    system.start(["up", "--demo"]);
    let first = summary(&system).await;
    // The demo's own importer looks for the build at once and finds nothing.
    let alarm = system
        .wait_long_for("the build to be looked for", 4, async || {
            let open = system.json("/api/v1/unknown?alarm=open").await;
            let alarm = open["unknown"].get(0)?.clone();
            alarm["alarm"]["tried"].is_string().then_some(alarm)
        })
        .await;
    let build_id = alarm["build_id"].as_str().expect("an id").to_owned();
    system.move_clock(NOW + 2 * MINUTE);
    system
        .wait_long_for("the alarm to end", 4, async || {
            let cleared = system.json("/api/v1/unknown?alarm=cleared").await;
            let open = system.json("/api/v1/unknown?alarm=open").await;
            let ended = cleared["unknown"].get(0)?["build_id"] == build_id.as_str();
            (ended && open["unknown"].get(0).is_none()).then_some(())
        })
        .await;
    let said = format!("nightly {build_id} is listed now: its 3 crashes");
    system
        .wait_for("the log to say so", async || {
            system.log_text().contains(&said).then_some(())
        })
        .await;
    let crashes = system.run_well(["--json", "crash", "list", "--build-id", &build_id]);
    assert_eq!(crashes.lines().count(), 3, "{crashes}");
    for crash in crashes.lines() {
        assert!(crash.contains("\"build_status\":\"published\""), "{crash}");
    }
    // Days later, in the same folder, with one crash deleted.
    let export = system.run_well(["--json", "buildinfo", "builds", "--limit", "5000"]);
    system.stop();
    system.move_clock(NOW + 9 * DAY);
    let other = system.run_well(["--json", "crash", "list", "--product", "Waterfowl"]);
    let other: Value = serde_json::from_str(other.trim()).expect("one crash");
    system.run_well(["crash", "delete", other["crash_id"].as_str().expect("an id")]);
    system.start(["up", "--demo"]);
    let second = summary(&system).await;
    assert!(!system.log_text().contains("not processed"), "{}", system.log_text());
    assert!(second.contains("alarm=cleared"), "{second}");
    let counted = |summary: &str| {
        let line = summary.lines().find(|line| line.contains(" crashes: "));
        let line = line.unwrap_or_default().trim().to_owned();
        let (builds, crashes) = line.split_once(" builds are known, and ").expect("counts");
        let crashes = crashes.split(' ').next().unwrap_or_default().to_owned();
        let number = |text: &str| text.parse::<u64>().expect("a number");
        (number(builds), number(&crashes))
    };
    let ((before, crashes), (after, still)) = (counted(&first), counted(&second));
    assert!(after > before, "{first}\n{second}");
    assert_eq!(crashes, still + 1);
    let later = system.run_well(["--json", "buildinfo", "builds", "--limit", "5000"]);
    let packages = |builds: &str| -> Vec<String> {
        let builds = builds.lines();
        let package = |line| {
            let build: Value = serde_json::from_str(line).expect("JSON");
            let parts = ["build_id", "product", "channel", "platform"];
            parts.map(|part| build[part].to_string()).join(" ")
        };
        builds.map(package).collect()
    };
    let known = packages(&later);
    for package in packages(&export) {
        assert!(known.contains(&package), "{package} is gone");
    }
    for (check, count) in [("late_platform", 1), ("conflict", 1), ("open_alarm", 0)] {
        assert_eq!(findings(&system, check).len(), count, "{check}");
    }
}
