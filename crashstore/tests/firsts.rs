//! The first crashes of signatures, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crashstore::column::Text;
use crashstore::db::{First, MOST_FIRSTS, note_first, signature_firsts};
use platform::db::Db;
use platform_testing::databases;

/// What a crash says; it has a signature.
fn found(signature: &str, date: i64, build_id: &str) -> First {
    First::of(&Text::of(signature), date, build_id).unwrap()
}

async fn note(db: &Db, first: &First) {
    let mut tx = db.begin().await.unwrap();
    note_first(&mut tx, first).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn a_build_id_counts_if_it_is_1_to_18_digits_and_not_nothing() {
    for (build_id, expected) in [
        ("20260827091500", Some(20_260_827_091_500)),
        ("7", Some(7)),
        ("007", Some(7)),
        ("999999999999999999", Some(999_999_999_999_999_999)),
        ("0000000000000000007", None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("+5", None),
        ("2026-08-27", None),
        ("20260827091500 ", None),
        ("٣", None),
    ] {
        assert_eq!(found("a", 1, build_id).build, expected, "{build_id:?}");
    }
    assert_eq!(First::of(&Text::of(""), 1, "7"), None);
}

#[tokio::test]
async fn dates_and_builds_only_become_smaller_whatever_comes_first() {
    for test in databases().await {
        let db = &test.db;
        for (crash, expected) in [
            (found("a", 50, ""), (50, None)),
            (found("a", 70, "x"), (50, None)),
            (found("a", 70, "20260827091500"), (50, Some(20_260_827_091_500))),
            (found("a", 40, "20260901000000"), (40, Some(20_260_827_091_500))),
            // As texts it would be the other way round.
            (found("a", 60, "9"), (40, Some(9))),
            (found("a", 60, "10"), (40, Some(9))),
            (found("a", -3, ""), (-3, Some(9))),
            (found("a", 60, ""), (-3, Some(9))),
        ] {
            note(db, &crash).await;
            let firsts = signature_firsts(db, &["a"]).await.unwrap();
            let [first] = &firsts[..] else { panic!("{firsts:?}") };
            assert_eq!((first.date, first.build), expected, "{} {crash:?}", db.engine());
        }
    }
}

#[tokio::test]
async fn signatures_are_found_whole_each_once_in_the_order_of_the_question() {
    for test in databases().await {
        let db = &test.db;
        let long = "\u{1f980}".repeat(255);
        for signature in ["a | b", "A | b", "a", "%", "'", &long] {
            note(db, &found(signature, 1, "5")).await;
        }
        for (asked, expected) in [
            (vec![], vec![]),
            (vec!["a | b", "b", "%", "a | b"], vec!["a | b", "%"]),
            (vec!["A | b", "a ", " a", "a\0", ""], vec!["A | b"]),
            (vec![long.as_str(), "'"], vec![long.as_str(), "'"]),
        ] {
            let firsts = signature_firsts(db, &asked).await.unwrap();
            let seen: Vec<&str> = firsts.iter().map(|first| first.signature.as_str()).collect();
            assert_eq!(seen, expected, "{} {asked:?}", db.engine());
        }
        // Only so many are looked up.
        let mut many: Vec<String> = (0..MOST_FIRSTS).map(|n| n.to_string()).collect();
        many.push("a".to_owned());
        assert_eq!(signature_firsts(db, &many).await.unwrap(), []);
        many[7] = "%".to_owned();
        assert_eq!(signature_firsts(db, &many).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_the_same_time_lose_nothing() {
    for test in databases().await {
        let writers = (0..8_i64).map(|writer| {
            let db = test.db.clone();
            tokio::spawn(async move {
                for n in 0..20_i64 {
                    // Each signature gets smaller values from all of them.
                    let date = 1000 - n * 8 - writer;
                    note(&db, &found(&format!("s{}", n % 3), date, &date.to_string())).await;
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let firsts = signature_firsts(&test.db, &["s0", "s1", "s2"]).await.unwrap();
        let seen: Vec<(i64, Option<i64>)> = firsts.iter().map(|first| (first.date, first.build)).collect();
        let of = |n: i64| (1000 - n * 8 - 7, Some(1000 - n * 8 - 7));
        assert_eq!(seen, [of(18), of(19), of(17)], "{}", test.db.engine());
    }
}
