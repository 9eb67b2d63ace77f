//! What a field's values are counted by: small numbers, the same for the same value.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::limits::{Limits, Refused};
use super::selection::{Keyed, Selection, by_bucket, in_one_bucket};
use crate::answer::Key;
use crate::columns::{Coded, Snapshot, integer_of, number_of, order_of_integer, order_of_number};
use crate::fields::{FieldId, Kind};
use crate::interval;
use crate::query::{Calendar, Interval};

/// How far integers may lie apart to be counted by their distance from the least one; how many intervals apart numbers.
const NEAR: u64 = 1 << 22;
/// How many numbers all buckets together may have to be counted each in its own place.
const PLACES: usize = 1 << 20;
/// How many of them, for each row that is counted: all places are looked at.
const PLACES_FOR_A_ROW: usize = 8;
/// How many places there may be however few rows are counted.
const FEW_PLACES: usize = 1 << 14;
/// Up to here each multiple of a width is another number.
const EXACT: f64 = (1_u64 << 50) as f64;

/// The numbers by which the values of a field are counted, within one answer.
pub(super) enum Numbering {
    /// The codes of texts.
    Texts(FieldId, Coded),
    /// Their distance from the least value.
    Near { field: FieldId, least: u64, count: usize },
    /// How many intervals of this width they are above the first one.
    Steps {
        field: FieldId,
        width: f64,
        first: f64,
        count: usize,
    },
    /// The order in which they were met.
    Met {
        field: FieldId,
        interval: Option<Interval>,
        known: HashMap<u64, u32, FixedState>,
        values: Vec<u64>,
        /// The last day that was looked at and where its interval begins.
        last: Option<(i64, u64)>,
    },
}

impl Numbering {
    /// For the values of a field, or for the intervals that they are in, of the rows of a selection.
    pub(super) fn new(
        snapshot: &Snapshot,
        selection: &Selection,
        field: FieldId,
        interval: Option<Interval>,
    ) -> Result<Self, Refused> {
        if field.kind().is_text() {
            return Ok(Self::Texts(field, snapshot.codes.of(field, &snapshot.segments)?));
        }
        let met = Self::Met {
            field,
            interval,
            known: HashMap::with_hasher(FixedState::default()),
            values: Vec::new(),
            last: None,
        };
        if matches!(interval, Some(Interval::Calendar(_))) {
            return Ok(met);
        }
        let most = NEAR.min(most_places(selection) as u64);
        let (mut least, mut greatest) = (u64::MAX, 0);
        for segment in &snapshot.segments {
            if let Some(column) = segment.numbers(field)? {
                least = least.min(column.min_value());
                greatest = greatest.max(column.max_value());
            }
        }
        match interval {
            None => {
                let span = greatest.saturating_sub(least);
                if span < most {
                    return Ok(Self::Near {
                        field,
                        least,
                        count: usize::try_from(span).unwrap_or(0) + 1,
                    });
                }
            }
            Some(Interval::Number(width)) if least <= greatest => {
                let steps = |order| (as_number(field, order) / width).floor();
                let (first, last) = (steps(least), steps(greatest));
                let is_exact = [first, last]
                    .iter()
                    .all(|steps| steps.abs() < EXACT && (steps * width).is_finite());
                if is_exact && last - first < most as f64 {
                    return Ok(Self::Steps {
                        field,
                        width,
                        first,
                        count: (last - first) as usize + 1,
                    });
                }
            }
            Some(_) => {}
        }
        Ok(met)
    }

    /// How many numbers there are so far; each is below that.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Texts(_, coded) => coded.count(),
            Self::Near { count, .. } | Self::Steps { count, .. } => *count,
            Self::Met { values, .. } => values.len(),
        }
    }

    /// Calls `each` with the segment's place, the row, the bucket and the number of each value.
    pub(super) fn visit(
        &mut self,
        snapshot: &Snapshot,
        selection: &Selection,
        limits: &Limits,
        mut each: impl FnMut(usize, u32, u32, u32),
    ) -> Result<(), Refused> {
        for (at, segment) in snapshot.segments.iter().enumerate() {
            match self {
                Self::Texts(field, coded) => {
                    if let Some(column) = segment.texts(*field)? {
                        let places = coded.places(at);
                        selection.visit(at, column.ords(), limits, |row, bucket, place| {
                            if let Some(code) = places.get(place as usize) {
                                each(at, row, bucket, *code);
                            }
                        })?;
                    }
                }
                Self::Near { field, least, .. } => {
                    if let Some(column) = segment.numbers(*field)? {
                        selection.visit(at, &column, limits, |row, bucket, value| {
                            each(at, row, bucket, value.wrapping_sub(*least) as u32);
                        })?;
                    }
                }
                Self::Steps {
                    field, width, first, ..
                } => {
                    if let Some(column) = segment.numbers(*field)? {
                        selection.visit(at, &column, limits, |row, bucket, value| {
                            let steps = (as_number(*field, value) / *width).floor();
                            each(at, row, bucket, (steps - *first) as u32);
                        })?;
                    }
                }
                Self::Met {
                    field,
                    interval,
                    known,
                    values,
                    last,
                } => {
                    if let Some(column) = segment.numbers(*field)? {
                        let field = *field;
                        selection.visit(at, &column, limits, |row, bucket, value| {
                            let value = interval.map_or(value, |interval| lower_bound(field, value, interval, last));
                            let number = *known.entry(value).or_insert_with(|| {
                                values.push(value);
                                u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
                            });
                            each(at, row, bucket, number);
                        })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The numbers of the values by bucket.
    pub(super) fn by_bucket(
        &mut self,
        snapshot: &Snapshot,
        selection: &Selection,
        limits: &Limits,
    ) -> Result<Keyed<u32>, Refused> {
        if selection.is_whole() {
            let mut keys = Vec::new();
            self.visit(snapshot, selection, limits, |_, _, _, number| keys.push(number))?;
            return Ok(in_one_bucket(keys));
        }
        let mut pairs = Vec::new();
        self.visit(snapshot, selection, limits, |_, _, bucket, number| {
            pairs.push((bucket, number));
        })?;
        Ok(by_bucket(&pairs, selection.buckets))
    }

    /// How often each number occurs in each bucket.
    pub(super) fn tally(
        &mut self,
        snapshot: &Snapshot,
        selection: &Selection,
        limits: &Limits,
    ) -> Result<Tally, Refused> {
        let width = match self {
            Self::Met { .. } => None,
            Self::Texts(..) | Self::Near { .. } | Self::Steps { .. } => Some(self.count()),
        };
        let places = width.and_then(|width| Some((width, width.checked_mul(selection.buckets)?)));
        let most = PLACES.min(most_places(selection));
        if let Some((width, places)) = places.filter(|(_, places)| *places <= most) {
            let mut counts = vec![0; places];
            self.visit(snapshot, selection, limits, |_, _, bucket, number| {
                if let Some(count) = counts.get_mut(bucket as usize * width + number as usize) {
                    *count += 1;
                }
            })?;
            return Ok(Tally::Placed { counts, width });
        }
        let keyed = self.by_bucket(snapshot, selection, limits)?;
        Ok(Tally::Keyed {
            keyed,
            counts: vec![0; self.count()],
            met: Vec::new(),
        })
    }

    /// Compares what two numbers stand for.
    pub(super) fn compare(&self, left: u32, right: u32) -> std::cmp::Ordering {
        match self {
            Self::Texts(_, coded) => coded.text(left).cmp(coded.text(right)),
            Self::Near { .. } | Self::Steps { .. } => left.cmp(&right),
            Self::Met { values, .. } => values.get(left as usize).cmp(&values.get(right as usize)),
        }
    }

    /// What a number stands for.
    pub(super) fn key(&self, number: u32) -> Key {
        match self {
            Self::Texts(_, coded) => Key::Text(coded.text(number).to_owned()),
            Self::Near { field, least, .. } => key_of(*field, least.wrapping_add(u64::from(number)), None),
            // As `interval::of_number` says it.
            Self::Steps { width, first, .. } => Key::Number((first + f64::from(number)) * width + 0.0),
            Self::Met {
                field,
                interval,
                values,
                ..
            } => key_of(*field, values.get(number as usize).copied().unwrap_or(0), *interval),
        }
    }
}

/// How often each number occurs in each bucket.
pub(super) enum Tally {
    /// Counted, those of the first bucket first: as many places for each as there are numbers.
    Placed { counts: Vec<u32>, width: usize },
    /// Still to be counted, with a place for each number, and those that were met in a bucket.
    Keyed {
        keyed: Keyed<u32>,
        counts: Vec<u32>,
        met: Vec<u32>,
    },
}

impl Tally {
    /// The numbers that occur in a bucket, in no order, each with how often it does.
    pub(super) fn of(&mut self, bucket: usize) -> Vec<(u32, u32)> {
        match self {
            Self::Placed { counts, width } => {
                let places = counts.get(bucket * *width..(bucket + 1) * *width).unwrap_or_default();
                let counted = (0_u32..).zip(places).filter(|(_, count)| **count > 0);
                counted.map(|(number, count)| (number, *count)).collect()
            }
            Self::Keyed { keyed, counts, met } => {
                for &number in &*keyed.of_mut(bucket) {
                    if let Some(count) = counts.get_mut(number as usize) {
                        if *count == 0 {
                            met.push(number);
                        }
                        *count += 1;
                    }
                }
                let take = |number: u32| (number, counts.get_mut(number as usize).map_or(0, std::mem::take));
                met.drain(..).map(take).collect()
            }
        }
    }
}

/// How many places are worth while for the rows of a selection.
fn most_places(selection: &Selection) -> usize {
    selection.entries().saturating_mul(PLACES_FOR_A_ROW).max(FEW_PLACES)
}

/// A value as a number.
fn as_number(field: FieldId, order: u64) -> f64 {
    match field.kind() {
        Kind::Number => number_of(order),
        _ => integer_of(order) as f64,
    }
}

fn key_of(field: FieldId, order: u64, interval: Option<Interval>) -> Key {
    match (field.kind(), interval) {
        (Kind::Number, _) | (_, Some(Interval::Number(_))) => Key::Number(number_of(order)),
        (Kind::Boolean, _) => Key::Boolean(order == 1),
        (Kind::Date, _) => Key::Date(integer_of(order)),
        _ => Key::Integer(integer_of(order)),
    }
}

/// Where the interval of a value begins, in a form that has its order.
fn lower_bound(field: FieldId, order: u64, interval: Interval, last: &mut Option<(i64, u64)>) -> u64 {
    match interval {
        Interval::Number(width) => order_of_number(interval::of_number(as_number(field, order), width)),
        Interval::Calendar(unit @ (Calendar::Minute | Calendar::Hour | Calendar::Day)) => {
            order_of_integer(interval::of_date(integer_of(order), unit))
        }
        Interval::Calendar(unit) => {
            let micros = integer_of(order);
            let day = micros.div_euclid(86_400_000_000);
            match last {
                Some((known, bound)) if *known == day => *bound,
                _ => {
                    let bound = order_of_integer(interval::of_date(micros, unit));
                    *last = Some((day, bound));
                    bound
                }
            }
        }
    }
}

/// The different values of a field in each bucket, counted.
pub(super) fn distinct(
    snapshot: &Snapshot,
    selection: &Selection,
    field: FieldId,
    limits: &mut Limits,
) -> Result<Vec<u64>, Refused> {
    if field.kind().is_text() {
        let mut numbering = Numbering::new(snapshot, selection, field, None)?;
        let mut keyed = numbering.by_bucket(snapshot, selection, limits)?;
        return count_distinct(&mut keyed, selection.buckets, limits);
    }
    let mut pairs = Vec::new();
    let mut keys = Vec::new();
    let is_whole = selection.is_whole();
    for (at, segment) in snapshot.segments.iter().enumerate() {
        if let Some(column) = segment.numbers(field)? {
            selection.visit(at, &column, limits, |_, bucket, value| {
                if is_whole {
                    keys.push(value);
                } else {
                    pairs.push((bucket, value));
                }
            })?;
        }
    }
    let mut keyed = if is_whole {
        in_one_bucket(keys)
    } else {
        by_bucket(&pairs, selection.buckets)
    };
    count_distinct(&mut keyed, selection.buckets, limits)
}

fn count_distinct<K: Ord>(keyed: &mut Keyed<K>, buckets: usize, limits: &mut Limits) -> Result<Vec<u64>, Refused> {
    let mut counts = Vec::with_capacity(buckets);
    for bucket in 0..buckets {
        if bucket % 64 == 0 {
            limits.go_on()?;
        }
        let keys = keyed.of_mut(bucket);
        keys.sort_unstable();
        let different = keys.chunk_by(|left, right| left == right).count();
        limits.take_distinct(different)?;
        counts.push(different as u64);
    }
    Ok(counts)
}
