//! Look-ups: the in-process index of the newest generation, and the database behind it.
//!
//! The index is loaded in the background and swapped as a whole when a newer generation is finished. Each caller
//! compares it with the stored generation (one row, read once for all concurrent callers) and waits a few seconds for
//! the newer one: an answer includes whatever was finished when the question came, in whichever process. If loading
//! takes longer, a single build is read from the database, and lists come from the loaded generation, which they name.

mod error;
mod freshness;
mod loading;
mod newest;
mod parts;
mod stored;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use builds::build::Status;
use builds::enrichment::{CrashBuildInfo, CrashTimes, crash_build_info};
use builds::index::BuildIndex;
use builds::names::build_id::BuildId;
use builds::names::product::Product;
use builds::resolve::{Answer, Question, resolve};
use builds::unknown::Tally;
use platform::clock;
use platform::db::Db;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::db;

pub use error::LookupError;
pub use freshness::{Dated, Freshness, Silent};
pub use parts::{ChannelNewest, compare, newest, newest_of_channels, versions};
pub use stored::{answer_from_database, around, load};

use loading::Loading;
use newest::Newest;

/// How often the stored generation is checked.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Maximum wait for the newest generation to be loaded.
const WAIT: Duration = Duration::from_secs(5);
/// Maximum wait to learn which generation is the newest, if there is one to answer from.
const CHECK: Duration = Duration::from_secs(2);

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

/// The index to answer from.
struct Nearest {
    /// The newest index available in time.
    index: Arc<BuildIndex>,
    /// The newest finished generation at the time of the question.
    newest: Result<i64, LookupError>,
}

impl Lookup {
    /// Creates look-ups over the builds stored in `db`. Nothing is loaded before [`Lookup::run`].
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

    /// Loads the index, and reloads it whenever a newer generation is finished, until `stop`.
    ///
    /// # Errors
    /// There are more builds than an index can hold. A failing database is retried.
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

    /// Loads the newest generation if it is newer than the loaded one, and the state of the sources; returns whether
    /// the generation was newer and not empty.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub async fn refresh(&self) -> Result<bool, LookupError> {
        // Read first: the sources may seem to have answered earlier than they did for the loaded builds, but never
        // later.
        let states = db::source_states(&self.db).await?;
        let newest = db::latest_generation(&self.db).await?.n;
        let loaded = self.generation();
        self.load_until(newest).await?;
        swap(&self.freshness, Freshness::of(&states));
        self.ready.send_replace(true);
        Ok(newest > loaded && loaded > 0)
    }

    /// Loads until the index is of at least this generation.
    async fn load_until(&self, generation: i64) -> Result<(), LookupError> {
        // A load in progress may have begun before the generation was finished.
        while self.generation() < generation {
            let load = load_newest(self.db.clone(), Arc::clone(&self.index), Arc::clone(&self.freshness));
            self.loading.join(load).await.map_err(LookupError::Load)?;
        }
        Ok(())
    }

    /// The index of the newest generation finished when this was called, or of a newer one. If it is not available
    /// within a few seconds, the loaded index; its generation tells which it is.
    ///
    /// # Errors
    /// No index is loaded.
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
                // [`Lookup::run`] reports this once; each question need not.
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
        // The index can answer without the database, so the caller does not wait long for one that is away.
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

    /// The current index.
    pub fn index(&self) -> Arc<BuildIndex> {
        current(&self.index)
    }

    /// How fresh the loaded index is.
    pub fn freshness(&self) -> Arc<Freshness> {
        current(&self.freshness)
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        // A count left incomplete by a panic is still a count.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the counts since the last call; the caller must write them down.
    pub fn take_tally(&self) -> Tally {
        std::mem::take(&mut *self.tally())
    }

    /// Puts back counts that could not be written.
    pub fn put_back(&self, tally: Tally) {
        self.tally().put_back(tally);
    }

    /// Counts an answer about an unknown id.
    fn count(&self, answer: &Answer) {
        if answer.build.is_none() {
            self.tally().count(answer, clock::now_micros());
        }
    }

    /// Counts a question answered from the index in another way.
    pub fn count_question(&self, index: &BuildIndex, question: &Question) {
        self.count(&resolve(index, question));
    }

    /// Notes that an install reported a crash of the answer's build, if the build is unknown or has another version
    /// than the program reports: `install_time` is the annotation `InstallTime`, `at` is when the report came in.
    pub fn sight(&self, answer: &Answer, install_time: &str, at: i64) {
        if answer.build.is_none() || answer.reported_differs {
            self.tally().sight(answer, install_time, at);
        }
    }

    /// The generation of the loaded index.
    pub fn generation(&self) -> i64 {
        self.index().generation()
    }

    /// Waits until the index has been loaded for the first time.
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

    /// Answers a question and builds what is attached to a crash with these times.
    ///
    /// # Errors
    /// See [`Lookup::answer`].
    pub async fn attach(
        &self,
        question: &Question,
        times: CrashTimes,
    ) -> Result<(Answer, CrashBuildInfo), LookupError> {
        // A crash does not wait: if an older generation already knows its build, that answer is revised later.
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

    /// The index that knows a build: the loaded one, or one made of what the database has learnt since.
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

    /// Answers many questions, in order.
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

    /// A small index of what the database knows and the nearest index does not, for an answer that is unknown because
    /// of that.
    async fn newer(&self, nearest: Nearest, answer: &Answer) -> Result<Option<BuildIndex>, LookupError> {
        if !may_be_newer(answer) {
            return Ok(None);
        }
        let newest = nearest.newest?;
        if newest <= nearest.index.generation() {
            return Ok(None);
        }
        let (Ok(product), Ok(id)) = (answer.product.parse::<Product>(), answer.build_id.parse::<BuildId>()) else {
            // The beginning of an id is answered from all builds or not at all.
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

/// Loads the newest generation if it is newer than the loaded one, and the state of the sources.
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

/// The current value of a lock.
fn current<T>(lock: &RwLock<Arc<T>>) -> Arc<T> {
    // A panic while holding the lock is impossible: only pointers are copied.
    Arc::clone(&lock.read().unwrap_or_else(PoisonError::into_inner))
}

/// Replaces the value. The old one may be freed here, after the lock is released, so that no look-up waits for it.
fn swap<T>(lock: &RwLock<Arc<T>>, new: T) {
    let new = Arc::new(new);
    let old = std::mem::replace(&mut *lock.write().unwrap_or_else(PoisonError::into_inner), new);
    drop(old);
}
