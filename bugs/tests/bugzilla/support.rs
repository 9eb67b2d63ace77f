//! A Bugzilla that a test serves, and a database that is imported into.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bugs::Settings;
use bugs::db::{bugs_of, list, signatures_of};
use bugs::import::{ImportError, Imported, Options, import};
use demo::{Faults, Plan, Stage, TrackedBug, Tracker, World};
use platform::db::Db;
use platform::in_tx;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The stand-in of the demonstration, as a Bugzilla.
pub(crate) struct Standin {
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl Standin {
    pub(crate) async fn serve() -> Self {
        let stage = Stage::from(Arc::new(World::empty(&Plan::default())));
        let (tracker, faults) = (Arc::clone(stage.tracker()), Arc::<Faults>::default());
        let (listener, url) = listen().await;
        let served = demo::serve(listener, stage, Arc::clone(&faults), std::future::pending());
        Self {
            tracker,
            faults,
            url,
            server: tokio::spawn(async move { served.await.expect("the stand-in serves") }),
        }
    }

    /// Changes one of its bugs at this moment.
    pub(crate) fn change(&self, id: i64, change: impl FnOnce(&mut TrackedBug)) {
        let mut bug = self.tracker.get(id).unwrap_or_default();
        bug.id = id;
        change(&mut bug);
        bug.changed = platform::clock::now();
        self.tracker.put(bug);
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A server that answers each request with the next of these answers, and then with the last again and again.
pub(crate) struct Scripted {
    pub(crate) url: String,
    script: Arc<Script>,
    server: JoinHandle<()>,
}

type Answer = (u16, Vec<(&'static str, String)>, String);

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub(crate) async fn serve(answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(next).with_state(Arc::clone(&script));
        let (listener, url) = listen().await;
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, script, server }
    }

    /// What was asked so far: the query strings.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.script.asked.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(script): State<Arc<Script>>, RawQuery(query): RawQuery) -> Response {
    let mut asked = script.asked.lock().expect("nobody panics with it");
    asked.push(query.unwrap_or_default());
    let mut answers = script.answers.lock().expect("nobody panics with it");
    let answer = if answers.len() > 1 {
        answers.pop_front()
    } else {
        answers.front().cloned()
    };
    let (status, headers, body) = answer.expect("there is an answer");
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}

/// An answer with this status and text.
pub(crate) fn answer(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.to_owned())
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

/// Options that wait for nothing.
pub(crate) fn options() -> Options {
    Options {
        wait: false,
        pause: Duration::from_millis(1),
        ..Options::default()
    }
}

/// Imports from the Bugzilla at an address.
pub(crate) async fn run(db: &Db, url: &str, options: &Options) -> Result<Imported, ImportError> {
    let settings = Settings {
        bugzilla_url: url.to_owned(),
    };
    let stop = CancellationToken::new();
    let done = import(db, &settings, options, "test", &stop, &|_| {}).await?;
    Ok(done.expect("it is made whether it is due or not"))
}

/// What is stored: `number signature`, in order.
pub(crate) async fn stored(db: &Db) -> Vec<String> {
    let bugs = list(db, 0, 1000).await.expect("bugs");
    let ids: Vec<i64> = bugs.iter().map(|bug| bug.id).collect();
    let pairs = signatures_of(db, &ids).await.expect("signatures");
    pairs
        .into_iter()
        .map(|pair| format!("{} {}", pair.id, pair.signature))
        .collect()
}

/// The bugs that name a signature.
pub(crate) async fn naming(db: &Db, signature: &str) -> Vec<i64> {
    let pairs = bugs_of(db, &[signature.to_owned()]).await.expect("bugs");
    let mut ids: Vec<i64> = pairs.into_iter().map(|pair| pair.id).collect();
    ids.dedup();
    ids
}

/// Pretends that so many hours have passed since the known bugs were asked for again, and since the last import.
pub(crate) async fn pass_hours(db: &Db, hours: i64) {
    const SQL: &str = "UPDATE bug_import SET checked = checked - $1, since = since - $1, good = good - $1, \
        tried = tried - $1, failed = failed - $1, begun = begun - $1, check_begun = 0";
    const BUGS: &str = "UPDATE bug SET begun = begun - $1";
    let mut tx = db.begin().await.expect("a transaction");
    for sql in [SQL, BUGS] {
        in_tx!(&mut tx, |conn| sqlx::query(sql)
            .bind(hours * 3_600_000_000)
            .execute(conn)
            .await
            .map(|_| ()))
        .expect("it is written");
    }
    tx.commit().await.expect("a commit");
}
