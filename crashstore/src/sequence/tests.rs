//! Readers see every row in its last version, with any number of sequencers and any clocks.

use std::collections::BTreeMap;

use crash::CrashId;
use platform::in_tx;
use platform_testing::databases;

use super::*;
use crate::db::{self, Place};

const HOUR: i64 = 3_600_000_000;
const SECOND: i64 = 1_000_000;

fn id(n: u64) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

async fn write(db: &Db, n: u64, version: i64) {
    let mut tx = db.begin_repeatable().await.unwrap();
    db::upsert_search_row(&mut tx, &id(n), 0, version, b"x").await.unwrap();
    tx.commit().await.unwrap();
}

/// As a program of an earlier release writes it: its clock for a number.
async fn write_as_before(db: &Db, n: u64, version: i64) {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) \
        VALUES ($1, 0, $2, FALSE, 3, $3, $4) ON CONFLICT (crash_id) DO UPDATE \
        SET row_version = excluded.row_version, deleted = FALSE, seq = excluded.seq, doc = excluded.doc";
    let mut tx = db.begin_repeatable().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(id(n).as_str())
        .bind(version)
        .bind(1_700_000_000_000_000 - version * HOUR)
        .bind(&b"x"[..])
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap();
    tx.commit().await.unwrap();
}

async fn bury(db: &Db, n: u64) {
    let mut tx = db.begin_repeatable().await.unwrap();
    db::bury(&mut tx, &id(n), 0, 1).await.unwrap();
    tx.commit().await.unwrap();
}

/// A reader: what it knows of each crash (version, whether it was deleted), and how often it read of it.
#[derive(Default)]
struct Reader {
    place: Place,
    known: BTreeMap<String, (i64, bool)>,
    read: usize,
}

impl Reader {
    /// Reads on; returns how many rows came.
    async fn read(&mut self, db: &Db, limit: i64) -> usize {
        let tail = db::search_rows_after(db, self.place, limit).await.unwrap();
        assert!(!tail.broken);
        let mut last = self.place.seq;
        for row in &tail.rows {
            assert!(row.seq > last, "{} after {last}", row.seq);
            last = row.seq;
            let before = self.known.insert(row.crash_id.clone(), (row.row_version, row.deleted));
            assert!(
                before.is_none_or(|(version, _)| version < row.row_version),
                "{}",
                row.crash_id
            );
        }
        self.place = tail.place;
        self.read += tail.rows.len();
        tail.rows.len()
    }
}

#[tokio::test]
async fn in_any_order_of_events_a_reader_has_every_row_in_its_last_version() {
    for test in databases().await {
        let db = &test.db;
        let mut seed: u64 = 1;
        let mut random = |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut written = BTreeMap::new();
        let mut reader = Reader::default();
        for time in 0..600_i64 {
            let n = random(25);
            match random(10) {
                0..4 => {
                    write(db, n, time + 1000).await;
                    written.insert(id(n).to_string(), (time + 1000, false));
                }
                4 => {
                    write_as_before(db, n, time + 1000).await;
                    written.insert(id(n).to_string(), (time + 1000, false));
                }
                5 => {
                    let mut tx = db.begin_repeatable().await.unwrap();
                    let version = time + 1000;
                    db::delete_search_row(&mut tx, &id(n), 0, version).await.unwrap();
                    tx.commit().await.unwrap();
                    written.insert(id(n).to_string(), (version, true));
                }
                // Their clocks are an hour apart.
                6 => drop(step(db, "ahead", time * SECOND + HOUR).await.unwrap()),
                7 => drop(step(db, "behind", time * SECOND).await.unwrap()),
                _ => drop(reader.read(db, 1 + time % 5).await),
            }
        }
        let waiting = db::unnumbered(db).await.unwrap();
        assert_eq!(step(db, "ahead", 10 * HOUR).await.unwrap(), Numbered::Rows(waiting));
        while reader.read(db, 7).await > 0 {}
        assert_eq!(reader.known, written, "{}", db.engine());
        assert_eq!(db::newest_seq(db).await.unwrap(), reader.place.seq);
        assert_eq!(db::unnumbered(db).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_number_at_once_give_no_number_twice_and_hide_none() {
    const ROWS: u64 = 60;
    for test in databases().await {
        let db = &test.db;
        let writers = [0, 1].map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for round in 1..=3 {
                    for n in 0..ROWS {
                        write(&db, n * 2 + writer, round).await;
                    }
                }
            })
        });
        let stop = CancellationToken::new();
        // Each believes that the other's lease has ended.
        let sequencers = [0, HOUR].map(|ahead| {
            let (db, stop) = (db.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.is_cancelled() {
                    step(&db, &format!("{ahead}"), HOUR + ahead).await.unwrap();
                }
            })
        });
        let mut reader = Reader::default();
        while reader.known.len() < 120 || reader.known.values().any(|(version, _)| *version < 3) {
            reader.read(db, 10).await;
        }
        stop.cancel();
        for task in writers.into_iter().chain(sequencers) {
            task.await.unwrap();
        }
        assert_eq!(db::newest_seq(db).await.unwrap(), reader.place.seq);
    }
}

#[tokio::test]
async fn one_that_was_paused_gives_no_numbers_after_another_took_over() {
    for test in databases().await {
        let db = &test.db;
        write(db, 1, 1).await;
        assert_eq!(step(db, "paused", 0).await.unwrap(), Numbered::Rows(1));
        write(db, 2, 1).await;
        assert_eq!(step(db, "next", 0).await.unwrap(), Numbered::NotMine);
        assert_eq!(step(db, "next", 6 * SECOND).await.unwrap(), Numbered::Rows(1));
        write(db, 3, 1).await;
        // It was paused after it had looked who has the lease.
        let mut tx = db.begin().await.unwrap();
        let taken = db::take_sequence(&mut tx, "paused", SECOND, 6 * SECOND, 61 * SECOND)
            .await
            .unwrap();
        assert_eq!(taken, None);
        drop(tx);
        assert_eq!(step(db, "paused", 7 * SECOND).await.unwrap(), Numbered::NotMine);
        assert_eq!(step(db, "next", 7 * SECOND).await.unwrap(), Numbered::Rows(1));
        // One that dies with numbers in its hand leaves none.
        write(db, 4, 1).await;
        let mut tx = db.begin().await.unwrap();
        let last = db::take_sequence(&mut tx, "next", 8 * SECOND, 13 * SECOND, 68 * SECOND)
            .await
            .unwrap();
        assert_eq!(db::number_search_rows(db, &mut tx, last.unwrap(), 10).await.unwrap(), 1);
        drop(tx);
        assert_eq!(
            (db::newest_seq(db).await.unwrap(), db::unnumbered(db).await.unwrap()),
            (3, 1)
        );
    }
}

#[tokio::test]
async fn a_deletion_is_forgotten_only_with_its_number_and_readers_before_it_begin_anew() {
    for test in databases().await {
        let db = &test.db;
        write(db, 1, 1).await;
        write(db, 2, 1).await;
        step(db, "one", 0).await.unwrap();
        let mut late = Reader::default();
        late.read(db, 10).await;
        bury(db, 1).await;
        let mut tx = db.begin().await.unwrap();
        db::cleaned(&mut tx, &id(1), 1).await.unwrap();
        assert_eq!(db::forget(&mut tx, &[id(1)]).await.unwrap(), 0);
        tx.commit().await.unwrap();
        step(db, "one", 0).await.unwrap();
        let began = db::first_place(db).await.unwrap();
        let mut in_time = Reader::default();
        in_time.read(db, 10).await;
        assert!(in_time.known[id(1).as_str()].1);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(db::forget(&mut tx, &[id(1)]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(in_time.read(db, 10).await, 0);
        assert!(db::search_rows_after(db, late.place, 10).await.unwrap().broken);
        let anew = db::search_rows_after(db, began, 10).await.unwrap();
        assert_eq!((anew.broken, anew.rows.len()), (false, 1));
        // A copy of the database that is older than what was read of it.
        let place = Place { seq: 9, began: 0 };
        assert!(db::search_rows_after(db, place, 10).await.unwrap().broken);
    }
}
