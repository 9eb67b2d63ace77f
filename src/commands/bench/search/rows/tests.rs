use std::collections::{HashMap, HashSet};

use search::fields::{FieldId, Kind};
use search::row::{Row, Value};

use super::{DAY, END, Fields, Shape, World};

const ROWS: u64 = 20_000;

fn made(fields: Fields) -> Vec<Row> {
    let shape = Shape {
        rows: ROWS,
        days: 7,
        fields,
    };
    let world = World::new(1, shape);
    (0..ROWS).map(|n| world.row(n)).collect()
}

fn distinct(rows: &[Row], name: &str) -> HashMap<String, usize> {
    let field = FieldId::of(name).unwrap();
    let mut counts = HashMap::new();
    for row in rows {
        for (_, value) in row.values.iter().filter(|(found, _)| *found == field) {
            *counts.entry(format!("{value:?}")).or_default() += 1;
        }
    }
    counts
}

#[test]
fn a_row_depends_on_seed_and_number_alone() {
    let shape = Shape {
        rows: 1_000,
        days: 7,
        fields: Fields::Wide,
    };
    let (world, same, other) = (World::new(1, shape), World::new(1, shape), World::new(2, shape));
    assert_eq!(world.row(500), same.row(500));
    world.row(1);
    assert_eq!(world.row(500), same.row(500));
    assert_ne!(world.row(500).id, other.row(500).id);
    assert_ne!(world.row(500).values, other.row(500).values);
}

#[test]
fn rows_keep_what_every_row_keeps() {
    let rows = made(Fields::Wide);
    let ids: HashSet<_> = rows.iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(
        rows.iter()
            .all(|row| row.id.len() == 36 && row.date < END && row.date >= END - 7 * DAY)
    );
    assert!(rows[0].id.ends_with("0261117") && rows[rows.len() - 1].id.ends_with("0261123"));
    assert!(rows.windows(2).all(|pair| pair[0].date < pair[1].date));
    for row in &rows[..2_000] {
        assert!(row.values.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{row:?}");
        let mut seen = HashSet::new();
        for (field, value) in &row.values {
            assert!(
                seen.insert((field.index(), format!("{value:?}"))),
                "{} {value:?}",
                field.name()
            );
            let right = match (field.kind(), value) {
                (Kind::Semicolons, Value::Text(text)) => *text == text.to_lowercase() && !text.contains(';'),
                (kind, Value::Text(_)) => kind.is_text(),
                (kind, Value::Integer(_)) => kind == Kind::Integer,
                (kind, Value::Number(number)) => kind == Kind::Number && number.is_finite(),
                (kind, Value::Boolean(_)) => kind == Kind::Boolean,
            };
            assert!(
                right && !matches!(field.name(), "uuid" | "date"),
                "{} {value:?}",
                field.name()
            );
        }
    }
}

#[test]
fn rows_look_like_real_ones() {
    let rows = made(Fields::Wide);
    let present = |row: &Row| row.values.iter().map(|(field, _)| *field).collect::<HashSet<_>>().len();
    let present = rows.iter().map(present).sum::<usize>() / rows.len();
    assert!((65..=80).contains(&present), "{present} fields");
    for (name, least, most) in [
        ("signature", 1_800, 3_000),
        ("proto_signature", 3_000, 9_000),
        ("topmost_filenames", 1_000, 6_000),
        ("install_time", 11_000, 13_000),
        ("product", 5, 5),
        ("platform", 4, 4),
        ("version", 40, 90),
        ("release_channel", 4, 4),
        ("cpu_info", 500, 600),
        ("reason", 50, 60),
        ("address", 12_000, 16_000),
        ("moz_crash_reason", 800, 2_000),
        ("modules_in_stack", 1_400, 1_500),
        ("frames", 30_000, 40_960),
    ] {
        let found = distinct(&rows, name).len();
        assert!((least..=most).contains(&found), "{name}: {found}");
    }
    let firefox = distinct(&rows, "product")["Text(\"Firefox\")"];
    assert!((15_600..16_400).contains(&firefox), "{firefox}");
    let protos = distinct(&rows, "proto_signature");
    let length = protos.keys().map(String::len).sum::<usize>() / protos.len();
    assert!((480..600).contains(&length), "{length}");
    assert_eq!(
        made(Fields::Narrow)[0]
            .values
            .iter()
            .filter(|(field, _)| field.name() == "frames")
            .count(),
        0
    );
}
