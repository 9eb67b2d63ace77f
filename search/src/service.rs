//! Search as a process offers it: it follows the rows, or reads what another process makes of them, and answers.

mod as_of;
mod ask;
mod room;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crashstore::db;
use crashstore::forms::incomplete;
use crashstore::sequence::{self, Numbered};
use platform::clock;
use platform::db::{Db, DbError, FolderLock};
use tokio_util::sync::CancellationToken;

pub use as_of::AsOf;
pub use ask::{Answered, AskError};

use crate::columns::{Index, IndexError, View};
use crate::follow::{FollowError, Follower, Step};
use crate::meters;
use crate::position::Position;
use room::Room;

/// The lock of the process that writes.
const LOCK: &str = "search.lock";
/// How often is looked for new rows, or for what another process made of them.
const EVERY: Duration = Duration::from_millis(500);
/// The longest pause after a failure.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);
/// How often is said how far the making of an index has come.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// How long a command waits for another process to make its first commit.
const FOR_OTHERS: Duration = Duration::from_secs(10);
/// How often is looked for rows of older forms.
const FORMS_EVERY: Duration = Duration::from_secs(30);

/// Search in this process. Clones share everything.
#[derive(Debug, Clone)]
pub struct Search {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    now: RwLock<Option<Published>>,
    room: Room,
    /// An answer failed as if files were damaged.
    is_suspect: AtomicBool,
}

/// What can be searched now.
#[derive(Debug, Clone)]
struct Published {
    view: View,
    position: Arc<Position>,
    behind: Option<i64>,
    /// The fields that rows of older forms lack.
    lacking: Vec<&'static str>,
}

impl Search {
    /// Search with its files in this folder; [`Self::run`] opens them.
    pub fn new(folder: &Path) -> Self {
        Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                now: RwLock::new(None),
                room: Room::default(),
                is_suspect: AtomicBool::new(false),
            }),
        }
    }

    /// Follows the rows until `stop`, if no other process does so in this folder, and otherwise what that one makes of
    /// them. Whatever fails is tried again, and answers are given from what there is.
    pub async fn run(self, db: Db, stop: CancellationToken) {
        let mut back_off = EVERY;
        loop {
            let worked = tokio::select! {
                () = stop.cancelled() => return,
                worked = self.work(&db, &mut back_off) => worked,
            };
            if let Err(error) = worked {
                tracing::warn!(%error, "the search index cannot be kept up to date; it is tried again");
                back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                self.look_how_far_behind(&db).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(back_off) => {}
            }
        }
    }

    /// Opens the index in a folder for a single command, of a process that calls itself `owner` and asks for crashes
    /// between two moments, both included, microseconds UTC. If no other process follows, the files of these dates are
    /// checked and the index is brought up to date first; `said` is told how far that has come. If it cannot be
    /// written, it is opened as it is.
    ///
    /// # Errors
    /// The database or the files failed.
    pub async fn for_command(
        folder: &Path,
        db: &Db,
        owner: &str,
        dates: (i64, i64),
        mut said: impl FnMut(&str),
    ) -> Result<Self, SearchError> {
        let search = Self::new(folder);
        let began = Instant::now();
        loop {
            let failure = match FolderLock::try_take(folder, LOCK) {
                Ok(Some(lock)) => match search.bring_up_to_date(db, owner, dates, lock, &mut said).await {
                    Ok(()) => break,
                    Err(SearchError::Db(error)) => return Err(error.into()),
                    Err(error) => Some(error),
                },
                Ok(None) => None,
                Err(error) => Some(error.into()),
            };
            let opened = search.open_to_read().await;
            let (index, position) = match (failure, opened) {
                (Some(failure), Ok((index, Some(position)))) => {
                    said(&format!("{failure}: it is searched as it was when it was last written"));
                    (index, Some(position))
                }
                (Some(failure), _) => return Err(failure),
                (None, opened) => opened?,
            };
            // Another process may just have started, or end before it has made the index.
            if position.is_some() || began.elapsed() >= FOR_OTHERS {
                let behind = behind(db, position.as_ref()).await?;
                search.publish(position.map(|position| (index.view(), position)), Some(behind));
                break;
            }
            tokio::time::sleep(EVERY).await;
        }
        search.look_for_forms(db).await;
        Ok(search)
    }

    async fn bring_up_to_date(
        &self,
        db: &Db,
        owner: &str,
        dates: (i64, i64),
        lock: FolderLock,
        said: &mut impl FnMut(&str),
    ) -> Result<(), SearchError> {
        let mut follower = Follower::open(db.clone(), &self.shared.folder, lock).await?;
        number_all(db, owner).await?;
        follower.check_between(dates).await?;
        let mut last_said = Instant::now();
        while follower.step().await? == Step::More || !follower.has_all() {
            if last_said.elapsed() >= SAY_EVERY / 5 {
                last_said = Instant::now();
                if let Some(progress) = follower.progress() {
                    said(&progress);
                }
            }
        }
        self.publish(follower.news(), Some(db::unnumbered(db).await?));
        Ok(())
    }

    /// Follows until something fails.
    async fn work(&self, db: &Db, back_off: &mut Duration) -> Result<(), SearchError> {
        let Some(lock) = FolderLock::try_take(&self.shared.folder, LOCK)? else {
            return self.read(db, back_off).await;
        };
        let mut follower = Follower::open(db.clone(), &self.shared.folder, lock).await?;
        follower.check_files();
        self.publish(follower.news(), None);
        self.look_for_forms(db).await;
        let (mut said, mut looked) = (Instant::now(), Instant::now());
        loop {
            if looked.elapsed() >= FORMS_EVERY {
                looked = Instant::now();
                self.look_for_forms(db).await;
            }
            if self.shared.is_suspect.swap(false, Ordering::Relaxed) {
                follower.check_files();
            }
            let step = match follower.step().await {
                Ok(step) => step,
                // Nothing was changed by it: what is open stays.
                Err(FollowError::Db(error)) => {
                    *back_off = (*back_off * 2).min(LONGEST_BACK_OFF);
                    tracing::warn!(%error, "search rows could not be read; it is tried again");
                    tokio::time::sleep(*back_off).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let news = follower.news();
            if news.is_some() || step == Step::Idle {
                *back_off = EVERY;
            }
            self.publish(news, Some(follower.behind()));
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                if let Some(progress) = follower.progress() {
                    tracing::info!("{progress}");
                }
            }
            if step == Step::Idle {
                tokio::time::sleep(EVERY).await;
            }
        }
    }

    /// Reads what another process writes, until that one has ended.
    async fn read(&self, db: &Db, back_off: &mut Duration) -> Result<(), SearchError> {
        let (mut index, position) = self.open_to_read().await?;
        tracing::info!("another process makes the search index in this folder; this one reads it");
        self.publish(position.map(|position| (index.view(), position)), None);
        *back_off = EVERY;
        let mut looked: Option<Instant> = None;
        loop {
            if looked.is_none_or(|then| then.elapsed() >= FORMS_EVERY) {
                looked = Some(Instant::now());
                self.look_for_forms(db).await;
            }
            tokio::time::sleep(EVERY).await;
            if FolderLock::try_take(&self.shared.folder, LOCK)?.is_some() {
                return Ok(());
            }
            let (read, position) = blocking(move || {
                let position = index.look_for_more();
                (index, position)
            })
            .await?;
            index = read;
            let position = position?;
            let behind = behind(db, position.as_ref()).await?;
            self.publish(position.map(|position| (index.view(), position)), Some(behind));
        }
    }

    async fn open_to_read(&self) -> Result<(Index, Option<Position>), SearchError> {
        let folder = self.shared.folder.clone();
        Ok(blocking(move || Index::open_to_read(&folder)).await??)
    }

    /// Shows what is new, and how many rows are missing, if that is known.
    fn publish(&self, news: Option<(View, Position)>, behind: Option<i64>) {
        if let Some(behind) = behind {
            meters::BEHIND.set(behind as f64);
        }
        let mut now = self.shared.now.write().unwrap_or_else(PoisonError::into_inner);
        match (news, &mut *now) {
            (Some((view, position)), now) => {
                meters::ROWS.set(view.rows() as f64);
                meters::GAPS.set(position.gaps.len() as f64);
                *now = Some(Published {
                    view,
                    position: Arc::new(position),
                    behind,
                    lacking: now.as_ref().map_or_else(Vec::new, |before| before.lacking.clone()),
                });
            }
            (None, Some(published)) => published.behind = behind,
            (None, None) => {}
        }
    }

    /// Looks which fields rows of older forms lack. What was known stays if the database fails.
    async fn look_for_forms(&self, db: &Db) {
        match db::oldest_form(db).await {
            Ok(oldest) => {
                if let Some(published) = &mut *self.shared.now.write().unwrap_or_else(PoisonError::into_inner) {
                    published.lacking = incomplete(oldest);
                }
            }
            Err(error) => tracing::warn!(%error, "the forms of search rows could not be read"),
        }
    }

    /// What is shown grows older, which must be seen.
    async fn look_how_far_behind(&self, db: &Db) {
        let position = self.published().map(|published| published.position);
        // If the database fails too, that is said elsewhere.
        if let Ok(behind) = behind(db, position.as_deref()).await {
            self.publish(None, Some(behind));
        }
    }

    fn published(&self) -> Option<Published> {
        self.shared.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The database failed, or the lock could not be taken.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The files could not be read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A thread panicked.
    #[error("reading or writing the search index panicked")]
    Panicked,
}

impl From<FollowError> for SearchError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Db(error) => Self::Db(error),
            FollowError::Index(error) => Self::Index(error),
            FollowError::Panicked => Self::Panicked,
        }
    }
}

/// Maximum rows that a reader at this position has not read.
async fn behind(db: &Db, position: Option<&Position>) -> Result<i64, DbError> {
    let read = position.map_or(0, |position| position.place().seq);
    let given = db::newest_seq(db).await?.saturating_sub(read).max(0);
    Ok(given + db::unnumbered(db).await?)
}

/// Numbers the rows that wait for it, unless another process does so.
async fn number_all(db: &Db, owner: &str) -> Result<(), DbError> {
    while let Numbered::Rows(1..) = sequence::step(db, owner, clock::now_micros()).await? {}
    sequence::give_back(db, owner).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SearchError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| SearchError::Panicked)
}
