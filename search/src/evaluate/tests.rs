//! Both evaluations say the same of the same rows.

use proptest::prelude::*;

use super::*;
use crate::columns::{Index, Merging};
use crate::fields::{FieldId, Kind};
use crate::naive;
use crate::position::Position;
use crate::query::{After, Aggregation, Calendar, Condition, Interval, Pattern, Range, Sort, Test};
use crate::row::{Row, Value};

const DAY: i64 = 86_400_000_000;
/// Monday, 2026-11-23.
const MONDAY: i64 = 20_780 * DAY;

fn field(name: &str) -> FieldId {
    FieldId::of(name).unwrap()
}

/// Fields of every kind.
const FIELDS: [&str; 9] = [
    "addons",
    "app_notes",
    "date",
    "platform",
    "safe_mode",
    "signature",
    "topmost_filenames",
    "uptime",
    "weight",
];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "A", "a b", "js::a", "é", "b", "ab", "aa b", "\u{10ffff}"])
        .prop_map(str::to_owned)
}

fn integer() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![i64::MIN, -61, -1, 0, 1, 59, 60, 9_007_199_254_740_993, i64::MAX])
}

fn number() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![f64::MIN, -1.5, 0.0, 1.0, 2.5, 1e300])
}

fn date() -> impl Strategy<Value = i64> {
    (0_i64..21, 0_i64..3).prop_map(|(day, part)| MONDAY + day * DAY - 1 + part)
}

/// Numbers that lie near each other, as most do, or any.
fn row(are_usual: bool) -> impl Strategy<Value = Row> {
    let (integer, number) = if are_usual {
        (
            (-200_i64..200).boxed(),
            (-20_i32..20).prop_map(|quarters| f64::from(quarters) / 4.0).boxed(),
        )
    } else {
        (integer().boxed(), number().boxed())
    };
    let values = (
        prop::collection::btree_set(text(), 0..4),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(any::<bool>()),
        prop::option::of(text()),
        prop::collection::btree_set(text(), 0..3),
        prop::option::of(integer),
        prop::option::of(number),
    );
    (date(), values).prop_map(
        |(date, (addons, notes, platform, safe, signature, files, uptime, weight))| {
            let texts = |texts: Vec<String>| texts.into_iter().map(Value::Text).collect::<Vec<_>>();
            let all = [
                ("addons", texts(addons.into_iter().collect())),
                ("app_notes", texts(notes.into_iter().collect())),
                ("platform", texts(platform.into_iter().collect())),
                ("safe_mode", safe.into_iter().map(Value::Boolean).collect()),
                ("signature", texts(signature.into_iter().collect())),
                ("topmost_filenames", texts(files.into_iter().collect())),
                ("uptime", uptime.into_iter().map(Value::Integer).collect()),
                ("weight", weight.into_iter().map(Value::Number).collect()),
            ];
            let values = all
                .into_iter()
                .flat_map(|(name, values)| values.into_iter().map(move |value| (field(name), value)));
            Row {
                id: String::new(),
                date,
                values: values.collect(),
            }
        },
    )
}

/// Rows with ids that have nothing to do with their dates.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let rows = any::<bool>().prop_flat_map(|are_usual| prop::collection::vec(row(are_usual), 0..40));
    rows.prop_map(|mut rows| {
        for (at, row) in rows.iter_mut().enumerate() {
            row.id = format!("{:04}", (at * 37) % 101);
        }
        rows
    })
}

fn range() -> impl Strategy<Value = Range> {
    let side = prop::sample::select(vec![Side::Above, Side::From, Side::Below, Side::UpTo]);
    let bound = prop_oneof![
        integer().prop_map(Number::Integer),
        date().prop_map(Number::Integer),
        number().prop_map(Number::Number),
    ];
    (side, bound).prop_map(|(side, bound)| Range { side, bound })
}

fn test() -> impl Strategy<Value = Test> {
    let pattern = prop::sample::select(vec!["a.*", "", "[^a]+", "(a|b) ?b?"]).prop_map(|typed| Pattern {
        typed: typed.to_owned(),
        compiled: regex_automata::meta::Regex::new(&format!("^(?:{typed})$")).unwrap(),
    });
    prop_oneof![
        Just(Test::Missing),
        text().prop_map(Test::Equals),
        text().prop_map(Test::Contains),
        text().prop_map(Test::StartsWith),
        text().prop_map(Test::EndsWith),
        pattern.prop_map(Test::Matches),
        prop::collection::vec(prop::sample::select(vec!["a", "js", "é"]), 0..3)
            .prop_map(|words| Test::Words(words.into_iter().map(str::to_owned).collect())),
        integer().prop_map(|integer| Test::Number(Number::Integer(integer))),
        number().prop_map(|number| Test::Number(Number::Number(number))),
        any::<bool>().prop_map(Test::Boolean),
        range().prop_map(Test::Range),
    ]
}

fn any_field() -> impl Strategy<Value = FieldId> {
    prop::sample::select(FIELDS.to_vec()).prop_map(field)
}

fn condition() -> impl Strategy<Value = Condition> {
    let field = prop_oneof![9 => any_field(), 1 => Just(field("uuid"))];
    let tests = || prop::collection::vec(test(), 0..3);
    (field, prop::collection::vec(range(), 0..2), tests(), tests()).prop_map(|(field, ranges, any, none)| Condition {
        field,
        ranges,
        any,
        none,
    })
}

fn aggregation() -> impl Strategy<Value = Aggregation> {
    let leaf = prop_oneof![
        any_field().prop_map(|field| Aggregation::Cardinality { field }),
        (any_field(), 1_usize..5).prop_map(|(field, size)| Aggregation::Terms {
            field,
            size,
            within: Vec::new()
        }),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let within = prop::collection::vec(inner, 0..3);
        let histogram = prop_oneof![
            (
                Just("date"),
                prop::sample::select(vec![
                    Calendar::Minute,
                    Calendar::Hour,
                    Calendar::Day,
                    Calendar::Week,
                    Calendar::Month,
                    Calendar::Quarter,
                    Calendar::Year,
                ])
                .prop_map(Interval::Calendar)
            ),
            (
                Just("uptime"),
                prop::sample::select(vec![0.1, 0.5, 1.0, 60.0, 1e300]).prop_map(Interval::Number)
            ),
            (
                Just("weight"),
                prop::sample::select(vec![0.1, 1.0, 2.5, 1e308]).prop_map(Interval::Number)
            ),
        ];
        prop_oneof![
            (any_field(), 1_usize..6, within.clone()).prop_map(|(field, size, within)| Aggregation::Terms {
                field,
                size,
                within
            }),
            (histogram, within).prop_map(|((name, interval), within)| Aggregation::Histogram {
                field: field(name),
                interval,
                within
            }),
        ]
    })
}

/// A value of this kind: one that rows may have, or one beside it.
fn value_of(kind: Kind, seed: u8) -> Option<Value> {
    let number = i64::from(seed % 16);
    (seed < 250).then(|| match kind {
        Kind::Integer => Value::Integer(number),
        Kind::Date => Value::Integer(MONDAY + number * DAY / 2),
        Kind::Number => Value::Number(number as f64 / 2.0),
        Kind::Boolean => Value::Boolean(seed.is_multiple_of(2)),
        Kind::Exact | Kind::Words | Kind::Semicolons => {
            Value::Text(["", "a", "b", "js", "x:1", "z", "é"][usize::from(seed % 7)].to_owned())
        }
    })
}

fn query() -> impl Strategy<Value = Query> {
    let sort = (any_field(), any::<bool>()).prop_map(|(field, descending)| Sort { field, descending });
    (
        prop::collection::vec(condition(), 0..3),
        prop::collection::vec(sort, 0..3),
        0_u64..12,
        0_u64..12,
        prop::collection::vec(aggregation(), 0..3),
        any::<bool>(),
        prop::option::of((any::<[u8; 3]>(), 0_u8..20)),
    )
        .prop_map(|(conditions, sort, offset, limit, aggregations, weighted, after)| {
            let mut query = Query {
                conditions,
                sort,
                after: None,
                offset,
                limit,
                columns: Vec::new(),
                aggregations,
                weighted,
            };
            query.after = after.map(|(seeds, id)| After {
                values: query
                    .order()
                    .iter()
                    .zip(seeds)
                    .map(|(sort, seed)| value_of(sort.field.kind(), seed))
                    .collect(),
                id: format!("{id:02}"),
            });
            query
        })
}

/// An index of the rows as it comes about: some rows were written before with other values, some were removed, and the
/// commits are many.
fn index_of(rows: &[Row], folder: &std::path::Path, commits: usize) -> Index {
    let (mut index, _) = Index::open(folder).unwrap();
    let mut position = Position::new(String::new(), crashstore::db::Place::default(), 0);
    let size = rows.len().div_ceil(commits).max(1);
    for some in rows.chunks(size) {
        for row in some {
            let mut earlier = row.clone();
            earlier.values.clear();
            index.put(&earlier).unwrap();
            index.put(row).unwrap();
        }
        let mut gone = some[0].clone();
        gone.id = "gone".to_owned();
        index.put(&gone).unwrap();
        index.commit(&mut position).unwrap();
        index.remove("gone", gone.date).unwrap();
    }
    index.commit(&mut position).unwrap();
    index
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn columns_and_rows_give_the_same_answer(
        mut rows in rows(),
        mut queries in prop::collection::vec(query(), 12),
        commits in 1_usize..4,
        are_weights_usual in any::<bool>(),
    ) {
        // The sum of unusual ones depends on the order in which they are added.
        let is_usual = |value: &Value| !matches!(value, Value::Number(weight) if weight.abs() > 10.0);
        if are_weights_usual {
            rows.iter_mut().for_each(|row| row.values.retain(|(_, value)| is_usual(value)));
        } else {
            queries.iter_mut().for_each(|query| query.weighted = false);
        }
        let folder = tempfile::tempdir().unwrap();
        let index = index_of(&rows, folder.path(), commits);
        for query in &queries {
            let (from, to) = span(query);
            let snapshot = index.view().snapshot(from, to);
            let found = answer(&snapshot, query, &mut Limits::default()).unwrap();
            prop_assert_eq!(found, naive::answer(&rows, query), "{:?}", query);
        }
    }
}

#[test]
fn a_search_that_is_given_up_or_takes_too_long_stops() {
    let folder = tempfile::tempdir().unwrap();
    let row = Row {
        id: "a".to_owned(),
        date: MONDAY,
        values: vec![(field("uptime"), Value::Integer(5))],
    };
    let index = index_of(&[row], folder.path(), 1);
    let query = Query {
        aggregations: vec![Aggregation::Cardinality { field: field("uptime") }],
        ..Query::default()
    };
    let snapshot = index.view().snapshot(MONDAY, MONDAY);
    let mut given_up = Limits::new(None, std::sync::Arc::new(true.into()));
    let refused = answer(&snapshot, &query, &mut given_up).unwrap_err();
    assert!(matches!(refused, Refused::GivenUp));
    let mut over = Limits::new(Some(std::time::Duration::ZERO), Default::default());
    let refused = answer(&snapshot, &query, &mut over).unwrap_err();
    assert!(matches!(refused, Refused::TooLong));
    assert!(refused.to_string().contains("shorter time"));
}

#[test]
fn weeks_that_are_over_are_merged_and_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..40)
        .map(|at| Row {
            id: format!("{at:02}"),
            date: MONDAY + at % 14 * DAY,
            values: vec![(field("signature"), Value::Text(format!("s{}", at % 3)))],
        })
        .collect();
    let mut index = index_of(&rows, folder.path(), 4);
    let query = Query {
        limit: 100,
        aggregations: vec![Aggregation::Terms {
            field: field("signature"),
            size: 5,
            within: Vec::new(),
        }],
        ..Query::default()
    };
    let all = naive::answer(&rows, &query);
    let before = index.view().whole().segments.len();
    while index.merge(MONDAY + 7 * DAY).unwrap() != Merging::Nothing {
        std::thread::yield_now();
    }
    let first = index.view().snapshot(MONDAY, MONDAY).segments.len();
    assert_eq!(first, 1, "the first week is over, and was merged");
    let after = index.view().whole().segments.len();
    assert!(
        after < before && after > 2,
        "{before} {after}: the second week is not over"
    );
    let snapshot = index.view().snapshot(i64::MIN, i64::MAX);
    assert_eq!(answer(&snapshot, &query, &mut Limits::default()).unwrap(), all);
    drop(index);
    let (again, _) = Index::open(folder.path()).unwrap();
    let snapshot = again.view().snapshot(i64::MIN, i64::MAX);
    assert_eq!(answer(&snapshot, &query, &mut Limits::default()).unwrap(), all);
}
