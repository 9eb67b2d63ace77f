//! Builds that are announced and withdrawn, over HTTP and the database.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::IntoResponse;
use buildinfo::api;
use buildinfo::audit::Audits;
use buildinfo::db::{self, IMPORT};
use buildinfo::import::{Options, rebuild, take_in_announced};
use buildinfo::watch::inbox::Inbox;
use http_body_util::BodyExt;
use platform::access::{self, NewToken, Permission};
use platform::clock;
use platform::db::Db;
use platform::http::{Access, HttpSettings};
use platform_testing::{TestDb, databases};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::{Sources, lookup, quiet};

const ID: &str = "20260811093000";

/// The API over an empty database, and the token of a pipeline.
struct Site {
    router: Router,
    test: TestDb,
    token: String,
    stop: CancellationToken,
}

impl Site {
    /// One over every database. Takes in what is announced, if `takes_in`; otherwise a request does not wait for it.
    async fn each(takes_in: bool) -> Vec<Self> {
        let mut sites = Vec::new();
        for test in databases().await {
            let settings = HttpSettings::default();
            let db = &test.db;
            let patience = Duration::from_secs(if takes_in { 60 } else { 0 });
            let inbox = Inbox::new(db.clone(), "test".to_owned(), patience);
            let stop = CancellationToken::new();
            if takes_in {
                tokio::spawn(inbox.clone().run(stop.clone()));
            }
            let access = Access::new(db.clone(), &settings);
            let api = api::router(lookup(db).await, db.clone(), Audits::new(db.clone()), inbox);
            let router = platform::http::layers(api, &settings, access, IntoResponse::into_response);
            let token = token(db, &[Permission::AnnounceBuilds]).await;
            sites.push(Self {
                router,
                test,
                token,
                stop,
            });
        }
        sites
    }

    async fn send(&self, method: Method, path: &str, token: &str, body: String) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("auth-token", token);
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn announce(&self, builds: &Value) -> (u16, Value) {
        self.send(Method::POST, "/api/v1/builds", &self.token, builds.to_string())
            .await
    }

    async fn withdraw(&self, query: &str) -> (u16, Value) {
        let path = format!("/api/v1/builds?{query}");
        self.send(Method::DELETE, &path, &self.token, String::new()).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, "", String::new()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// What is answered about a build: its version and status, and its revision.
    async fn known(&self, channel: &str, id: &str) -> String {
        let answer = self
            .get(&format!(
                "/api/v1/lookup?product=Firefox&channel={channel}&build_id={id}"
            ))
            .await;
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        let revision = text(&answer["build"]["revision"]);
        format!("{} {} {revision}", text(&answer["version"]), text(&answer["status"]))
    }

    async fn take_in(&self) {
        take_in_announced(&self.test.db, "test", &self.stop).await.unwrap();
    }
}

async fn token(db: &Db, permissions: &[Permission]) -> String {
    let new = NewToken {
        permissions: permissions.iter().copied().collect(),
        note: "the release pipeline".to_owned(),
        created: clock::now_micros(),
        expires: i64::MAX,
    };
    let mut tx = db.begin().await.unwrap();
    let (_, secret) = access::create_token(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    secret.digits().to_owned()
}

/// Whether this is the note of a run that says so much, and the id of the token.
fn is_note(note: &str, much: &str) -> bool {
    let id = note
        .strip_prefix(much)
        .and_then(|rest| rest.strip_prefix(" with the token "));
    id.is_some_and(|id| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn build(more: &Value) -> Value {
    let mut build = json!({"product": "firefox", "channel": "release", "version": "154.0", "build_id": ID});
    for (member, value) in more.as_object().unwrap() {
        build[member] = value.clone();
    }
    build
}

fn outcomes(answer: &Value) -> Vec<&str> {
    let builds = answer["builds"].as_array().unwrap();
    builds.iter().map(|build| build["outcome"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_announced_changed_and_withdrawn_and_known_at_once() {
    for site in Site::each(true).await {
        assert_eq!(site.known("release", ID).await, "none unknown none");
        let (status, first) = site
            .announce(&build(&json!({"platform": "win64", "revision": "abc"})))
            .await;
        assert_eq!(
            (status, outcomes(&first), &first["state"]),
            (201, vec!["new"], &json!("done")),
            "{first}"
        );
        assert_eq!(
            first["builds"][0]["stated"],
            json!({"product": "Firefox", "channel": "release", "version": "154.0", "build_id": ID,
                "platform": "win64", "status": "published", "revision": "abc"})
        );
        assert_eq!(first["builds"][0]["subject"], format!("Firefox release {ID} win64"));
        assert_eq!(site.known("release", ID).await, "154.0 published abc");
        let explained = site
            .get(&format!(
                "/api/v1/explain?product=Firefox&channel=release&build_id={ID}"
            ))
            .await;
        assert_eq!(explained["rule"], "the build was announced by the site's own pipeline");
        assert_eq!(explained["observations"][0]["digest"], first["builds"][0]["digest"]);
        assert_eq!(explained["observations"][0]["source"], "own");
        assert_eq!(explained["observations"][0]["kind"], "announced");
        assert_eq!(explained["read_until"], Value::Null, "no source was read");
        // Where builds are announced only, nothing is wrong, and nobody is told to import.
        let asked = site.get("/api/v1/unknown").await;
        assert_eq!(
            asked["importer"],
            json!({"who": "handed_in", "last_import": null, "warning": null})
        );
        let found = site.get("/api/v1/audit?check=no_importer").await;
        assert_eq!(found["findings"][0]["severity"], "note", "{found}");
        assert!(!found.to_string().contains("datil buildinfo import"), "{found}");

        // The same again changes nothing, other members do.
        let runs = site.get("/api/v1/runs").await;
        let (status, again) = site
            .announce(&json!([build(&json!({"platform": "WIN64", "revision": "abc"}))]))
            .await;
        assert_eq!((status, outcomes(&again)), (200, vec!["unchanged"]));
        assert_eq!(
            (&again["generation"], &again["builds"]),
            (&first["generation"], &{
                let mut same = first["builds"].clone();
                same[0]["outcome"] = json!("unchanged");
                same
            })
        );
        assert_eq!(site.get("/api/v1/runs").await, runs);
        let many = json!([
            build(&json!({"platform": "win64", "revision": "def", "status": "shipped"})),
            build(&json!({"platform": "win64-aarch64"})),
        ]);
        let (status, changed) = site.announce(&many).await;
        assert_eq!((status, outcomes(&changed)), (201, vec!["changed", "new"]));
        assert_eq!(site.known("release", ID).await, "154.0 shipped def");
        let runs = site.get("/api/v1/runs").await;
        let run = &runs["runs"][0];
        assert_eq!(
            (
                &run["source"],
                &run["outcome"],
                &run["records"],
                &run["new_records"],
                &run["generation"]
            ),
            (
                &json!("own"),
                &json!("complete"),
                &json!(2),
                &json!(2),
                &changed["generation"]
            )
        );
        // The id of the token, and not its note, which may name somebody.
        let note = run["notes"][0].as_str().unwrap();
        assert!(is_note(note, "2 builds announced"), "{note}");
        // Back to what was said first.
        let (status, back) = site
            .announce(&build(&json!({"platform": "win64", "revision": "abc"})))
            .await;
        assert_eq!((status, outcomes(&back)), (200, vec!["changed"]));
        assert_eq!(back["builds"][0]["digest"], first["builds"][0]["digest"]);
        assert_eq!(site.known("release", ID).await, "154.0 published abc");

        let one = format!("product=firefox&channel=release&build_id={ID}&platform=win64");
        let (status, gone) = site.withdraw(&one).await;
        assert_eq!((status, outcomes(&gone)), (200, vec!["withdrawn"]), "{gone}");
        assert_eq!(gone["builds"][0]["digest"], first["builds"][0]["digest"]);
        assert_eq!(site.known("release", ID).await, "154.0 published none");
        assert_eq!(site.withdraw(&one).await.0, 404);
        assert_eq!(site.announce(&build(&json!({}))).await.0, 201);
        let (status, gone) = site
            .withdraw(&format!("product=Firefox&channel=release&build_id={ID}"))
            .await;
        assert_eq!((status, outcomes(&gone)), (200, vec!["withdrawn", "withdrawn"]));
        assert_eq!(site.known("release", ID).await, "none unknown none");
        let before = site.get("/api/v1/runs").await;
        assert_eq!(
            site.withdraw(&format!("product=Firefox&channel=release&build_id={ID}"))
                .await
                .0,
            404
        );
        assert_eq!(site.get("/api/v1/runs").await, before);
        // A withdrawn build can be announced again.
        let (status, new) = site
            .announce(&build(&json!({"platform": "win64", "revision": "abc"})))
            .await;
        assert_eq!((status, outcomes(&new)), (201, vec!["new"]));
        assert_eq!(site.known("release", ID).await, "154.0 published abc");
        let changes = site.get(&format!("/api/v1/builds/{ID}")).await;
        let history: Vec<&str> = changes["history"]["Firefox"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["reason"].as_str().unwrap())
            .collect();
        assert_eq!(history.first(), Some(&"new"), "{changes}");
        assert!(history.contains(&"withdrawn"), "{history:?}");

        // A full derivation gives the same.
        let newest = db::latest_generation(&site.test.db).await.unwrap().n;
        let again = rebuild(&site.test.db, "test", &site.stop, &quiet).await.unwrap();
        assert_eq!(again, newest);
        let lines = access::entries(&site.test.db, "", 0, None, 100).await.unwrap();
        let said: Vec<String> = lines
            .iter()
            .rev()
            .map(|line| format!("{}: {}", line.action, line.detail))
            .collect();
        assert_eq!(
            said[..6],
            [
                format!("announce_builds: Firefox release {ID} win64"),
                format!("announce_builds: Firefox release {ID} win64"),
                format!("announce_builds: 2 builds, first Firefox release {ID} win64"),
                format!("announce_builds: Firefox release {ID} win64"),
                format!("withdraw_builds: Firefox release {ID} win64"),
                format!("announce_builds: Firefox release {ID}"),
            ]
        );
        assert!(lines.iter().all(|line| line.who.contains("(the release pipeline)")));
        site.stop.cancel();
    }
}

#[tokio::test]
async fn who_may_not_announce_and_what_is_wrong_changes_nothing() {
    for site in Site::each(false).await {
        let db = &site.test.db;
        let others: Vec<Permission> = Permission::all()
            .filter(|permission| *permission != Permission::AnnounceBuilds)
            .collect();
        let path = format!("/api/v1/builds?product=Firefox&channel=release&build_id={ID}");
        for token in [String::new(), token(db, &others).await, "0123456789abcdef".repeat(2)] {
            for (method, body) in [
                (Method::POST, build(&json!({})).to_string()),
                (Method::POST, "{".to_owned()),
                (Method::POST, "x".repeat(3 << 20)),
                (Method::DELETE, String::new()),
            ] {
                let (status, answer) = site.send(method, &path, &token, body).await;
                assert_eq!((status, &answer["code"]), (403, &json!("forbidden")), "{answer}");
            }
        }
        let good = build(&json!({}));
        for (body, status, problem) in [
            (
                json!([good, build(&json!({"version": "x"}))]).to_string(),
                400,
                "[1].version",
            ),
            (json!([good, good]).to_string(), 400, "[1]"),
            (
                build(&json!({"channel": "x", "nonsense": 1})).to_string(),
                400,
                "channel",
            ),
            (json!([]).to_string(), 400, ""),
            ("{".to_owned(), 400, "the body"),
            (format!("[{}]", vec!["{}"; 1001].join(",")), 400, ""),
            ("x".repeat(3 << 20), 413, ""),
        ] {
            let (got, answer) = site.send(Method::POST, "/api/v1/builds", &site.token, body).await;
            assert_eq!(got, status, "{answer}");
            assert!(
                problem.is_empty() || answer["problems"][problem].is_string(),
                "{answer}"
            );
        }
        for query in [
            "",
            "product=x&channel=y&build_id=z",
            "product=Firefox&build_id=20260811093000",
        ] {
            let (status, answer) = site.withdraw(query).await;
            assert_eq!(status, 400, "{answer}");
            assert!(answer["problems"].is_object(), "{answer}");
        }
        let (status, _) = site
            .withdraw(&format!("product=Firefox&channel=release&build_id={ID}"))
            .await;
        assert_eq!(status, 404);
        assert_eq!(db::last_waiting(db).await.unwrap(), None);
        assert!(access::entries(db, "", 0, None, 10).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_imports_all_waits_in_its_order() {
    for site in Site::each(false).await {
        let db = &site.test.db;
        let lease = IMPORT
            .take(db, "an import", clock::now_micros())
            .await
            .unwrap()
            .unwrap();
        let of = |revision: &str| build(&json!({"platform": "win64", "revision": revision}));
        for (body, outcome) in [
            (of("a"), "new"),
            (of("a"), "unchanged"),
            (of("b"), "changed"),
            (of("a"), "changed"),
        ] {
            let (status, answer) = site.announce(&body).await;
            assert_eq!(
                (status, outcomes(&answer), &answer["state"]),
                (202, vec![outcome], &json!("waiting"))
            );
            assert!(answer["explanation"].as_str().unwrap().contains("import"), "{answer}");
        }
        let other = "20260812093000";
        site.announce(&build(&json!({"build_id": other}))).await;
        let query = format!("product=Firefox&channel=release&build_id={other}");
        let (status, answer) = site.withdraw(&query).await;
        assert_eq!((status, outcomes(&answer)), (202, vec!["withdrawn"]));
        assert_eq!(site.withdraw(&query).await.0, 404, "it is withdrawn already");
        assert_eq!(site.known("release", ID).await, "none unknown none");
        lease.release().await.unwrap();
        site.take_in().await;
        assert_eq!(site.known("release", ID).await, "154.0 published a");
        assert_eq!(site.known("release", other).await, "none unknown none");
        let run = db::recent_runs(db, 1).await.unwrap().remove(0);
        assert_eq!((run.records, run.new_records), (2, 1));
        assert!(
            is_note(&run.notes, "1 build announced and 1 withdrawn"),
            "{}",
            run.notes
        );
        // What is known is known by the same right as before.
        let (status, answer) = site.announce(&of("a")).await;
        assert_eq!((status, outcomes(&answer)), (200, vec!["unchanged"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_in_what_waits_and_changes_nothing_by_it() {
    let sources = Sources::standard().await;
    for site in Site::each(false).await {
        let db = &site.test.db;
        sources.import(db).await;
        let truth = sources
            .world
            .truth
            .iter()
            .find(|one| one.product == "Firefox" && one.status.as_str() == "shipped");
        let (channel, known) = truth
            .map(|one| (one.channel.as_str(), one.build_id.to_string()))
            .unwrap();
        let before = site.known(channel, &known).await;
        let wrong = build(
            &json!({"channel": channel, "build_id": known, "revision": "wrong", "platform": "win64",
            "status": "candidate"}),
        );
        assert_eq!(site.announce(&json!([build(&json!({})), wrong])).await.0, 202);
        let run = sources.import(db).await;
        assert_eq!(run.source, "auto");
        assert!(run.notes.contains("2 builds announced with the token"), "{}", run.notes);
        assert_eq!(db::last_waiting(db).await.unwrap(), None);
        assert_eq!(site.known("release", ID).await, "154.0 published none");
        assert_eq!(site.known(channel, &known).await, before);
        // Imports and announcements are told apart.
        site.announce(&build(&json!({"revision": "x"}))).await;
        site.take_in().await;
        assert_eq!(
            db::newest_import(db).await.unwrap().map(|newest| newest.id),
            Some(run.id)
        );
        assert_eq!(
            db::last_complete_import(db).await.unwrap().map(|newest| newest.id),
            Some(run.id)
        );
        assert_eq!(site.known("release", ID).await, "154.0 published x");
        let table = table(db).await;
        assert!(
            table.contains(&format!("Firefox,release,154,154.0,154.0,{ID},")),
            "{table}"
        );
    }
}

async fn table(db: &Db) -> String {
    let mut text = Vec::new();
    let generation = db::latest_generation(db).await.unwrap().n;
    buildinfo::transfer::export::table(db, generation, &mut text)
        .await
        .unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_any_two_steps_loses_nothing_and_repeats() {
    for site in Site::each(false).await {
        let db = &site.test.db;
        site.announce(&build(&json!({"platform": "win64", "revision": "old"})))
            .await;
        site.take_in().await;
        site.announce(&json!([
            build(&json!({"platform": "win64", "revision": "new"})),
            build(&json!({"platform": "mac"})),
        ]))
        .await;
        // It died after some of the observations were stored, before the old one was closed.
        let waiting = db::waiting(db, 0, i64::MAX, 10).await.unwrap();
        let lease = IMPORT.take(db, "it died", clock::now_micros()).await.unwrap().unwrap();
        let first = &waiting[0];
        let body = serde_json::from_str(&first.body).unwrap();
        let said = builds::Observation::announced(&first.place, &first.subject, body);
        db::record(&lease, 7, &[said]).await.unwrap();
        db::IMPORT.release_of(db, "it died").await.unwrap();
        // It was stopped before it derived.
        let stopped = CancellationToken::new();
        stopped.cancel();
        assert!(take_in_announced(db, "test", &stopped).await.is_err());
        assert_eq!(db::waiting(db, 0, i64::MAX, 10).await.unwrap(), waiting);
        assert_eq!(db::recent_runs(db, 1).await.unwrap()[0].outcome, "stopped");
        site.take_in().await;
        assert_eq!(
            site.known("release", ID).await,
            "154.0 published none",
            "mac comes first"
        );
        let places = std::collections::BTreeSet::from([first.place.as_str()]);
        let mut said: Vec<String> = db::announced_at(db, &places)
            .await
            .unwrap()
            .into_iter()
            .map(|(subject, digest)| format!("{subject} {digest}"))
            .collect();
        said.sort();
        let mut expected: Vec<String> = waiting
            .iter()
            .map(|one| format!("{} {}", one.subject, one.digest))
            .collect();
        expected.sort();
        assert_eq!(said, expected);
        assert_eq!(db::last_waiting(db).await.unwrap(), None);
        // It died after the builds were derived, before the inbox was emptied.
        site.announce(&build(&json!({"platform": "mac", "revision": "newer"})))
            .await;
        let waiting = db::waiting(db, 0, i64::MAX, 10).await.unwrap().remove(0);
        let before = db::announced_at(db, &places).await.unwrap();
        let before = before
            .into_iter()
            .find(|(subject, _)| *subject == waiting.subject)
            .unwrap();
        let body = serde_json::from_str(&waiting.body).unwrap();
        let said = builds::Observation::announced(&waiting.place, &waiting.subject, body);
        db::record(db, 8, &[said]).await.unwrap();
        db::close(db, 8, &[before.1]).await.unwrap();
        let newest = rebuild(db, "it died", &site.stop, &quiet).await.unwrap();
        assert_eq!(site.known("release", ID).await, "154.0 published newer");
        let run = take_in_announced(db, "test", &site.stop).await.unwrap().unwrap();
        assert_eq!((run.new_records, run.unchanged, run.generation), (0, 1, newest));
        assert_eq!(db::last_waiting(db).await.unwrap(), None);
        assert!(take_in_announced(db, "test", &site.stop).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pipelines_announce_at_one_time() {
    for site in Site::each(true).await {
        let one = async |number: usize| {
            let more = json!({"platform": format!("platform-{}", number % 10), "revision": format!("{number}")});
            site.announce(&build(&more)).await
        };
        let answers = futures::future::join_all((0..30).map(one)).await;
        let mut new = 0;
        for (status, answer) in answers {
            assert!(matches!(status, 200 | 201), "{answer}");
            new += usize::from(status == 201);
        }
        assert_eq!(new, 10);
        assert_eq!(db::last_waiting(&site.test.db).await.unwrap(), None);
        let known = site.get(&format!("/api/v1/builds/{ID}")).await;
        assert_eq!(known["builds"].as_array().unwrap().len(), 10, "{known}");
        site.stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_does_not_wait_waits_for_announced_builds() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let db = test.db.clone();
        let options = Options {
            wait: false,
            ..Options::default()
        };
        let brief = db::brief_owner("another process");
        let lease = IMPORT.take(&db, &brief, clock::now_micros()).await.unwrap().unwrap();
        let (released, import) = tokio::join!(lease.release(), sources.import_as(&db, &options));
        released.unwrap();
        import.unwrap();
        let lease = IMPORT
            .take(&db, "an import", clock::now_micros())
            .await
            .unwrap()
            .unwrap();
        assert!(sources.import_as(&db, &options).await.is_err());
        lease.release().await.unwrap();
    }
}

#[tokio::test]
async fn the_inbox_is_bounded() {
    for site in Site::each(false).await {
        let db = &site.test.db;
        site.announce(&build(&json!({}))).await;
        let mut tx = db.begin().await.unwrap();
        const SQL: &str = "UPDATE inbox_number SET number = 100000";
        platform::in_tx!(&mut tx, |conn| sqlx::query(SQL).execute(conn).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
        let (status, answer) = site.announce(&build(&json!({"platform": "mac"}))).await;
        assert_eq!((status, &answer["code"]), (503, &json!("unavailable")));
        assert!(
            answer["error"]
                .as_str()
                .unwrap()
                .contains("100000 announced builds wait"),
            "{answer}"
        );
        // What changes nothing needs no room.
        assert_eq!(site.announce(&build(&json!({}))).await.0, 202);
        site.take_in().await;
        assert_eq!(site.announce(&build(&json!({"platform": "mac"}))).await.0, 202);
        site.take_in().await;
        assert_eq!(site.announce(&build(&json!({"platform": "mac"}))).await.0, 200);
    }
}
