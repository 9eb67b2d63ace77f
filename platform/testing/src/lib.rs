//! Databases for tests: SQLite always, and PostgreSQL where a server is there. Only ever a development dependency; a
//! crate of its own, so that nothing is built twice: once for the program, and once more for its tests.
//!
//! `TEST_POSTGRES_URL` names a server. Without it, a server is started from Debian's binaries or those on the `PATH`,
//! if installed. Without either, PostgreSQL is left out, and the test says so ([`skip()`]). Every call gets its own
//! schema.

mod interrupted;
mod plan;
mod skip;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use platform::blobs::Blobs;
use platform::db::{DatabaseSettings, Db, ScratchSchema};

use self::interrupted::Interrupted;
pub use self::interrupted::{Interruption, Moment};
pub use self::plan::{analyze, plan, slow_steps};
pub use self::skip::{recordings, skip, skip_until_release};

/// Returns the blob store, interrupted at each operation.
pub fn interrupted(blobs: &Blobs, interruption: Interruption) -> Blobs {
    blobs.behind(|inner| std::sync::Arc::new(Interrupted { inner, interruption }))
}

/// A fresh, migrated database, and the folder that holds it or its lock.
#[derive(Debug)]
pub struct TestDb {
    /// The open database.
    pub db: Db,
    /// The settings to open it again.
    pub settings: DatabaseSettings,
    /// Its own folder, removed at the end.
    pub folder: tempfile::TempDir,
}

/// Returns one fresh database of every kind available.
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

/// Returns the settings of one fresh, empty database of every kind available. SQLite's is the default: a file in the
/// data folder.
pub async fn database_settings() -> Vec<DatabaseSettings> {
    let mut found = vec![DatabaseSettings::default()];
    match postgres_url() {
        Some(server) => found.push(
            ScratchSchema::create(&server)
                .await
                .expect("a schema can be made on the PostgreSQL server")
                .settings(),
        ),
        None => skip_postgres(),
    }
    found
}

/// Once for each process.
fn skip_postgres() {
    static SAID: OnceLock<()> = OnceLock::new();
    SAID.get_or_init(|| {
        skip(
            "PostgreSQL",
            "neither TEST_POSTGRES_URL nor a server's binaries are there",
        );
    });
}

/// The server's address: the one named, else one started for this process.
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

/// Runs a server on a socket in its own folder until standard input ends, which is when this process ends in any way.
/// PostgreSQL refuses to run as root, so root switches to the user that Debian's package created.
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
    // Keeps standard input open, and the server running, until this process ends.
    std::mem::forget(child.stdin.take());
    let folder = folder.trim();
    (!folder.is_empty()).then(|| format!("postgres://postgres@localhost/postgres?host={folder}"))
}

/// The folder of the PostgreSQL server's binaries: Debian keeps them off the `PATH`.
fn find_binaries() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").is_file())
}
