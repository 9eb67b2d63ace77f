//! A product of a site's own, in a Buildhub and an archive of its own.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

#[expect(dead_code, reason = "the other tests of imports use the rest")]
#[path = "support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use buildinfo::import::{Choice, Options, settle_products};
use buildinfo::settings::Addresses;
use buildinfo::{Settings, db};
use builds::names::channel::{Lines, Versions};
use builds::names::product::install;
use builds::names::product::stated::{Stated, StatedChannel, StatedFolder, with};
use builds::said::announcement::Announcement;
use builds::{Observation, Product, Question, SourceName};
use demo::world::Channel;
use platform_testing::databases;
use support::{Sources, lookup};
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the stand-ins know under another name is the site's own product.
const NAMES: [(&str, &str); 2] = [("kite", "thunderbird"), ("Kite", "Thunderbird")];

/// The product, whose row is installed once for all tests of this file.
fn kite() -> Product {
    let channel = |name: &str, line, versions, tries: Option<&str>| StatedChannel {
        name: name.to_owned(),
        line,
        versions,
        tries: tries.map(str::to_owned),
        official: true,
        suffixes: false,
    };
    let stated = Stated {
        name: "Kite".to_owned(),
        channels: Some(vec![
            channel("nightly", Lines::One, Versions::Alphas, None),
            channel("beta", Lines::One, Versions::Betas, Some("release")),
            channel("release", Lines::One, Versions::Finals, None),
            channel("esr", Lines::Major, Versions::Esrs, None),
        ]),
        folders: Some(vec![StatedFolder {
            name: "kite".to_owned(),
            source_name: None,
            aliases: Vec::new(),
            title: None,
            also_called: Vec::new(),
            table_name: None,
            only_channel: None,
        }]),
        nightly_branches: Some(vec!["comm-central".to_owned()]),
        ..Stated::default()
    };
    // Another test may have been first.
    let _ = install(with(&[stated]).unwrap());
    Product::of_name("Kite").unwrap()
}

/// Serves the stand-ins under the product's own name, and keeps which paths were asked.
struct Renamed {
    inner: Url,
    client: reqwest::Client,
    asked: Mutex<Vec<String>>,
}

impl Renamed {
    async fn serve(inner: Url) -> (Arc<Self>, Url) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let renamed = Arc::new(Self {
            inner,
            client: platform::http::client().build().unwrap(),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&renamed));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (renamed, root)
    }
}

fn rename(bytes: &[u8], by: [(&str, &str); 2]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => by
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
            .into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

async fn pass_on(State(renamed): State<Arc<Renamed>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    renamed.asked.lock().unwrap().push(path.clone());
    let path = String::from_utf8(rename(path.as_bytes(), NAMES)).unwrap();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut inner = renamed
        .client
        .request(head.method, renamed.inner.join(&path).unwrap())
        .body(rename(&body, NAMES));
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            inner = inner.header(&name, value);
        }
    }
    let answer = inner.send().await.unwrap();
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let body = rename(&answer.bytes().await.unwrap(), NAMES.map(|(own, other)| (other, own)));
    let mut response = (status, Bytes::from(body)).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn of(product: Product, choice: Choice) -> Options {
    Options {
        choice,
        products: vec![product],
        ..Options::default()
    }
}

/// A Buildhub and an archive of the site's own tell of its builds as Mozilla's do of theirs, together and each alone.
#[tokio::test]
async fn builds_come_from_sources_of_the_sites_own() {
    let kite = kite();
    let mut sources = Sources::standard().await;
    let inner = sources.settings.addresses.of(SourceName::ARCHIVE).unwrap().clone();
    let (renamed, root) = Renamed::serve(inner).await;
    sources.settings.addresses = Addresses::all_at(&root);
    for choice in [
        Choice::Auto,
        Choice::Only(SourceName::BUILDHUB),
        Choice::Only(SourceName::ARCHIVE),
    ] {
        for test in databases().await {
            let run = sources.import_as(&test.db, &of(kite, choice)).await.unwrap();
            assert!(run.generation > 0, "{}", run.notes);
            let lookup = lookup(&test.db).await;
            let mut known = 0;
            for channel in [Channel::Nightly, Channel::Release] {
                for truth in sources.world.truths_of("Thunderbird", channel) {
                    let question = Question {
                        product: "kite".to_owned(),
                        channel: channel.as_str().to_owned(),
                        build_id: truth.build_id.to_string(),
                        ..Question::default()
                    };
                    let answer = lookup.answer(&question).await.unwrap();
                    assert_eq!(answer.product, "Kite");
                    if let Some(build) = &answer.build {
                        known += 1;
                        assert_eq!(
                            build.revision.as_deref(),
                            Some(&*truth.revision),
                            "{choice:?} {answer:?}"
                        );
                        let version = answer.version.as_deref().unwrap();
                        assert_eq!(version, truth.version.to_string(), "{choice:?} {truth:?}");
                    }
                }
            }
            assert!(known > 20, "{choice:?}: {known} builds, {}", run.notes);
        }
    }
    let asked = renamed.asked.lock().unwrap();
    assert!(asked.iter().any(|path| path.starts_with("/pub/kite/")), "{asked:?}");
    assert!(!asked.iter().any(|path| path.starts_with("/pub/firefox/")), "{asked:?}");
}

/// Where everybody's sources are, nothing is asked about a product of the site's own.
#[tokio::test]
async fn everybodys_sources_are_not_asked_for_a_product_of_ones_own() {
    let kite = kite();
    let mut sources = Sources::standard().await;
    sources.settings = Settings {
        retry_pause_ms: 1,
        ..Settings::default()
    };
    for source in [SourceName::BUILDHUB, SourceName::ARCHIVE, SourceName::PRODUCT_DETAILS] {
        assert!(sources.settings.addresses.is_usual(source));
        for test in databases().await {
            let run = sources
                .import_as(&test.db, &of(kite, Choice::Only(source)))
                .await
                .unwrap();
            assert_eq!((run.requests, run.errors), (0, 0), "{}", run.notes);
            assert!(run.notes.contains("is not asked"), "{}", run.notes);
        }
    }
}

/// What could not be interpreted before a file named the product counts from then on, and so does what a process
/// without the file took in.
#[tokio::test]
async fn what_was_said_before_a_product_had_a_row_counts() {
    const UNKNOWN: &str = "UPDATE observation SET group_key = NULL, problem = 'unknown product'";
    let kite = kite();
    let id = "20260101093000";
    for test in databases().await {
        let announced = Announcement::read(
            format!(r#"{{"product": "kite", "channel": "release", "version": "7.1", "build_id": "{id}"}}"#).as_bytes(),
            i64::MAX,
        )
        .unwrap();
        let table = Observation::csv_row("csv:/t", "kite", "release", "7.1", id, None);
        for (run, said) in [(1, table), (2, announced.observation())] {
            let digest = said.digest();
            db::record(&test.db, run, &[said]).await.unwrap();
            let mut tx = test.db.begin().await.unwrap();
            platform::in_tx!(&mut tx, |conn| sqlx::query(UNKNOWN).execute(conn).await.map(|_| ())).unwrap();
            tx.commit().await.unwrap();
            let stop = CancellationToken::new();
            for _ in 0..2 {
                settle_products(&test.db, "test", &stop).await.unwrap();
                assert_eq!(db::latest_generation(&test.db).await.unwrap().n, run);
            }
            let index = lookup(&test.db).await.index();
            let build = index.find(kite, id.parse().unwrap()).next().unwrap();
            assert_eq!(build.version().as_str(), "7.1");
            assert!(build.evidence().contains(&digest), "{run}");
        }
    }
}
