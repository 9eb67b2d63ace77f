//! How the databases answer the program's queries about builds: by an index, and without sorting.
//!
//! The queries are those actually sent: the functions are called, and the statements that sqlx logs are explained.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

#[expect(dead_code, reason = "shared with tests that import in other ways")]
#[path = "support/mod.rs"]
mod support;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use buildinfo::audit;
use buildinfo::db::{self, AlarmFilter, ChangeCursor, UnknownFilter};
use buildinfo::import::{Choice, Options};
use builds::derive::correction::CorrectionKind;
use builds::{Correction, Observation, Product, SourceName};
use demo::{Plan, World};
use platform::db::Db;
use platform::in_tx;
use platform_testing::{analyze, databases, plan};
use sqlx::AssertSqlSafe;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use support::Sources;

/// Statements sent since the last check.
static SENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Collects the statements that sqlx logs.
struct Statements;

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        let whole = if statement.whole.trim().is_empty() {
            statement.summary
        } else {
            statement.whole
        };
        let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
        sent.insert(whole.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// Small tables that may be scanned: one row for each source, product and channel, or lease.
const READ_WHOLE: [&str; 4] = ["source_state", "archive_place", "correction", "unknown_seen"];

/// Statements that read or sort more, each with the reason. They are identified by their beginning or by unique text.
const MAY: [(&str, &str); 8] = [
    (
        "COUNT(DISTINCT build_id), MAX(build_id)",
        "the page of all channels, made once for each generation",
    ),
    (
        "SELECT DISTINCT product, channel, version FROM build",
        "all versions, for commands alone",
    ),
    (
        "SELECT COUNT(*) FROM dirty_group",
        "what is to be derived is read anyway",
    ),
    ("AND revision >= ", "the builds of one revision are sorted"),
    ("FROM unknown_seen s JOIN", "20,000 rows at the most"),
    ("FROM reported_version GROUP BY", "20,000 rows at the most"),
    ("GROUP BY outcome", "one index entry a run"),
    ("GROUP BY verdict", "5,000 ids of each verdict and product at the most"),
];

async fn execute(db: &Db, sql: &str) {
    let mut tx = db.begin().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap();
    tx.commit().await.unwrap();
}

/// Some imported builds, repeated many times.
async fn fill(db: &Db) {
    let sources = Sources::of(World::generate(&Plan::records(2000))).await;
    let options = Options {
        choice: Choice::Only(SourceName::BUILDHUB),
        ..Options::default()
    };
    sources.import_as(db, &options).await.unwrap();
    let times = "WITH RECURSIVE times(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM times WHERE k < 25)";
    for sql in [
        "INSERT INTO build (product, channel, version, build_id, platform, variant, from_generation, to_generation, \
         group_key, version_key, revision, body) {times} \
         SELECT product, channel, version, build_id / 100 * 100 + k, \
         platform, variant, from_generation, to_generation, group_key || k, version_key, revision, body \
         FROM build, times \
         WHERE true \
         ON CONFLICT DO NOTHING",
        "INSERT INTO observation (digest, source, kind, subject, group_key, problem, url, place, body, first_run, \
         said_from) {times} \
         SELECT substr(digest, 1, 61) || (k + 100), source, kind, subject || k, group_key || k, \
         problem, url, place, body, first_run, said_from \
         FROM observation, times \
         WHERE true \
         ON CONFLICT DO NOTHING",
        "INSERT INTO conclusion_change (generation, product, build_id, old, new, reason) {times} \
         SELECT generation, product, build_id / 100 * 100 + k, old, new, reason \
         FROM conclusion_change, times \
         WHERE true \
         ON CONFLICT DO NOTHING",
        "INSERT INTO unknown_build (product, channel, build_id, verdict, asked, first_asked, last_asked) {times} \
         SELECT DISTINCT 'Firefox', 'beta', CAST(build_id / 100 * 100 + k AS TEXT), 'not_seen', 1, build_id, build_id \
         FROM build, times \
         WHERE product = 'Firefox' \
         ON CONFLICT DO NOTHING",
        "INSERT INTO import_run (id, source, policy, started, outcome, requests, records, new_records, unchanged, \
         errors, generation, notes) {times} \
         SELECT 100 * k + build_id, 'auto', '', 1, 'complete', 0, 0, 0, 0, 0, 0, '' \
         FROM build, times \
         WHERE true \
         ON CONFLICT DO NOTHING",
    ] {
        execute(&db.unhurried(), &sql.replace("{times}", times)).await;
    }
    analyze(db).await;
}

/// Calls the functions that are called often, or by an import.
async fn call_all(db: &Db) {
    let (firefox, now) = (Product::FIREFOX, 9_000_000_000_000_000);
    let generation = db::latest_generation(db).await.unwrap().n;
    let all = db::Filter::default();
    let builds = db::list_builds(db, generation, &all, None, 10);
    let build = builds.await.unwrap().rows.remove(0);
    let group = builds::GroupKey::Build(build.product, build.build_id).to_string();
    let mut subject = String::new();
    db::each_buildhub_subject(db, |one| one.clone_into(&mut subject))
        .await
        .unwrap();
    db::close_unsaid(db, 1, "csv", "csv:/none", &HashSet::new())
        .await
        .unwrap();
    for kind in [CorrectionKind::Ignore, CorrectionKind::State] {
        let subjects = [subject.clone(), format!("Firefox {}", build.build_id)];
        for (id, subject) in subjects.into_iter().enumerate() {
            let correction = Correction {
                id: i64::try_from(id).unwrap(),
                kind,
                subject,
                field: None,
                value: None,
                author: "a".to_owned(),
                reason: "b".to_owned(),
            };
            db::groups_concerned(db, &[correction]).await.unwrap();
        }
    }
    call_inbox(db).await;
    db::of_group(db, &group).await.unwrap();
    db::group_sizes(db, std::slice::from_ref(&group)).await.unwrap();
    db::each_of_groups(db, std::slice::from_ref(&group), |_, _, _| {})
        .await
        .unwrap();
    db::fact_observations(db).await.unwrap();
    db::dirty_groups(db, "", 10).await.unwrap();
    db::mark_all_dirty(db).await.unwrap();
    db::known_at(db, now).await.unwrap().unwrap();
    db::finish_generation(db, generation + 1, now).await.unwrap();
    let steps = db::steps_to_all(db, generation + 1, vec![(group.clone(), Default::default())]);
    steps.await.unwrap();
    db::builds_of_group(db, generation, &group).await.unwrap();
    db::builds_by_id(db, generation, firefox, build.build_id).await.unwrap();
    db::builds_of_channel(db, generation, firefox, "beta", None, 10)
        .await
        .unwrap();
    db::builds_of_versions(db, generation, firefox, "beta", &["64.0b4".to_owned()])
        .await
        .unwrap();
    db::load_all(db, generation, |_| {}).await.unwrap();
    db::channels(db, generation).await.unwrap();
    db::versions(db, generation, Some(firefox)).await.unwrap();
    let filters: [fn(&mut db::Filter, &builds::Build); 6] = [
        |filter, _| filter.product = Some(Product::FIREFOX),
        |filter, build| filter.channel = Some(build.channel.clone()),
        |filter, build| filter.version = Some(build.version.to_string()),
        |filter, build| filter.platform = Some(build.platform.clone()),
        |filter, build| filter.ids = Some(build.build_id.as_u64()..build.build_id.as_u64() + 1),
        |filter, build| filter.revision.clone_from(&build.revision),
    ];
    let after = db::BuildKey::from(&build);
    for channel in [None, Some("beta".to_owned())] {
        let filter = db::Filter {
            version: Some("1*".to_owned()),
            product: channel.is_some().then_some(firefox),
            channel,
            ..db::Filter::default()
        };
        for after in [None, Some(&after)] {
            db::list_builds(db, generation, &filter, after, 10).await.unwrap();
        }
    }
    db::reported_versions(db, 2).await.unwrap();
    db::last_import(db).await.unwrap();
    db::say_importer(db, now).await.unwrap();
    db::unsay_importer(db).await.unwrap();
    for set in 0..1 << filters.len() {
        let mut filter = db::Filter::default();
        for (bit, add) in filters.iter().enumerate() {
            if set & (1 << bit) != 0 {
                add(&mut filter, &build);
            }
        }
        for after in [None, Some(&after)] {
            db::list_builds(db, generation, &filter, after, 10).await.unwrap();
        }
    }
    let cursor = ChangeCursor {
        generation: 0,
        within: None,
    };
    db::changes_after(db, &cursor, 10).await.unwrap();
    db::changes_of(db, generation, firefox, build.build_id).await.unwrap();
    db::runs_before(db, i64::MAX, 10).await.unwrap();
    db::run_outcomes(db).await.unwrap();
    db::source_states(db).await.unwrap();
    db::prune_unknown(db, 0).await.unwrap();
    db::unknown_counts(db).await.unwrap();
    db::open_alarms(db).await.unwrap();
    for alarm in [AlarmFilter::Any, AlarmFilter::Open, AlarmFilter::Cleared] {
        let filter = UnknownFilter {
            product: None,
            verdict: None,
            alarm,
        };
        db::list_unknown(db, &filter, None, 10).await.unwrap();
    }
    let everything = audit::read::Filter {
        product: None,
        check: None,
    };
    audit::read::findings(db, everything, None, 100).await.unwrap();
    audit::read::summaries(db, None, 10).await.unwrap();
    audit::read::scores(db, None).await.unwrap();
}

/// Announces builds, takes them in, and withdraws them.
async fn call_inbox(db: &Db) {
    let announced: Vec<Observation> = (0..2000_i64)
        .map(|id| {
            let id = 20_260_101_000_000 + id / 60 * 100 + id % 60;
            let body = serde_json::json!({"product": "Firefox", "channel": "default", "version": "154.0",
                "build_id": id.to_string(), "status": "published"});
            let place = format!("own:/Firefox/default/{id}");
            Observation::announced(&place, &format!("Firefox default {id}"), body)
        })
        .collect();
    let mut tx = db.begin().await.unwrap();
    db::put_announced(&mut tx, &announced, "x").await.unwrap();
    tx.commit().await.unwrap();
    analyze(db).await;
    let mut tx = db.begin().await.unwrap();
    db::put_announced(&mut tx, &announced[..20], "x").await.unwrap();
    let put = db::put_withdrawn(&mut tx, &[(announced[0].url.clone(), None)], "x")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db::last_waiting(db).await.unwrap(), Some(put.through));
    assert!(db::waits(db, 1).await.unwrap());
    db::waiting(db, 0, put.through, 10).await.unwrap();
    let places: BTreeSet<&str> = announced[..20].iter().map(|one| one.url.as_str()).collect();
    db::announced_at(db, &places).await.unwrap();
    db::last_complete_import(db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    db::remove_waiting(&mut tx, put.through).await.unwrap();
    tx.commit().await.unwrap();
}

fn is_bad(step: &str) -> bool {
    let of_small = READ_WHOLE.iter().any(|table| step.contains(table));
    let scan = step.starts_with("SCAN ") && !step.contains("INDEX") && !step.contains("CONSTANT");
    let derived = step.contains("VALUES CLAUSE") || step.starts_with("SCAN counted") || step.starts_with("SCAN (");
    let sorts = step.contains("TEMP B-TREE") || step.contains("Sort ") || step.contains("Sort  ");
    (scan && !derived && !of_small) || sorts || (step.contains("Seq Scan") && !of_small)
}

#[tokio::test]
async fn every_hot_query_has_its_index() {
    tracing::subscriber::set_global_default(Statements).unwrap();
    for test in databases().await {
        let db = &test.db;
        fill(db).await;
        SENT.lock().unwrap().clear();
        call_all(db).await;
        let sent = std::mem::take(&mut *SENT.lock().unwrap());
        let asked: Vec<&String> = sent
            .iter()
            .filter(|sql| {
                ["SELECT", "UPDATE", "DELETE", "INSERT"]
                    .iter()
                    .any(|verb| sql.starts_with(verb))
            })
            .collect();
        assert!(asked.len() > 45, "{}", asked.len());
        let mut bad = Vec::new();
        for sql in asked {
            if MAY.iter().any(|(part, _)| sql.contains(part)) {
                continue;
            }
            let steps = plan(db, sql).await;
            if steps.iter().any(|step| is_bad(step)) {
                bad.push(format!("{sql}\n    {}", steps.join("\n    ")));
            }
        }
        assert!(bad.is_empty(), "{}:\n{}", db.engine(), bad.join("\n"));
    }
}
