//! What a new source takes: one row, which is here, and one file with its reading, `stand_in.rs`. Everything else
//! learns of it from the row.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod stand_in;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use buildinfo::audit::read::scores;
use buildinfo::db::{self, each_response, source_states};
use buildinfo::import::{Choice, Options, READERS, Reader};
use buildinfo::sources::Tape;
use buildinfo::transfer::export::canonical;
use buildinfo::{Freshness, Settings};
use builds::policy::State as How;
use builds::said::source::{self, Address, Asked, Source, Way};
use builds::{BuildId, Observation, Product, Question, SourceName};
use demo::world::Channel;
use platform::db::Db;
use platform_testing::databases;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use support::{Sources, lookup};

/// The row.
static ANNOUNCER: Source = Source {
    name: "announcer",
    title: "The announcer",
    trust: 5,
    way: Way::Read(Address {
        setting: "buildinfo.announcer_url",
        usual: "https://announcer.example",
    }),
    asked: Asked::Every,
    personal: &["announced_by"],
};

const SOURCE: SourceName = SourceName::of(&ANNOUNCER);
const PERSON: &str = "somebody@people.example";
const REVISION: &str = "ffffffffffffffffffffffffffffffffffffffff";

/// The program's sources with this one; every test begins with it.
fn with_announcer() -> &'static [Reader] {
    static ROWS: [&Source; 1] = [&ANNOUNCER];
    source::add(&ROWS).unwrap();
    Vec::leak([READERS, &[stand_in::READER]].concat())
}

fn options() -> Options {
    Options {
        readers: with_announcer(),
        ..Options::default()
    }
}

/// What the stand-in serves, until it is told to fail.
struct Announcer {
    announced: Value,
    fails: AtomicBool,
}

async fn announced(State(announcer): State<Arc<Announcer>>) -> impl IntoResponse {
    if announcer.fails.load(Ordering::Relaxed) {
        return (StatusCode::FORBIDDEN, format!("ask {PERSON}"));
    }
    (StatusCode::OK, announcer.announced.to_string())
}

impl Announcer {
    /// Serves the address `announced.json` until the test ends; says where.
    async fn serve(announced_builds: Value) -> (Arc<Self>, url::Url) {
        let announcer = Arc::new(Self {
            announced: announced_builds,
            fails: AtomicBool::new(false),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new()
            .route("/announced.json", get(announced))
            .with_state(Arc::clone(&announcer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (announcer, root)
    }
}

/// A nightly of the world, as Buildhub's observations tell of it.
async fn a_nightly(db: &Db, sources: &Sources) -> (BuildId, Observation) {
    let truth = sources.world.truths_of("Firefox", Channel::Nightly).last().unwrap();
    let id: BuildId = truth.build_id.parse().unwrap();
    let index = lookup(db).await.index();
    let build = index.find(Product::FIREFOX, id).next().unwrap();
    let said = db::by_digests(db, build.evidence()).await.unwrap();
    let mut said = said.into_iter().map(|one| one.observation);
    let own = said.rfind(|one| one.source == SourceName::BUILDHUB);
    (id, own.unwrap())
}

/// The same build with a revision of its own, and who says so.
fn announcement(known: &Observation) -> Value {
    let mut record = known.body.clone();
    record["source"]["revision"] = json!(REVISION);
    record["build"]["announced_by"] = json!(PERSON);
    record["Announced_By"] = json!({"mail": PERSON});
    json!([record])
}

/// Every value of every table, as text.
async fn everything(db: &Db) -> String {
    let tables = match db.engine() {
        "sqlite" => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()",
    };
    let names: Vec<String> = platform::on!(db, |pool| sqlx::query_scalar(tables).fetch_all(pool).await).unwrap();
    assert!(names.len() > 10, "{names:?}");
    let mut all = String::new();
    for name in names {
        let sql = match db.engine() {
            "postgres" => format!("SELECT CAST(t AS TEXT) FROM \"{name}\" t"),
            _ => {
                let columns = format!("SELECT name FROM pragma_table_info('{name}')");
                let columns: Vec<String> =
                    platform::on!(db, |pool| sqlx::query_scalar(AssertSqlSafe(columns.as_str()))
                        .fetch_all(pool)
                        .await)
                    .unwrap();
                let texts: Vec<String> = columns
                    .iter()
                    .map(|column| format!("CASE typeof(\"{column}\") WHEN 'text' THEN \"{column}\" ELSE '' END"))
                    .collect();
                format!("SELECT {} FROM \"{name}\"", texts.join(" || ' ' || "))
            }
        };
        let rows: Vec<String> = platform::on!(db, |pool| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
            .fetch_all(pool)
            .await)
        .unwrap();
        all.extend(rows);
    }
    all
}

/// Every answer that was kept of a run.
async fn tape(db: &Db, run: i64) -> Vec<builds::said::Response> {
    let mut kept = Vec::new();
    let keep = |response| {
        kept.push(response);
        Ok(())
    };
    each_response(db, run, keep).await.unwrap();
    kept
}

#[tokio::test]
async fn a_source_is_one_row_and_one_file() {
    let options = options();
    let sources = Sources::standard().await;
    for test in databases().await {
        let db = &test.db;
        sources.import(db).await;
        let (id, known) = a_nightly(db, &sources).await;
        let (announcer, root) = Announcer::serve(announcement(&known)).await;
        let mut announcing = Sources {
            settings: sources.settings.clone(),
            world: Arc::clone(&sources.world),
            faults: Arc::clone(&sources.faults),
        };
        announcing.settings.addresses.set(SOURCE, root);

        // It is read like all others, and its word is taken before Buildhub's.
        let keeping = Options {
            tape: Some(Arc::new(Tape::new())),
            ..options.clone()
        };
        let run = announcing.import_as(db, &keeping).await.unwrap();
        assert_eq!((run.outcome.as_str(), run.new_records), ("complete", 1), "{run:?}");
        assert_eq!(run.policy().state(SOURCE), Some(How::Well));
        let lines = run.policy().lines();
        assert!(
            lines.contains(&"announcer: well (1 builds are announced)".to_owned()),
            "{lines:?}"
        );
        let look_up = lookup(db).await;
        let question = Question {
            product: "Firefox".to_owned(),
            channel: "nightly".to_owned(),
            build_id: id.to_string(),
            ..Question::default()
        };
        let index = look_up.index();
        let build = index
            .find(Product::FIREFOX, id)
            .find(|build| build.revision() == Some(REVISION))
            .unwrap();
        let names: Vec<SourceName> = build.sources().collect();
        assert_eq!(names.first(), Some(&SOURCE), "{names:?}");
        assert!(names.contains(&SourceName::BUILDHUB), "{names:?}");

        // It is part of the explanation, and of the contradiction.
        let answer = look_up.answer(&question).await.unwrap();
        let explained = buildinfo::explain::explain(db, &answer).await.unwrap();
        assert!(explained.observations.iter().any(|one| one.source == SOURCE));
        let conflict = explained.conflicts.iter().find(|one| one.field == "revision").unwrap();
        assert_eq!(conflict.chosen, REVISION);
        assert_eq!(conflict.sources[REVISION], BTreeSet::from([SOURCE]));

        // It is asked for every build, and judged like the others, whose other word was not believed.
        let scores = scores(db, Some(Product::FIREFOX)).await.unwrap();
        let score = |source| {
            let mut scores = scores.iter();
            scores
                .find(|score| score.source == source && score.channel == "nightly")
                .unwrap()
        };
        assert_eq!(score(SOURCE).builds, 1);
        assert_eq!(score(SOURCE).holes, score(SourceName::BUILDHUB).builds - 1);
        assert!(score(SourceName::BUILDHUB).contradictions > score(SOURCE).contradictions);

        // Its silence is told, and takes back nothing.
        assert_eq!(Freshness::of(&source_states(db).await.unwrap()).silent, vec![]);
        announcer.fails.store(true, Ordering::Relaxed);
        let failed = announcing.import_as(db, &keeping).await.unwrap();
        assert_eq!(failed.outcome, "partial", "{failed:?}");
        let states = source_states(db).await.unwrap();
        let silent: Vec<String> = Freshness::of(&states)
            .silent
            .into_iter()
            .map(|one| one.source)
            .collect();
        assert_eq!(silent, ["announcer"]);
        let still = lookup(db).await.index();
        assert!(
            still
                .find(Product::FIREFOX, id)
                .any(|build| build.revision() == Some(REVISION))
        );

        // Nobody is named in any table, answer that was kept, or text that is told.
        let kept = tape(db, run.id).await;
        assert!(kept.iter().any(|one| one.path == "/announced.json"));
        let refused = tape(db, failed.id).await;
        assert!(
            refused
                .iter()
                .any(|one| one.path == "/announced.json" && one.status == 403)
        );
        for response in kept.iter().chain(&refused) {
            assert!(
                !String::from_utf8_lossy(&response.body).contains(PERSON),
                "{}",
                response.path
            );
        }
        let stored = everything(db).await;
        assert!(stored.contains(REVISION));
        for told in [&stored, &explained.to_string(), &failed.notes, &format!("{states:?}")] {
            assert!(!told.contains(PERSON));
        }

        // What was kept is enough to come to the same end.
        let other = databases().await;
        let other = other.iter().find(|other| other.db.engine() == db.engine()).unwrap();
        sources.import(&other.db).await;
        let playing = Options {
            tape: Some(Arc::new(Tape::of(kept))),
            ..options.clone()
        };
        let played = announcing.import_as(&other.db, &playing).await.unwrap();
        let digest = async |db, generation| canonical(db, generation, &mut std::io::sink()).await.unwrap();
        assert_eq!(
            digest(&other.db, played.generation).await,
            digest(db, run.generation).await
        );
    }
}

#[tokio::test]
async fn it_can_be_read_alone_and_has_a_setting() {
    let readers = with_announcer();
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        let (_, known) = a_nightly(&test.db, &sources).await;
        let (_announcer, root) = Announcer::serve(announcement(&known)).await;
        let given = json!({"announcer_url": root, "retry_pause_ms": 1});
        let settings: Settings = serde_json::from_value(given).unwrap();
        settings.check().unwrap();
        let alone = Sources {
            settings,
            ..Sources::standard().await
        };
        let options = Options {
            choice: "announcer".parse::<Choice>().unwrap(),
            readers,
            ..Options::default()
        };
        let run = alone.import_as(&test.db, &options).await.unwrap();
        assert_eq!((run.source.as_str(), run.records, run.requests), ("announcer", 1, 1));
    }
    let wrong: Settings = serde_json::from_value(json!({"announcer_url": "file:///x"})).unwrap();
    let why = wrong.check().unwrap_err().to_string();
    assert!(why.contains("buildinfo.announcer_url"), "{why}");
}
