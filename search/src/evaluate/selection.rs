//! The rows that something is counted over, by the buckets that they are in.

use super::limits::{Limits, Refused};
use super::weights::Weights;
use crate::columns::{Bits, Numbers, Segment};

/// Rows in buckets. A row may be in several, if its field has several values.
#[derive(Debug)]
pub(super) struct Selection {
    segments: Vec<OfSegment>,
    /// How many buckets there are.
    pub(super) buckets: usize,
}

#[derive(Debug)]
struct OfSegment {
    rows: Bits,
    /// Each row with a bucket that it is in, in the order of the rows; none if all are in the first.
    entries: Option<Vec<(u32, u32)>>,
}

/// Keys by bucket.
#[derive(Debug)]
pub(super) struct Keyed<K> {
    keys: Vec<K>,
    /// Where each bucket begins, and where the last one ends.
    starts: Vec<usize>,
}

impl<K> Keyed<K> {
    /// The keys of a bucket, in no order, each once for each row.
    pub(super) fn of_mut(&mut self, bucket: usize) -> &mut [K] {
        let from = self.starts.get(bucket).copied().unwrap_or(0);
        let to = self.starts.get(bucket + 1).copied().unwrap_or(from);
        self.keys.get_mut(from..to).unwrap_or_default()
    }
}

impl Selection {
    /// All these rows, in one bucket.
    pub(super) fn whole(matches: Vec<Bits>) -> Self {
        let segments = matches.into_iter().map(|rows| OfSegment { rows, entries: None });
        Self {
            segments: segments.collect(),
            buckets: 1,
        }
    }

    /// The weights of the rows in each bucket together.
    pub(super) fn weigh(&self, weights: &Weights, limits: &Limits) -> Result<Vec<f64>, Refused> {
        let mut sums = vec![0.0; self.buckets];
        for (at, segment) in self.segments.iter().enumerate() {
            let mut add = |row: u32, bucket: u32| {
                if let Some(sum) = sums.get_mut(bucket as usize) {
                    *sum += weights.weight(at, row);
                }
            };
            match &segment.entries {
                None => {
                    for (count, row) in segment.rows.iter().enumerate() {
                        if count % 1024 == 0 {
                            limits.go_on()?;
                        }
                        add(row, 0);
                    }
                }
                Some(entries) => {
                    for some in entries.chunks(1024) {
                        limits.go_on()?;
                        some.iter().for_each(|(row, bucket)| add(*row, *bucket));
                    }
                }
            }
        }
        Ok(sums)
    }

    /// Calls `each` with a bucket and a value for each bucket of each row and each of the row's values, in the order of
    /// the rows. `column` says which column of a segment.
    pub(super) fn visit(
        &self,
        at: usize,
        column: &Numbers,
        limits: &Limits,
        mut each: impl FnMut(u32, u32, u64),
    ) -> Result<(), Refused> {
        let Some(segment) = self.segments.get(at) else {
            return Ok(());
        };
        let mut next = 0;
        Segment::scan(
            column,
            &segment.rows,
            || limits.go_on(),
            |rows, values| match &segment.entries {
                None => {
                    for (&row, &value) in rows.iter().zip(values) {
                        each(row, 0, value);
                    }
                }
                Some(entries) => {
                    for (&row, &value) in rows.iter().zip(values) {
                        while entries.get(next).is_some_and(|(of, _)| *of < row) {
                            next += 1;
                        }
                        let of_row = entries.get(next..).unwrap_or_default().iter();
                        for (_, bucket) in of_row.take_while(|(of, _)| *of == row) {
                            each(row, *bucket, value);
                        }
                    }
                }
            },
        )
    }

    /// How many rows there are, each once for each bucket that it is in.
    pub(super) fn entries(&self) -> usize {
        let of = |segment: &OfSegment| match &segment.entries {
            Some(entries) => entries.len(),
            None => segment.rows.count() as usize,
        };
        self.segments.iter().map(of).sum()
    }

    /// Whether everything is in one bucket.
    pub(super) fn is_whole(&self) -> bool {
        self.segments.iter().all(|segment| segment.entries.is_none())
    }

    /// The rows that are in buckets of their own, from entries of each segment, in the order of the rows.
    pub(super) fn of_entries(entries: Vec<(u32, Vec<(u32, u32)>)>, buckets: usize) -> Self {
        let segments = entries.into_iter().map(|(limit, entries)| {
            let mut rows = Bits::none(limit);
            for (row, _) in &entries {
                rows.insert(*row);
            }
            OfSegment {
                rows,
                entries: Some(entries),
            }
        });
        Self {
            segments: segments.collect(),
            buckets,
        }
    }
}

/// Sorts keys by their buckets.
pub(super) fn by_bucket<K: Copy + Default>(pairs: &[(u32, K)], buckets: usize) -> Keyed<K> {
    let mut starts = vec![0; buckets + 1];
    for (bucket, _) in pairs {
        if let Some(count) = starts.get_mut(*bucket as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut keys = vec![K::default(); pairs.len()];
    for (bucket, key) in pairs {
        if let Some(next) = next.get_mut(*bucket as usize)
            && let Some(to) = keys.get_mut(*next)
        {
            *to = *key;
            *next += 1;
        }
    }
    Keyed { keys, starts }
}

/// Keys that are all in one bucket.
pub(super) fn in_one_bucket<K>(keys: Vec<K>) -> Keyed<K> {
    let starts = vec![0, keys.len()];
    Keyed { keys, starts }
}
