//! The pages of the audit, of unknown builds and of imports.

use ::builds::Conflict;
use ::builds::unknown::{Asked, Tally, UnknownKey, Verdict};
use axum::http::StatusCode;
use buildinfo::db as builds;
use buildinfo::db::{Alarm, Run, Step};
use platform::db::Db;
use serde_json::json;

use platform::clock;

use super::{RECEIVED, build, link_of, servers};

const SECOND: i64 = 1_000_000;

fn conflicts(numbers: std::ops::Range<usize>) -> Vec<Step> {
    let conflict = |number| {
        let conflict = Conflict {
            subject: format!("Firefox 64.0 20181025{number:06}"),
            field: "revision",
            chosen: "aaaa".to_owned(),
            values: ["aaaa", "<b>"]
                .map(|value| (value.to_owned(), Default::default()))
                .into(),
        };
        Step::Conflict(format!("Firefox {number:06}"), conflict)
    };
    numbers.map(conflict).collect()
}

async fn raise(db: &Db, id: &str, tried: bool) {
    let alarm = Alarm {
        product: "Firefox".to_owned(),
        channel: "beta".to_owned(),
        build_id: id.to_owned(),
        reported: "64.0".to_owned(),
        installs: 4,
        raised: RECEIVED,
        tried: None,
        outcome: None,
    };
    assert!(builds::raise_alarm(db, &alarm, RECEIVED).await.unwrap());
    if tried {
        let outcome = "an import of all sources: <partial>";
        builds::record_try(db, &alarm, RECEIVED + SECOND, outcome)
            .await
            .unwrap();
    }
}

fn asked(tally: &mut Tally, channel: &str, id: &str, verdict: Verdict) {
    let key = UnknownKey {
        product: "Firefox".to_owned(),
        channel: channel.to_owned(),
        build_id: id.to_owned(),
    };
    let asked = Asked {
        verdict,
        count: 1234,
        first: RECEIVED,
        last: RECEIVED + SECOND,
    };
    tally.asked.insert(key, asked);
}

#[tokio::test]
async fn an_audit_of_nothing_says_what_is_missing() {
    for server in servers().await {
        for (path, part) in [
            ("/builds/audit", "Nothing was imported yet, so no build is known."),
            ("/builds/audit", "No source was ever asked"),
            ("/builds/audit?check=conflict", "There are none."),
            ("/builds/unknown", "No alarm is on."),
            ("/builds/unknown", "None was asked for"),
            ("/builds/unknown?alarm=cleared", "None of these."),
            ("/builds/runs", "Nothing was imported yet"),
        ] {
            let page = server.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.contains(part), "{path}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn addresses_that_mean_nothing_are_refused() {
    for server in servers().await {
        for (path, status, part) in [
            ("/builds/audit?check=all", 400, "The checks of the audit are"),
            ("/builds/audit?product=Waterfowl", 400, "Builds are known of"),
            ("/builds/audit?check=conflict&after=x", 400, "is not whole"),
            ("/builds/unknown?verdict=x", 400, "The verdicts on"),
            ("/builds/unknown?alarm=maybe", 400, "open or cleared"),
            ("/builds/unknown?product=a%00", 400, "control characters"),
            ("/builds/unknown?after=1~2", 400, "is not whole"),
            ("/builds/runs?before=x", 400, "is not whole"),
            ("/builds/runs/x", 404, "No such import"),
            ("/builds/runs/7", 404, "No such import"),
            ("/builds/runs/9223372036854775807", 404, "No such import"),
        ] {
            let page = server.get(path).await;
            assert_eq!(page.status.as_u16(), status, "{path}");
            assert!(page.body.contains(part), "{path}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn the_audit_tells_the_worst_first_and_lists_all_page_by_page() {
    for server in servers().await {
        let db = &server.test.db;
        for numbers in [0..400, 400..800, 800..1050] {
            builds::write_steps(db, 1, &conflicts(numbers)).await.unwrap();
        }
        let nightly = build("nightly", "65.0a1", "20181023100123", "win64");
        server.derive(1, vec![nightly]).await;
        let trouble = Some("timed out <after> 5 s");
        builds::record_state(db, "buildhub", RECEIVED, Some(RECEIVED), None, None)
            .await
            .unwrap();
        let later = RECEIVED + 60 * SECOND;
        builds::record_state(db, "buildhub", later, None, None, trouble)
            .await
            .unwrap();
        raise(db, "20181025233934", true).await;
        builds::say_importer(db, clock::now_micros()).await.unwrap();

        let page = server.get("/builds/audit").await;
        assert_eq!(page.status, StatusCode::OK);
        for part in [
            "2 findings make answers wrong or missing now.",
            "timed out &#60;after&#62; 5 s; it last answered at 2026-08-03T11:02:44Z",
            "href=\"/builds/runs\" rel=\"noreferrer\">buildhub</a>",
            "Conflicts between sources (1,050)",
            "aaaa is taken; the sources say &#60;b&#62;, aaaa",
            "href=\"/builds/?build_id=20181025000000\"",
            "1,040 more",
            "See who says what with &#34;datil buildinfo explain&#34;",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("id=\"bad_file\""));

        let index = server.get("/builds/").await;
        for part in ["1 alarm is on", "has not answered</a> since 2026-08-03T11:02:44Z"] {
            assert!(index.body.contains(part), "{part}: {}", index.body);
        }

        let mut address = link_of(&page.body, "list them all");
        assert_eq!(address, "/builds/audit?check=conflict");
        let mut rows = 0;
        for pages in 1.. {
            let list = server.get(&address).await;
            assert_eq!(list.status, StatusCode::OK);
            rows += list.body.matches("Firefox 64.0 20181025").count();
            assert_eq!(list.body.contains("First page"), pages > 1);
            if !list.body.contains("Next page") {
                assert_eq!(pages, 11);
                break;
            }
            address = link_of(&list.body, "Next page");
        }
        assert_eq!(rows, 1050);
        let other = server.get("/builds/audit?product=thunderbird").await;
        assert!(other.body.contains("Audit of the build data: Thunderbird"));
        assert!(other.body.contains("1 finding makes answers wrong"));
        assert!(!other.body.contains("build_id=20181025"));
    }
}

#[tokio::test]
async fn unknown_builds_are_listed_by_verdict_after_the_alarms() {
    for server in servers().await {
        let db = &server.test.db;
        let mut tally = Tally::default();
        for number in 0..60 {
            let id = format!("201810252339{number:02}");
            asked(&mut tally, "beta", &id, Verdict::NotSeen);
        }
        asked(&mut tally, "release", "not digits", Verdict::Junk);
        builds::add_unknown(db, tally).await.unwrap();
        raise(db, "20181025233934", true).await;
        raise(db, "20181025233935", false).await;

        let page = server.get("/builds/unknown").await;
        assert_eq!(page.status, StatusCode::OK);
        for part in [
            "2 alarms are on",
            "2026-08-03 11:02:44",
            "An import of all sources: &#60;partial&#62;.",
            "Not yet. Nothing was ever imported, so nobody looks for it: run",
            "Nothing was ever imported: run",
            ">/pub/firefox/candidates/64.0bN-candidates/</span>",
            "href=\"https://archive.mozilla.org/pub/firefox/candidates/64.0-candidates/\"",
            "POST /api/search",
            "not seen yet (60)",
            "junk (1)",
            "all (61)",
            "1,234",
            "href=\"/?product=Firefox&#38;build_id=20181025233959\"",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("not digits"));
        assert!(server.get("/builds/").await.body.contains("Nothing was ever imported"));
        let unknown = server.get("/builds/Firefox/beta/20181025233934").await;
        assert!(unknown.body.contains("Nothing was ever imported"));
        builds::say_importer(db, clock::now_micros()).await.unwrap();
        let kept = server.get("/builds/unknown").await;
        assert!(kept.body.contains("Not yet. It is looked for at once."));
        for path in ["/builds/", "/builds/unknown", "/builds/Firefox/beta/20181025233934"] {
            let page = server.get(path).await;
            assert!(!page.body.contains("was ever imported"), "{path}");
        }
        let next = server.get(&link_of(&page.body, "Next page")).await;
        assert!(next.body.contains("20181025233900"));
        assert!(!next.body.contains("alarms are on") && !next.body.contains("Next page"));
        let shown = |body: &str| body.matches(">crashes</a>").count();
        assert_eq!((shown(&page.body), shown(&next.body)), (50, 10));
        let junk = server.get(&link_of(&page.body, "junk (1)")).await;
        assert!(junk.body.contains("not digits"));
        assert_eq!(shown(&junk.body), 0);
        let other = server.get("/builds/unknown?product=thunderbird").await;
        assert!(other.body.contains("No alarm is on.") && other.body.contains("None of these."));
        let open = server.get("/builds/unknown?alarm=open").await;
        assert_eq!(shown(&open.body), 2);
    }
}

fn run(number: i64) -> Run {
    let folders = ("/pub/firefox/nightly/2026/08/a/", "/pub/firefox/nightly/2026/08/b/");
    let policy = json!({
        "sources": [
            {"source": "product-details", "state": "well", "why": "7 files"},
            {"source": "buildhub", "state": "down", "why": "503 for <everything>"},
        ],
        "filled": [{
            "tree": "firefox nightly", "reason": "buildhub-failed", "platforms": ["linux", "win64"],
            "builds": 12, "first": folders.0, "last": folders.1,
        }],
    });
    Run {
        id: RECEIVED + number,
        source: "auto".to_owned(),
        policy: policy.to_string(),
        started: RECEIVED,
        ended: Some(RECEIVED + 90 * SECOND),
        outcome: "partial".to_owned(),
        records: 1234,
        errors: 3,
        notes: "a note <b>\nanother one".to_owned(),
        ..Run::default()
    }
}

#[tokio::test]
async fn imports_are_listed_and_each_says_what_was_decided() {
    for server in servers().await {
        let db = &server.test.db;
        for number in 0..35 {
            builds::start_run(db, &run(number)).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            builds::end_run(&mut tx, &run(number)).await.unwrap();
            tx.commit().await.unwrap();
        }
        let page = server.get("/builds/runs").await;
        for part in ["1 min 30 s", "partial", "down", "1,234", "<td class=\"number\">12</td>"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        let rows = |body: &str| body.matches("href=\"/builds/runs/").count();
        let older = server.get(&link_of(&page.body, "Older")).await;
        assert_eq!((rows(&page.body), rows(&older.body)), (30, 5));
        let one = server.get(&format!("/builds/runs/{}", RECEIVED + 7)).await;
        assert_eq!(one.status, StatusCode::OK);
        for part in [
            "503 for &#60;everything&#62;",
            "Buildhub could not be read.",
            "linux, win64",
            "href=\"https://archive.mozilla.org/pub/firefox/nightly/2026/08/b/\"",
            "a note &#60;b&#62;",
            "A source failed.",
        ] {
            assert!(one.body.contains(part), "{part}: {}", one.body);
        }
    }
}
