//! The demonstration: stand-ins for the sources of builds, one import from them, and our sample
//! crashes, submitted over HTTP as clients would.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use buildinfo::import::{ImportError, Options, Progress, import};
use demo::World;
use demo::crashes::{Submission as Sample, samples_for, write_symbols};
use platform::db::{Db, progress, set_progress};
use platform::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::parts::{Parts, http_client, listen, owner};
use crate::settings::Settings;
use crate::submission::{Dialect, Submission, send};

/// How many sample crashes were submitted, so that a second start goes on where the first ended.
const SUBMITTED: &str = "demo_submitted";
/// How long the summary waits for the crashes to be processed.
const PATIENCE: Duration = Duration::from_secs(90);

/// The stand-ins, listening.
pub(crate) struct StandIns {
    world: Arc<World>,
    listener: TcpListener,
    address: SocketAddr,
}

impl StandIns {
    /// Listens one port above the system's own and points the settings at it.
    pub(crate) async fn prepare(settings: &mut Settings) -> anyhow::Result<Self> {
        let own: SocketAddr = settings
            .bind(8000)
            .parse()
            .context("http.bind must be an address and a port")?;
        let port = if own.port() == 0 { 0 } else { own.port() + 1 };
        let listener = listen(&SocketAddr::new(own.ip(), port).to_string()).await?;
        let address = listener.local_addr()?;
        let root = Url::parse(&format!("http://{address}"))?;
        settings.buildinfo.buildhub_url = root.clone();
        settings.buildinfo.archive_url = root.clone();
        settings.buildinfo.product_details_url = root;
        let symbols = std::path::absolute(settings.data_dir.join("demo-symbols"))?;
        write_symbols(&symbols).context("writing the sample symbols")?;
        let symbols = Url::from_directory_path(&symbols)
            .map_err(|()| anyhow::anyhow!("the data folder has no file address"))?;
        settings.processor.symbols_urls.push(symbols.to_string());
        Ok(Self {
            world: Arc::new(World::generate(&demo::Plan::default())),
            listener,
            address,
        })
    }

    /// Serves the stand-ins, and tells the story once, in the background.
    pub(crate) fn start(self, parts: &Parts, root: String) {
        let Self {
            world,
            listener,
            address,
        } = self;
        let stop = parts.lifecycle.stop_token();
        let served = Arc::clone(&world);
        parts.lifecycle.spawn("stand-ins", async move {
            demo::serve(listener, served, Arc::default(), stop.cancelled_owned()).await?;
            Ok(())
        });
        let story = Story {
            db: parts.db.unhurried(),
            settings: parts.settings.buildinfo.clone(),
            stop: parts.lifecycle.stop_token(),
            root,
            sources: address,
        };
        let lifecycle = parts.lifecycle.clone();
        parts.lifecycle.spawn_passing(async move {
            match story.tell(&world).await {
                Ok(()) => {}
                Err(_) if story.stop.is_cancelled() => {}
                Err(error) => fail(&lifecycle, &error),
            }
        });
    }
}

fn fail(lifecycle: &Lifecycle, error: &anyhow::Error) {
    tracing::error!(
        error = platform::causes::line(error),
        "the demonstration failed"
    );
    lifecycle.stop();
}

struct Story {
    db: Db,
    settings: buildinfo::Settings,
    stop: CancellationToken,
    root: String,
    sources: SocketAddr,
}

/// What became of the samples.
#[derive(Default)]
struct Fates {
    processed: usize,
    exact: usize,
    unknown: usize,
    links: Vec<(String, String)>,
}

impl Story {
    async fn tell(&self, world: &World) -> anyhow::Result<()> {
        tracing::info!(
            "importing builds from the stand-ins at http://{}",
            self.sources
        );
        let shown = |progress: Progress| {
            if let Progress::Reading {
                source,
                done,
                total,
            } = progress
            {
                tracing::info!("  {source}: {done} of {total}");
            }
        };
        let options = Options::default();
        let run = import(
            &self.db,
            &self.settings,
            &options,
            &owner(),
            &self.stop,
            &shown,
        )
        .await;
        let run = match run {
            Err(ImportError::Stopped) => return Ok(()),
            run => run?,
        };
        let generation = buildinfo::db::latest_generation(&self.db).await?;
        let samples = samples_for(world);
        self.submit(&samples).await?;
        let fates = self.wait_for(&samples).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out)?;
        writeln!(out, "Datil is up at {}/", self.root)?;
        writeln!(
            out,
            "  builds      {} known, from product-details, Buildhub and the archive ({} new observations in this run, {})",
            generation.builds, run.new_records, run.outcome
        )?;
        writeln!(
            out,
            "  crashes     {} submitted, {} processed: {} with their exact build, {} whose build is not known",
            samples.len(),
            fates.processed,
            fates.exact,
            fates.unknown
        )?;
        writeln!(out, "  look at")?;
        writeln!(out, "    all crashes            {}/", self.root)?;
        for (name, link) in &fates.links {
            writeln!(out, "    {name:22} {link}")?;
        }
        writeln!(out, "    builds                 {}/builds/", self.root)?;
        writeln!(
            out,
            "    a look-up              {}/api/v1/lookup?{}",
            self.root,
            sample_query(world)
        )?;
        writeln!(out, "    metrics                {}/metrics", self.root)?;
        writeln!(
            out,
            "  Ctrl-C stops it; the same command goes on where it was."
        )?;
        out.flush()?;
        Ok(())
    }

    async fn submit(&self, samples: &[Sample]) -> anyhow::Result<()> {
        let done = usize::try_from(progress(&self.db, SUBMITTED).await?).unwrap_or(0);
        if done >= samples.len() {
            tracing::info!("the {} sample crashes were submitted before", samples.len());
            return Ok(());
        }
        tracing::info!("submitting {} sample crashes", samples.len() - done);
        let client = http_client()?;
        for (number, sample) in samples.iter().enumerate().skip(done) {
            let submission = Submission {
                annotations: sample.annotations.clone(),
                dumps: sample.dumps.clone(),
            };
            // Each client's way of sending gets its turn.
            let dialect = match sample.annotations.get("ProductName").map(String::as_str) {
                Some("Fenix") => Dialect::Fenix,
                _ if number % 5 == 3 => Dialect::Crashpad,
                _ if number % 5 == 4 => Dialect::Breakpad,
                _ => Dialect::Firefox,
            };
            send(&client, &self.root, dialect, &submission)
                .await
                .with_context(|| format!("submitting the sample {}", sample.name))?;
            let mut tx = self.db.begin().await?;
            set_progress(&mut tx, SUBMITTED, i64::try_from(number + 1)?).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Waits until every crash that was taken in is processed, and counts.
    async fn wait_for(&self, samples: &[Sample]) -> anyhow::Result<Fates> {
        tracing::info!("waiting for them to be processed");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut fates = Fates::default();
            let rows =
                crashstore::db::list(&self.db, &crashstore::db::Filter::default(), None, 500)
                    .await?;
            let waiting = rows
                .iter()
                .filter(|row| row.state == crashstore::db::State::Received)
                .count();
            let late = tokio::time::Instant::now() > deadline;
            if (waiting > 0 || rows.len() < samples.len()) && !late {
                tokio::select! {
                    () = self.stop.cancelled() => anyhow::bail!("stopped"),
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                }
                continue;
            }
            if late {
                tracing::warn!(waiting, "some crashes are still not processed");
            }
            for row in &rows {
                if row.state != crashstore::db::State::Processed {
                    continue;
                }
                fates.processed += 1;
                let known = !matches!(row.build_status.as_str(), "" | "unknown" | "unofficial");
                if known {
                    fates.exact += 1;
                } else {
                    fates.unknown += 1;
                }
                let name = match (known, row.channel.as_str()) {
                    (true, "beta") => "a crash of a beta",
                    (true, "esr") => "a crash of an ESR",
                    (true, "nightly") => "a crash of a nightly",
                    (false, "beta") => "of an unknown build",
                    _ => continue,
                };
                if fates.links.iter().all(|(other, _)| other != name) {
                    let link = format!("{}/report/index/{}", self.root, row.id);
                    fates.links.push((name.to_owned(), link));
                }
            }
            fates.links.sort();
            return Ok(fates);
        }
    }
}

/// A question that the demonstration can answer: a beta.
fn sample_query(world: &World) -> String {
    world
        .truth
        .iter()
        .find(|truth| truth.product == "Firefox" && truth.channel.as_str() == "beta")
        .map(|truth| format!("product=Firefox&channel=beta&build_id={}", truth.build_id))
        .unwrap_or_default()
}
