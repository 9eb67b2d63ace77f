//! The numbered SQL files of `migrations/`, as they are built into the program. Without sqlx's macro for it, which lets
//! every driver be built a second time for the compiler.

use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A migration: the name of its files, and what they hold.
struct File {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(File {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// All of them: a new one is a line here and its two files.
const FILES: &[File] = files![
    "0001_crashes",
    "0002_builds",
    "0003_sources",
    "0004_newest_sighting",
    "0005_outputs",
    "0006_build_queries",
    "0007_byte_order",
    "0008_build_lists",
    "0009_reported_versions",
    "0010_access",
    "0011_inbox",
    "0012_peculiar_products",
    "0013_sequence",
    "0014_identity",
    "0015_firsts",
    "0016_bugs",
];

pub(super) static SQLITE_MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| migrator(|file| file.sqlite));
pub(super) static POSTGRES_MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| migrator(|file| file.postgres));

/// Numbers, descriptions and checksums are those that sqlx reads from a folder of such files.
fn migrator(sql: impl Fn(&File) -> &'static str) -> Migrator {
    let migrations = FILES.iter().map(|file| {
        let (number, words) = file.name.split_once('_').unwrap_or_default();
        let number = number.parse().unwrap_or_default();
        let description = words.replace('_', " ").into();
        Migration::new(
            number,
            description,
            MigrationType::Simple,
            sql(file).into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The beginnings of the checksums that databases have stored. A migration that was applied somewhere is never
    /// edited: that database would be refused.
    const STORED: [(&str, &str); 16] = [
        ("6f1635149f87597b", "6de1c207353622d2"),
        ("8897a17d68711662", "8897a17d68711662"),
        ("7347bebb7efbe1e4", "1839fa27de2d2311"),
        ("3d472a5049424fd9", "3d472a5049424fd9"),
        ("52d39e2970c0f040", "d163859fadfa8c1d"),
        ("57d78d311e822ecd", "57d78d311e822ecd"),
        ("605caa7986b3f1af", "2de2456d4b76cb14"),
        ("96e25e111f011ead", "96e25e111f011ead"),
        ("04ad4d569eb44efa", "c1cf5e0ff2711e89"),
        ("5b310bcd26150422", "a2f336a4c1896251"),
        ("6dcc2c5b4e7a11ac", "1147a49dfd909a9d"),
        ("c7b71d1b31887cca", "428df5f9b5f1077d"),
        ("f688c9eeb0eff887", "c41d8d2046ee3515"),
        ("dcba88b7362e9e83", "da442fdaef2b1a67"),
        ("1194f87ea078ad05", "1767f95cc38f7362"),
        ("8ba771c16fb158e1", "d21df20afd55100f"),
    ];

    #[test]
    fn databases_that_exist_stay_valid() {
        let beginnings = |migrator: &Migrator| -> Vec<String> {
            let begin = |m: &Migration| m.checksum[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            migrator.iter().map(begin).collect()
        };
        let (sqlite, postgres): (Vec<_>, Vec<_>) =
            STORED.iter().map(|(s, p)| ((*s).to_owned(), (*p).to_owned())).unzip();
        assert_eq!(beginnings(&SQLITE_MIGRATIONS), sqlite);
        assert_eq!(beginnings(&POSTGRES_MIGRATIONS), postgres);
    }

    #[tokio::test]
    async fn every_file_is_built_in_as_sqlx_reads_it() {
        for (folder, built_in) in [("sqlite", &SQLITE_MIGRATIONS), ("postgres", &POSTGRES_MIGRATIONS)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
            let read = Migrator::new(path).await.expect("sqlx reads the folder");
            let all = |migrator: &Migrator| -> Vec<String> {
                let shown = |m: &Migration| {
                    let Migration {
                        version,
                        description,
                        migration_type,
                        sql,
                        checksum,
                        no_tx,
                    } = m;
                    format!(
                        "{version} {description} {migration_type:?} {no_tx} {checksum:?} {}",
                        sql.as_str()
                    )
                };
                migrator.iter().map(shown).collect()
            };
            assert_eq!(all(built_in), all(&read), "{folder}");
        }
    }
}
