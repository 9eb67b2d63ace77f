//! Databases for tests: SQLite always, and PostgreSQL where a server is there.
//!
//! `TEST_POSTGRES_URL` names a server; without it, a server is started from Debian's or the
//! `PATH`'s binaries when they are installed; without either, PostgreSQL is left out, and the test
//! says so. Every call gets a schema of its own.

mod interrupted;
mod plan;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::blobs::Blobs;
use crate::db::{DatabaseSettings, Db, ScratchSchema};

pub(crate) use self::interrupted::Interrupted;
pub use self::interrupted::{Interruption, Moment};
pub use self::plan::{analyze, plan, slow_steps};

/// The blob store, interrupted at each of its operations.
pub fn interrupted(blobs: &Blobs, interruption: Interruption) -> Blobs {
    blobs.behind(|inner| std::sync::Arc::new(Interrupted { inner, interruption }))
}

/// A fresh, migrated database, and the folder that holds it or its lock.
#[derive(Debug)]
pub struct TestDb {
    /// The open database.
    pub db: Db,
    /// How to open it once more.
    pub settings: DatabaseSettings,
    /// A folder of its own, gone at the end.
    pub folder: tempfile::TempDir,
}

/// One fresh database of every kind that can be had here.
pub async fn databases() -> Vec<TestDb> {
    let mut found = Vec::new();
    for settings in database_settings().await {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let db = Db::connect(&settings, folder.path())
            .await
            .expect("the test database can be reached");
        db.migrate(folder.path())
            .await
            .expect("the test database can be migrated");
        found.push(TestDb { db, settings, folder });
    }
    found
}

/// The settings of one fresh, empty database of every kind that can be had here. That of SQLite is
/// the default: a file in the data folder.
pub async fn database_settings() -> Vec<DatabaseSettings> {
    let mut found = vec![DatabaseSettings::default()];
    match postgres_url() {
        Some(server) => found.push(
            ScratchSchema::create(&server)
                .await
                .expect("a schema can be made on the PostgreSQL server")
                .settings(),
        ),
        None => say_skipped(),
    }
    found
}

#[expect(clippy::print_stderr, reason = "a test that leaves something out says so")]
fn say_skipped() {
    static SAID: OnceLock<()> = OnceLock::new();
    SAID.get_or_init(|| {
        eprintln!("PostgreSQL SKIPPED: neither TEST_POSTGRES_URL nor a server's binaries are there");
    });
}

/// The server's address: the one that is named, else that of one started for this process.
fn postgres_url() -> Option<String> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            std::env::var("TEST_POSTGRES_URL")
                .ok()
                .filter(|url| !url.is_empty())
                .or_else(start_server)
        })
        .clone()
}

/// Runs a server on a socket in a folder of its own until the standard input ends, which is when
/// this process ends, however it does. PostgreSQL refuses to run as root, so root becomes the user
/// that Debian's package made.
const SERVER: &str = r#"
set -e
bin="$1"
dir=$(mktemp -d /tmp/datil-postgres-XXXXXX)
as=""
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="setpriv --reuid=postgres --regid=postgres --clear-groups"; fi
cd "$dir"
# An ICU collation, as many clusters have, shows what counts on the order of bytes. PostgreSQL has it since version 15.
init() { $as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 -N "$@" >&2; }
init --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US || { rm -rf "$dir/data"; init --locale=C; }
$as "$bin/postgres" -D "$dir/data" -k "$dir" -h '' -c fsync=off -c max_connections=300 </dev/null >&2 &
server=$!
trap 'kill -INT $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 200); do "$bin/pg_isready" -q -h "$dir" && break; sleep 0.1; done
"$bin/pg_isready" -q -h "$dir"
echo "$dir"
cat >/dev/null
"#;

fn start_server() -> Option<String> {
    let bin = find_binaries()?;
    let mut child = Command::new("sh")
        .args(["-c", SERVER, "sh"])
        .arg(&bin)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut folder = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut folder).ok()?;
    // Kept open, and the server with it, until this process ends.
    std::mem::forget(child.stdin.take());
    let folder = folder.trim();
    (!folder.is_empty()).then(|| format!("postgres://postgres@localhost/postgres?host={folder}"))
}

/// The folder of a PostgreSQL server's binaries: Debian keeps them out of the `PATH`.
fn find_binaries() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").is_file())
}
