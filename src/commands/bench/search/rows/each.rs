//! Many rows, one after the other.

use std::sync::mpsc::{channel, sync_channel};

use search::row::Row;

use super::World;

/// Rows that are handed over together, and how many of these wait.
const BATCH: u64 = 500;
const WAITING: usize = 4;

/// Does something with each of the first `rows` rows of a world, in their order, until it fails.
///
/// They are made and dropped by a thread of their own: an allocator that gets the documents back from another thread
/// is slow with the many texts of a row, and only the writing is to be measured.
pub(crate) fn each<E>(world: &World, rows: u64, mut take: impl FnMut(&Row) -> Result<(), E>) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (made, batches) = sync_channel::<Vec<Row>>(WAITING);
        let (used, dropped) = channel::<Vec<Row>>();
        scope.spawn(move || {
            let mut at = 0;
            while at < rows {
                let to = (at + BATCH).min(rows);
                if made.send((at..to).map(|n| world.row(n)).collect()).is_err() {
                    return;
                }
                dropped.try_iter().for_each(drop);
                at = to;
            }
        });
        for batch in batches {
            batch.iter().try_for_each(&mut take)?;
            // At the end nobody takes them back.
            let _ = used.send(batch);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, Shape};
    use super::*;

    #[test]
    fn rows_come_in_their_order_until_one_fails() {
        let shape = Shape {
            rows: 1_201,
            days: 7,
            fields: Fields::Narrow,
        };
        let world = World::new(1, shape);
        for (end, expected) in [(u64::MAX, Ok(())), (0, Err(0)), (777, Err(777))] {
            let mut n = 0;
            let done = each(&world, shape.rows, |row| {
                assert_eq!(*row, world.row(n));
                if n == end {
                    return Err(n);
                }
                n += 1;
                Ok(())
            });
            assert_eq!(done, expected);
            assert_eq!(n, shape.rows.min(end));
        }
    }
}
