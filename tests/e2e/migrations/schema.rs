//! A schema as its database describes it, in words that both databases share.

use std::collections::BTreeSet;

use platform::db::Db;

/// A column of a table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column {
    pub(crate) table: String,
    pub(crate) name: String,
    /// Its type as PostgreSQL calls it.
    pub(crate) kind: String,
    pub(crate) is_nullable: bool,
    /// What is stored where a statement does not say, as SQL.
    default: Option<String>,
}

/// An index, or a primary key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Index {
    table: String,
    /// `primary key` for one.
    name: String,
    is_unique: bool,
    /// The columns and expressions, each with its direction.
    terms: Vec<String>,
    /// Which rows are in it, if not all are.
    predicate: Option<String>,
}

/// Every column of every table.
pub(crate) async fn columns(db: &Db) -> BTreeSet<Column> {
    const SQLITE: &str = "SELECT m.name, p.name, p.type, p.\"notnull\" = 0, p.dflt_value \
        FROM sqlite_master m \
        JOIN pragma_table_info(m.name) p \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%'";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text, upper(data_type), is_nullable = 'YES', \
        column_default::text \
        FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
    let rows: Vec<(String, String, String, bool, Option<String>)> = match db {
        Db::Sqlite(db) => sqlx::query_as(SQLITE).fetch_all(&db.read).await.expect("columns"),
        Db::Postgres(pool) => sqlx::query_as(POSTGRES).fetch_all(pool).await.expect("columns"),
    };
    let columns = rows
        .into_iter()
        .map(|(table, name, kind, is_nullable, default)| Column {
            table,
            name,
            // The one type that has two names.
            kind: if kind == "BLOB" { "BYTEA".to_owned() } else { kind },
            is_nullable,
            default: default.map(|sql| plain(&sql)),
        });
    columns.collect()
}

/// Every index of every table.
pub(crate) async fn indexes(db: &Db) -> BTreeSet<Index> {
    // SQLite keeps no text of a primary key's index.
    const SQLITE: &str = "SELECT m.name, CASE l.origin WHEN 'pk' THEN 'primary key' ELSE l.name END, l.\"unique\", \
        COALESCE(i.sql, '(' || (SELECT group_concat(name, ',') FROM pragma_index_info(l.name)) || ')') \
        FROM sqlite_master m \
        JOIN pragma_index_list(m.name) l \
        LEFT JOIN sqlite_master i ON i.type = 'index' AND i.name = l.name \
        WHERE m.type = 'table' AND m.name NOT LIKE '_sqlx%'";
    const POSTGRES: &str = "SELECT t.relname::text, \
        CASE WHEN x.indisprimary THEN 'primary key' ELSE i.relname::text END, \
        x.indisunique, pg_get_indexdef(x.indexrelid) \
        FROM pg_index x \
        JOIN pg_class t ON t.oid = x.indrelid \
        JOIN pg_class i ON i.oid = x.indexrelid \
        WHERE t.relnamespace = current_schema()::regnamespace AND t.relname NOT LIKE '\\_sqlx%'";
    let rows: Vec<(String, String, bool, String)> = match db {
        Db::Sqlite(db) => sqlx::query_as(SQLITE).fetch_all(&db.read).await.expect("indexes"),
        Db::Postgres(pool) => sqlx::query_as(POSTGRES).fetch_all(pool).await.expect("indexes"),
    };
    let indexes = rows.into_iter().map(|(table, name, is_unique, sql)| {
        let (terms, predicate) = terms_and_predicate(&sql);
        Index {
            table,
            name,
            is_unique,
            terms,
            predicate,
        }
    });
    indexes.collect()
}

/// What stands between the outer parentheses of the statement that makes an index, and behind its `WHERE`.
fn terms_and_predicate(sql: &str) -> (Vec<String>, Option<String>) {
    let (_, inside) = sql.split_once('(').expect("an index has terms");
    let (mut depth, mut terms) = (1, vec![String::new()]);
    let mut letters = inside.char_indices();
    for (_, letter) in letters.by_ref() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match (depth, letter) {
            (0, _) => break,
            (1, ',') => terms.push(String::new()),
            _ => terms.last_mut().expect("there is one").push(letter),
        }
    }
    let rest = &inside[letters.offset()..];
    let predicate = rest.split_once("WHERE").map(|(_, predicate)| plain(predicate));
    (terms.iter().map(|term| plain(term)).collect(), predicate)
}

/// SQL without what only one of the databases writes: blanks, parentheses, casts of constants, and PostgreSQL's word
/// for `IN`.
fn plain(sql: &str) -> String {
    let sql = ["::text", "::bigint"]
        .iter()
        .fold(sql.to_lowercase(), |sql, cast| sql.replace(cast, ""));
    let sql = sql.replace(|letter: char| letter.is_whitespace() || "()".contains(letter), "");
    sql.replace("=anyarray[", "in").replace(']', "")
}

#[test]
fn statements_are_taken_apart_alike() {
    let ours =
        "CREATE INDEX few ON things (name DESC, substr(text, 1, 300))\n    WHERE kind IN ('a', 'b') AND till IS NULL";
    let theirs = "CREATE INDEX few ON x.things USING btree (name DESC, substr(text, 1, 300)) \
        WHERE ((kind = ANY (ARRAY['a'::text, 'b'::text])) AND (till IS NULL))";
    let (terms, predicate) = terms_and_predicate(ours);
    assert_eq!(terms, ["namedesc", "substrtext,1,300"]);
    assert_eq!(predicate.as_deref(), Some("kindin'a','b'andtillisnull"));
    assert_eq!(terms_and_predicate(theirs), (terms, predicate));
    for other in [
        "CREATE INDEX few ON things (name, substr(text, 1, 300)) WHERE kind IN ('a', 'b') AND till IS NULL",
        "CREATE INDEX few ON things (name DESC, substr(text, 1, 30)) WHERE kind IN ('a', 'b') AND till IS NULL",
        "CREATE INDEX few ON things (name DESC, substr(text, 1, 300)) WHERE kind IN ('a') AND till IS NULL",
        "CREATE INDEX few ON things (name DESC, substr(text, 1, 300))",
    ] {
        assert_ne!(terms_and_predicate(other), terms_and_predicate(theirs), "{other}");
    }
}
