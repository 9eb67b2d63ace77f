//! Aggregations, level by level.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::counts::{Numbering, Tally, distinct};
use super::limits::{Limits, Refused};
use super::selection::Selection;
use super::weights::Weights;
use crate::answer::{Bucket, Counted, Facet, Key};
use crate::columns::Snapshot;
use crate::query::Aggregation;

/// A bucket that is kept: the number of its value, and how many rows it has.
type Kept = (u32, u32);

/// For each bucket of the selection, what these aggregations count in it; by weight too, if weights are given.
pub(super) fn of_each(
    snapshot: &Snapshot,
    selection: &Selection,
    aggregations: &[Aggregation],
    weights: Option<&Weights>,
    limits: &mut Limits,
) -> Result<Vec<Vec<Facet>>, Refused> {
    let mut of_each: Vec<Vec<Facet>> = (0..selection.buckets).map(|_| Vec::new()).collect();
    for aggregation in aggregations {
        let counted = count(snapshot, selection, aggregation, weights, limits)?;
        for (facets, counted) in of_each.iter_mut().zip(counted) {
            facets.push(Facet {
                of: alone(aggregation),
                counted,
            });
        }
    }
    Ok(of_each)
}

/// The aggregation without those within it.
fn alone(aggregation: &Aggregation) -> Aggregation {
    match aggregation {
        Aggregation::Terms { field, size, .. } => Aggregation::Terms {
            field: *field,
            size: *size,
            within: Vec::new(),
        },
        Aggregation::Histogram { field, interval, .. } => Aggregation::Histogram {
            field: *field,
            interval: *interval,
            within: Vec::new(),
        },
        Aggregation::Cardinality { field } => Aggregation::Cardinality { field: *field },
    }
}

fn count(
    snapshot: &Snapshot,
    selection: &Selection,
    aggregation: &Aggregation,
    weights: Option<&Weights>,
    limits: &mut Limits,
) -> Result<Vec<Counted>, Refused> {
    let (field, interval, size) = match aggregation {
        Aggregation::Cardinality { field } => {
            let counts = distinct(snapshot, selection, *field, limits)?;
            return Ok(counts.into_iter().map(Counted::Distinct).collect());
        }
        Aggregation::Terms { field, size, .. } => (*field, None, Some(*size)),
        Aggregation::Histogram { field, interval, .. } => (*field, Some(*interval), None),
    };
    let mut numbering = Numbering::new(snapshot, selection, field, interval)?;
    let tally = numbering.tally(snapshot, selection, limits)?;
    let kept = kept(&numbering, tally, selection.buckets, size, limits)?;
    let is_leaf = aggregation.within().is_empty();
    let (mut below, mut sums) = (Vec::new(), Vec::new());
    if !is_leaf || weights.is_some() {
        let selection = selected(snapshot, selection, &mut numbering, &kept, limits)?;
        if let Some(weights) = weights {
            sums = selection.weigh(weights, limits)?;
        }
        if !is_leaf {
            below = of_each(snapshot, &selection, aggregation.within(), weights, limits)?;
        }
    }
    let (mut below, mut sums) = (below.into_iter(), sums.into_iter());
    let mut counted = Vec::with_capacity(kept.len());
    for kept in kept {
        let mut buckets = Vec::with_capacity(kept.len());
        for (number, count) in kept {
            let key = numbering.key(number);
            if let Key::Text(text) = &key {
                limits.take_text(text.len())?;
            }
            buckets.push(Bucket {
                key,
                count: u64::from(count),
                weighted: sums.next(),
                facets: below.next().unwrap_or_default(),
            });
        }
        counted.push(Counted::Buckets(buckets));
    }
    Ok(counted)
}

/// The buckets within each bucket, in their order: the most frequent values, or all of them by value.
fn kept(
    numbering: &Numbering,
    mut tally: Tally,
    buckets: usize,
    size: Option<usize>,
    limits: &mut Limits,
) -> Result<Vec<Vec<Kept>>, Refused> {
    let mut all = Vec::with_capacity(buckets);
    for bucket in 0..buckets {
        if bucket % 64 == 0 {
            limits.go_on()?;
        }
        let mut kept: Vec<Kept> = tally.of(bucket);
        let by_value = |left: &Kept, right: &Kept| numbering.compare(left.0, right.0);
        let by_count = |left: &Kept, right: &Kept| right.1.cmp(&left.1).then_with(|| by_value(left, right));
        match size {
            Some(size) => keep_first(&mut kept, size, by_count),
            None => kept.sort_unstable_by(by_value),
        }
        limits.take_buckets(kept.len())?;
        all.push(kept);
    }
    Ok(all)
}

fn keep_first(kept: &mut Vec<Kept>, size: usize, order: impl Fn(&Kept, &Kept) -> Ordering) {
    if size < kept.len() {
        if size > 0 {
            kept.select_nth_unstable_by(size - 1, &order);
        }
        kept.truncate(size);
    }
    kept.sort_unstable_by(&order);
}

/// The rows of the buckets that are kept, which are numbered through, those of the first bucket first.
fn selected(
    snapshot: &Snapshot,
    selection: &Selection,
    numbering: &mut Numbering,
    kept: &[Vec<Kept>],
    limits: &Limits,
) -> Result<Selection, Refused> {
    let buckets = kept.iter().map(Vec::len).sum();
    let mut entries: Vec<(u32, Vec<(u32, u32)>)> = snapshot
        .segments
        .iter()
        .map(|segment| (segment.rows(), Vec::new()))
        .collect();
    let all = (0_u32..)
        .zip(kept)
        .flat_map(|(parent, kept)| kept.iter().map(move |(number, _)| (parent, *number)));
    if selection.buckets == 1 {
        let mut child = vec![u32::MAX; numbering.count()];
        for (at, (_, number)) in (0_u32..).zip(all) {
            if let Some(child) = child.get_mut(number as usize) {
                *child = at;
            }
        }
        numbering.visit(snapshot, selection, limits, |at, row, _, number| {
            if let Some(&child) = child.get(number as usize)
                && child != u32::MAX
                && let Some((_, entries)) = entries.get_mut(at)
            {
                entries.push((row, child));
            }
        })?;
    } else {
        let child: HashMap<(u32, u32), u32, FixedState> = all.zip(0_u32..).collect();
        numbering.visit(snapshot, selection, limits, |at, row, bucket, number| {
            if let Some(&child) = child.get(&(bucket, number))
                && let Some((_, entries)) = entries.get_mut(at)
            {
                entries.push((row, child));
            }
        })?;
    }
    Ok(Selection::of_entries(entries, buckets))
}
