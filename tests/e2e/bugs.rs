//! Bugs of signatures, from a Bugzilla that changes, hides bugs and goes away while the program runs.

use demo::{Fault, Plan, World};
use platform_testing::database_settings;
use serde_json::{Value, json};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// 2026-09-01 00:00:00, microseconds UTC.
const BEGAN: i64 = 1_788_220_800_000_000;
const HOUR: i64 = 3_600_000_000;

const ASKED: &str = "/api/Bugs/?signatures=victim%3A%3Arender%3A%3Aset_opacity";

/// Waits until the bugs of a signature are these, read at this time.
async fn wait_for(system: &System, expected: &[i64], time: &str) {
    let what = format!("the bugs {expected:?} of {time}");
    system
        .wait_for(&what, async || {
            let response = platform::http::client().build().expect("a client");
            let response = response.get(format!("{}{ASKED}", system.url)).send().await.ok()?;
            let read = response.headers().get("last-modified")?.to_str().ok()?.to_owned();
            let answer: Value = response.json().await.ok()?;
            let mut ids: Vec<i64> = answer["hits"]
                .as_array()?
                .iter()
                .filter_map(|hit| hit["id"].as_i64())
                .collect();
            ids.dedup();
            (ids == expected && read == time).then_some(())
        })
        .await;
}

/// What `datil check` says of bugs, and whether that is well.
fn checked(system: &System) -> (bool, String) {
    let output = system.run(["--json", "check"]);
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let findings = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let finding = findings.into_iter().find(|finding| finding["name"] == "bugs");
    let finding = finding.expect("a finding about bugs");
    let text = finding["text"].as_str().expect("a text").to_owned();
    (finding["well"] == true, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn bugs_appear_change_turn_private_and_outlive_their_bugzilla() {
    for database in database_settings().await {
        let stand_ins = StandIns::of(World::empty(&Plan::default())).await;
        let more = format!("[bugs]\nbugzilla_url = {:?}\n", stand_ins.url);
        let mut system = System::new(&Config {
            database,
            more: &more,
            ..Config::default()
        });
        system.move_clock(BEGAN);
        system.start(["up"]);
        wait_for(&system, &[1_900_001, 1_900_005], "Tue, 01 Sep 2026 00:00:00 GMT").await;
        let (well, text) = checked(&system);
        assert!(
            well && text.starts_with("6 with 9 signatures are known, as of 2026-09-01T00:00:00"),
            "{text}"
        );
        let by_bugs = system
            .json("/api/SignaturesByBugs/?bug_ids=1900005&bug_ids=1900008")
            .await;
        let signatures = ["victim::render::set_opacity", "victim::render::trap_unreachable_mode"];
        let hits = signatures.map(|signature| json!({"id": 1_900_005, "signature": signature}));
        assert_eq!(by_bugs, json!({"hits": hits, "total": 2}));

        // An hour later one has appeared and another one names something else.
        let changed = platform::clock::from_micros(BEGAN);
        let mut bug = stand_ins.tracker.get(1_900_001).expect("a bug");
        bug.changed = changed;
        stand_ins.tracker.put(demo::TrackedBug { id: 17, ..bug.clone() });
        bug.crash_signature = "[@ another ]".to_owned();
        stand_ins.tracker.put(bug);
        system.move_clock(BEGAN + HOUR);
        wait_for(&system, &[17, 1_900_005], "Tue, 01 Sep 2026 01:00:00 GMT").await;

        // A day later one has become private.
        let mut private = stand_ins.tracker.get(17).expect("a bug");
        private.is_private = true;
        stand_ins.tracker.put(private);
        system.move_clock(BEGAN + 25 * HOUR);
        wait_for(&system, &[1_900_005], "Wed, 02 Sep 2026 01:00:00 GMT").await;

        // The Bugzilla goes away; what was known stays, with its age.
        stand_ins.faults.bugzilla.set(Fault::Down);
        system.move_clock(BEGAN + 26 * HOUR);
        let text = system
            .wait_for("the failure", async || {
                let (well, text) = checked(&system);
                (!well).then_some(text)
            })
            .await;
        assert!(
            text.starts_with("6 with 9 signatures are known, as of 2026-09-02T01:00:00"),
            "{text}"
        );
        assert!(text.contains("the Bugzilla does not answer: status 503"), "{text}");
        wait_for(&system, &[1_900_005], "Wed, 02 Sep 2026 01:00:00 GMT").await;
        assert_eq!(system.metric("datil_bugs_stored_bugs").await, 6.0);
        let by_hand = system.run(["bugs", "import"]);
        assert_eq!(by_hand.status.code(), Some(1));
        let words = String::from_utf8_lossy(&by_hand.stderr).into_owned();
        assert_eq!(words.trim(), "datil: the Bugzilla does not answer: status 503");

        // It is back, and is asked again soon.
        stand_ins.faults.bugzilla.set(Fault::None);
        system.move_clock(BEGAN + 26 * HOUR + HOUR / 4);
        wait_for(&system, &[1_900_005], "Wed, 02 Sep 2026 02:15:00 GMT").await;
        assert!(checked(&system).0);
        let by_hand = system.run_well(["bugs", "import", "--again"]);
        assert!(
            by_hand.contains("6 known ones asked for again, 0 written, 0 removed"),
            "{by_hand}"
        );
        let listed = system.run_well(["--json", "bugs", "list", "--signature", "another", "--bug", "1900002"]);
        let listed: Vec<Value> = listed
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0]["signatures"], json!(["another"]));
        assert_eq!(
            (&listed[1]["assigned"], &listed[1]["status"]),
            (&json!(true), &json!("ASSIGNED"))
        );
        assert_eq!(system.run_well(["bugs", "list"]).lines().count(), 6 + 9);
        // Nobody's name is anywhere.
        for said in [system.log_text(), system.run_well(["--json", "bugs", "list"])] {
            assert!(!said.contains("robin") && !said.contains("Robin"), "{said}");
        }
        let (status, _) = system.stop();
        assert!(status.success());
    }
}
