//! Crashes that arrive in a database, followed into an index as a running system does it.

use std::time::{Duration, Instant};

use anyhow::Context;
use crash::CrashId;
use crashstore::db::upsert_search_row;
use crashstore::search::compressed;
use platform::clock;
use platform::db::Db;
use search::fields::FieldId;
use search::query::{Condition, Query, Test};
use search::row::{Row, Value};
use search::service::Search;
use serde_json::{Map, Value as Json};
use tokio_util::sync::CancellationToken;

use super::http::Asking;
use super::rows::World;
use crate::commands::bench::figures::{Figures, Limit};
use crate::commands::bench::scratch::Scratch;
use crate::owner::owner;

/// Crashes that are there already.
const STORED: u64 = 350_000;
/// Crashes written in a transaction while those are made.
const BATCH: u64 = 1_000;
/// Seconds in which crashes arrive, and how many in each.
const SECONDS: u64 = 20;
const RATE: u64 = 50;
/// How often is asked whether a crash can be found.
const LOOK: Duration = Duration::from_millis(10);
/// What must be found by then never is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures how fast an index is made from rows, and how long it takes until a crash that arrives is found.
pub(super) async fn measure(world: &World, rows: u64, figures: &mut Figures) -> anyhow::Result<()> {
    figures.heading("An index that follows the rows of a database (SQLite)")?;
    let scratch = Scratch::create(None).await?;
    let stored = rows.min(STORED);
    let mut at = 0;
    while at < stored {
        let to = (at + BATCH).min(stored);
        write(&scratch.db, world, at..to).await?;
        at = to;
    }
    let folder = scratch.folder.path().join("search");
    while let crashstore::sequence::Numbered::Rows(1..) =
        crashstore::sequence::step(&scratch.db, "bench", clock::now_micros()).await?
    {}
    let began = Instant::now();
    drop(Search::for_command(&folder, &scratch.db, "bench", world.dates(), |_| {}).await?);
    let rate = stored as f64 / began.elapsed().as_secs_f64();
    figures.add("rows taken into a new index", rate, "a second", Limit::None)?;

    let stop = CancellationToken::new();
    let search = Search::new(&folder);
    let following = tokio::spawn(search.clone().run(scratch.db.clone(), stop.clone()));
    let numbering = tokio::spawn(crashstore::sequence::run(scratch.db.clone(), owner(), stop.clone()));
    let began = Instant::now();
    while search.ask(Query::default()).await.is_err() {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the index was not opened in time");
        tokio::time::sleep(LOOK).await;
    }
    figures.add(
        "start until the first answer",
        began.elapsed().as_secs_f64() * 1e3,
        "ms",
        Limit::AtMost(10_000.0),
    )?;
    let mut times = arrive(&scratch.db, world, stored, Some(&search)).await?;
    let asking = Asking::begin(&scratch, search.clone(), world.dates(), &stop).await?;
    arrive(&scratch.db, world, stored + SECONDS * RATE, None).await?;
    let answers = asking.end().await?;
    stop.cancel();
    following.await?;
    numbering.await?;
    times.sort_by(f64::total_cmp);
    for (name, share, limit) in [
        ("found after, median", 0.5, Limit::None),
        ("found after, 99 of 100", 0.99, Limit::AtMost(2_000.0)),
    ] {
        let place = (times.len() as f64 * share) as usize;
        figures.add(name, times.get(place).copied().unwrap_or(f64::NAN), "ms", limit)?;
    }
    answers.add_to(figures)?;
    scratch.end().await
}

/// Writes crashes one by one, evenly, and looks for each tenth until it is found, where that is wanted: it keeps a
/// processor busy. Returns how long each of these took.
async fn arrive(db: &Db, world: &World, first: u64, search: Option<&Search>) -> anyhow::Result<Vec<f64>> {
    let mut looking = Vec::new();
    let began = Instant::now();
    for n in 0..SECONDS * RATE {
        let due = Duration::from_secs_f64(n as f64 / RATE as f64);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        write(db, world, first + n..first + n + 1).await?;
        if let Some(search) = search
            && n % 10 == 0
        {
            looking.push(tokio::spawn(find(search.clone(), world.row(first + n).id)));
        }
    }
    let mut times = Vec::new();
    for found in looking {
        times.push(found.await??);
    }
    Ok(times)
}

/// Milliseconds until a crash is found.
async fn find(search: Search, id: String) -> anyhow::Result<f64> {
    let began = Instant::now();
    let query = Query {
        conditions: vec![Condition {
            field: FieldId::of("uuid").context("no field for the crash id")?,
            ranges: Vec::new(),
            any: vec![Test::Equals(id)],
            none: Vec::new(),
        }],
        ..Query::default()
    };
    while search.ask(query.clone()).await?.answer.total == 0 {
        anyhow::ensure!(began.elapsed() < PATIENCE, "a crash was not found in time");
        tokio::time::sleep(LOOK).await;
    }
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

async fn write(db: &Db, world: &World, rows: std::ops::Range<u64>) -> anyhow::Result<()> {
    let mut tx = db.begin_repeatable().await?;
    for n in rows {
        let row = world.row(n);
        let id: CrashId = row.id.parse().context("an invented id is no crash id")?;
        upsert_search_row(&mut tx, &id, row.date, 1, &compressed(&document(&row))).await?;
    }
    Ok(tx.commit().await?)
}

/// The search document of a row.
fn document(row: &Row) -> Map<String, Json> {
    let mut document = Map::new();
    for (field, value) in &row.values {
        let value = match value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Integer(integer) => (*integer).into(),
            Value::Number(number) => (*number).into(),
            Value::Boolean(boolean) => (*boolean).into(),
        };
        match document.get_mut(field.name()) {
            Some(Json::Array(values)) => values.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
            None => {
                document.insert(field.name().to_owned(), value);
            }
        }
    }
    document
}
