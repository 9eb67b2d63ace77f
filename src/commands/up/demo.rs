//! The demonstration: stand-ins for the sources of builds, whose world advances with time, imports from them, and our
//! sample crashes, submitted over HTTP as clients would.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use buildinfo::Lookup;
use buildinfo::import::{ImportError, Options, Progress, import};
use buildinfo::settings::Addresses;
use buildinfo::watch::{alarm, unknown};
use chrono::{DateTime, TimeDelta, Utc};
use demo::crashes::{Submission as Sample, samples_for, write_symbols};
use demo::{Live, Plan, Stage, World};
use platform::clock;
use platform::db::{Db, progress, set_progress};
use platform::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::tour::{Commands, Tour};
use crate::commands::buildinfo::{progress_bar, show, step};
use crate::global::Global;
use crate::owner::owner;
use crate::parts::{Parts, http_client, listen};
use crate::schedule::import_by_schedule;
use crate::settings::{Settings, schedule_of};
use crate::submission::{Dialect, Submission, send};

/// The key for when the demonstration's world began, microseconds UTC: the same at every start on one folder.
const BEGAN: &str = "demo_began";
/// The key that records that the world at its beginning was imported.
const IMPORTED: &str = "demo_imported";
/// The key for how many sample crashes were submitted, so that a second start continues where the first ended.
const SUBMITTED: &str = "demo_crashes";
/// The key for when the summary announced the alarm, microseconds UTC.
const ALARMED: &str = "demo_alarmed";
/// How long before the first start the world begins: what happens soon after its beginning has happened by the time the
/// summary is printed.
const EARLIER: TimeDelta = TimeDelta::minutes(2);
/// It imports every half minute, so that people can watch.
const SCHEDULE: &str = "*/30 * * * * *";
/// Minimum time for which the alarm stays on after the summary.
const ALARM: TimeDelta = TimeDelta::minutes(1);
/// How long before the sources list the alarm's build their world waits for the alarm.
const BEFORE_LISTED: TimeDelta = TimeDelta::seconds(10);
/// How long the summary waits for the crashes to be processed.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often to check the progress of the crashes.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The stand-ins, listening.
pub(crate) struct StandIns {
    listener: TcpListener,
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
        let root = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        settings.buildinfo.addresses = Addresses::all_at(&root);
        SCHEDULE.clone_into(&mut settings.buildinfo.schedule);
        settings.bugs.bugzilla_url = root.to_string();
        let symbols = std::path::absolute(settings.data_dir.join("demo-symbols"))?;
        write_symbols(&symbols).context("writing the sample symbols")?;
        let symbols =
            Url::from_directory_path(&symbols).map_err(|()| anyhow::anyhow!("the data folder has no file address"))?;
        // Stated: nobody else is asked.
        let sources = settings.processor.symbols_urls.get_or_insert_default();
        sources.push(symbols.to_string());
        Ok(Self { listener })
    }

    /// Serves the stand-ins, and runs the story, in the background.
    pub(crate) async fn start(
        self,
        parts: &Parts,
        lookup: Lookup,
        root: String,
        global: &Global,
    ) -> anyhow::Result<()> {
        let db = parts.db.unhurried();
        let began = began(&db).await?;
        let goes_on = Arc::new(AtomicBool::new(progress(&db, IMPORTED).await? > 0));
        let alarmed = Arc::new(AtomicI64::new(progress(&db, ALARMED).await?));
        let (follows, told) = (Arc::clone(&goes_on), Arc::clone(&alarmed));
        let stage = Stage::following(move || {
            let alarmed = told.load(Ordering::SeqCst);
            let now = follows
                .load(Ordering::SeqCst)
                .then(|| world_time(began, clock::now(), alarmed));
            Plan::live(began, now.unwrap_or(began))
        });
        let stop = parts.lifecycle.stop_token();
        parts.lifecycle.spawn("stand-ins", async move {
            demo::serve(self.listener, stage, Arc::default(), stop.cancelled_owned()).await?;
            Ok(())
        });
        let story = Story {
            db,
            lookup,
            settings: parts.settings.buildinfo.clone(),
            lifecycle: parts.lifecycle.clone(),
            stop: parts.lifecycle.stop_token(),
            commands: Commands::of(&parts.settings.data_dir, global.config.as_deref()),
            root,
            goes_on,
            alarmed,
        };
        let data = parts.settings.data_dir.clone();
        parts.lifecycle.spawn_passing(async move {
            match story.tell(began, &data).await {
                Ok(()) => {}
                Err(_) if story.stop.is_cancelled() => {}
                Err(error) => {
                    let error = platform::causes::line(&error);
                    tracing::error!(error, "the demonstration failed");
                    story.lifecycle.stop();
                }
            }
        });
        Ok(())
    }
}

/// The time in a world that follows real time, except that it waits until the alarm has been seen, so that even on a
/// slow machine the build of the alarm is not listed before that.
fn world_time(began: DateTime<Utc>, now: DateTime<Utc>, alarmed: i64) -> DateTime<Utc> {
    if alarmed > 0 && now >= clock::from_micros(alarmed) + ALARM {
        return now;
    }
    let live = Live { began, now };
    now.min(live.unlisted_published() - BEFORE_LISTED)
}

/// When the world of this data folder began; the first start begins it.
async fn began(db: &Db) -> anyhow::Result<DateTime<Utc>> {
    let stored = progress(db, BEGAN).await?;
    if stored > 0 {
        return Ok(clock::from_micros(stored));
    }
    let began = clock::now() - EARLIER;
    let mut tx = db.begin().await?;
    set_progress(&mut tx, BEGAN, began.timestamp_micros()).await?;
    tx.commit().await?;
    Ok(began)
}

struct Story {
    db: Db,
    lookup: Lookup,
    settings: buildinfo::Settings,
    lifecycle: Lifecycle,
    stop: CancellationToken,
    commands: Commands,
    root: String,
    /// Whether the stand-ins' world follows the time; until then it stays at its beginning.
    goes_on: Arc<AtomicBool>,
    /// When the summary announced the alarm, microseconds UTC; 0 before that.
    alarmed: Arc<AtomicI64>,
}

/// The outcomes of the crashes.
#[derive(Default)]
struct Fates {
    processed: usize,
    exact: usize,
}

impl Story {
    async fn tell(&self, began: DateTime<Utc>, data: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        if !self.goes_on.load(Ordering::SeqCst) {
            self.import().await?;
            self.goes_on.store(true, Ordering::SeqCst);
            self.remember(IMPORTED, 1).await?;
        }
        // What has reached the sources since.
        self.import().await?;
        let generation = buildinfo::db::latest_generation(&self.db).await?;
        tracing::info!(
            "{} builds are known, after {:.1} s",
            generation.builds,
            start.elapsed().as_secs_f64()
        );
        // Before an alarm is raised, so that it can promise a search for the build.
        self.start_schedule()?;
        let world = World::generate(&Plan::live(began, began));
        let mut samples = samples_for(&world);
        // The newest come first on the pages: crashes of known builds, the simplest at the top.
        samples.reverse();
        samples.sort_by_key(|sample| sample.expected.is_some());
        let submitted = self.submit(&samples).await?;
        let fates = self.wait_for(submitted).await?;
        tracing::info!(
            "{} crashes are processed, after {:.1} s",
            fates.processed,
            start.elapsed().as_secs_f64()
        );
        // Periodic work is done at once, so that the alarm is on when the reader is told to look at it.
        unknown::write_down(&self.lookup, &self.db).await?;
        alarm::raise(&self.db, &self.lookup, &self.settings, clock::now_micros()).await?;
        let tour = Tour::of(&self.db, &world, &samples, &self.root, &self.commands, data).await?;
        tour.print(&format!(
            "{} builds are known, and {} crashes: {} with their exact build, {} whose build no source knows",
            generation.builds,
            fates.processed,
            fates.exact,
            fates.processed - fates.exact,
        ))?;
        if self.alarmed.load(Ordering::SeqCst) == 0 {
            let now = clock::now_micros();
            self.alarmed.store(now, Ordering::SeqCst);
            self.remember(ALARMED, now).await?;
        }
        if let Some(unlisted) = &tour.unlisted {
            unlisted.announce_end(&self.db, &self.root, &self.stop).await?;
        }
        Ok(())
    }

    async fn import(&self) -> anyhow::Result<()> {
        let bar = progress_bar();
        let shown = |progress: Progress| show(&bar, progress);
        let options = Options::default();
        let run = import(&self.db, &self.settings, &options, &owner(), &self.stop, &shown).await;
        bar.finish_and_clear();
        match run {
            Err(ImportError::Stopped) => anyhow::bail!("stopped"),
            run => run?,
        };
        Ok(())
    }

    fn start_schedule(&self) -> anyhow::Result<()> {
        let Some(times) = schedule_of(&self.settings)? else {
            return Ok(());
        };
        let task = import_by_schedule(self.db.clone(), self.settings.clone(), times, self.stop.clone());
        self.lifecycle.spawn("schedule", task);
        Ok(())
    }

    async fn remember(&self, what: &str, number: i64) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        set_progress(&mut tx, what, number).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Submits the samples that were not submitted yet, and returns how many these were.
    async fn submit(&self, samples: &[Sample]) -> anyhow::Result<usize> {
        let done = usize::try_from(progress(&self.db, SUBMITTED).await?).unwrap_or(0);
        if done >= samples.len() {
            return Ok(0);
        }
        let client = http_client()?;
        let bar = progress_bar();
        for (number, sample) in (1_u64..).zip(samples).skip(done) {
            let submission = Submission {
                annotations: sample.annotations.clone(),
                dumps: sample.dumps.clone(),
            };
            // Each client's dialect gets its turn.
            let dialect = match sample.annotations.get("ProductName").map(String::as_str) {
                Some("Fenix") => Dialect::Fenix,
                _ if number % 5 == 4 => Dialect::Crashpad,
                _ if number % 5 == 0 => Dialect::Breakpad,
                _ => Dialect::Firefox,
            };
            send(&client, &self.root, dialect, &submission)
                .await
                .with_context(|| format!("submitting the sample {}", sample.name))?;
            self.remember(SUBMITTED, i64::try_from(number)?).await?;
            step(&bar, "submitting crashes".to_owned(), number, samples.len() as u64);
        }
        bar.finish_and_clear();
        Ok(samples.len() - done)
    }

    /// Waits until every crash received is processed, at least `submitted` of them, and counts them. Some from an
    /// earlier start may have been deleted.
    async fn wait_for(&self, submitted: usize) -> anyhow::Result<Fates> {
        let bar = progress_bar();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let rows = crashstore::db::list(&self.db, &crashstore::db::Filter::default(), None, 500).await?;
            let waiting = rows
                .iter()
                .filter(|row| row.state == crashstore::db::State::Received)
                .count();
            let late = tokio::time::Instant::now() > deadline;
            if (waiting > 0 || rows.len() < submitted) && !late {
                let done = rows.len() - waiting;
                step(
                    &bar,
                    "processing crashes".to_owned(),
                    done as u64,
                    rows.len().max(submitted) as u64,
                );
                tokio::select! {
                    () = self.stop.cancelled() => anyhow::bail!("stopped"),
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
                continue;
            }
            bar.finish_and_clear();
            if waiting > 0 {
                tracing::warn!(waiting, "some crashes are still not processed");
            }
            let mut fates = Fates::default();
            for row in &rows {
                if row.state == crashstore::db::State::Processed {
                    fates.processed += 1;
                    let unknown = ["", "unknown", "unofficial"];
                    fates.exact += usize::from(!unknown.contains(&row.build_status.as_str()));
                }
            }
            return Ok(fates);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::world_time;

    #[test]
    fn the_build_of_the_alarm_is_not_listed_before_the_alarm_was_on_for_a_minute() {
        let began: DateTime<Utc> = "2026-11-28T11:18:40Z".parse().unwrap();
        // Seconds since the world began: now, when the alarm was on, and the world's time.
        for (now, alarmed, expected) in [
            (120, None, 120),
            (180, None, 180),
            (190, None, 180),
            (4000, None, 180),
            (135, Some(130), 135),
            (190, Some(130), 190),
            (4000, Some(3950), 180),
            (4010, Some(3950), 4010),
            (90_000, Some(130), 90_000),
        ] {
            let at = |seconds| began + TimeDelta::seconds(seconds);
            let alarmed = alarmed.map_or(0, |seconds| at(seconds).timestamp_micros());
            let time = world_time(began, at(now), alarmed);
            assert_eq!(time, at(expected), "{now} {alarmed}");
        }
    }
}
