//! Follows the search rows: reads what is new or missing, and writes it into the index.

mod take;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crashstore::db;
use platform::clock;
use platform::db::{Db, DbError, FolderLock};
use tokio::task::JoinHandle;

use crate::columns::{Index, IndexError, Merging, View, Week};
use crate::meters;
use crate::position::Position;
use take::Taken;

/// Rows read at once.
const PAGE: i64 = 500;
/// While older crashes are taken in: rows between two commits.
const COMMIT: usize = 50_000;
/// While older crashes are taken in: the longest time between two commits.
const COMMIT_AT_LEAST: Duration = Duration::from_secs(10);
/// How often weeks are looked at that are over, to merge or drop them.
const TIDY: Duration = Duration::from_secs(60);

/// Why following stopped for now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The files could not be read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A thread panicked while it wrote.
    #[error("writing the search index panicked")]
    Panicked,
}

/// What a step found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There may be more.
    More,
    /// Everything is read; so far.
    Idle,
}

/// The one that writes an index. It has the lock of its folder.
#[derive(Debug)]
pub(crate) struct Follower {
    db: Db,
    /// `None` while a thread writes, which then has the lock and keeps it to its end.
    held: Option<Held>,
    position: Position,
    /// Whether there is something new to see.
    has_news: bool,
    /// Numbers that were given and not read yet.
    behind: i64,
    /// Rows that waited for a number.
    unnumbered: i64,
    /// The check that runs beside.
    checking: Option<(Week, JoinHandle<Result<bool, IndexError>>)>,
    tidied: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    index: Index,
    /// The position of what can be seen.
    committed: Position,
    /// How often something was committed.
    commits: u64,
    /// The weeks whose files are to be checked: before they are written to, or when there is time.
    unchecked: BTreeSet<Week>,
    /// Rows written since the last commit, and since when.
    waiting: usize,
    since: Instant,
    _lock: FolderLock,
}

impl Follower {
    /// Opens the index in a folder whose lock is held. What is missing or damaged there, [`Self::step`] makes again.
    pub(crate) async fn open(db: Db, folder: &Path, lock: FolderLock) -> Result<Self, FollowError> {
        let database = db::identity(&db).await?;
        let path: PathBuf = folder.to_owned();
        let (mut index, position) = blocking(move || Index::open(&path)).await??;
        let position = position.filter(|position| position.database == database);
        let position = match position {
            Some(position) => position,
            None => {
                meters::REBUILDS.add_with(1, ["whole"]);
                index = blocking(move || index.clear().map(|()| index)).await??;
                Position::new(database, db::first_place(&db).await?, clock::now_micros())
            }
        };
        let held = Held {
            unchecked: index.weeks().into_iter().collect(),
            index,
            committed: position.clone(),
            commits: 0,
            waiting: 0,
            since: Instant::now(),
            _lock: lock,
        };
        let mut follower = Self {
            db,
            held: Some(held),
            position,
            has_news: true,
            behind: 0,
            unnumbered: 0,
            checking: None,
            tidied: None,
        };
        if !follower.position.gaps.is_empty() {
            // Before a week that is missing is begun again: from then on its folder does not tell any more.
            follower
                .write(|held, position| {
                    held.check(&BTreeSet::new(), position)?;
                    held.commit(position)
                })
                .await?;
        }
        Ok(follower)
    }

    /// What can be searched, and how far that has come, if that is something new.
    pub(crate) fn news(&mut self) -> Option<(View, Position)> {
        let held = self.held.as_ref().filter(|_| self.has_news)?;
        self.has_news = false;
        Some((held.index.view(), held.committed.clone()))
    }

    /// Maximum rows that were not read yet.
    pub(crate) fn behind(&self) -> i64 {
        self.behind + self.unnumbered
    }

    /// Whether everything that was found is in.
    pub(crate) fn has_all(&self) -> bool {
        self.behind == 0 && self.position.gaps.is_empty()
    }

    /// Whether files are still to be checked.
    #[cfg(test)]
    fn is_checking(&self) -> bool {
        self.checking.is_some() || self.held.as_ref().is_none_or(|held| !held.unchecked.is_empty())
    }

    /// How far the taking in of older crashes has come, for people: `None` if there is nothing to take in.
    pub(crate) fn progress(&self) -> Option<String> {
        let held = self.held.as_ref()?;
        let gap = held.committed.next_gap()?;
        let rows = held.index.view().rows();
        let down_to = match gap.before {
            i64::MAX => String::new(),
            before => format!(", down to {}", clock::rfc3339(before)),
        };
        Some(format!(
            "the search index is being made: {rows} crashes are in{down_to}"
        ))
    }

    /// Checks the files of the weeks between two moments, both included, microseconds UTC, as far as that was not done
    /// yet. What is damaged is removed, and [`Self::step`] makes it again.
    pub(crate) async fn check_between(&mut self, (from, to): (i64, i64)) -> Result<(), FollowError> {
        self.write(move |held, position| {
            let weeks = held.index.weeks().into_iter();
            let weeks = weeks.filter(|week| week.span().0 <= to && from < week.span().1);
            held.check(&weeks.collect(), position)
        })
        .await
    }

    /// Checks the files of all weeks again, one after the other, while there is nothing else to do.
    pub(crate) fn check_files(&mut self) {
        if let Some(held) = &mut self.held {
            held.unchecked.extend(held.index.weeks());
        }
    }

    /// Reads a page of rows: of those that are new, or if there are none, of those that are missing; and commits if it
    /// is time. An error leaves what is in memory in no certain state: open it again.
    pub(crate) async fn step(&mut self) -> Result<Step, FollowError> {
        let tail = db::search_rows_after(&self.db, self.position.place(), PAGE).await?;
        if tail.broken {
            return self.begin_anew().await;
        }
        let more = is_full(&tail.rows);
        // The last numbers may be those of rows that have been written again, and wait for another.
        self.behind = if more {
            tail.newest.saturating_sub(tail.place.seq)
        } else {
            0
        };
        if !tail.rows.is_empty() {
            let place = tail.place;
            self.take(tail.rows, !more, move |position| position.move_to(place))
                .await?;
            if more {
                return Ok(Step::More);
            }
        }
        if let Some(gap) = self.position.next_gap().cloned() {
            let end = (gap.before, gap.before_id.as_str());
            let rows = db::search_rows_before(&self.db, gap.from, end, PAGE).await?;
            let last = rows.last().filter(|_| is_full(&rows));
            let down_to = last.map(|last| (last.date, last.crash_id.clone()));
            let is_done = down_to.is_none();
            let fill = move |position: &mut Position| {
                // If another gap was found meanwhile, these rows are read once more.
                if position.next_gap() == Some(&gap) {
                    position.fill_to(down_to);
                }
            };
            self.take(rows, is_done, fill).await?;
            return Ok(Step::More);
        }
        self.unnumbered = db::unnumbered(&self.db).await?;
        self.check_beside().await?;
        if self.tidied.is_none_or(|then| then.elapsed() >= TIDY) {
            self.tidied = Some(Instant::now());
            self.write(Held::tidy).await?;
        }
        Ok(Step::Idle)
    }

    /// Writes rows, moves the position behind them, and commits if `is_last` of what there is, or enough wait.
    async fn take(
        &mut self,
        rows: Vec<db::SearchRow>,
        is_last: bool,
        go_on: impl FnOnce(&mut Position) + Send + 'static,
    ) -> Result<(), FollowError> {
        self.write(move |held, position| {
            if held.waiting == 0 {
                held.since = Instant::now();
            }
            held.index.expect_many(!position.gaps.is_empty());
            // It may commit: these rows are not in yet, so that the position must not say so.
            held.check(&rows.iter().map(|row| Week::of(row.date)).collect(), position)?;
            let mut taken = Taken::default();
            for row in &rows {
                taken.add(&mut held.index, row)?;
            }
            taken.count();
            go_on(position);
            held.waiting += rows.len();
            if is_last || held.waiting >= COMMIT || held.since.elapsed() >= COMMIT_AT_LEAST {
                held.commit(position)?;
            }
            Ok(())
        })
        .await
    }

    /// Checks the files of the next week beside the other work, and looks what came of the last.
    async fn check_beside(&mut self) -> Result<(), FollowError> {
        match self.checking.take() {
            Some((week, check)) if !check.is_finished() => self.checking = Some((week, check)),
            Some((week, check)) => {
                let is_whole = check.await.map_err(|_| FollowError::Panicked)??;
                self.write(move |held, position| {
                    if is_whole {
                        held.unchecked.remove(&week);
                        return Ok(());
                    }
                    // It may have been a merge: it is looked again while nothing else writes.
                    held.check(&BTreeSet::from([week]), position)
                })
                .await?;
            }
            None => {
                if let Some(held) = &self.held
                    && let Some(week) = held.unchecked.last().copied()
                {
                    let folder = held.index.folder().to_owned();
                    let check = tokio::task::spawn_blocking(move || Index::is_whole_in(&folder, week));
                    self.checking = Some((week, check));
                }
            }
        }
        Ok(())
    }

    /// Begins with nothing: the rows do not follow on what the index has.
    async fn begin_anew(&mut self) -> Result<Step, FollowError> {
        tracing::warn!("the search index is begun anew: the rows that it was made of are others now");
        meters::REBUILDS.add_with(1, ["whole"]);
        let database = db::identity(&self.db).await?;
        let place = db::first_place(&self.db).await?;
        self.write(move |held, position| {
            held.index.clear()?;
            held.waiting = 0;
            held.unchecked.clear();
            *position = Position::new(database, place, clock::now_micros());
            held.committed = position.clone();
            Ok(())
        })
        .await?;
        self.has_news = true;
        Ok(Step::More)
    }

    /// Does work on the index on a thread of its own.
    async fn write<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Held, &mut Position) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, FollowError> {
        let mut held = self.held.take().ok_or(FollowError::Panicked)?;
        let mut position = self.position.clone();
        let commits = held.commits;
        let (held, position, done) = blocking(move || {
            let done = work(&mut held, &mut position);
            (held, position, done)
        })
        .await?;
        self.has_news |= held.commits != commits;
        self.held = Some(held);
        self.position = position;
        Ok(done?)
    }
}

impl Held {
    /// Checks the files of these weeks and of the newest, to which every commit writes, unless they were checked
    /// before. What is damaged is removed, and is a gap from then on: a writer looks into the old files, and what it
    /// finds there can end the process.
    fn check(&mut self, weeks: &BTreeSet<Week>, position: &mut Position) -> Result<(), IndexError> {
        let mut is_damaged = false;
        loop {
            let newest = self.index.weeks().last().copied();
            let mut next = self.unchecked.iter().rev();
            let next = next.find(|week| weeks.contains(week) || newest == Some(**week));
            let Some(week) = next.copied() else { break };
            self.unchecked.remove(&week);
            // A merge that ends meanwhile removes files: what was seen once may be that.
            if self.index.is_whole(week)? || self.index.is_whole(week)? {
                continue;
            }
            tracing::warn!(%week, "files of the search index are damaged; this week is made again");
            meters::REBUILDS.add_with(1, ["week"]);
            self.index.drop_week(week)?;
            position.miss(week.span());
            is_damaged = true;
        }
        if is_damaged {
            self.commit(position)?;
        }
        Ok(())
    }

    /// Drops weeks without rows, merges one that is over, and gives back what writing needs.
    fn tidy(&mut self, position: &mut Position) -> Result<(), IndexError> {
        let now = clock::now_micros();
        self.unchecked.extend(self.index.weeks_without_files());
        self.index.expect_many(!position.gaps.is_empty());
        self.index.rest_before(now);
        if !self.unchecked.is_empty() {
            return Ok(());
        }
        if self.index.drop_empty(now)? > 0 {
            self.commit(position)?;
        }
        if let Merging::Failed(week) = self.index.merge(now)? {
            tracing::warn!(%week, "a week of the search index could not be merged; its files are checked");
            self.unchecked.insert(week);
        }
        Ok(())
    }

    fn commit(&mut self, position: &mut Position) -> Result<(), IndexError> {
        let began = Instant::now();
        position.at = clock::now_micros();
        self.index.commit(position)?;
        self.committed = position.clone();
        self.commits += 1;
        self.waiting = 0;
        meters::COMMIT_DURATION.observe(began.elapsed().as_secs_f64());
        Ok(())
    }
}

fn is_full(page: &[db::SearchRow]) -> bool {
    usize::try_from(PAGE).is_ok_and(|full| page.len() >= full)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FollowError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| FollowError::Panicked)
}
