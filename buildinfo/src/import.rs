//! One import: read the sources, store what they said, derive what that means.
//!
//! An import may end anywhere, by a kill too, and the next one goes on: what was stored stays, the
//! groups that it touched are marked in the same transaction, and readers see a new generation only
//! when all of it is there. Only one import runs at a time, by a lease in the database.

use std::time::Duration;

use platform::clock;
use platform::db::{Db, DbError, progress, set_progress};
use tokio_util::sync::CancellationToken;

use crate::correction::Correction;
use crate::db::{self, Run, RunLease, Seen};
use crate::derive;
use crate::facts::{Facts, facts};
use crate::group::GroupKey;
use crate::observation::SourceName;
use crate::product::Product;
use crate::settings::Settings;
use crate::sources::{Client, SourceError, buildhub, product_details};

/// Where the newest upload that was read from Buildhub is stored, microseconds UTC.
const BUILDHUB_SEEN: &str = "buildhub_seen";
/// A later import begins so long before it: uploads do not become visible in order.
const OVERLAP: i64 = 24 * 3_600_000_000;
/// So many groups are derived at a time.
const GROUPS: i64 = 50;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Every source; each adds what the others do not have.
    Auto,
    /// One source alone.
    Only(SourceName),
}

impl Choice {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(source) => source.as_str(),
        }
    }

    fn includes(self, source: SourceName) -> bool {
        match self {
            Self::Auto => true,
            Self::Only(only) => only == source,
        }
    }
}

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to read.
    pub choice: Choice,
    /// Only these products; empty: all.
    pub products: Vec<Product>,
    /// Only what was uploaded at this time or later, microseconds UTC; none: what is new since the
    /// last import, everything the first time.
    pub since: Option<i64>,
    /// Read everything, whatever was read before.
    pub full: bool,
    /// Wait while another import runs.
    pub wait: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            products: Vec::new(),
            since: None,
            full: false,
            wait: true,
        }
    }
}

/// What an import is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another import runs, by this owner; ours begins after it.
    Waiting(String),
    /// Records read so far, and how many there are.
    Reading {
        /// From where.
        source: SourceName,
        /// So many were read.
        done: u64,
        /// Of so many, by the source's own count.
        total: u64,
    },
    /// Groups derived so far.
    Deriving {
        /// So many.
        done: u64,
        /// Of so many.
        total: u64,
    },
}

/// An import that did not take place, or broke off.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Another import runs, and the caller did not want to wait.
    #[error("another import runs: {}", .0.owner)]
    Busy(RunLease),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The source cannot be imported by this program.
    #[error("{0} cannot be imported yet")]
    NoImporter(SourceName),
    /// It was asked to stop; what was read is kept, and the next import goes on.
    #[error("the import was stopped")]
    Stopped,
    /// The right to import was lost: this process was away for too long.
    #[error("the import lost its lease")]
    LeaseLost,
}

/// Runs an import to its end and answers how it went. Sources that fail are noted in the run; they
/// are no error.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    db: &Db,
    settings: &Settings,
    options: &Options,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Run, ImportError> {
    if let Choice::Only(source @ (SourceName::Archive | SourceName::Csv)) = options.choice {
        return Err(ImportError::NoImporter(source));
    }
    let work = async {
        let mut import = Import::start(db, settings, options, report).await?;
        let outcome = import.work(stop).await;
        import.end(&outcome).await?;
        outcome.map(|()| import.run)
    };
    with_lease(db, options.wait, owner, stop, report, work).await
}

/// Adds corrections and derives what they concern, under the same lease as an import; answers the
/// newest generation.
///
/// # Errors
/// See [`ImportError`]. Stopped or killed, corrections may be stored and the rest be done by the
/// next import.
pub async fn correct(
    db: &Db,
    corrections: &[Correction],
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = async {
        for correction in corrections {
            db::add_correction(db, correction, clock::now_micros()).await?;
        }
        derive_dirty(db, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Undoes a correction and derives what it concerned; answers the newest generation, or none if
/// there is no correction with this id in force.
///
/// # Errors
/// As of [`correct`].
pub async fn undo_correction(
    db: &Db,
    id: i64,
    by: &str,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Option<i64>, ImportError> {
    let work = async {
        if !db::undo_correction(db, id, by, clock::now_micros()).await? {
            return Ok(None);
        }
        derive_dirty(db, stop, report).await.map(Some)
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Derives everything again from what is stored; answers the newest generation, which is a new one
/// only if something came out differently.
///
/// # Errors
/// See [`ImportError`].
pub async fn rebuild(
    db: &Db,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = async {
        db::mark_all_dirty(db).await?;
        derive_dirty(db, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Does work that only one may do at a time.
pub(crate) async fn with_lease<T>(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
    work: impl Future<Output = Result<T, ImportError>>,
) -> Result<T, ImportError> {
    wait_for_lease(db, wait, owner, stop, report).await?;
    let outcome = tokio::select! {
        outcome = work => outcome,
        lost = keep_lease(db, owner) => Err(lost),
    };
    db::release_lease(db, owner).await?;
    outcome
}

async fn wait_for_lease(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<(), ImportError> {
    loop {
        match db::take_lease(db, owner, clock::now_micros()).await? {
            Ok(()) => return Ok(()),
            Err(lease) if !wait => return Err(ImportError::Busy(lease)),
            Err(lease) => report(Progress::Waiting(lease.owner)),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ImportError::Stopped),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// Renews the lease for ever; ends only when it was lost.
async fn keep_lease(db: &Db, owner: &str) -> ImportError {
    loop {
        tokio::time::sleep(Duration::from_secs(4)).await;
        match db::renew_lease(db, owner, clock::now_micros()).await {
            Ok(true) => {}
            Ok(false) => return ImportError::LeaseLost,
            Err(error) => return error.into(),
        }
    }
}

struct Import<'a> {
    db: &'a Db,
    settings: &'a Settings,
    options: &'a Options,
    report: &'a (dyn Fn(Progress) + Sync),
    client: Client,
    run: Run,
    failed: u64,
    read: u64,
}

impl<'a> Import<'a> {
    async fn start(
        db: &'a Db,
        settings: &'a Settings,
        options: &'a Options,
        report: &'a (dyn Fn(Progress) + Sync),
    ) -> Result<Self, ImportError> {
        let now = clock::now_micros();
        let run = Run {
            id: now,
            started: now,
            source: options.choice.name().to_owned(),
            ..Run::default()
        };
        db::start_run(db, &run).await?;
        let client = Client::new()?;
        Ok(Self {
            db,
            settings,
            options,
            report,
            client,
            run,
            failed: 0,
            read: 0,
        })
    }

    fn note(&mut self, text: &str) {
        if !self.run.notes.is_empty() {
            self.run.notes.push('\n');
        }
        self.run.notes.push_str(text);
    }

    fn add(&mut self, seen: Seen, records: usize, unusable: usize) {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.run.records += i64::try_from(records).unwrap_or(i64::MAX);
        self.run.new_records += count(seen.new);
        self.run.unchanged += count(seen.unchanged);
        self.run.errors += count(seen.problems) + i64::try_from(unusable).unwrap_or(i64::MAX);
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        self.read_sources(stop).await?;
        self.run.generation = derive_dirty(self.db, stop, self.report).await?;
        Ok(())
    }

    async fn read_sources(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        if self.options.choice.includes(SourceName::ProductDetails) {
            self.read_product_details(stop).await?;
        }
        if self.options.choice.includes(SourceName::Buildhub) {
            self.read_buildhub(stop).await?;
        }
        Ok(())
    }

    async fn read_product_details(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        let files = product_details::RELEASES
            .iter()
            .chain(&product_details::VERSIONS);
        let client = self.client.for_another();
        let total = (product_details::RELEASES.len() + product_details::VERSIONS.len()) as u64;
        for (done, name) in files.enumerate() {
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            match product_details::file(&client, &self.settings.product_details_url, name).await {
                Ok(file) => {
                    let source = SourceName::ProductDetails.as_str();
                    let seen = db::record_listing(
                        self.db,
                        self.run.id,
                        source,
                        &file.url,
                        &file.observations,
                    )
                    .await?;
                    self.add(seen, file.observations.len() + file.unusable, file.unusable);
                    self.read += 1;
                }
                // A file that is not there is a note; the source itself works.
                Err(error @ SourceError::NotFound(_)) => {
                    self.note(&format!("product-details: {error}"));
                }
                Err(error @ SourceError::Down { .. }) => {
                    self.note(&format!(
                        "product-details: {error}; what it said before stays"
                    ));
                    self.failed += 1;
                    return Ok(());
                }
                Err(error) => {
                    self.note(&format!(
                        "product-details: {error}; what it said before stays"
                    ));
                    self.failed += 1;
                }
            }
            let source = SourceName::ProductDetails;
            (self.report)(Progress::Reading {
                source,
                done: done as u64 + 1,
                total,
            });
        }
        Ok(())
    }

    async fn read_buildhub(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        let seen_until = progress(self.db, BUILDHUB_SEEN).await?;
        let since = match self.options.since {
            Some(since) => Some(since),
            None if self.options.full || seen_until == 0 => None,
            None => Some(seen_until - OVERLAP),
        };
        let wanted = buildhub::Wanted {
            since: since.map(clock::rfc3339),
            products: self
                .options
                .products
                .iter()
                .flat_map(|product| buildhub_names(*product))
                .copied()
                .collect(),
        };
        let (mut after, mut done, mut newest) = (None, 0, 0);
        loop {
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            let page = match buildhub::page(
                &self.client,
                &self.settings.buildhub_url,
                &wanted,
                after.as_ref(),
            )
            .await
            {
                Ok(page) => page,
                Err(error) => {
                    self.note(&format!("buildhub: {error}; after {done} records"));
                    self.failed += 1;
                    return Ok(());
                }
            };
            let seen = db::record(self.db, self.run.id, &page.observations).await?;
            self.add(seen, page.records, page.unusable);
            done += page.records as u64;
            let source = SourceName::Buildhub;
            (self.report)(Progress::Reading {
                source,
                done,
                total: page.total.max(done),
            });
            newest = page
                .newest
                .as_deref()
                .and_then(micros)
                .map_or(newest, |time| newest.max(time));
            if page.next.is_none() {
                if page.total > done {
                    self.note(&format!("buildhub: {done} of {} records came", page.total));
                    self.failed += 1;
                    return Ok(());
                }
                break;
            }
            after = page.next;
        }
        if done == 0 && since.is_none() {
            self.note("buildhub: it answers, and has no records at all");
            self.failed += 1;
            return Ok(());
        }
        self.read += 1;
        // Only a run over all products that began at what was read before may move on: another
        // would leave holes behind it.
        let leaves_no_hole = since.is_none_or(|since| since <= seen_until);
        if self.options.products.is_empty() && leaves_no_hole {
            let mut tx = self.db.begin().await?;
            set_progress(&mut tx, BUILDHUB_SEEN, newest).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Stores how the run ended, whichever way it did.
    async fn end(&mut self, outcome: &Result<(), ImportError>) -> Result<(), ImportError> {
        self.run.ended = Some(clock::now_micros());
        self.run.requests = i64::try_from(self.client.requests()).unwrap_or(i64::MAX);
        self.run.errors += i64::try_from(self.failed).unwrap_or(i64::MAX);
        self.run.outcome = match (outcome, self.failed, self.read) {
            (Err(ImportError::Stopped), ..) => "stopped",
            (Err(_), ..) => "broken",
            (Ok(()), 0, _) => "complete",
            (Ok(()), _, 0) => "failed",
            (Ok(()), ..) => "partial",
        }
        .to_owned();
        let mut tx = self.db.begin().await?;
        db::end_run(&mut tx, &self.run).await?;
        Ok(tx.commit().await?)
    }
}

/// Derives every marked group and finishes the generation; answers the newest generation.
pub(crate) async fn derive_dirty(
    db: &Db,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let last = db::latest_generation(db).await?.n;
    let corrections = db::corrections_in_force(db).await?;
    let known = known_facts(db, &corrections).await?;
    let (mut done, total) = (0, db::dirty_count(db).await?);
    loop {
        if stop.is_cancelled() {
            return Err(ImportError::Stopped);
        }
        let groups = db::dirty_groups(db, GROUPS).await?;
        if groups.is_empty() {
            break;
        }
        let mut steps = Vec::new();
        for group in &groups {
            let derived = derive_group(db, group, &corrections, &known).await?;
            steps.extend(db::steps_to(db, last + 1, group, derived).await?);
        }
        db::write_steps(db, last + 1, &steps).await?;
        done += groups.len() as u64;
        report(Progress::Deriving {
            done,
            total: total.max(done),
        });
    }
    let made = db::finish_generation(db, last + 1, clock::now_micros()).await?;
    Ok(if made { last + 1 } else { last })
}

/// What is stated about versions as a whole, but for what corrections ignore.
pub(crate) async fn known_facts(db: &Db, corrections: &[Correction]) -> Result<Facts, DbError> {
    let stated: Vec<_> = db::fact_observations(db)
        .await?
        .into_iter()
        .filter(|observation| {
            !corrections
                .iter()
                .any(|correction| correction.ignores(observation))
        })
        .collect();
    Ok(facts(&stated))
}

pub(crate) async fn derive_group(
    db: &Db,
    group: &str,
    corrections: &[Correction],
    facts: &Facts,
) -> Result<crate::Derived, DbError> {
    let key: GroupKey = group
        .parse()
        .map_err(|_| DbError::Row(format!("group {group}")))?;
    let observations = db::of_group(db, group).await?;
    Ok(derive(&key, &observations, corrections, facts))
}

/// What Buildhub calls a product.
fn buildhub_names(product: Product) -> &'static [&'static str] {
    match product {
        Product::Firefox => &["firefox", "devedition"],
        Product::Thunderbird => &["thunderbird"],
        Product::Fennec => &["fennec"],
        Product::Fenix => &["fenix"],
        Product::Focus => &["focus"],
    }
}

fn micros(rfc3339: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(rfc3339)
        .ok()
        .map(|time| time.timestamp_micros())
}
