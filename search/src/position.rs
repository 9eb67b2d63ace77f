//! How far an index has come in the rows that it is made of. It is kept in each commit, so that index and position move
//! together.

use crashstore::db::Place;
use serde::{Deserialize, Serialize};

/// The form of what the columns hold. It grows whenever the same row gives other columns, so that an index of an
/// earlier form is made again.
pub const FORM: u32 = 2;

/// Maximum gaps; when there would be more, they are joined.
const MAX_GAPS: usize = 64;

/// How far an index has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// [`FORM`] of the program that wrote it.
    pub form: u32,
    /// Which database the rows are of.
    pub database: String,
    /// The number of the last row that was read.
    seq: i64,
    /// The newest number when the index was begun.
    began: i64,
    /// The dates whose rows of that time are not all read yet.
    pub gaps: Vec<Gap>,
    /// The folders that there were at this commit.
    pub folders: Vec<String>,
    /// When it was committed, or begun; microseconds UTC.
    pub at: i64,
}

/// Crashes that are not all in the index: those that came in within a span, up to one of them. Only what came in after
/// the index was begun is sure to be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its first moment, microseconds UTC.
    pub from: i64,
    /// The date of the crash before which it ends, microseconds UTC.
    pub before: i64,
    /// The id of that crash; of crashes with one date, those with lower ids are in the gap. Empty: none of them.
    pub before_id: String,
}

impl Position {
    /// Of an index that has nothing yet, of this database, begun at this place and time (microseconds UTC).
    pub fn new(database: String, place: Place, now: i64) -> Self {
        Self {
            form: FORM,
            database,
            // What was there already is read by date, the newest first.
            seq: place.began,
            began: place.began,
            gaps: vec![Gap {
                from: i64::MIN,
                before: i64::MAX,
                before_id: String::new(),
            }],
            folders: Vec::new(),
            at: now,
        }
    }

    /// From what a commit says. `None` if it is of another form.
    pub fn read(text: &str) -> Option<Self> {
        let position: Self = serde_json::from_str(text).ok()?;
        (position.form == FORM).then_some(position)
    }

    /// As a commit says it.
    pub fn write(&self) -> String {
        // Numbers, texts and lists of them always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The place after the last row that was read.
    pub fn place(&self) -> Place {
        Place {
            seq: self.seq,
            began: self.began,
        }
    }

    /// Moves to the place after the rows that were read.
    pub fn move_to(&mut self, place: Place) {
        self.seq = place.seq;
        self.began = place.began;
    }

    /// Adds a span of dates, microseconds UTC, whose rows are to be read again: from its first moment to the one after
    /// it.
    pub fn miss(&mut self, (from, before): (i64, i64)) {
        // What a gap says of ids at its end is kept only by a gap that nothing touches.
        let (touching, mut gaps): (Vec<Gap>, Vec<Gap>) = std::mem::take(&mut self.gaps)
            .into_iter()
            .partition(|gap| gap.from <= before && from <= gap.before);
        let mut whole = Gap {
            from,
            before,
            before_id: String::new(),
        };
        for gap in touching {
            whole.from = whole.from.min(gap.from);
            if gap.before >= whole.before {
                whole.before = gap.before;
                whole.before_id = gap.before_id;
            }
        }
        gaps.push(whole);
        gaps.sort_by_key(|gap| gap.from);
        while gaps.len() > MAX_GAPS {
            let second = gaps.remove(1);
            gaps[0].before = second.before;
            gaps[0].before_id = second.before_id;
        }
        self.gaps = gaps;
    }

    /// The gap that is filled next: the newest.
    pub fn next_gap(&self) -> Option<&Gap> {
        self.gaps.last()
    }

    /// Takes what was read out of the newest gap: down to this date and id, or all of it.
    pub fn fill_to(&mut self, down_to: Option<(i64, String)>) {
        match (self.gaps.last_mut(), down_to) {
            (Some(gap), Some((before, before_id))) => {
                gap.before = before;
                gap.before_id = before_id;
            }
            _ => {
                self.gaps.pop();
            }
        }
    }

    /// The gaps that have dates between these moments, both included, microseconds UTC.
    pub fn gaps_between(&self, (from, to): (i64, i64)) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(move |gap| {
            let ends_after = from < gap.before || (from == gap.before && !gap.before_id.is_empty());
            gap.from <= to && ends_after
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(gaps: &[(i64, i64, &str)]) -> Position {
        let gaps = gaps.iter().map(|&(from, before, id)| Gap {
            from,
            before,
            before_id: id.to_owned(),
        });
        Position {
            gaps: gaps.collect(),
            ..Position::new("a database".to_owned(), Place { seq: 0, began: 7 }, 1)
        }
    }

    #[test]
    fn a_new_one_has_nothing_and_follows_what_comes() {
        let new = Position::new("a database".to_owned(), Place { seq: 0, began: 7 }, 1);
        assert_eq!(new.place(), Place { seq: 7, began: 7 });
        assert_eq!(new.gaps, position(&[(i64::MIN, i64::MAX, "")]).gaps);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mut written = position(&[(0, 10, "x")]);
        written.folders.push("2026-W48".to_owned());
        assert_eq!(Position::read(&written.write()), Some(written.clone()));
        written.form += 1;
        for other in [written.write(), String::new(), "7".to_owned(), "{}".to_owned()] {
            assert_eq!(Position::read(&other), None, "{other}");
        }
    }

    #[test]
    fn gaps_that_touch_are_one() {
        for (before, missed, after) in [
            (vec![], (5, 10), vec![(5, 10, "")]),
            (vec![(0, 3, "a")], (5, 10), vec![(0, 3, "a"), (5, 10, "")]),
            (vec![(0, 5, "a")], (5, 10), vec![(0, 10, "")]),
            (vec![(0, 7, "a")], (5, 10), vec![(0, 10, "")]),
            (vec![(0, 12, "a")], (5, 10), vec![(0, 12, "a")]),
            (vec![(7, 12, "a")], (5, 10), vec![(5, 12, "a")]),
            (vec![(20, 30, "a")], (5, 10), vec![(5, 10, ""), (20, 30, "a")]),
            (vec![(0, 6, "a"), (9, 12, "b")], (5, 10), vec![(0, 12, "b")]),
        ] {
            let mut missing = position(&before);
            missing.miss(missed);
            assert_eq!(missing.gaps, position(&after).gaps, "{before:?} {missed:?}");
        }
        let mut many = position(&[]);
        for at in 0..200 {
            many.miss((at * 10, at * 10 + 1));
        }
        assert_eq!(many.gaps.len(), MAX_GAPS);
        assert!((0..200).all(|at| many.gaps_between((at * 10, at * 10)).count() == 1));
    }

    #[test]
    fn the_newest_gap_is_filled_first_and_down_to_its_beginning() {
        let mut filled = position(&[(0, 3, ""), (5, 10, "")]);
        assert_eq!(filled.next_gap().map(|gap| gap.from), Some(5));
        filled.fill_to(Some((7, "c".to_owned())));
        assert_eq!(filled.gaps, position(&[(0, 3, ""), (5, 7, "c")]).gaps);
        for (between, count) in [((0, 100), 2), ((7, 9), 1), ((8, 9), 0), ((3, 4), 0), ((2, 4), 1)] {
            assert_eq!(filled.gaps_between(between).count(), count, "{between:?}");
        }
        filled.fill_to(None);
        assert_eq!(filled.gaps, position(&[(0, 3, "")]).gaps);
        filled.fill_to(None);
        assert_eq!(filled.next_gap(), None);
    }
}
