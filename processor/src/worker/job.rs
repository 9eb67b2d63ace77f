//! One job, from its objects to its rows.

use std::time::Duration;

use buildinfo::lookup::LookupError;
use chrono::DateTime;
use crash::{CrashId, ProcessedCrash, RawCrash};
use crashstore::db::{self, Finished, Received};
use crashstore::report::{load, load_processed, load_raw, save_processed};
use crashstore::{Report, StoreError, search};
use platform::blobs::BlobError;
use platform::clock;
use platform::db::{DbError, Tx};
use platform::queue::{self, Job, Kind, Lane};

use super::{Shared, minidumps};
use crate::enrich::{self, Builds, Found};
use crate::pipeline::{self, Input};

/// How long a crash waits that was looked up in an older generation of builds than the stored one:
/// until then every process has loaded the newer one.
const NEXT_GENERATION: Duration = Duration::from_secs(70);

/// Why a job could not be done.
#[derive(Debug)]
pub(super) enum Problem {
    /// A part of the system is not there; it may be later.
    Later(&'static str),
    /// It will never work.
    Never(&'static str),
    /// Somebody else has the job.
    ClaimLost,
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        tracing::warn!(%error, "the database failed a job");
        Self::Later("the database failed")
    }
}

impl From<LookupError> for Problem {
    fn from(error: LookupError) -> Self {
        tracing::warn!(%error, "a build could not be looked up");
        Self::Later("the build could not be looked up")
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { .. } => Self::Never("an object is too large"),
            error => {
                tracing::warn!(%error, "the blob store failed a job");
                Self::Later("the blob store failed")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Blob(error) => error.into(),
            StoreError::Damaged(_) => Self::Never("an object is damaged"),
        }
    }
}

/// A crash's identity and what was answered about its build.
struct Looked {
    identity: ProcessedCrash,
    found: Found,
    received: i64,
}

impl Shared {
    /// Does a job, or settles why it cannot be done; answers what became of it.
    pub(super) async fn settle(&self, job: &mut Job) -> &'static str {
        let problem = if job.claims > queue::MAX_CLAIMS {
            Problem::Never("claimed too often without an end")
        } else {
            match self.attempt(job).await {
                Ok(outcome) => return outcome,
                Err(problem) => problem,
            }
        };
        match self.put_back(job, &problem).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(crash.id = job.crash_id, %error, "a job could not be put back; its claim will run out");
                "lost"
            }
        }
    }

    async fn put_back(&self, job: &Job, problem: &Problem) -> Result<&'static str, DbError> {
        let mut tx = self.db.begin().await?;
        let outcome = match problem {
            Problem::ClaimLost => return Ok("lost"),
            Problem::Later(reason) => {
                queue::retry(&mut tx, job, clock::now_micros(), reason).await?;
                "retried"
            }
            Problem::Never(reason) => {
                queue::fail(&mut tx, job, reason).await?;
                "failed"
            }
        };
        tx.commit().await?;
        Ok(outcome)
    }

    async fn attempt(&self, job: &mut Job) -> Result<&'static str, Problem> {
        let id: CrashId = job
            .crash_id
            .parse()
            .map_err(|_| Problem::Never("not a crash id"))?;
        if job.kind == Kind::Enrich && self.enrich(&id, job).await? {
            return Ok("enriched");
        }
        self.process(&id, job).await?;
        Ok("processed")
    }

    /// The whole pipeline.
    async fn process(&self, id: &CrashId, job: &mut Job) -> Result<(), Problem> {
        let started = clock::now();
        let (report, mut notes) = self.load_report(id).await?;
        let previous = match load_processed(&self.blobs, id).await {
            Ok(previous) => previous,
            Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                notes.push("the earlier processed crash could not be read".to_owned());
                None
            }
            Err(StoreError::Blob(error)) => return Err(error.into()),
        };
        let (walks, walk_notes) = minidumps::walk_all(self, job, &report).await?;
        notes.extend(walk_notes);
        let looked = self.look_up(id, &report.raw).await?;

        let (found, lists) = (looked.found.clone(), std::sync::Arc::clone(&self.lists));
        let (raw, mut processed) = tokio::task::spawn_blocking(move || {
            let processed = pipeline::run(Input {
                raw: &report.raw,
                dumps: &report.dumps,
                walks: &walks,
                builds: Builds::Found(&found),
                lists: &lists,
                previous: previous.as_ref(),
                notes,
                started,
            });
            (report.raw, processed)
        })
        .await
        .map_err(|_| Problem::Never("the rules panicked"))?;
        pipeline::complete(&mut processed, clock::now());
        save_processed(&self.blobs, id, &processed).await?;

        let newest = buildinfo::db::latest_generation(&self.db).await?.n;
        let now = clock::now_micros();
        let mut tx = self.db.begin().await?;
        let finished = finished(&processed, &looked.found);
        if !db::finish(&mut tx, id, &finished, now).await? {
            db::insert_received(&mut tx, &received_row(id, &raw, looked.received)).await?;
            db::finish(&mut tx, id, &finished, now).await?;
        }
        write_search_row(&mut tx, id, looked.received, &processed, now).await?;
        self.finish_job(tx, job, &looked.found, newest).await
    }

    /// Attaches the build again; `false` when the crash was never processed.
    async fn enrich(&self, id: &CrashId, job: &Job) -> Result<bool, Problem> {
        let Some((digest, _)) = db::lookup_of(&self.db, id).await? else {
            return Ok(false);
        };
        let Some(raw) = load_raw(&self.blobs, id).await? else {
            return Err(Problem::Never("there is no raw crash"));
        };
        let looked = self.look_up(id, &raw).await?;
        let changed = if digest == looked.found.digest() {
            None
        } else {
            let Some(mut processed) = load_processed(&self.blobs, id).await? else {
                return Ok(false);
            };
            enrich::enrich_again(&raw, &mut processed, &looked.found);
            save_processed(&self.blobs, id, &processed).await?;
            Some(processed)
        };

        let newest = buildinfo::db::latest_generation(&self.db).await?.n;
        let now = clock::now_micros();
        let mut tx = self.db.begin().await?;
        let version = enrich::version_of(&looked.identity, &looked.found);
        let attached = looked.found.attached(&version);
        db::attach_build(&mut tx, id, &attached).await?;
        if let Some(processed) = changed {
            write_search_row(&mut tx, id, looked.received, &processed, now).await?;
        }
        self.finish_job(tx, job, &looked.found, newest).await?;
        Ok(true)
    }

    /// The report, and notes about what of it is missing.
    async fn load_report(&self, id: &CrashId) -> Result<(Report, Vec<String>), Problem> {
        match load(&self.blobs, id).await {
            Ok(Some(report)) => {
                let notes = report
                    .missing
                    .iter()
                    .map(|_| "a dump is missing from the store".to_owned())
                    .collect();
                Ok((report, notes))
            }
            Ok(None) => Err(Problem::Never("there is no raw crash")),
            Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                // The annotations alone still say a lot.
                let Some(raw) = load_raw(&self.blobs, id).await? else {
                    return Err(Problem::Never("there is no raw crash"));
                };
                let report = Report {
                    raw,
                    ..Report::default()
                };
                Ok((report, vec!["the dumps could not be read".to_owned()]))
            }
            Err(StoreError::Blob(error)) => Err(error.into()),
        }
    }

    async fn look_up(&self, id: &CrashId, raw: &RawCrash) -> Result<Looked, Problem> {
        let identity = pipeline::identity(raw);
        let received = received(id, raw);
        let question = enrich::question(&identity, received);
        let times = enrich::times(&identity, raw, received);
        let (answer, info) = self.lookup.attach(&question, times).await?;
        let install_time = raw.text("InstallTime").unwrap_or_default();
        self.lookup.sight(&answer, install_time, received);
        Ok(Looked {
            found: Found::new(&answer, &info),
            identity,
            received,
        })
    }

    /// Ends the job in the transaction that holds its result. A crash that was looked up in an
    /// older generation than `newest`, the one that was stored before the transaction, is looked
    /// at once more; so is one whose generation passed while it was being stored.
    async fn finish_job(
        &self,
        mut tx: Tx,
        job: &Job,
        found: &Found,
        newest: i64,
    ) -> Result<(), Problem> {
        let later = clock::now_micros().saturating_add(micros(NEXT_GENERATION));
        let used = found.generation();
        if used < newest {
            queue::push(
                &mut tx,
                &job.crash_id,
                Kind::Enrich,
                Lane::Enrichment,
                later,
            )
            .await?;
        }
        // The time counts only for a job that goes on, which after a push of others is now.
        let next = if used < newest {
            later
        } else {
            clock::now_micros()
        };
        if !queue::done(&mut tx, job, next).await? {
            return Err(Problem::ClaimLost);
        }
        tx.commit().await?;
        if used >= newest {
            self.catch_up(job, newest).await;
        }
        Ok(())
    }

    /// Whoever pushes the crashes of changed builds sees this one from its commit on; a generation
    /// that was finished just before is looked for here.
    async fn catch_up(&self, job: &Job, newest: i64) {
        let check = async {
            if buildinfo::db::latest_generation(&self.db).await?.n > newest {
                let later = clock::now_micros().saturating_add(micros(NEXT_GENERATION));
                let mut tx = self.db.begin().await?;
                queue::push(
                    &mut tx,
                    &job.crash_id,
                    Kind::Enrich,
                    Lane::Enrichment,
                    later,
                )
                .await?;
                tx.commit().await?;
            }
            Ok::<(), DbError>(())
        };
        if let Err(error) = check.await {
            tracing::warn!(crash.id = job.crash_id, %error, "newer builds could not be looked for");
        }
    }
}

async fn write_search_row(
    tx: &mut Tx,
    id: &CrashId,
    received: i64,
    processed: &ProcessedCrash,
    now: i64,
) -> Result<(), DbError> {
    let document = search::stored_document(processed);
    db::upsert_search_row(tx, id, received, now, &document).await
}

/// When a crash came in: what the collector wrote, else the day in its id. Microseconds UTC.
fn received(id: &CrashId, raw: &RawCrash) -> i64 {
    raw.submitted()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|time| time.timestamp_micros())
        .unwrap_or_else(|| {
            id.day()
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_micros()
        })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The row of a crash that nobody made one for.
fn received_row(id: &CrashId, raw: &RawCrash, received: i64) -> Received {
    let text = |name: &str| raw.text(name).unwrap_or_default().to_owned();
    Received {
        id: id.clone(),
        received,
        product: text("ProductName"),
        version: text("Version"),
        channel: text("ReleaseChannel"),
        build_id: text("BuildID"),
        weight: raw.metadata().sampling_weight.max(1.0),
        content_hash: String::new(),
        duplicate_of: None,
    }
}

fn finished(processed: &ProcessedCrash, found: &Found) -> Finished {
    let text = |name: &str| processed.text(name).unwrap_or_default().to_owned();
    Finished {
        os_name: text("os_name"),
        process_type: text("process_type"),
        signature: text("signature"),
        reason: text("reason"),
        product: text("product"),
        channel: text("release_channel"),
        build_id: text("build"),
        attached: found.attached(&text("version")),
    }
}
