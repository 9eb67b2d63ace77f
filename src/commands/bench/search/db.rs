//! The same crashes in one table of SQLite, and the same questions in SQL.

use std::path::Path;

use anyhow::Context;
use futures::TryStreamExt;
use search::fields::{FieldId, Kind};
use search::row::{Row, Value};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite, SqliteConnection};

use super::asked::{SHOWN, SIXTEEN_TERMS};

/// Rows in a transaction.
const BATCH: u64 = 50_000;

/// A table of crashes with the columns that are asked for.
pub(super) struct Table {
    connection: SqliteConnection,
    columns: Vec<FieldId>,
}

impl Table {
    /// An empty table in a new file.
    pub(super) async fn create(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-524288");
        let mut connection = options.disable_statement_logging().connect().await?;
        let mut columns = Vec::new();
        for name in SHOWN.iter().chain(SIXTEEN_TERMS) {
            let field = FieldId::of(name).with_context(|| format!("{name} is not a field"))?;
            if !matches!(*name, "uuid" | "date") && !columns.contains(&field) {
                columns.push(field);
            }
        }
        let typed = columns
            .iter()
            .map(|field| format!(", {} {}", field.name(), kind(*field)));
        let typed: String = typed.collect();
        let create = format!("CREATE TABLE crash (uuid TEXT NOT NULL, date INTEGER NOT NULL{typed})");
        sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
        Ok(Self { connection, columns })
    }

    /// Adds as many rows, and then the indexes on the date, the crash id and the signature.
    pub(super) async fn fill(
        &mut self,
        count: u64,
        row: impl Fn(u64) -> Row,
        progress: impl Fn(u64),
    ) -> anyhow::Result<()> {
        let names: String = self.columns.iter().map(|field| format!(", {}", field.name())).collect();
        let places: String = (3..self.columns.len() + 3).map(|at| format!(", ${at}")).collect();
        let insert = format!("INSERT INTO crash (uuid, date{names}) VALUES ($1, $2{places})");
        let mut n = 0;
        while n < count {
            let mut tx = self.connection.begin().await?;
            for n in n..(n + BATCH).min(count) {
                let Row { id, date, values } = row(n);
                let mut insert = sqlx::query(AssertSqlSafe(insert.as_str())).bind(id).bind(date);
                for column in &self.columns {
                    let at = values.partition_point(|(field, _)| field < column);
                    let value = values.get(at).filter(|(field, _)| field == column);
                    insert = bind(insert, *column, value.map(|(_, value)| value));
                }
                insert.execute(&mut *tx).await?;
            }
            tx.commit().await?;
            n = (n + BATCH).min(count);
            progress(n);
        }
        for index in ["date", "uuid", "signature"] {
            let create = format!("CREATE INDEX crash_{index} ON crash ({index})");
            sqlx::query(AssertSqlSafe(create)).execute(&mut self.connection).await?;
        }
        sqlx::query("ANALYZE").execute(&mut self.connection).await?;
        Ok(())
    }

    /// Reads the whole answer to a question, by its number, about the crashes from one moment until before another. How
    /// many rows it has.
    pub(super) async fn answer(&mut self, number: &str, signature: &str, dates: (i64, i64)) -> anyhow::Result<u64> {
        let mut count = 0;
        for statement in statements(number, signature) {
            let asked = sqlx::query(AssertSqlSafe(statement)).bind(dates.0).bind(dates.1);
            let mut rows = asked.fetch(&mut self.connection);
            while rows.try_next().await?.is_some() {
                count += 1;
            }
        }
        Ok(count)
    }

    /// How many of these crashes match.
    pub(super) async fn matches(&mut self, number: &str, signature: &str, dates: (i64, i64)) -> anyhow::Result<u64> {
        let test = test(number, signature);
        let count = format!("SELECT count(*) FROM crash WHERE date >= $1 AND date < $2 AND {test}");
        let count = sqlx::query_scalar::<_, i64>(AssertSqlSafe(count))
            .bind(dates.0)
            .bind(dates.1);
        Ok(u64::try_from(count.fetch_one(&mut self.connection).await?)?)
    }

    /// Ends the connection.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        Ok(self.connection.close().await?)
    }
}

fn kind(field: FieldId) -> &'static str {
    match field.kind() {
        Kind::Integer | Kind::Boolean | Kind::Date => "INTEGER",
        Kind::Number => "REAL",
        Kind::Exact | Kind::Words | Kind::Semicolons => "TEXT",
    }
}

/// Binds a value, or none of its kind.
fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    field: FieldId,
    value: Option<&Value>,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Some(Value::Text(text)) => query.bind(text.clone()),
        Some(Value::Integer(number)) => query.bind(*number),
        Some(Value::Number(number)) => query.bind(*number),
        Some(Value::Boolean(value)) => query.bind(*value),
        None if field.kind().is_text() => query.bind(None::<String>),
        None => query.bind(None::<i64>),
    }
}

/// The condition of a question of [`super::asked`], by its number (`Q1`), besides the dates. SQLite has no regular
/// expressions; the patterns in their place say the same.
fn test(number: &str, signature: &str) -> String {
    let globs = |name: &str, any: [&str; 2]| format!("({name} GLOB '{}' OR {name} GLOB '{}')", any[0], any[1]);
    match number {
        "Q1" => "product = 'Firefox'".to_owned(),
        "Q2" => "instr(proto_signature, '7788::') > 0".to_owned(),
        "Q3" => globs("signature", ["js::*Sweep*", "js::*Run*"]),
        "Q6" => "instr(signature, 'FrameLoader') > 0".to_owned(),
        "Q7" => globs("signature", ["mozilla::dom::*Reflow*", "mozilla::dom::*Paint*"]),
        "Q8" => "instr(proto_signature, 'GCRuntime123') > 0".to_owned(),
        "Q8r" => globs("proto_signature", ["*::Release | js::*", "*::Sweep | js::*"]),
        "Q11" => "product = 'Firefox' AND release_channel = 'nightly' AND uptime < 60".to_owned(),
        "Q12" => format!("signature = '{}'", signature.replace('\'', "''")),
        "Q13" => "oom_allocation_size IS NULL".to_owned(),
        _ => "true".to_owned(),
    }
}

/// The statements that together answer a question of [`super::asked`], by its number; the number of matches is not
/// among what they tell unless nothing else is asked for.
fn statements(number: &str, signature: &str) -> Vec<String> {
    let test = test(number, signature);
    let from = format!("FROM crash WHERE date >= $1 AND date < $2 AND {test}");
    let day = "date / 86400000000";
    // How often each value occurs in each of the most frequent signatures.
    let within = |size: u32, value: &str| {
        let order = format!("GROUP BY signature ORDER BY count(*) DESC, signature LIMIT {size}");
        let best = format!("SELECT signature {from} {order}");
        format!("SELECT signature, {value}, count(*) {from} AND signature IN ({best}) GROUP BY 1, 2")
    };
    let distinct = |size: u32, counted: &[&str]| {
        let counted: Vec<_> = counted.iter().map(|name| format!("count(DISTINCT {name})")).collect();
        let order = format!("GROUP BY signature ORDER BY 2 DESC, signature LIMIT {size}");
        format!("SELECT signature, count(*), {} {from} {order}", counted.join(", "))
    };
    match number {
        "Q1" => vec![distinct(50, &["install_time"]), within(50, "platform")],
        "Q2" => vec![format!("SELECT {day}, count(*) {from} GROUP BY 1 ORDER BY 1")],
        "Q3" => {
            let order = "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50";
            vec![format!("SELECT topmost_filenames, count(*) {from} {order}")]
        }
        "Q5" => {
            let others = ["product", "platform", "release_channel", "process_type", "reason"];
            others.iter().map(|other| within(10_000, other)).collect()
        }
        "Q9" => {
            let ranked = format!(
                "SELECT {day} AS day, signature, count(*) AS many, \
                 row_number() OVER (PARTITION BY {day} ORDER BY count(*) DESC, signature) AS place {from} GROUP BY 1, 2"
            );
            vec![format!(
                "SELECT day, signature, many FROM ({ranked}) WHERE place <= 50 ORDER BY day, place"
            )]
        }
        "Q10" => {
            let counted = ["install_time", "oom_allocation_size", "user_comments"];
            let mut all = vec![distinct(10_000, &counted)];
            all.extend(
                ["uptime", day]
                    .iter()
                    .chain(SIXTEEN_TERMS)
                    .map(|value| within(10_000, value)),
            );
            all
        }
        "Q11" | "Q13" => vec![format!("SELECT count(*) {from}")],
        _ => {
            let limit = if number == "Q12" { 1_000 } else { 100 };
            let shown = SHOWN.join(", ");
            let count = format!("SELECT count(*) {from}");
            vec![
                count,
                format!("SELECT {shown} {from} ORDER BY date DESC, uuid LIMIT {limit}"),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use search::row::Value;

    use super::Table;
    use crate::commands::bench::search::asked;
    use crate::commands::bench::search::rows::{Fields, Shape, World};

    const ROWS: u64 = 3_000;

    fn after(text: &str, start: &str, any: [&str; 2]) -> bool {
        let rest = text.strip_prefix(start);
        rest.is_some_and(|rest| any.iter().any(|part| rest.contains(part)))
    }

    #[tokio::test]
    async fn every_question_is_answered_about_the_same_crashes() {
        let shape = Shape {
            rows: ROWS,
            days: 7,
            fields: Fields::Narrow,
        };
        let world = World::new(1, shape);
        let folder = tempfile::tempdir().unwrap();
        let mut table = Table::create(&folder.path().join("crashes.db")).await.unwrap();
        table.fill(ROWS, |n| world.row(n), |_| ()).await.unwrap();
        let (dates, signature) = (world.dates(), world.frequent());
        let with = |name: &str, test: &dyn Fn(&Value) -> bool| {
            let has = |n: &u64| {
                let values = world.row(*n).values;
                values.iter().any(|(field, value)| field.name() == name && test(value))
            };
            (0..ROWS).filter(has).count() as u64
        };
        let text = |test: fn(&str) -> bool| move |value: &Value| matches!(value, Value::Text(text) if test(text));
        for figure in asked::all(dates.0, dates.1, &signature).unwrap() {
            let number = figure.number();
            let expected = match number {
                "Q1" => with("product", &text(|text| text == "Firefox")),
                "Q2" => with("proto_signature", &text(|text| text.contains("7788::"))),
                "Q3" => with("signature", &text(|text| after(text, "js::", ["Sweep", "Run"]))),
                "Q6" => with("signature", &text(|text| text.contains("FrameLoader"))),
                "Q7" => with(
                    "signature",
                    &text(|text| after(text, "mozilla::dom::", ["Reflow", "Paint"])),
                ),
                "Q8" => with("proto_signature", &text(|text| text.contains("GCRuntime123"))),
                "Q8r" => with(
                    "proto_signature",
                    &text(|text| after(text, "", ["::Release | js::", "::Sweep | js::"])),
                ),
                "Q11" => continue,
                "Q12" => with("signature", &|value| *value == Value::Text(signature.clone())),
                "Q13" => ROWS - with("oom_allocation_size", &|_| true),
                _ => ROWS,
            };
            let matches = table.matches(number, &signature, dates).await.unwrap();
            assert!(
                expected > 0 && matches == expected,
                "{number}: {matches}, not {expected}"
            );
            assert!(table.answer(number, &signature, dates).await.unwrap() > 0, "{number}");
        }
        assert_eq!(table.answer("Q4", &signature, dates).await.unwrap(), 101);
        assert_eq!(table.matches("Q4", &signature, (dates.0, dates.0)).await.unwrap(), 0);
        table.close().await.unwrap();
    }
}
