//! What hits are ordered by.

use std::cmp::Ordering;

use super::limits::{Limits, Refused};
use crate::columns::{
    Bits, Coded, NO_CODE, Segment, Snapshot, integer_of, number_of, order_of_integer, order_of_number,
};
use crate::fields::{FieldId, Kind};
use crate::query::Sort;
use crate::row::Value;

/// What a match is ordered by: those without a value last.
type Rank = (bool, u64);

/// What all matches are ordered by, for one sort.
pub(super) struct Order {
    sort: Sort,
    ranks: Vec<Rank>,
    /// Of a field of texts.
    texts: Option<TextRanks>,
}

/// A place among what matches are ordered by.
pub(super) enum Bound {
    /// That of the matches without a value.
    Missing,
    /// That of a value, before the ordering is turned around.
    At(u64),
    /// Just before that of a value.
    Before(u64),
}

impl Order {
    /// Of `count` matches.
    pub(super) fn of(
        snapshot: &Snapshot,
        matches: &[Bits],
        count: usize,
        sort: Sort,
        limits: &Limits,
    ) -> Result<Self, Refused> {
        let mut ranks: Vec<Rank> = Vec::with_capacity(count);
        let texts = if sort.field.kind().is_text() {
            Some(TextRanks::of(snapshot, sort.field)?)
        } else {
            None
        };
        for (at, (segment, rows)) in snapshot.segments.iter().zip(matches).enumerate() {
            let begin = ranks.len();
            ranks.resize(begin + rows.count() as usize, (true, 0));
            let column = match &texts {
                Some(_) => segment.texts(sort.field)?.map(|column| column.ords().clone()),
                None => segment.numbers(sort.field)?,
            };
            let Some(column) = column else { continue };
            let mut places = (begin..).zip(rows.iter()).peekable();
            Segment::scan(
                &column,
                rows,
                || limits.go_on(),
                |rows, values| {
                    for (&row, &value) in rows.iter().zip(values) {
                        while places.next_if(|(_, of)| *of < row).is_some() {}
                        let value = texts.as_ref().map_or(value, |texts| texts.rank(at, value));
                        let value = if sort.descending { !value } else { value };
                        if let Some((place, _)) = places.peek()
                            && let Some(rank) = ranks.get_mut(*place)
                            && (rank.0 || value < rank.1)
                        {
                            *rank = (false, value);
                        }
                    }
                },
            )?;
        }
        Ok(Self { sort, ranks, texts })
    }

    /// The order of two matches.
    pub(super) fn compare(&self, left: u32, right: u32) -> Ordering {
        self.ranks.get(left as usize).cmp(&self.ranks.get(right as usize))
    }

    /// The value by which a match is ordered.
    pub(super) fn value(&self, of: u32) -> Option<Value> {
        let (_, rank) = self.ranks.get(of as usize).filter(|(is_missing, _)| !is_missing)?;
        let rank = if self.sort.descending { !rank } else { *rank };
        Some(match self.sort.field.kind() {
            Kind::Integer | Kind::Date => Value::Integer(integer_of(rank)),
            Kind::Number => Value::Number(number_of(rank)),
            Kind::Boolean => Value::Boolean(rank == 1),
            Kind::Exact | Kind::Words | Kind::Semicolons => Value::Text(self.texts.as_ref()?.text(rank).to_owned()),
        })
    }

    /// Where a value stands.
    pub(super) fn bound(&self, value: Option<&Value>) -> Bound {
        match value {
            None => Bound::Missing,
            Some(Value::Integer(integer)) => Bound::At(order_of_integer(*integer)),
            Some(Value::Number(number)) => Bound::At(order_of_number(*number)),
            Some(Value::Boolean(boolean)) => Bound::At(u64::from(*boolean)),
            Some(Value::Text(text)) => match &self.texts {
                Some(texts) => texts.bound(text),
                None => Bound::Missing,
            },
        }
    }

    /// The order of a match and a place.
    pub(super) fn compare_with(&self, of: u32, bound: &Bound) -> Ordering {
        let rank = self.ranks.get(of as usize).copied().unwrap_or((true, 0));
        let value = match (rank, bound) {
            ((true, _), Bound::Missing) => return Ordering::Equal,
            ((true, _), _) => return Ordering::Greater,
            (_, Bound::Missing) => return Ordering::Less,
            ((false, rank), _) => {
                if self.sort.descending {
                    !rank
                } else {
                    rank
                }
            }
        };
        let order = match bound {
            Bound::At(at) => value.cmp(at),
            Bound::Before(next) if value >= *next => Ordering::Greater,
            Bound::Before(_) | Bound::Missing => Ordering::Less,
        };
        if self.sort.descending { order.reverse() } else { order }
    }
}

/// The places that texts have in the order of all texts of a field.
struct TextRanks {
    coded: Coded,
    /// The codes in the order of their texts.
    codes: Vec<u32>,
    /// The ranks of the places in each segment.
    of_places: Vec<Vec<u32>>,
}

impl TextRanks {
    fn of(snapshot: &Snapshot, field: FieldId) -> Result<Self, Refused> {
        let coded = snapshot.codes.of(field, &snapshot.segments)?;
        let mut used = vec![false; coded.count()];
        for at in 0..snapshot.segments.len() {
            for &code in coded.places(at) {
                if let Some(used) = used.get_mut(code as usize) {
                    *used = true;
                }
            }
        }
        let mut codes: Vec<u32> = (0_u32..)
            .zip(used)
            .filter(|(_, used)| *used)
            .map(|(code, _)| code)
            .collect();
        codes.sort_unstable_by(|left, right| coded.text(*left).cmp(coded.text(*right)));
        let mut ranks = vec![NO_CODE; coded.count()];
        for (rank, &code) in (0_u32..).zip(&codes) {
            if let Some(to) = ranks.get_mut(code as usize) {
                *to = rank;
            }
        }
        let of_places = (0..snapshot.segments.len()).map(|at| {
            let rank = |code: &u32| ranks.get(*code as usize).copied().unwrap_or(NO_CODE);
            coded.places(at).iter().map(rank).collect()
        });
        Ok(Self {
            of_places: of_places.collect(),
            coded,
            codes,
        })
    }

    fn rank(&self, segment: usize, place: u64) -> u64 {
        let ranks = self.of_places.get(segment);
        ranks
            .and_then(|ranks| ranks.get(place as usize))
            .map_or(u64::MAX, |rank| u64::from(*rank))
    }

    fn text(&self, rank: u64) -> &str {
        let code = self.codes.get(rank as usize).copied().unwrap_or(NO_CODE);
        self.coded.text(code)
    }

    fn bound(&self, text: &str) -> Bound {
        match self.codes.binary_search_by(|code| self.coded.text(*code).cmp(text)) {
            Ok(rank) => Bound::At(rank as u64),
            Err(next) => Bound::Before(next as u64),
        }
    }
}
