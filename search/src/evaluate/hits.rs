//! Which crashes are shown, in which order.

use std::cmp::Ordering;

use super::limits::{Limits, Refused};
use crate::columns::{Bits, NO_CODE, Segment, Snapshot, Texts};
use crate::fields::FieldId;
use crate::query::{Query, Sort};

/// A match: the place of its segment in the snapshot, and its row.
type Place = (u32, u32);
/// What matches are ordered by: those without a value last.
type Order = (bool, u64);

/// The ids of the page, in order.
pub(super) fn hits(
    snapshot: &Snapshot,
    matches: &[Bits],
    total: u64,
    query: &Query,
    limits: &Limits,
) -> Result<Vec<String>, Refused> {
    let from = query.offset.min(total);
    let to = query.offset.saturating_add(query.limit).min(total);
    let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
        return Ok(Vec::new());
    };
    if from >= to {
        return Ok(Vec::new());
    }
    let places: Vec<Place> = (0_u32..)
        .zip(matches)
        .flat_map(|(at, rows)| rows.iter().map(move |row| (at, row)))
        .collect();
    let newest = FieldId::of("date").map(|field| Sort {
        field,
        descending: true,
    });
    let sort: Vec<Sort> = if query.sort.is_empty() {
        newest.into_iter().collect()
    } else {
        query.sort.clone()
    };
    let orders = sort
        .iter()
        .map(|sort| orders(snapshot, matches, places.len(), *sort, limits));
    let orders: Vec<Vec<Order>> = orders.collect::<Result<_, _>>()?;
    let by_orders = |left: &u32, right: &u32| {
        let compare = |orders: &Vec<Order>| orders.get(*left as usize).cmp(&orders.get(*right as usize));
        orders.iter().map(compare).fold(Ordering::Equal, Ordering::then)
    };
    let count = u32::try_from(places.len()).map_err(std::io::Error::other)?;
    let mut chosen: Vec<u32> = (0..count).collect();
    let mut first = from;
    if to < chosen.len() {
        let (_, last, _) = chosen.select_nth_unstable_by(to - 1, by_orders);
        let last = *last;
        // Of those that are equal to the last one, the least ids belong to the page, wherever they stand.
        let ties: Vec<u32> = (0..count).filter(|at| by_orders(at, &last).is_eq()).collect();
        chosen.truncate(to);
        chosen.retain(|at| by_orders(at, &last).is_lt());
        let needed = to - chosen.len();
        chosen.sort_unstable_by(by_orders);
        let ties = least_ids(snapshot, &places, &ties, needed, limits)?;
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
    let ids = Ids::open(snapshot)?;
    let mut page = Vec::with_capacity(to - first);
    for (count, at) in chosen.iter().skip(first).take(to - first).enumerate() {
        if count % 1024 == 0 {
            limits.go_on()?;
        }
        page.push((*at, ids.id(places.get(*at as usize).copied())?));
    }
    page.sort_by(|left, right| by_orders(&left.0, &right.0).then_with(|| left.1.cmp(&right.1)));
    Ok(page.into_iter().skip(from - first).map(|(_, id)| id).collect())
}

/// What each match is ordered by.
fn orders(
    snapshot: &Snapshot,
    matches: &[Bits],
    count: usize,
    sort: Sort,
    limits: &Limits,
) -> Result<Vec<Order>, Refused> {
    let mut orders: Vec<Order> = Vec::with_capacity(count);
    let ranks = if sort.field.kind().is_text() {
        Some(Ranks::of(snapshot, sort.field)?)
    } else {
        None
    };
    for (at, (segment, rows)) in snapshot.segments.iter().zip(matches).enumerate() {
        let begin = orders.len();
        orders.resize(begin + rows.count() as usize, (true, 0));
        let column = match &ranks {
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
                    let value = ranks.as_ref().map_or(value, |ranks| ranks.rank(at, value));
                    let value = if sort.descending { !value } else { value };
                    if let Some((place, _)) = places.peek()
                        && let Some(order) = orders.get_mut(*place)
                        && (order.0 || value < order.1)
                    {
                        *order = (false, value);
                    }
                }
            },
        )?;
    }
    Ok(orders)
}

/// The places that texts have in the order of all texts of a field.
struct Ranks {
    of_places: Vec<Vec<u32>>,
}

impl Ranks {
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
        for (rank, code) in (0_u32..).zip(codes) {
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
        })
    }

    fn rank(&self, segment: usize, place: u64) -> u64 {
        let ranks = self.of_places.get(segment);
        ranks
            .and_then(|ranks| ranks.get(place as usize))
            .map_or(u64::MAX, |rank| u64::from(*rank))
    }
}

/// The matches with the least ids. In one segment ids have the order of their places in its dictionary.
fn least_ids(
    snapshot: &Snapshot,
    places: &[Place],
    ties: &[u32],
    needed: usize,
    limits: &Limits,
) -> Result<Vec<u32>, Refused> {
    let ids = Ids::open(snapshot)?;
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
