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

    /// Reads the whole answer to some statements over the crashes from one moment until before another. How many rows
    /// it has.
    pub(super) async fn answer(&mut self, statements: &[String], dates: (i64, i64)) -> anyhow::Result<u64> {
        let mut count = 0;
        for statement in statements {
            let asked = sqlx::query(AssertSqlSafe(statement.as_str()))
                .bind(dates.0)
                .bind(dates.1);
            let mut rows = asked.fetch(&mut self.connection);
            while rows.try_next().await?.is_some() {
                count += 1;
            }
        }
        Ok(count)
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

/// The statements that answer a question of [`super::asked`], by its number (`Q1`): those of one answer. SQLite has no
/// regular expressions; the patterns in their place say nearly the same. Without any: it is not asked.
pub(super) fn statements(number: &str, signature: &str) -> Vec<String> {
    let during = "date >= $1 AND date < $2";
    let from = format!("FROM crash WHERE {during}");
    let shown = SHOWN.join(", ");
    let day = "date / 86400000000";
    let count = |test: &str| format!("SELECT count(*) {from} AND {test}");
    let newest = |test: &str, limit: u32| {
        let order = format!("ORDER BY date DESC, uuid LIMIT {limit}");
        vec![count(test), format!("SELECT {shown} {from} AND {test} {order}")]
    };
    let best = |test: &str, size: u32| {
        let top = format!("GROUP BY signature ORDER BY count(*) DESC, signature LIMIT {size}");
        format!("SELECT signature {from} AND {test} {top}")
    };
    // How often each value occurs in each of the most frequent signatures.
    let within = |test: &str, size: u32, value: &str| {
        let best = best(test, size);
        format!("SELECT signature, {value}, count(*) {from} AND {test} AND signature IN ({best}) GROUP BY 1, 2")
    };
    let distinct = |test: &str, size: u32, counted: &[&str]| {
        let counted: Vec<_> = counted.iter().map(|name| format!("count(DISTINCT {name})")).collect();
        let order = format!("GROUP BY signature ORDER BY 2 DESC, signature LIMIT {size}");
        format!(
            "SELECT signature, count(*), {} {from} AND {test} {order}",
            counted.join(", ")
        )
    };
    match number {
        "Q1" => {
            let test = "product = 'Firefox'";
            vec![distinct(test, 50, &["install_time"]), within(test, 50, "platform")]
        }
        "Q2" => {
            let test = "instr(proto_signature, '7788::') > 0";
            vec![format!(
                "SELECT {day}, count(*) {from} AND {test} GROUP BY 1 ORDER BY 1"
            )]
        }
        "Q3" => {
            let test = "(signature GLOB 'js::*Sweep*' OR signature GLOB 'js::*Run*')";
            let order = "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50";
            vec![format!("SELECT topmost_filenames, count(*) {from} AND {test} {order}")]
        }
        "Q4" => newest("true", 100),
        "Q5" => {
            let others = ["product", "platform", "release_channel", "process_type", "reason"];
            others.iter().map(|other| within("true", 10_000, other)).collect()
        }
        "Q6" => newest("instr(signature, 'FrameLoader') > 0", 100),
        "Q7" => newest(
            "(signature GLOB 'mozilla::dom::*Reflow*' OR signature GLOB 'mozilla::dom::*Paint*')",
            100,
        ),
        "Q8" => newest("instr(proto_signature, 'GCRuntime123') > 0", 100),
        "Q8r" => newest("proto_signature GLOB '*Promise*::Release | js*'", 100),
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
            let mut all = vec![distinct("true", 10_000, &counted)];
            all.extend(
                ["uptime", day]
                    .iter()
                    .chain(SIXTEEN_TERMS)
                    .map(|value| within("true", 10_000, value)),
            );
            all
        }
        "Q11" => vec![count(
            "product = 'Firefox' AND release_channel = 'nightly' AND uptime < 60",
        )],
        "Q12" => newest(&format!("signature = '{}'", signature.replace('\'', "''")), 1_000),
        "Q13" => vec![count("oom_allocation_size IS NULL")],
        _ => Vec::new(),
    }
}
