//! Reads a list of bugs page by page: all of them the first time, later those that are new or changed.

use std::collections::BTreeSet;

use super::error::ImportError;
use super::run::{Progress, Run};
use crate::bugzilla::{BugzillaError, Question, day_before};
use crate::db::holds_older;

/// Maximum pages of one import.
pub(super) const MAX_PAGES: usize = 4000;
/// Maximum bugs of a list, over all imports that go through it: a Bugzilla has tens of thousands with signatures.
const MAX_BUGS: u64 = 2_000_000;
/// The smallest page that is asked for when answers are too large.
const SMALLEST: usize = 2;

impl Run<'_> {
    /// Reads what is new.
    pub(super) async fn read_pages(&mut self) -> Result<(), ImportError> {
        let is_first = self.state.since == 0;
        let (question, mut place) = if is_first {
            // Where an earlier one broke off.
            (Question::All, Place::at(self.state.page_offset, self.state.page_last))
        } else {
            let since = day_before(self.state.since);
            (Question::Changed { since }, Place::at(0, 0))
        };
        let mut limit = self.options.page.max(SMALLEST);
        // An earlier import came so far, and found no end.
        if place.offset >= MAX_BUGS {
            return Err(ImportError::Endless);
        }
        for _ in 0..MAX_PAGES {
            let bugs = match self.client.ask(&question, place.offset, limit).await {
                Err(BugzillaError::TooLarge) if limit > SMALLEST => {
                    limit = (limit / 2).max(SMALLEST);
                    continue;
                }
                bugs => bugs?,
            };
            let numbers: Vec<i64> = bugs.iter().map(|said| said.bug.id).collect();
            let next = place.after(&numbers);
            if next == Next::Back {
                continue;
            }
            self.done.read += bugs.len() as u64;
            (self.report)(Progress::Reading(self.done.read));
            if is_first {
                self.state.page_offset = i64::try_from(place.offset).unwrap_or(i64::MAX);
                self.state.page_last = place.last;
            }
            self.write(&bugs, &[]).await?;
            if next == Next::End {
                return self.end_pages(is_first).await;
            }
        }
        Err(ImportError::Endless)
    }

    /// Stores that all is read.
    async fn end_pages(&mut self, is_first: bool) -> Result<(), ImportError> {
        if is_first {
            (self.state.page_offset, self.state.page_last) = (0, 0);
            self.state.since = self.state.begun;
            // If no stored bug is from elsewhere, all were asked for just now.
            if !holds_older(self.db(), self.state.begun).await? {
                self.state.checked = self.state.begun;
            }
        } else {
            self.state.since = self.done.started;
        }
        self.write(&[], &[]).await
    }
}

/// A place in a list that may change while it is read.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// How many bugs are passed over.
    offset: u64,
    /// The highest number that was read.
    last: i64,
    /// The page before.
    before: BTreeSet<i64>,
    /// Whether the list is in the order of numbers, as it was asked for.
    is_sorted: bool,
}

/// How it goes on after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    More,
    /// The page does not follow the one before: it is asked for again from an earlier place.
    Back,
    End,
}

impl Place {
    fn at(offset: i64, last: i64) -> Self {
        Self {
            offset: u64::try_from(offset).unwrap_or_default(),
            last,
            before: BTreeSet::new(),
            is_sorted: true,
        }
    }

    /// Goes on after a page. Each begins with the last bug of the one before, so that one that does not shows that the
    /// list has become shorter, and bugs would be passed over. A Bugzilla may send fewer bugs than it is asked for: the
    /// list ends with a page that holds nothing new.
    fn after(&mut self, numbers: &[i64]) -> Next {
        self.is_sorted &= numbers.is_sorted();
        let is_behind = numbers.first().is_none_or(|first| *first > self.last);
        if self.is_sorted && self.offset > 0 && is_behind {
            self.go_back(numbers.len());
            return Next::Back;
        }
        let page: BTreeSet<i64> = numbers.iter().copied().collect();
        let highest = page.last().copied().unwrap_or_default();
        let is_new = if self.is_sorted {
            highest > self.last
        } else {
            !page.is_subset(&self.before)
        };
        if !is_new {
            return Next::End;
        }
        self.last = self.last.max(highest);
        self.offset += numbers.len().saturating_sub(1) as u64;
        self.before = page;
        Next::More
    }

    /// Goes back by less than a page holds, so that the next one reaches what this one began with.
    fn go_back(&mut self, sent: usize) {
        let sent = if sent == 0 { self.before.len() } else { sent };
        if sent == 0 {
            // It cannot be told how many are sent at once.
            (self.offset, self.last) = (0, 0);
        } else {
            let step = sent.saturating_sub(1).max(1) as u64;
            self.offset = self.offset.saturating_sub(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a list, of which a page holds at most `most`; before the n-th page the list changes as `change` says.
    fn read(
        list: &mut Vec<i64>,
        most: usize,
        mut place: Place,
        change: impl Fn(usize, &mut Vec<i64>),
    ) -> BTreeSet<i64> {
        let mut read = BTreeSet::new();
        for number in 0..2000 {
            change(number, list);
            let from = usize::try_from(place.offset).unwrap().min(list.len());
            let page = &list[from..list.len().min(from + most)];
            match place.after(page) {
                Next::Back => continue,
                Next::More => read.extend(page),
                Next::End => return read,
            }
        }
        panic!("no end: {list:?} {most} {place:?}");
    }

    #[test]
    fn a_list_is_read_to_its_end() {
        for count in [0, 1, 2, 3, 4, 5, 9, 10, 11] {
            let mut sorted: Vec<i64> = (1..=count).map(|n| n * 10).collect();
            let mut unsorted = sorted.clone();
            unsorted.reverse();
            let all: BTreeSet<i64> = sorted.iter().copied().collect();
            for most in [2, 3, 5, 100] {
                assert_eq!(
                    read(&mut sorted, most, Place::at(0, 0), |_, _| {}),
                    all,
                    "{count} {most}"
                );
                assert_eq!(
                    read(&mut unsorted, most, Place::at(0, 0), |_, _| {}),
                    all,
                    "{count} {most}"
                );
            }
        }
    }

    #[test]
    fn who_does_not_know_of_offsets_is_read_once() {
        let mut place = Place::at(0, 0);
        assert_eq!(place.after(&[3, 5, 7]), Next::More);
        assert_eq!(place.after(&[3, 5, 7]), Next::End);
    }

    #[test]
    fn a_list_that_was_read_in_part_is_read_on() {
        let mut list: Vec<i64> = (1..=20).collect();
        let rest: BTreeSet<i64> = (8..=20).collect();
        assert_eq!(read(&mut list, 5, Place::at(7, 8), |_, _| {}), rest);
        // It has become shorter since, so that what was read stands earlier.
        list.drain(0..4);
        let found = read(&mut list, 5, Place::at(7, 8), |_, _| {});
        assert!(found.is_superset(&(9..=20).collect()), "{found:?}");
        // So short that there is nothing at that place.
        let mut short = vec![3, 30];
        let found = read(&mut short, 5, Place::at(7, 8), |_, _| {});
        assert_eq!(found, [3, 30].into());
    }

    proptest! {
        #[test]
        fn whatever_leaves_the_list_all_else_is_read(
            count in 1_usize..80,
            most in 2_usize..12,
            gone in proptest::collection::vec((0_usize..40, 0_usize..80), 0..30),
        ) {
            let mut list: Vec<i64> = (1..=i64::try_from(count).unwrap()).collect();
            let found = read(&mut list, most, Place::at(0, 0), |page, list| {
                for (_, place) in gone.iter().filter(|(when, _)| *when == page) {
                    if *place < list.len() {
                        list.remove(*place);
                    }
                }
            });
            for number in list {
                prop_assert!(found.contains(&number), "{}", number);
            }
        }
    }
}
