//! Which crashes are shown, in which order.

use std::cmp::Ordering;

use super::limits::{Limits, Refused};
use super::order::{Bound, Order};
use crate::columns::{Bits, Snapshot, Texts};
use crate::query::{After, Query};

/// A match: the place of its segment in the snapshot, and its row.
type Place = (u32, u32);

/// The ids of the page, in order; and where its last hit is, if others come after it.
pub(super) fn hits(
    snapshot: &Snapshot,
    matches: &[Bits],
    query: &Query,
    limits: &Limits,
) -> Result<(Vec<String>, Option<After>), Refused> {
    if query.limit == 0 {
        return Ok((Vec::new(), None));
    }
    let places: Vec<Place> = (0_u32..)
        .zip(matches)
        .flat_map(|(at, rows)| rows.iter().map(move |row| (at, row)))
        .collect();
    let is_beyond = |count: usize| query.offset >= count as u64;
    if is_beyond(places.len()) {
        return Ok((Vec::new(), None));
    }
    let orders = query.order().into_iter();
    let orders = orders.map(|sort| Order::of(snapshot, matches, places.len(), sort, limits));
    let orders: Vec<Order> = orders.collect::<Result<_, _>>()?;
    let by_orders = |left: &u32, right: &u32| {
        let compare = |order: &Order| order.compare(*left, *right);
        orders.iter().map(compare).fold(Ordering::Equal, Ordering::then)
    };
    let ids = Ids::open(snapshot)?;
    let count = u32::try_from(places.len()).map_err(std::io::Error::other)?;
    let mut chosen: Vec<u32> = (0..count).collect();
    if let Some(after) = &query.after {
        let mut is_after = comes_after(after, &orders, &places, &ids)?;
        chosen.retain(|at| is_after(*at));
    }
    if is_beyond(chosen.len()) {
        return Ok((Vec::new(), None));
    }
    let all = chosen.len();
    let from = usize::try_from(query.offset).unwrap_or(all);
    let to = usize::try_from(query.offset.saturating_add(query.limit)).map_or(all, |to| to.min(all));
    let mut first = from;
    if to < all {
        let (_, last, _) = chosen.select_nth_unstable_by(to - 1, by_orders);
        let last = *last;
        // Of those that are equal to the last one, the least ids belong to the page, wherever they stand.
        let mut ties: Vec<u32> = chosen
            .iter()
            .copied()
            .filter(|at| by_orders(at, &last).is_eq())
            .collect();
        ties.sort_unstable();
        chosen.truncate(to);
        chosen.retain(|at| by_orders(at, &last).is_lt());
        let needed = to - chosen.len();
        chosen.sort_unstable_by(by_orders);
        let ties = least_ids(&ids, &places, &ties, needed, limits)?;
        chosen.extend(ties);
    } else {
        chosen.sort_unstable_by(by_orders);
    }
    // The page may begin among equals.
    let begin = chosen.get(first).copied();
    while first > 0 && begin.is_some_and(|begin| chosen.get(first - 1).is_some_and(|at| by_orders(at, &begin).is_eq()))
    {
        first -= 1;
    }
    let mut page = Vec::with_capacity(to - first);
    for (count, at) in chosen.iter().skip(first).take(to - first).enumerate() {
        if count % 1024 == 0 {
            limits.go_on()?;
        }
        page.push((*at, ids.id(places.get(*at as usize).copied())?));
    }
    page.sort_by(|left, right| by_orders(&left.0, &right.0).then_with(|| left.1.cmp(&right.1)));
    let last = page.last().filter(|_| to < all).map(|(at, id)| After {
        values: orders.iter().map(|order| order.value(*at)).collect(),
        id: id.clone(),
    });
    let page = page.into_iter().skip(from - first).map(|(_, id)| id);
    Ok((page.collect(), last))
}

/// Whether a match comes after a place in the order.
fn comes_after<'a>(
    after: &After,
    orders: &'a [Order],
    places: &'a [Place],
    ids: &'a Ids,
) -> Result<impl FnMut(u32) -> bool + 'a, Refused> {
    let bounds: Vec<Bound> = orders
        .iter()
        .enumerate()
        .map(|(at, order)| order.bound(after.values.get(at).and_then(Option::as_ref)))
        .collect();
    let segments = 0..u32::try_from(ids.columns.len()).map_err(std::io::Error::other)?;
    let first_after: Vec<u64> = segments
        .map(|segment| ids.first_after(segment, &after.id))
        .collect::<Result<_, _>>()?;
    Ok(move |at: u32| {
        let compare = |(order, bound): (&Order, &Bound)| order.compare_with(at, bound);
        let by_orders = orders.iter().zip(&bounds).map(compare);
        match by_orders.fold(Ordering::Equal, Ordering::then) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => {
                let place = places.get(at as usize).copied();
                let first = place.and_then(|(segment, _)| first_after.get(segment as usize));
                first.is_some_and(|first| ids.place(place) >= *first)
            }
        }
    })
}

/// The matches with the least ids. In one segment ids have the order of their places in its dictionary.
fn least_ids(ids: &Ids, places: &[Place], ties: &[u32], needed: usize, limits: &Limits) -> Result<Vec<u32>, Refused> {
    let mut least = Vec::new();
    let segment_of = |at: &u32| places.get(*at as usize).map(|(segment, _)| *segment);
    for of_segment in ties.chunk_by(|left, right| segment_of(left) == segment_of(right)) {
        limits.go_on()?;
        let placed = of_segment
            .iter()
            .map(|at| (ids.place(places.get(*at as usize).copied()), *at));
        let mut placed: Vec<(u64, u32)> = placed.collect();
        if needed < placed.len() && needed > 0 {
            placed.select_nth_unstable(needed - 1);
            placed.truncate(needed);
        }
        for (_, at) in placed {
            least.push((ids.id(places.get(at as usize).copied())?, at));
        }
    }
    least.sort_unstable();
    least.truncate(needed);
    Ok(least.into_iter().map(|(_, at)| at).collect())
}

/// The crash ids of a snapshot.
struct Ids {
    columns: Vec<Option<Texts>>,
}

impl Ids {
    fn open(snapshot: &Snapshot) -> Result<Self, Refused> {
        let columns = snapshot.segments.iter().map(|segment| segment.ids());
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    fn place(&self, place: Option<Place>) -> u64 {
        let column = place.and_then(|(segment, row)| Some((self.columns.get(segment as usize)?.as_ref()?, row)));
        column
            .and_then(|(column, row)| column.ords().first(row))
            .unwrap_or(u64::MAX)
    }

    /// The first place in a segment's dictionary whose id is greater.
    fn first_after(&self, segment: u32, id: &str) -> Result<u64, Refused> {
        let Some(Some(column)) = self.columns.get(segment as usize) else {
            return Ok(0);
        };
        let (mut from, mut to) = (0, column.num_terms() as u64);
        let mut known = String::new();
        while from < to {
            let middle = from + (to - from) / 2;
            known.clear();
            column.ord_to_str(middle, &mut known)?;
            if known.as_str() > id {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        Ok(from)
    }

    fn id(&self, place: Option<Place>) -> Result<String, Refused> {
        let mut id = String::new();
        if let Some((segment, _)) = place
            && let Some(Some(column)) = self.columns.get(segment as usize)
        {
            column.ord_to_str(self.place(place), &mut id)?;
        }
        Ok(id)
    }
}
