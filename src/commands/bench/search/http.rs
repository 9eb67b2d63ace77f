//! Super Search over HTTP, asked by several clients while crashes arrive.

use std::time::{Duration, Instant};

use anyhow::Context;
use buildinfo::audit::Audits;
use platform::blobs::{BlobSettings, Blobs};
use platform::clock;
use platform::http::{Access, HttpSettings};
use platform::queue::Wake;
use search::service::Search;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use webapp::Webapp;

use crate::commands::bench::figures::{Figures, Limit};
use crate::commands::bench::scratch::Scratch;
use crate::parts::{http_client, listen};

/// Clients that ask at once, each its next question when the last is answered.
const CLIENTS: usize = 2;
/// Their pause between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// What the page of top crashers asks.
const TOP: &str = "product=Firefox&_results_number=0&_facets_size=50&_histogram_interval.uptime=60\
    &_aggs.signature=platform&_aggs.signature=is_garbage_collecting&_aggs.signature=dom_fission_enabled\
    &_aggs.signature=process_type&_aggs.signature=report_type&_aggs.signature=startup_crash\
    &_aggs.signature=_histogram.uptime&_aggs.signature=_cardinality.install_time";

/// Clients that ask until they are ended.
pub(super) struct Asking {
    clients: Vec<JoinHandle<anyhow::Result<Vec<f64>>>>,
    server: JoinHandle<anyhow::Result<()>>,
    ended: CancellationToken,
}

/// How long each answer took, in milliseconds.
pub(super) struct Answers(Vec<f64>);

impl Asking {
    /// Serves search over HTTP, and asks for the crashes of these dates.
    pub(super) async fn begin(
        scratch: &Scratch,
        search: Search,
        (from, to): (i64, i64),
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let (db, settings) = (scratch.db.clone(), HttpSettings::default());
        let blobs = Blobs::open(&BlobSettings::default(), scratch.folder.path())?;
        let access = Access::new(db.clone(), &settings);
        let webapp = Webapp::new(
            db.clone(),
            blobs,
            Wake::default(),
            Audits::new(db),
            access.clone(),
            search,
        );
        let router = platform::http::layers(webapp.router(), &settings, access, webapp::error_page);
        let listener = listen("127.0.0.1:0").await?;
        let root = format!("http://{}", listener.local_addr()?);
        let ended = stop.child_token();
        let server = tokio::spawn(platform::http::serve(listener, router, stop.clone()));
        let bounds = [
            format!(">={}", clock::rfc3339(from)),
            format!("<={}", clock::rfc3339(to)),
        ];
        let dates = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(bounds.iter().map(|bound| ("date", bound)))
            .finish();
        let url = format!("{root}/api/SuperSearch/?{TOP}&{dates}");
        let client = http_client()?;
        let clients = (0..CLIENTS).map(|_| tokio::spawn(ask(client.clone(), url.clone(), ended.clone())));
        Ok(Self {
            clients: clients.collect(),
            server,
            ended,
        })
    }

    /// Ends the asking.
    pub(super) async fn end(self) -> anyhow::Result<Answers> {
        self.ended.cancel();
        let mut times = Vec::new();
        for client in self.clients {
            times.extend(client.await??);
        }
        self.server.abort();
        times.sort_by(f64::total_cmp);
        Ok(Answers(times))
    }
}

async fn ask(client: reqwest::Client, url: String, ended: CancellationToken) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    while !ended.is_cancelled() {
        let began = Instant::now();
        let answer = client.get(&url).send().await?.error_for_status()?;
        let text = answer.text().await?;
        anyhow::ensure!(
            text.contains("\"cardinality_install_time\""),
            "an answer without what was asked"
        );
        times.push(began.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

impl Answers {
    pub(super) fn add_to(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let Self(times) = self;
        let share = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place).copied().context("nothing was answered")
        };
        figures.add(
            "top 50 over HTTP meanwhile: answers",
            times.len() as f64,
            "",
            Limit::None,
        )?;
        figures.add("top 50 over HTTP meanwhile, median", share(0.5)?, "ms", Limit::None)?;
        figures.add(
            "top 50 over HTTP meanwhile, 99 of 100",
            share(0.99)?,
            "ms",
            Limit::AtMost(300.0),
        )
    }
}
