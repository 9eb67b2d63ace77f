//! One job, from its objects to its rows.

use std::time::Duration;

use crash::{CrashId, ProcessedCrash, RawCrash};
use crashstore::db::{self, Finished, First, Output, Standing, State};
use crashstore::output::{self, Stored};
use crashstore::received::received;
use crashstore::report::{load, load_raw};
use crashstore::{Received, Report, StoreError};
use platform::blobs::BlobError;
use platform::db::{DbError, Tx};
use platform::queue::{self, Job, Kind, Lane};
use platform::{clock, cpu};
use serde_json::json;

use super::minidumps;
use super::problem::Problem;
use super::renewal::Renewal;
use super::shared::Shared;
use super::written::{Written, finished};
use crate::enrich::{self, Builds, Found};
use crate::meters::RENEWED;
use crate::pipeline::{self, Input, Note};

/// How long a crash waits if it was looked up in an older generation of builds than the stored one: by then every
/// process has loaded the newer one.
const NEXT_GENERATION: Duration = Duration::from_secs(70);

/// A crash's identity and the answer about its build.
struct Looked {
    identity: ProcessedCrash,
    found: Found,
    received: i64,
}

/// What exists of a crash when work on it starts.
pub(super) struct Before {
    /// The number of the last write recorded in the row; 0 without a row.
    pub(super) row_version: i64,
    has_row: bool,
}

impl Shared {
    /// Does a job, or records why it cannot be done; returns the outcome.
    pub(super) async fn settle(&self, job: &mut Job) -> &'static str {
        let problem = if job.claims > queue::MAX_CLAIMS {
            Problem::Never("claimed too often without an end")
        } else {
            match self.attempt(job).await {
                Ok(outcome) => return outcome,
                Err(problem) => problem,
            }
        };
        self.put_back(job, &problem).await
    }

    /// Settles a job that could not be done.
    pub(super) async fn put_back(&self, job: &Job, problem: &Problem) -> &'static str {
        // A crash is not to blame if a store is away, so its failures are not counted then.
        let is_counted = match problem {
            Problem::Later(_) => self.stores.ask().await,
            Problem::Never(_) | Problem::ClaimLost | Problem::Deleted => true,
        };
        match self.put_back_in(job, problem, is_counted).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(crash.id = job.crash_id, %error, "a job could not be put back; its claim will run out");
                "lost"
            }
        }
    }

    async fn put_back_in(&self, job: &Job, problem: &Problem, is_counted: bool) -> Result<&'static str, DbError> {
        let now = clock::now_micros();
        let failures = job.failures + 1;
        let mut tx = self.db.begin().await?;
        let outcome = match problem {
            Problem::ClaimLost => return Ok("lost"),
            Problem::Deleted => {
                queue::done(&mut tx, job, now).await?;
                "deleted"
            }
            Problem::Later(reason) if !is_counted => {
                queue::release(&mut tx, job, reason).await?;
                "put off"
            }
            Problem::Later(reason) if failures < queue::MAX_FAILURES => {
                let run_at = now.saturating_add(clock::micros(queue::back_off(failures)));
                queue::retry(&mut tx, job, run_at, reason).await?;
                "retried"
            }
            Problem::Later(reason) | Problem::Never(reason) => {
                queue::fail(&mut tx, job, now, reason).await?;
                "failed"
            }
        };
        tx.commit().await?;
        Ok(outcome)
    }

    async fn attempt(&self, job: &mut Job) -> Result<&'static str, Problem> {
        let id: CrashId = job.crash_id.parse().map_err(|_| Problem::Never("not a crash id"))?;
        let before = match db::standing(&self.db, &id).await? {
            Some(Standing {
                state: State::Deleted, ..
            }) => return Err(Problem::Deleted),
            Some(standing) => Before {
                row_version: standing.row_version,
                has_row: true,
            },
            None => Before {
                row_version: 0,
                has_row: false,
            },
        };
        if job.kind == Kind::Renew && self.renew(&id, job, &before).await? {
            return Ok("renewed");
        }
        if job.kind == Kind::Enrich && self.enrich(&id, job, &before).await? {
            return Ok("enriched");
        }
        if job.kind == Kind::Sign && self.enrich(&id, job, &before).await? {
            return Ok("signed");
        }
        self.process(&id, job, &before).await?;
        Ok("processed")
    }

    /// The whole pipeline.
    async fn process(&self, id: &CrashId, job: &mut Job, before: &Before) -> Result<(), Problem> {
        let started = clock::now();
        let (report, mut notes) = self.load_report(id, before).await?;
        let previous = match output::load(&self.db, &self.blobs, id).await {
            Ok(Stored::Valid(previous)) => Some(*previous),
            Ok(Stored::Lost | Stored::None) => None,
            Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                notes.push(Note::public("the earlier processed crash could not be read"));
                None
            }
            Err(error) => return Err(error.into()),
        };
        let (walks, walk_notes) = minidumps::walk_all(self, job, &report).await?;
        notes.extend(walk_notes);
        let looked = self.look_up(id, &report.raw).await?;
        // If the row was lost, the document knows how often it was written.
        let known = previous.as_ref().map_or(0, ProcessedCrash::row_version);
        let output = Output {
            row_version: before.row_version.max(known).saturating_add(1),
            claim: job.claim.clone(),
        };

        let (found, lists) = (looked.found.clone(), self.lists.now());
        let (raw, mut processed) = cpu::run(move || {
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
        let written = Written::of(processed, output).await?;
        self.save_output(id, job, &written).await?;

        let finished = finished(&written.document, &looked.found);
        let stored = async {
            let newest = buildinfo::db::latest_generation(&self.db).await?.n;
            let now = clock::now_micros();
            let mut tx = self.db.begin().await?;
            let row = (before.row_version, &written.output);
            if !db::finish(&mut tx, id, &finished, row.0, row.1, now).await? {
                // There is no row yet, or it has changed.
                let inserted = db::insert_received(&mut tx, &Received::of(id, &raw)).await?;
                if !inserted || !db::finish(&mut tx, id, &finished, 0, row.1, now).await? {
                    return Err(Problem::ClaimLost);
                }
            }
            self.write_search_row(&mut tx, id, looked.received, &written).await?;
            note_first(&mut tx, &finished, looked.received).await?;
            self.finish_job(tx, job, &looked.found, newest).await
        };
        self.make_valid(id, job, stored).await
    }

    /// Attaches the build again, and makes the signature again if the job says so; `false` if the crash was never
    /// processed, or its output cannot be read. If nothing is new about the build and no signature is to be made, only
    /// a search row of an older form is written.
    async fn enrich(&self, id: &CrashId, job: &Job, before: &Before) -> Result<bool, Problem> {
        let Some((digest, _)) = db::lookup_of(&self.db, id).await? else {
            return Ok(false);
        };
        let Some(raw) = load_raw(&self.blobs, id).await? else {
            return Err(no_raw_crash(before));
        };
        let looked = self.look_up(id, &raw).await?;
        let version = enrich::version_of(&looked.identity, &looked.found);
        let reported = raw.annotation("Version").unwrap_or_default();
        let attached = looked.found.attached(&version, &reported);
        let signs = job.kind == Kind::Sign;
        if !signs && digest == looked.found.digest() {
            let renewal = self.renewal(id, before).await?;
            if matches!(renewal, Renewal::Impossible) {
                return Ok(false);
            }
            let newest = buildinfo::db::latest_generation(&self.db).await?.n;
            let mut tx = self.db.begin().await?;
            db::attach_build(&mut tx, id, &attached).await?;
            let renewed = renewal.write(&mut tx, id, before).await?;
            self.finish_job(tx, job, &looked.found, newest).await?;
            RENEWED.add(u64::from(renewed));
            return Ok(true);
        }
        let mut processed = match output::load(&self.db, &self.blobs, id).await {
            Ok(Stored::Valid(processed)) => *processed,
            Ok(Stored::Lost | Stored::None)
            | Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let output = Output {
            row_version: before.row_version.max(processed.row_version()).saturating_add(1),
            claim: job.claim.clone(),
        };
        if digest != looked.found.digest() {
            enrich::enrich_again(&raw, &mut processed, &looked.found);
        }
        if signs {
            processed = self.signed_again(processed).await?;
        }
        let written = Written::of(processed, output).await?;
        self.save_output(id, job, &written).await?;
        let finished = finished(&written.document, &looked.found);
        let stored = async {
            let newest = buildinfo::db::latest_generation(&self.db).await?.n;
            let mut tx = self.db.begin().await?;
            if !db::name_output(&mut tx, id, before.row_version, &written.output).await?
                || !db::attach_build(&mut tx, id, &attached).await?
                || (signs && !db::sign(&mut tx, id, &finished.signature).await?)
            {
                return Err(Problem::ClaimLost);
            }
            self.write_search_row(&mut tx, id, looked.received, &written).await?;
            if signs {
                note_first(&mut tx, &finished, looked.received).await?;
            }
            self.finish_job(tx, job, &looked.found, newest).await
        };
        self.make_valid(id, job, stored).await?;
        Ok(true)
    }

    /// The crash with its signature made by the rules and lists of now.
    async fn signed_again(&self, processed: ProcessedCrash) -> Result<ProcessedCrash, Problem> {
        let (lists, now) = (self.lists.now(), clock::now());
        cpu::run(move || pipeline::sign_again(processed, &lists, now))
            .await
            .map_err(|_| Problem::Never("the rules panicked"))
    }

    /// Writes an output where only the row can make it valid. A worker that lost its claim writes nothing.
    async fn save_output(&self, id: &CrashId, job: &Job, written: &Written) -> Result<(), Problem> {
        if !queue::held(&self.db, job).await? {
            return Err(Problem::ClaimLost);
        }
        let (claim, bytes) = (&written.output.claim, written.bytes.clone());
        Ok(output::save(&self.blobs, id, claim, bytes).await?)
    }

    /// Makes an output valid with the transaction `stored` and moves it to its own key; or removes it.
    async fn make_valid(
        &self,
        id: &CrashId,
        job: &Job,
        stored: impl Future<Output = Result<(), Problem>>,
    ) -> Result<(), Problem> {
        match stored.await {
            Ok(()) => {}
            Err(Problem::ClaimLost) => {
                if let Err(error) = output::discard(&self.blobs, id, &job.claim).await {
                    tracing::warn!(crash.id = %id, %error, "what was made too late could not be removed; the upkeep \
                        will");
                }
                return Err(Problem::ClaimLost);
            }
            // The database may have committed anyway: the upkeep finds out.
            Err(problem) => return Err(problem),
        }
        let copied = output::copy(&self.db, &self.blobs, id).await;
        let again = match copied {
            Ok(output::Copied::Yes | output::Copied::Deleted) => Ok(()),
            Ok(output::Copied::Lost) => crashstore::upkeep::process_again(&self.db, id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = again {
            // It is valid where it is.
            tracing::warn!(crash.id = %id, %error, "a processed crash could not be copied to its key; the upkeep will");
        }
        Ok(())
    }

    async fn write_search_row(
        &self,
        tx: &mut Tx,
        id: &CrashId,
        received: i64,
        written: &Written,
    ) -> Result<(), DbError> {
        let version = written.output.row_version;
        db::upsert_search_row(tx, id, received, version, &written.search).await
    }

    /// The report, and notes about missing parts.
    async fn load_report(&self, id: &CrashId, before: &Before) -> Result<(Report, Vec<Note>), Problem> {
        match load(&self.blobs, id).await {
            Ok(Some(report)) => {
                let notes = report
                    .missing
                    .iter()
                    .map(|name| Note::about_dump(name, "a dump is missing from the store").with(&json!(name)))
                    .collect();
                Ok((report, notes))
            }
            Ok(None) => Err(no_raw_crash(before)),
            Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                // The annotations alone are still useful.
                let Some(raw) = load_raw(&self.blobs, id).await? else {
                    return Err(no_raw_crash(before));
                };
                let report = Report {
                    raw,
                    ..Report::default()
                };
                Ok((report, vec![Note::public("the dumps could not be read")]))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn look_up(&self, id: &CrashId, raw: &RawCrash) -> Result<Looked, Problem> {
        let identity = pipeline::identity(raw);
        let received = received(id, raw);
        let question = enrich::question(&identity, received);
        let times = enrich::times(raw, received);
        let (answer, info) = self.lookup.attach(&question, times).await?;
        let install_time = raw.annotation("InstallTime").unwrap_or_default();
        self.lookup.sight(&answer, &install_time, received);
        Ok(Looked {
            found: Found::new(&answer, &info),
            identity,
            received,
        })
    }

    /// Ends the job in the transaction that holds its result. A crash looked up in an older generation than `newest`,
    /// the one stored before the transaction, is looked at again; so is one whose generation was replaced while it was
    /// being stored.
    async fn finish_job(&self, mut tx: Tx, job: &Job, found: &Found, newest: i64) -> Result<(), Problem> {
        let used = found.generation();
        if used < newest {
            self.look_again(&mut tx, job).await?;
        }
        if !queue::done(&mut tx, job, clock::now_micros()).await? {
            return Err(Problem::ClaimLost);
        }
        tx.commit().await?;
        if used >= newest {
            self.catch_up(job, newest).await;
        }
        Ok(())
    }

    /// The code that queues the crashes of changed builds sees this one once it is committed; a generation finished
    /// just before that is checked for here.
    async fn catch_up(&self, job: &Job, newest: i64) {
        let check = async {
            if buildinfo::db::latest_generation(&self.db).await?.n > newest {
                let mut tx = self.db.begin().await?;
                self.look_again(&mut tx, job).await?;
                tx.commit().await?;
            }
            Ok::<(), DbError>(())
        };
        if let Err(error) = check.await {
            tracing::warn!(crash.id = job.crash_id, %error, "newer builds could not be looked for");
        }
    }

    /// Queues another build look-up for when the newer generation is loaded.
    async fn look_again(&self, tx: &mut Tx, job: &Job) -> Result<(), DbError> {
        let now = clock::now_micros();
        let later = now.saturating_add(clock::micros(NEXT_GENERATION));
        let (kind, lane) = (Kind::Enrich, Lane::Enrichment);
        queue::push_later(tx, &job.crash_id, kind, lane, now, later).await
    }
}

/// Notes what a crash that came in at `received` says of its signature.
async fn note_first(tx: &mut Tx, finished: &Finished, received: i64) -> Result<(), DbError> {
    match First::of(&finished.signature, received, &finished.build_id) {
        Some(first) => db::note_first(tx, &first).await,
        None => Ok(()),
    }
}

/// A crash with a row was acknowledged, so its objects must be somewhere: the store may be the wrong one, or
/// incomplete.
fn no_raw_crash(before: &Before) -> Problem {
    if before.has_row {
        Problem::Later("the raw crash is not in the blob store")
    } else {
        Problem::Never("there is no raw crash")
    }
}
