//! The folders of an index: opening them, writing, committing, merging, and dropping those that are empty.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::codes::Codes;
use super::error::IndexError;
use super::of_week::OfWeek;
use super::view::View;
use super::week::Week;
use crate::meters;
use crate::position::Position;
use crate::row::Row;

/// What a folder is named that is being removed, behind the name of its week.
const GONE: &str = ".gone";

/// An index: a folder for each week, and the codes of their texts. One process at a time may write it.
pub struct Index {
    folder: PathBuf,
    may_write: bool,
    expects_many: bool,
    weeks: BTreeMap<Week, OfWeek>,
    codes: Arc<Codes>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Index({})", self.folder.display())
    }
}

impl Index {
    /// Opens the index in a folder, which is made if it is missing, to write it. Returns the position of the last
    /// commit; its gaps have the weeks whose folders were missing, or damaged and removed. `None`: the index has
    /// nothing that can be used.
    ///
    /// # Errors
    /// The folder could not be read or written.
    pub fn open(folder: &Path) -> Result<(Self, Option<Position>), IndexError> {
        std::fs::create_dir_all(folder).map_err(|error| IndexError::folder(folder, error))?;
        let mut index = Self::empty(folder, true);
        for name in names(folder)? {
            if name.ends_with(GONE) {
                let left = folder.join(name);
                std::fs::remove_dir_all(&left).map_err(|error| IndexError::folder(&left, error))?;
            }
        }
        let (damaged, unused) = index.open_weeks()?;
        for week in damaged.iter().chain(&unused) {
            index.remove_folder(*week)?;
        }
        let position = index.position().map(|mut position| {
            // A week that was committed later, of which the newest knows nothing, says what was missing then.
            let later: Vec<Position> = index.weeks.values().filter_map(OfWeek::position).collect();
            let later = later.into_iter().filter(|later| later.at > position.at);
            for gap in later.flat_map(|later| later.gaps).collect::<Vec<_>>() {
                position.miss((gap.from, gap.before.saturating_add(1)));
            }
            let missing = index.miss_folders(&mut position);
            for week in damaged.into_iter().chain(missing).collect::<BTreeSet<Week>>() {
                position.miss(week.span());
                tracing::warn!(%week, "files of the search index are damaged or gone; this week is made again");
                meters::REBUILDS.add_with(1, ["week"]);
            }
            position
        });
        if position.is_none() {
            index.clear()?;
        }
        Ok((index, position))
    }

    /// Opens the index in a folder as it was at its last commit, without changing anything. Weeks that cannot be read
    /// are gaps of the position. `None`: there is nothing that can be used.
    ///
    /// # Errors
    /// The folder could not be read.
    pub fn open_to_read(folder: &Path) -> Result<(Self, Option<Position>), IndexError> {
        let mut index = Self::empty(folder, false);
        let position = newest_position(folder)?;
        index.open_weeks()?;
        let mut position = position;
        if let Some(position) = &mut position {
            index.miss_folders(position);
        }
        Ok((index, position))
    }

    /// Sees what the process that writes has committed since. Returns the position then.
    ///
    /// # Errors
    /// The folder could not be read.
    pub fn look_for_more(&mut self) -> Result<Option<Position>, IndexError> {
        // Before the weeks are read: they may have more than it says, but not less.
        let position = newest_position(&self.folder)?;
        let before = self.weeks.len();
        self.weeks.retain(|_, of_week| of_week.look_for_more().is_ok());
        if self.weeks.len() < before {
            self.codes = Arc::new(Codes::new());
        }
        for week in weeks_in(&self.folder)? {
            if !self.weeks.contains_key(&week) {
                // What cannot be opened is a gap.
                self.open_week(week).ok();
            }
        }
        self.forget_merged();
        let mut position = position;
        if let Some(position) = &mut position {
            self.miss_folders(position);
        }
        Ok(position)
    }

    /// Writes a row in place of the one with the same id, from the next commit on.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn put(&mut self, row: &Row) -> Result<(), IndexError> {
        let week = Week::of(row.date);
        let folder = self.folder_of(week);
        let of_week = match self.weeks.entry(week) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(OfWeek::open(&folder, true)?),
        };
        of_week.expect_many(self.expects_many);
        of_week.put(row)
    }

    /// Says whether many rows will be written, for which more memory is taken. At first that is expected.
    pub fn expect_many(&mut self, many: bool) {
        self.expects_many = many;
        for of_week in self.weeks.values_mut() {
            of_week.expect_many(many);
        }
    }

    /// Removes the row of a crash that came in at `date`, from the next commit on.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn remove(&mut self, id: &str, date: i64) -> Result<(), IndexError> {
        match self.weeks.get_mut(&Week::of(date)) {
            Some(of_week) => of_week.remove(id),
            None => Ok(()),
        }
    }

    /// Makes everything that was written visible and durable, together with the position; the folders in it are those
    /// that there are. Older weeks come first, and the newest always and last: its position is that of the whole.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn commit(&mut self, position: &mut Position) -> Result<(), IndexError> {
        position.folders = self.weeks.keys().map(Week::to_string).collect();
        let text = position.write();
        let newest = self.weeks.keys().next_back().copied();
        for (week, of_week) in &mut self.weeks {
            if of_week.is_changed() || newest == Some(*week) {
                of_week.commit(&text)?;
            }
        }
        self.forget_merged();
        Ok(())
    }

    /// Drops the folders of weeks that are over at `now`, microseconds UTC, and have no rows any more. Returns how many
    /// were dropped.
    ///
    /// # Errors
    /// A folder could not be removed.
    pub fn drop_empty(&mut self, now: i64) -> Result<usize, IndexError> {
        let newest = self.weeks.keys().next_back().copied();
        let empty = self.weeks.iter().filter(|(week, of_week)| {
            week.span().1 <= now && newest != Some(**week) && !of_week.is_changed() && of_week.rows() == 0
        });
        let empty: Vec<Week> = empty.map(|(week, _)| *week).collect();
        empty.iter().try_for_each(|week| self.drop_week(*week))?;
        Ok(empty.len())
    }

    /// Begins to merge the segments of one week that is over at `now`, microseconds UTC, into one, so that each of its
    /// texts is there once, and nothing of a deleted row. One is merged at a time, and each once a day.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn merge(&mut self, now: i64) -> Result<Merging, IndexError> {
        for (week, of_week) in &mut self.weeks {
            if of_week.end_merge()? == Some(true) {
                return Ok(Merging::Failed(*week));
            }
        }
        self.forget_merged();
        if self.weeks.values().any(OfWeek::is_merging) {
            return Ok(Merging::Running);
        }
        let next = self
            .weeks
            .iter_mut()
            .find(|(week, of_week)| week.span().1 <= now && !of_week.is_changed() && of_week.wants_merge());
        match next {
            Some((_, of_week)) => of_week.begin_merge().map(|()| Merging::Running),
            None => Ok(Merging::Nothing),
        }
    }

    /// Gives back what writing needs in the weeks that are over at `now`, microseconds UTC, and were not written to in
    /// the last seconds.
    pub fn rest_before(&mut self, now: i64) {
        for (_, of_week) in self.weeks.iter_mut().filter(|(week, _)| week.span().1 <= now) {
            of_week.rest();
        }
    }

    /// Waits for the merges that run, and gives back what writing needs. What is not committed is lost.
    ///
    /// # Errors
    /// A merge failed.
    pub fn settle(&mut self) -> Result<(), IndexError> {
        self.weeks.values_mut().try_for_each(OfWeek::settle)?;
        self.forget_merged();
        Ok(())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// A folder could not be removed.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.codes = Arc::new(Codes::new());
        let weeks: Vec<Week> = std::mem::take(&mut self.weeks).into_keys().collect();
        weeks.into_iter().try_for_each(|week| self.remove_folder(week))
    }

    /// Its weeks, in order.
    pub fn weeks(&self) -> Vec<Week> {
        self.weeks.keys().copied().collect()
    }

    /// Whether every file of a week is as it was written; a week that is not there is. Reads them all. A merge that
    /// ends meanwhile removes files, so that it can seem not to be.
    ///
    /// # Errors
    /// The files could not be read, for lack of something else than their health.
    pub fn is_whole(&self, week: Week) -> Result<bool, IndexError> {
        if !self.weeks.contains_key(&week) {
            return Ok(true);
        }
        OfWeek::is_whole(&self.folder_of(week))
    }

    /// The weeks of which files are gone or have another length than when they were opened. Reads hardly anything.
    pub fn weeks_without_files(&self) -> Vec<Week> {
        let weeks = self.weeks.iter().filter(|(_, of_week)| !of_week.has_files());
        weeks.map(|(week, _)| *week).collect()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// [`Self::is_whole`] of a week's folder in a folder, without an index that is open.
    ///
    /// # Errors
    /// As that.
    pub fn is_whole_in(folder: &Path, week: Week) -> Result<bool, IndexError> {
        let folder = folder.join(week.to_string());
        if !folder.is_dir() {
            return Ok(true);
        }
        OfWeek::is_whole(&folder)
    }

    /// Removes a week.
    ///
    /// # Errors
    /// Its folder could not be removed.
    pub fn drop_week(&mut self, week: Week) -> Result<(), IndexError> {
        if self.weeks.remove(&week).is_none() {
            return Ok(());
        }
        // Codes are of texts of all weeks: which of them are left is not known.
        self.codes = Arc::new(Codes::new());
        self.remove_folder(week)
    }

    /// What can be searched: everything up to the last commit.
    pub fn view(&self) -> View {
        let weeks = self.weeks.iter();
        View::new(
            weeks
                .map(|(week, of_week)| (*week, of_week.segments().to_vec()))
                .collect(),
            self.codes.clone(),
        )
    }

    fn empty(folder: &Path, may_write: bool) -> Self {
        Self {
            folder: folder.to_owned(),
            may_write,
            expects_many: true,
            weeks: BTreeMap::new(),
            codes: Arc::new(Codes::new()),
        }
    }

    /// Opens all weeks. Returns those that are damaged, and those that have no commit.
    fn open_weeks(&mut self) -> Result<(Vec<Week>, Vec<Week>), IndexError> {
        let (mut damaged, mut unused) = (Vec::new(), Vec::new());
        for week in weeks_in(&self.folder)? {
            match self.open_week(week) {
                Ok(true) => {}
                Ok(false) => unused.push(week),
                Err(error) if !self.may_write || error.is_damage() => {
                    tracing::warn!(%week, %error, "a week of the search index cannot be read");
                    damaged.push(week);
                }
                Err(error) => return Err(error),
            }
        }
        Ok((damaged, unused))
    }

    /// Opens a week. Returns whether it has a commit.
    fn open_week(&mut self, week: Week) -> Result<bool, IndexError> {
        let of_week = OfWeek::open(&self.folder_of(week), false)?;
        if of_week.position().is_some() {
            self.weeks.insert(week, of_week);
            return Ok(true);
        }
        if of_week.segments().is_empty() {
            return Ok(false);
        }
        Err(IndexError::damaged("it is of another form"))
    }

    /// That of the newest week.
    fn position(&self) -> Option<Position> {
        self.weeks.values().next_back()?.position()
    }

    /// Adds the weeks to the gaps of a position that it has folders for and that are not here.
    fn miss_folders(&self, position: &mut Position) -> Vec<Week> {
        let weeks = position.folders.iter().filter_map(|name| Week::from_name(name));
        let missing: Vec<Week> = weeks.filter(|week| !self.weeks.contains_key(week)).collect();
        for week in &missing {
            position.miss(week.span());
        }
        missing
    }

    /// Forgets the codes of segments that were merged away.
    fn forget_merged(&self) {
        let segments = self.weeks.values().flat_map(OfWeek::segments);
        self.codes.keep_only(&segments.map(|segment| segment.id()).collect());
    }

    fn folder_of(&self, week: Week) -> PathBuf {
        self.folder.join(week.to_string())
    }

    /// Removes a folder, so that half of it is never taken for the whole.
    fn remove_folder(&self, week: Week) -> Result<(), IndexError> {
        debug_assert!(self.may_write);
        let from = self.folder_of(week);
        let to = self.folder.join(format!("{week}{GONE}"));
        let moved = match std::fs::remove_dir_all(&to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::rename(&from, &to).and_then(|()| std::fs::remove_dir_all(&to)),
        };
        moved.map_err(|error| IndexError::folder(&from, error))
    }
}

/// What a call of [`Index::merge`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    /// Nothing is to be merged.
    Nothing,
    /// A week is being merged.
    Running,
    /// The merge of this week failed.
    Failed(Week),
}

/// The position that the newest week in a folder that can be read says.
fn newest_position(folder: &Path) -> Result<Option<Position>, IndexError> {
    let weeks = weeks_in(folder)?.into_iter().rev();
    let mut positions = weeks.map(|week| OfWeek::position_in(&folder.join(week.to_string())));
    Ok(positions.find_map(|position| position))
}

/// The weeks that have a folder, in order.
fn weeks_in(folder: &Path) -> Result<BTreeSet<Week>, IndexError> {
    Ok(names(folder)?.iter().filter_map(|name| Week::from_name(name)).collect())
}

/// The names in a folder that are texts.
fn names(folder: &Path) -> Result<Vec<String>, IndexError> {
    let failed = |error| IndexError::folder(folder, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}
