//! The folders of an index: opening them, writing, committing, merging, and dropping those that are empty.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::codes::Codes;
use super::error::IndexError;
use super::of_week::OfWeek;
use super::view::View;
use super::week::Week;
use crate::position::Position;
use crate::row::Row;

/// What a folder is named that is being removed, behind the name of its week.
const GONE: &str = ".gone";

/// An index: a folder for each week, and the codes of their texts. One process at a time may write it.
pub struct Index {
    folder: PathBuf,
    may_write: bool,
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
            let missing = position.folders.iter().filter_map(|name| Week::from_name(name));
            let missing: Vec<Week> = missing.filter(|week| !index.weeks.contains_key(week)).collect();
            for week in missing.into_iter().chain(damaged) {
                position.miss(week.span());
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
        let (damaged, _) = index.open_weeks()?;
        let position = index.position_of_reader(damaged);
        Ok((index, position))
    }

    /// Sees what the process that writes has committed since. Returns the position then.
    ///
    /// # Errors
    /// The folder could not be read.
    pub fn look_for_more(&mut self) -> Result<Option<Position>, IndexError> {
        let names: HashSet<Week> = names(&self.folder)?
            .iter()
            .filter_map(|name| Week::from_name(name))
            .collect();
        let before = self.weeks.len();
        self.weeks.retain(|week, _| names.contains(week));
        if self.weeks.len() < before {
            self.codes = Arc::new(Codes::new());
        }
        let mut damaged = Vec::new();
        self.weeks.retain(|week, of_week| {
            let is_read = of_week.look_for_more().is_ok();
            if !is_read {
                damaged.push(*week);
            }
            is_read
        });
        for week in names {
            if !self.weeks.contains_key(&week)
                && let Err(more) = self.open_week(week)
            {
                damaged.extend(more);
            }
        }
        self.forget_merged();
        Ok(self.position_of_reader(damaged))
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
        of_week.put(row)
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
    /// texts is there once, and nothing of a deleted row. Ends what is done with. Returns whether there is anything to
    /// do still.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn merge(&mut self, now: i64) -> Result<bool, IndexError> {
        if self.weeks.values().any(OfWeek::is_merging) {
            return Ok(true);
        }
        self.rest_before(now)?;
        let next = self
            .weeks
            .iter_mut()
            .find(|(week, of_week)| week.span().1 <= now && !of_week.is_changed() && of_week.wants_merge());
        match next {
            Some((_, of_week)) => of_week.begin_merge().map(|()| true),
            None => Ok(false),
        }
    }

    /// Gives back what writing needs in the weeks that are over at `now`, microseconds UTC, and where nothing waits for
    /// a commit. Waits for small merges there.
    ///
    /// # Errors
    /// A merge failed.
    pub fn rest_before(&mut self, now: i64) -> Result<(), IndexError> {
        for (_, of_week) in self.weeks.iter_mut().filter(|(week, _)| week.span().1 <= now) {
            of_week.rest()?;
        }
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
    pub fn is_whole(&self, week: Week) -> bool {
        !self.weeks.contains_key(&week) || OfWeek::is_whole(&self.folder_of(week))
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
            weeks: BTreeMap::new(),
            codes: Arc::new(Codes::new()),
        }
    }

    /// Opens all weeks. Returns those that are damaged, and those that have no commit.
    fn open_weeks(&mut self) -> Result<(Vec<Week>, Vec<Week>), IndexError> {
        let (mut damaged, mut unused) = (Vec::new(), Vec::new());
        for week in names(&self.folder)?.iter().filter_map(|name| Week::from_name(name)) {
            match self.open_week(week) {
                Ok(()) => {}
                Err(Some(week)) => damaged.push(week),
                Err(None) => unused.push(week),
            }
        }
        Ok((damaged, unused))
    }

    /// Opens a week. The error is the week if it is damaged, and `None` if it has no commit.
    fn open_week(&mut self, week: Week) -> Result<(), Option<Week>> {
        let opened = OfWeek::open(&self.folder_of(week), false);
        match opened {
            Ok(of_week) if of_week.position().is_some() => {
                self.weeks.insert(week, of_week);
                Ok(())
            }
            Ok(of_week) if of_week.segments().is_empty() => Err(None),
            Ok(_) => Err(Some(week)),
            Err(error) => {
                // What is only being made by another process is no damage; what is ours will be removed in any case.
                tracing::warn!(folder = %self.folder_of(week).display(), %error, "a week of the search index");
                Err(Some(week))
            }
        }
    }

    /// That of the newest week.
    fn position(&self) -> Option<Position> {
        self.weeks.values().next_back()?.position()
    }

    fn position_of_reader(&self, damaged: Vec<Week>) -> Option<Position> {
        let mut position = self.position()?;
        for week in damaged {
            // What another process has begun has no commit yet, and is in no position.
            if position.folders.contains(&week.to_string()) {
                position.miss(week.span());
            }
        }
        Some(position)
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

/// The names in a folder that are texts.
fn names(folder: &Path) -> Result<Vec<String>, IndexError> {
    let failed = |error| IndexError::folder(folder, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}
