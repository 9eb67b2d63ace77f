//! Look-ups: the index of the newest generation in this process, and the database behind it.
//!
//! The index is loaded in the background and swapped whole when a newer generation is finished. Whoever
//! asks compares it with the stored generation (one row, read once for all who ask at the same time)
//! and waits a few seconds for the newer one: what was finished when a question came is in its answer,
//! in whichever process it was finished. Should that take longer, a single build is read from the
//! database, and lists are of the loaded generation, which they name.

mod loading;
mod newest;
mod parts;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use builds::build::{Build, Status};
use builds::enrichment::{CrashBuildInfo, CrashTimes, crash_build_info};
use builds::index::{BuildIndex, IndexBuilder, IndexFull};
use builds::names::build_id::BuildId;
use builds::names::product::{Product, shares_gecko_ids};
use builds::resolve::{Answer, Question, resolve};
use builds::unknown::Tally;
use platform::db::{Db, DbError};
use platform::{clock, cpu};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::freshness::Freshness;

pub use parts::{ChannelNewest, compare, newest, newest_of_channels, versions};

use loading::Loading;
use newest::Newest;

/// How often the stored generation is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a question waits for the newest generation to be loaded.
const WAIT: Duration = Duration::from_secs(5);
/// How long it waits to be told which generation that is, if there is one to answer from.
const CHECK: Duration = Duration::from_secs(2);
/// So many builds of a channel are read around one that is not in the index.
const NEIGHBOURS: i64 = 400;

/// A look-up could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// There are more builds than an index can hold.
    #[error(transparent)]
    Full(#[from] IndexFull),
    /// The database did not answer a moment ago, and is not asked again by everybody at once.
    #[error("the database does not answer")]
    Away,
    /// The builds are not loaded yet.
    #[error("the builds are being loaded")]
    Loading,
    /// The builds could not be loaded; others waited for the same.
    #[error(transparent)]
    Load(Arc<LookupError>),
}

impl LookupError {
    /// Whether there are more builds than an index can hold.
    fn is_full(&self) -> bool {
        match self {
            Self::Full(_) => true,
            Self::Load(error) => error.is_full(),
            Self::Db(_) | Self::Away | Self::Loading => false,
        }
    }
}

/// Answers questions about builds. Clones share the index.
#[derive(Debug, Clone)]
pub struct Lookup {
    db: Db,
    index: Arc<RwLock<Arc<BuildIndex>>>,
    newest: Arc<Newest>,
    loading: Arc<Loading>,
    freshness: Arc<RwLock<Arc<Freshness>>>,
    tally: Arc<Mutex<Tally>>,
    ready: Arc<watch::Sender<bool>>,
}

impl From<LookupError> for platform::http::ApiError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Away => Self::Unavailable("the database does not answer".to_owned()),
            LookupError::Loading => Self::Unavailable("the builds are being loaded; ask again in a moment".to_owned()),
            LookupError::Db(_) | LookupError::Full(_) | LookupError::Load(_) => Self::Internal(error.into()),
        }
    }
}

/// The index to answer from.
struct Nearest {
    /// The newest that could be had in time.
    index: Arc<BuildIndex>,
    /// The generation that was the newest finished one when it was asked for.
    newest: Result<i64, LookupError>,
}

impl Lookup {
    /// Look-ups over what is stored in `db`. Nothing is loaded before [`Lookup::run`].
    pub fn new(db: Db) -> Self {
        Self {
            db,
            index: Arc::default(),
            newest: Arc::default(),
            loading: Arc::default(),
            freshness: Arc::default(),
            tally: Arc::default(),
            ready: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Loads the index, and again whenever a newer generation was finished, until `stop`.
    ///
    /// # Errors
    /// There are more builds than an index can hold. A database that fails is asked again.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            match self.refresh().await {
                Ok(_) => {}
                Err(error) if error.is_full() => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "the builds could not be loaded"),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Loads the newest generation if it is newer than the loaded one, and how the sources do;
    /// answers whether it was newer and was not the empty one.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub async fn refresh(&self) -> Result<bool, LookupError> {
        // Read first: the sources may only seem to have answered earlier than they did for what is
        // loaded, never later.
        let states = db::source_states(&self.db).await?;
        let newest = db::latest_generation(&self.db).await?.n;
        let loaded = self.generation();
        self.load_until(newest).await?;
        swap(&self.freshness, Freshness::of(&states));
        self.ready.send_replace(true);
        Ok(newest > loaded && loaded > 0)
    }

    /// Loads until the index has at least this generation.
    async fn load_until(&self, generation: i64) -> Result<(), LookupError> {
        // A load that was under way may have begun before the generation was finished.
        while self.generation() < generation {
            let load = load_newest(self.db.clone(), Arc::clone(&self.index), Arc::clone(&self.freshness));
            self.loading.join(load).await.map_err(LookupError::Load)?;
        }
        Ok(())
    }

    /// The index of the newest generation that was finished when this was called, or of a newer one. If
    /// it cannot be had within a few seconds, the loaded one; its generation says which that is.
    ///
    /// # Errors
    /// There is no loaded one either.
    pub async fn current(&self) -> Result<Arc<BuildIndex>, LookupError> {
        let Nearest { index, newest } = self.nearest().await;
        if index.generation() == 0 && newest? > 0 {
            return Err(LookupError::Loading);
        }
        Ok(index)
    }

    async fn nearest(&self) -> Nearest {
        let newest = self.newest_stored().await;
        if let Ok(newest) = newest
            && self.generation() < newest
        {
            match tokio::time::timeout(WAIT, self.load_until(newest)).await {
                Ok(Ok(())) => {}
                // Whoever runs the look-ups says so once, and not each question.
                Ok(Err(error)) => tracing::debug!(%error, "the builds could not be loaded"),
                Err(_) => tracing::debug!(newest, "the builds are still being loaded"),
            }
        }
        Nearest {
            index: self.index(),
            newest,
        }
    }

    async fn newest_stored(&self) -> Result<i64, LookupError> {
        if self.generation() == 0 {
            return Ok(self.newest.of(&self.db).await?);
        }
        // There is an answer without the database: who asks does not wait long for one that is away.
        if self.newest.is_away() {
            return Err(LookupError::Away);
        }
        match tokio::time::timeout(CHECK, self.newest.of(&self.db)).await {
            Ok(newest) => Ok(newest?),
            Err(_) => {
                self.newest.note_away();
                Err(LookupError::Away)
            }
        }
    }

    /// The index as it is now.
    pub fn index(&self) -> Arc<BuildIndex> {
        current(&self.index)
    }

    /// How fresh the loaded index is.
    pub fn freshness(&self) -> Arc<Freshness> {
        current(&self.freshness)
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        // A count that a panic left half-made is still a count.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was counted since the last time: whoever takes it writes it down.
    pub fn take_tally(&self) -> Tally {
        std::mem::take(&mut *self.tally())
    }

    /// Puts back what could not be written down.
    pub fn put_back(&self, tally: Tally) {
        self.tally().put_back(tally);
    }

    /// Counts an answer about an unknown id.
    fn count(&self, answer: &Answer) {
        if answer.build.is_none() {
            self.tally().count(answer, clock::now_micros());
        }
    }

    /// Counts a question that was answered from the index in another way.
    pub fn count_question(&self, index: &BuildIndex, question: &Question) {
        self.count(&resolve(index, question));
    }

    /// Notes that an install reported a crash of the answer's build, if that is unknown or is not of the version that
    /// the program reports: `install_time` is the annotation `InstallTime`, `at` is when the report came in.
    pub fn sight(&self, answer: &Answer, install_time: &str, at: i64) {
        if answer.build.is_none() || answer.reported_differs {
            self.tally().sight(answer, install_time, at);
        }
    }

    /// The generation of the loaded index.
    pub fn generation(&self) -> i64 {
        self.index().generation()
    }

    /// Waits until the index was loaded for the first time.
    pub async fn ready(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Answers a question.
    ///
    /// # Errors
    /// The database failed while a question that the index cannot answer was checked against it.
    pub async fn answer(&self, question: &Question) -> Result<Answer, LookupError> {
        let nearest = self.nearest().await;
        let mut answer = resolve(&nearest.index, question);
        if let Some(newer) = self.newer(nearest, &answer).await? {
            answer = resolve(&newer, question);
        }
        self.count(&answer);
        Ok(answer)
    }

    /// Answers a question and makes what is attached to a crash with these times.
    ///
    /// # Errors
    /// See [`Lookup::answer`].
    pub async fn attach(
        &self,
        question: &Question,
        times: CrashTimes,
    ) -> Result<(Answer, CrashBuildInfo), LookupError> {
        // A crash does not wait: one whose build is known by an older generation is looked at again.
        let mut index = self.index();
        let mut answer = resolve(&index, question);
        if may_be_newer(&answer) {
            let newest = self.newest.of(&self.db).await.map_err(LookupError::from);
            let nearest = Nearest {
                index: Arc::clone(&index),
                newest,
            };
            if let Some(newer) = self.newer(nearest, &answer).await? {
                answer = resolve(&newer, question);
                index = Arc::new(newer);
            }
        }
        self.count(&answer);
        let info = crash_build_info(&index, answer.clone(), times);
        Ok((answer, info))
    }

    /// The index that knows a build: the loaded one, or one of what the database has learnt since.
    ///
    /// # Errors
    /// See [`Lookup::answer`].
    pub async fn index_with(&self, product: Product, id: BuildId) -> Result<Arc<BuildIndex>, LookupError> {
        let Nearest { index, newest } = self.nearest().await;
        if index.find(product, id).next().is_some() {
            return Ok(index);
        }
        let newest = newest?;
        if newest <= index.generation() {
            return Ok(index);
        }
        Ok(Arc::new(around(&self.db, newest, product, id).await?))
    }

    /// Answers many questions, in their order.
    ///
    /// # Errors
    /// See [`Lookup::answer`].
    pub async fn answers(&self, questions: &[Question]) -> Result<Vec<Answer>, LookupError> {
        let Nearest { index, newest } = self.nearest().await;
        let whole = newest.is_ok_and(|newest| newest <= index.generation());
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let answer = if whole {
                let answer = resolve(&index, question);
                self.count(&answer);
                answer
            } else {
                self.answer(question).await?
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    /// A small index of what the database knows and the nearest one does not, for an answer that is
    /// unknown because of that.
    async fn newer(&self, nearest: Nearest, answer: &Answer) -> Result<Option<BuildIndex>, LookupError> {
        if !may_be_newer(answer) {
            return Ok(None);
        }
        let newest = nearest.newest?;
        if newest <= nearest.index.generation() {
            return Ok(None);
        }
        let (Ok(product), Ok(id)) = (answer.product.parse::<Product>(), answer.build_id.parse::<BuildId>()) else {
            // The beginning of an id is answered from all builds, or not at all.
            return Ok(None);
        };
        Ok(Some(around(&self.db, newest, product, id).await?))
    }
}

/// Whether a newer generation could know the build of an answer.
fn may_be_newer(answer: &Answer) -> bool {
    let unknown = answer.status == Status::Unknown || answer.status == Status::Unofficial;
    unknown && answer.product.parse::<Product>().is_ok() && answer.build_id.parse::<BuildId>().is_ok()
}

/// Loads the newest generation if it is newer than the loaded one, and how the sources do.
async fn load_newest(
    db: Db,
    index: Arc<RwLock<Arc<BuildIndex>>>,
    freshness: Arc<RwLock<Arc<Freshness>>>,
) -> Result<(), LookupError> {
    let states = db::source_states(&db).await?;
    let newest = db::latest_generation(&db).await?.n;
    if newest > current(&index).generation() {
        let loaded = load(&db, newest).await?;
        tracing::info!(generation = newest, builds = loaded.len(), "builds loaded");
        swap(&index, loaded);
        swap(&freshness, Freshness::of(&states));
    }
    Ok(())
}

/// What a lock holds now.
fn current<T>(lock: &RwLock<Arc<T>>) -> Arc<T> {
    // A panic while the lock is held is impossible: only pointers are copied.
    Arc::clone(&lock.read().unwrap_or_else(PoisonError::into_inner))
}

/// The old value may be freed here: after the lock was given back, so that no look-up waits for that.
fn swap<T>(lock: &RwLock<Arc<T>>, new: T) {
    let new = Arc::new(new);
    let old = std::mem::replace(&mut *lock.write().unwrap_or_else(PoisonError::into_inner), new);
    drop(old);
}

/// Loads every build of a generation.
///
/// # Errors
/// See [`LookupError`].
pub async fn load(db: &Db, generation: i64) -> Result<BuildIndex, LookupError> {
    let mut builder = IndexBuilder::new(generation);
    let mut full = Ok(());
    db::load_all(db, generation, |builds| {
        for build in &builds {
            if full.is_ok() {
                full = builder.push(build);
            }
        }
    })
    .await?;
    full?;
    // Sorting a million builds takes a while: not on a thread that serves requests.
    let index = cpu::run(move || builder.finish()).await;
    Ok(index.map_err(DbError::from)?)
}

/// A small index: the builds of a product with an id, and their neighbours on their channels; where there are none,
/// Firefox's builds of the same Gecko. What a command asks that has only a few questions.
///
/// # Errors
/// See [`LookupError`].
pub async fn around(db: &Db, generation: i64, product: Product, id: BuildId) -> Result<BuildIndex, LookupError> {
    let mut builds = db::builds_by_id(db, generation, product, id).await?;
    if builds.is_empty() && shares_gecko_ids(product.as_str()) {
        builds = db::builds_by_id(db, generation, Product::Firefox, id).await?;
        return Ok(BuildIndex::from_builds(generation, &builds)?);
    }
    let mut channels: Vec<String> = builds
        .iter()
        .flat_map(|build| build.offered_on.iter().chain([&build.channel]).cloned())
        .collect();
    // Betas have releases among their neighbours, those of builds that nobody got too: they are their release
    // candidates.
    if channels.iter().any(|channel| channel == "beta") {
        channels.push("release".to_owned());
    }
    channels.sort();
    channels.dedup();
    for channel in channels {
        // From the newest down to some way before the build: what is behind it, and what it is behind.
        let mut before = None;
        loop {
            let page = db::builds_of_channel(db, generation, product, &channel, before, NEIGHBOURS).await?;
            let last = page.rows.last().map(|build| build.build_id);
            builds.extend(page.rows);
            match last {
                Some(last) if page.more && last >= id => before = Some(last),
                _ => break,
            }
        }
    }
    builds.sort_by(|a, b| a.key().cmp(&b.key()));
    builds.dedup_by(|a, b| a.key() == b.key());
    Ok(BuildIndex::from_builds(generation, &builds)?)
}

/// Answers a question from the database alone, as of a generation.
///
/// # Errors
/// See [`LookupError`].
pub async fn answer_from_database(db: &Db, generation: i64, question: &Question) -> Result<Answer, LookupError> {
    let empty = BuildIndex::from_builds(generation, std::iter::empty::<&Build>())?;
    let first = resolve(&empty, question);
    let Ok(product) = first.product.parse::<Product>() else {
        return match first.build_id.parse::<BuildId>() {
            Ok(id) if shares_gecko_ids(&first.product) => {
                let index = around(db, generation, Product::Firefox, id).await?;
                Ok(resolve(&index, question))
            }
            _ => Ok(first),
        };
    };
    if let Ok(id) = first.build_id.parse::<BuildId>() {
        let index = around(db, generation, product, id).await?;
        let answer = resolve(&index, question);
        if answer.status != Status::Unknown || !id.is_historic() {
            return Ok(answer);
        }
    }
    let Some(range) = builds::names::build_id::prefix_range(first.build_id.trim()) else {
        return Ok(first);
    };
    let builds = db::builds_by_ids(db, generation, product, range, 2000).await?;
    Ok(resolve(&BuildIndex::from_builds(generation, &builds)?, question))
}
