//! Lists and look-ups of crashes stay fast when there are many: every statement finds its rows by an index, in the
//! required order.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crash::{CrashId, RawCrash};
use crashstore::Received;
use crashstore::column::Name;
use crashstore::db::{self, Cursor, Filter, list_sql, next_value_sql};
use platform::db::{Beginning, Db};
use platform_testing::{analyze, databases, slow_steps};

const ROWS: usize = 50_000;

fn id(n: usize) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

async fn fill(db: &Db) {
    for first in (0..ROWS).step_by(5000) {
        let mut tx = db.begin_repeatable().await.unwrap();
        for n in first..first + 5000 {
            let row = Received {
                received: i64::try_from(n).unwrap(),
                product: Name::of(["Firefox", "Fenix", "Thunderbird"][n % 3]),
                version: Name::of(&format!("{}.0", n % 20)),
                channel: Name::of(["release", "beta"][n % 2]),
                build_id: Name::of(&format!("2026010100{:04}", n % 500)),
                ..Received::of(&id(n), &RawCrash::default())
            };
            db::insert_received(&mut tx, &row).await.unwrap();
            db::upsert_search_row(&mut tx, &id(n), row.received, 1, b"")
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }
    analyze(db).await;
}

/// The list filter that the bits of `set` select.
fn filter(set: u32) -> Filter {
    let take = |bit: u32, value: &str| if set & bit == 0 { "" } else { value }.to_owned();
    Filter {
        product: take(1, "Firefox"),
        version: take(2, "3.0"),
        version_begins: None,
        channel: take(4, "beta"),
        build_id: take(8, "20260101000003"),
        build_id_begins: None,
        signature: take(16, "a"),
        since: (set & 32 != 0).then_some(7),
    }
}

#[tokio::test]
async fn many_crashes_are_neither_read_whole_nor_sorted_and_lists_continue_where_they_ended() {
    for test in databases().await {
        fill(&test.db).await;
        nothing_is_read_whole_nor_sorted(&test.db).await;
        lists_continue_where_they_ended(&test.db).await;
        beginnings_find_every_match(&test.db).await;
        a_beginning_of_very_many_hides_nothing(&test.db).await;
    }
}

async fn nothing_is_read_whole_nor_sorted(db: &Db) {
    let mut statements = db::statements(db);
    for set in 0..64 {
        for from_place in [false, true] {
            let (sql, _) = list_sql(db, &filter(set), from_place);
            statements.push(("a list", sql));
        }
    }
    for column in ["version", "build_id"] {
        statements.push(("the next value", next_value_sql(db, column)));
    }
    // A beginning compared row by row, alone or with whole values, does not change the order.
    for set in 0..64 {
        for (version, build_id) in [("3", ""), ("", "2026"), ("3", "2026")] {
            let begins = |text: &str| (!text.is_empty()).then(|| Beginning::new(text, true));
            let with_beginnings = Filter {
                version_begins: begins(version),
                build_id_begins: begins(build_id),
                ..filter(set)
            };
            for from_place in [false, true] {
                let (sql, _) = list_sql(db, &with_beginnings, from_place);
                statements.push(("a beginning", sql));
            }
        }
    }
    for (name, sql) in statements {
        let slow = slow_steps(db, &sql).await;
        assert!(slow.is_empty(), "{} {name} {sql}: {slow:?}", db.engine());
    }
}

async fn beginnings_find_every_match(db: &Db) {
    // Versions are 0.0 to 19.0, build ids end in 0000 to 0499.
    type Wanted = fn(usize) -> bool;
    let cases: [(&str, &str, &str, Wanted); 8] = [
        ("1", "", "", |n| n % 20 == 1),
        ("1.", "", "Fenix", |n| n % 20 == 1 && n % 3 == 1),
        ("19.0", "", "", |n| n % 20 == 19),
        ("", "2026010100049", "", |n| (490..500).contains(&(n % 500))),
        ("7", "202601010003", "", |n| {
            (300..400).contains(&(n % 500)) && n % 20 == 7
        }),
        ("", "2026", "", |_| true),
        ("", "2026", "Thunderbird", |n| n % 3 == 2),
        ("2", "2025", "", |_| false),
    ];
    for (version, build_id, product, wanted) in cases {
        let begins = |text: &str, whole| (!text.is_empty()).then(|| Beginning::new(text, whole));
        let filter = Filter {
            product: product.to_owned(),
            version_begins: begins(version, true),
            build_id_begins: begins(build_id, false),
            ..Filter::default()
        };
        let mut after: Option<Cursor> = None;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let page = db::list(db, &filter, after.as_ref(), 11).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor {
                received: last.received,
                crash_id: last.id.to_string(),
            });
            seen.extend(page.into_iter().map(|row| row.id));
        }
        let expected: Vec<CrashId> = (0..ROWS).rev().filter(|n| wanted(*n)).take(33).map(id).collect();
        assert_eq!(seen, expected, "{} {version} {build_id} {product}", db.engine());
    }
}

/// Looks for the oldest crash, the only one of its product, with the lowest of 500 build ids.
async fn a_beginning_of_very_many_hides_nothing(db: &Db) {
    let row = Received {
        received: -1,
        product: Name::of("Waterfowl"),
        version: Name::of("0.0"),
        build_id: Name::of("20260101000000"),
        ..Received::of(&id(ROWS), &RawCrash::default())
    };
    let mut tx = db.begin().await.unwrap();
    db::insert_received(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    for product in ["Waterfowl", ""] {
        let filter = Filter {
            product: product.to_owned(),
            build_id_begins: Some(Beginning::new("2026", false)),
            ..Filter::default()
        };
        let before = Cursor {
            received: 0,
            crash_id: id(0).to_string(),
        };
        for after in [None, Some(&before)] {
            let page = db::list(db, &filter, after, 1).await.unwrap();
            let found = page.first().map(|row| row.id.clone());
            let newest = product.is_empty() && after.is_none();
            let expected = if newest { id(ROWS - 1) } else { id(ROWS) };
            assert_eq!(found, Some(expected), "{} {product:?}", db.engine());
        }
    }
}

async fn lists_continue_where_they_ended(db: &Db) {
    for set in [0, 1, 2, 4, 5, 8, 13, 33] {
        let filter = filter(set);
        let mut after: Option<Cursor> = None;
        let mut seen = Vec::new();
        for _ in 0..4 {
            let page = db::list(db, &filter, after.as_ref(), 7).await.unwrap();
            let last = page.last().unwrap();
            after = Some(Cursor {
                received: last.received,
                crash_id: last.id.to_string(),
            });
            seen.extend(page);
        }
        let wanted = |n: &usize| {
            (set & 1 == 0 || n.is_multiple_of(3))
                && (set & 2 == 0 || n % 20 == 3)
                && (set & 4 == 0 || n % 2 == 1)
                && (set & 8 == 0 || n % 500 == 3)
        };
        let expected: Vec<CrashId> = (0..ROWS).rev().filter(wanted).take(28).map(id).collect();
        let seen: Vec<CrashId> = seen.into_iter().map(|row| row.id).collect();
        assert_eq!(seen, expected, "{} {set}", db.engine());
    }
}
