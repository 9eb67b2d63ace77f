//! The index has what the rows have, whatever happened to it.

use std::fs;

use crash::CrashId;
use crashstore::db;
use crashstore::search::{compressed, read_document};
use crashstore::sequence::{self, Numbered};
use platform::in_tx;
use platform_testing::{TestDb, databases};

use super::*;
use crate::answer::Answer;
use crate::evaluate::{self, Limits};
use crate::fields::FieldId;
use crate::query::{Aggregation, Query};
use crate::{document, naive};

const DAY: i64 = 86_400_000_000;
/// Monday, 2024-01-01: long over.
const MONDAY: i64 = 19_723 * DAY;
const LOCK: &str = "lock";

fn id(n: i64) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

/// Three crashes in each week.
fn date(n: i64) -> i64 {
    MONDAY + n / 3 * 7 * DAY + n % 3
}

async fn write(db: &Db, n: i64, version: i64) {
    let doc = serde_json::json!({"signature": format!("s{version}"), "uptime": n});
    let doc = compressed(doc.as_object().unwrap());
    let mut tx = db.begin_repeatable().await.unwrap();
    db::upsert_search_row(&mut tx, &id(n), date(n), version, &doc)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn delete(db: &Db, n: i64) {
    const SQL: &str = "UPDATE search_row SET deleted = TRUE, doc = $2, seq = NULL WHERE crash_id = $1";
    let mut tx = db.begin_repeatable().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(id(n).as_str())
        .bind(&b""[..])
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap();
    tx.commit().await.unwrap();
}

async fn number(db: &Db) {
    while let Numbered::Rows(1..) = sequence::step(db, "me", 0).await.unwrap() {}
}

async fn open(db: &Db, folder: &Path) -> Follower {
    let lock = FolderLock::try_take(folder, LOCK).unwrap().expect("the lock is free");
    Follower::open(db.clone(), folder, lock).await.unwrap()
}

async fn follow(follower: &mut Follower) {
    while follower.step().await.unwrap() == Step::More || follower.is_checking() || !follower.has_all() {}
}

/// Nine crashes in three weeks.
async fn write_nine(db: &Db) {
    for n in 0..9 {
        write(db, n, 1).await;
    }
    number(db).await;
}

/// One that has read everything.
async fn followed(db: &Db, folder: &Path) -> Follower {
    let mut follower = open(db, folder).await;
    follow(&mut follower).await;
    follower
}

fn everything() -> Query {
    Query {
        limit: 1000,
        aggregations: ["signature", "uptime"]
            .map(|name| Aggregation::Terms {
                field: FieldId::of(name).unwrap(),
                size: 1000,
                within: Vec::new(),
            })
            .to_vec(),
        ..Query::default()
    }
}

async fn of_rows(db: &Db) -> Answer {
    let rows = db::search_rows_before(db, i64::MIN, (i64::MAX, ""), 1000)
        .await
        .unwrap();
    let rows = rows
        .iter()
        .map(|row| document::row(&row.crash_id, row.date, &read_document(&row.doc).unwrap()));
    naive::answer(&rows.collect::<Vec<_>>(), &everything())
}

fn of_view(view: &View) -> Answer {
    evaluate::answer(&view.whole(), &everything(), &mut Limits::default()).unwrap()
}

fn of_index(follower: &Follower) -> Answer {
    of_view(&follower.held.as_ref().unwrap().index.view())
}

#[tokio::test]
async fn what_is_written_again_or_deleted_is_followed() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        let mut follower = followed(db, folder.path()).await;
        assert_eq!(of_index(&follower).total, 0);
        write_nine(db).await;
        follow(&mut follower).await;
        assert_eq!(of_index(&follower).total, 9);
        write(db, 4, 2).await;
        write(db, 20, 1).await;
        delete(db, 0).await;
        number(db).await;
        follow(&mut follower).await;
        assert_eq!(of_index(&follower), of_rows(db).await);
        assert_eq!(of_index(&follower).total, 9);

        // A week that has no crash any more goes with its folder, and nothing is missing.
        for n in 1..3 {
            delete(db, n).await;
        }
        number(db).await;
        follower.tidied = None;
        follow(&mut follower).await;
        follow(&mut follower).await;
        assert!(!folder.path().join("2024-W01").exists());
        assert_eq!(of_index(&follower), of_rows(db).await);
        drop(follower);
        let mut again = open(db, folder.path()).await;
        follow(&mut again).await;
        assert_eq!(of_index(&again), of_rows(db).await);
    }
}

#[tokio::test]
async fn it_is_made_from_the_rows_that_are_there_however_often_it_is_killed() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..12 {
            write(db, n, 1).await;
        }
        number(db).await;
        write(db, 3, 2).await;
        write(db, 12, 1).await;
        for steps in 0..6 {
            let mut follower = open(db, folder.path()).await;
            for _ in 0..steps {
                follower.step().await.unwrap();
            }
            write(db, steps, 3).await;
            number(db).await;
        }
        let follower = followed(db, folder.path()).await;
        assert_eq!(of_index(&follower), of_rows(db).await);
        assert_eq!(of_index(&follower).total, 13);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

#[tokio::test]
async fn killed_between_the_commits_of_two_weeks_it_loses_and_doubles_nothing() {
    for TestDb { db, .. } in &databases().await {
        let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_nine(db).await;
        let mut follower = followed(db, after.path()).await;
        copy(after.path(), before.path());
        for n in [0, 3, 6, 9, 12] {
            write(db, n, 2).await;
        }
        delete(db, 1).await;
        number(db).await;
        follow(&mut follower).await;
        drop(follower);
        let weeks = ["2024-W01", "2024-W02", "2024-W03", "2024-W04", "2024-W05"];
        for committed in 0..=weeks.len() {
            let mixed = tempfile::tempdir().unwrap();
            for (at, week) in weeks.iter().enumerate() {
                let from = if at < committed { &after } else { &before };
                if from.path().join(week).exists() {
                    copy(&from.path().join(week), &mixed.path().join(week));
                }
            }
            let follower = followed(db, mixed.path()).await;
            assert_eq!(of_index(&follower), of_rows(db).await, "{committed}");
        }
    }
}

/// What is done to the folder, and its name.
type Damage = (&'static str, fn(&Path));

/// A file of a week with columns.
fn columns_of(folder: &Path, week: &str) -> PathBuf {
    let files = fs::read_dir(folder.join(week)).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let found = files.find(|path| path.extension().is_some_and(|extension| extension == "fast"));
    found.expect("a file with columns")
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_made_again_alone() {
    for TestDb { db, .. } in &databases().await {
        let whole = tempfile::tempdir().unwrap();
        write_nine(db).await;
        let follower = followed(db, whole.path()).await;
        drop(follower);
        let damages: [Damage; 9] = [
            ("nothing", |_| {}),
            ("an old week is gone", |folder| {
                fs::remove_dir_all(folder.join("2024-W01")).unwrap();
            }),
            ("the newest week is gone", |folder| {
                fs::remove_dir_all(folder.join("2024-W03")).unwrap();
            }),
            ("all is gone", |folder| fs::remove_dir_all(folder).unwrap()),
            ("no commit", |folder| {
                fs::remove_file(folder.join("2024-W02/meta.json")).unwrap();
            }),
            ("a broken commit", |folder| {
                fs::write(folder.join("2024-W03/meta.json"), "{").unwrap();
            }),
            ("a file is cut", |folder| {
                let path = columns_of(folder, "2024-W02");
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            }),
            ("a file has other bytes", |folder| {
                let path = columns_of(folder, "2024-W03");
                let mut bytes = fs::read(&path).unwrap();
                for byte in &mut bytes[..40] {
                    *byte ^= 0x55;
                }
                fs::write(&path, &bytes).unwrap();
            }),
            ("half removed", |folder| {
                fs::rename(folder.join("2024-W02"), folder.join("2024-W02.gone")).unwrap();
            }),
        ];
        for (name, damage) in damages {
            let folder = tempfile::tempdir().unwrap();
            copy(whole.path(), folder.path());
            damage(folder.path());
            let mut follower = open(db, folder.path()).await;
            follower.check_files();
            follow(&mut follower).await;
            assert_eq!(of_index(&follower), of_rows(db).await, "{name}");
            assert!(!folder.path().join("2024-W02.gone").exists());
        }
    }
}

#[tokio::test]
async fn what_is_lost_while_it_follows_is_made_again() {
    for TestDb { db, .. } in &databases().await {
        write_nine(db).await;
        let damages: [Damage; 3] = [
            ("nothing", |_| {}),
            ("a file is gone", |folder| {
                fs::remove_file(columns_of(folder, "2024-W02")).unwrap();
            }),
            ("a broken commit", |folder| {
                fs::write(folder.join("2024-W01/meta.json"), "{").unwrap();
            }),
        ];
        for (name, damage) in damages {
            let folder = tempfile::tempdir().unwrap();
            let mut follower = followed(db, folder.path()).await;
            let before = fs::read(folder.path().join("2024-W01/meta.json")).unwrap();
            damage(folder.path());
            follower.tidied = None;
            follow(&mut follower).await;
            assert_eq!(of_index(&follower), of_rows(db).await, "{name}");
            let (read, position) = Index::open_to_read(folder.path()).unwrap();
            assert_eq!((read.view().rows(), position.unwrap().gaps), (9, Vec::new()), "{name}");
            let is_same = fs::read(folder.path().join("2024-W01/meta.json")).unwrap() == before;
            assert_eq!(is_same, name != "a broken commit", "{name}");
        }
    }
}

#[tokio::test]
async fn another_database_or_an_older_copy_begins_anew() {
    let (one, other) = (databases().await, databases().await);
    for (one, other) in one.iter().zip(&other) {
        let (one, other) = (&one.db, &other.db);
        let folder = tempfile::tempdir().unwrap();
        for n in 0..4 {
            write(one, n, 1).await;
        }
        for n in 2..9 {
            write(other, n, 2).await;
        }
        number(one).await;
        number(other).await;
        let mut follower = open(one, folder.path()).await;
        follow(&mut follower).await;
        assert_eq!(of_index(&follower), of_rows(one).await);
        drop(follower);
        let mut follower = open(other, folder.path()).await;
        follow(&mut follower).await;
        assert_eq!(of_index(&follower), of_rows(other).await);

        // As if a backup had been put back.
        let mut tx = other.begin_repeatable().await.unwrap();
        for sql in [
            "DELETE FROM search_row WHERE seq > 3",
            "UPDATE search_sequence SET number = 3",
        ] {
            in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).unwrap();
        }
        tx.commit().await.unwrap();
        follow(&mut follower).await;
        assert_eq!(of_index(&follower), of_rows(other).await);
        assert_eq!(of_index(&follower).total, 3);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_has_its_id_and_date() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        write(db, 1, 1).await;
        let mut tx = db.begin_repeatable().await.unwrap();
        db::upsert_search_row(&mut tx, &id(2), date(2), 1, b"garbage")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let follower = followed(db, folder.path()).await;
        assert_eq!(of_index(&follower).hits, [id(2).as_str(), id(1).as_str()]);
    }
}

#[tokio::test]
async fn another_process_reads_what_was_committed() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        let (mut reader, position) = Index::open_to_read(folder.path()).unwrap();
        assert_eq!(position, None);
        let mut follower = open(db, folder.path()).await;
        for round in 1..4 {
            for n in 0..6 {
                write(db, n * round, round).await;
            }
            if round == 3 {
                delete(db, 0).await;
            }
            number(db).await;
            follow(&mut follower).await;
            let position = reader.look_for_more().unwrap().unwrap();
            assert!(position.gaps.is_empty());
            assert_eq!(of_view(&reader.view()), of_rows(db).await);
            let (opened, again) = Index::open_to_read(folder.path()).unwrap();
            assert_eq!(again.as_ref(), Some(&position));
            assert_eq!(of_view(&opened.view()), of_rows(db).await);
        }
    }
}

#[tokio::test]
async fn a_week_that_is_begun_again_and_killed_is_not_taken_for_whole() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        write_nine(db).await;
        let follower = followed(db, folder.path()).await;
        drop(follower);
        let newest = tempfile::tempdir().unwrap();
        copy(&folder.path().join("2024-W03"), newest.path());
        // The first week is gone; one of its crashes is written again; the newest week is that of before.
        fs::remove_dir_all(folder.path().join("2024-W01")).unwrap();
        write(db, 1, 2).await;
        number(db).await;
        let mut follower = open(db, folder.path()).await;
        follower.step().await.unwrap();
        drop(follower);
        fs::remove_dir_all(folder.path().join("2024-W03")).unwrap();
        copy(newest.path(), &folder.path().join("2024-W03"));
        let follower = followed(db, folder.path()).await;
        assert_eq!(of_index(&follower), of_rows(db).await);
    }
}

#[tokio::test]
async fn damage_that_is_found_before_rows_are_written_does_not_pass_them_over() {
    for TestDb { db, .. } in &databases().await {
        let folder = tempfile::tempdir().unwrap();
        write_nine(db).await;
        let mut follower = followed(db, folder.path()).await;
        let path = columns_of(folder.path(), "2024-W02");
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().take(40).for_each(|byte| *byte ^= 0x55);
        fs::write(&path, &bytes).unwrap();
        follower.check_files();
        write(db, 4, 2).await;
        write(db, 24, 1).await;
        number(db).await;
        // The week of the second row cannot be made.
        let in_the_way = folder.path().join("2024-W09");
        fs::write(&in_the_way, "").unwrap();
        follower.step().await.unwrap_err();
        drop(follower);
        fs::remove_file(&in_the_way).unwrap();
        let follower = followed(db, folder.path()).await;
        assert_eq!(of_index(&follower), of_rows(db).await);
        assert_eq!(of_index(&follower).total, 10);
    }
}
