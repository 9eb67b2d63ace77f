//! The tools that people use with Crash Stats today, as they are published, told nothing but another host.

mod crashstats_tools;
mod libmozdata;
mod socorro_cli;

use std::path::{Path, PathBuf};
use std::process::Command;

use crashstore::db::upsert_search_row;
use crashstore::search::compressed;
use demo::Plan;
use platform::clock;
use platform::db::{DatabaseSettings, Db};
use platform_testing::skip;
use serde_json::json;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// Names the folder of the tools' programs: `bin` of a Python environment in which they are installed.
const PROGRAMS: &str = "DATIL_TEST_CLIENTS";

/// More crashes than an answer lists.
const MANY: usize = 2_300;

/// A running program with crashes and tokens, and the tools.
struct World {
    system: System,
    programs: PathBuf,
    /// Three reports, processed; the last one came in last.
    ids: [String; 3],
    tokens: Tokens,
}

struct Tokens {
    /// May do everything that clients ask for.
    full: String,
    /// May do nothing more than anybody.
    none: String,
    /// Has expired.
    expired: String,
}

/// What a program printed, and how it ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// What it printed, if it ended well.
    fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }
}

impl World {
    /// With the tools that are installed. `None`, which is said, without them.
    async fn new(what: &str) -> Option<Self> {
        let Some(programs) = std::env::var_os(PROGRAMS) else {
            skip(what, &format!("{PROGRAMS} names no folder with the tools' programs"));
            return None;
        };
        Some(Self::with(Path::new(&programs)).await)
    }

    /// With the tools of a folder.
    async fn with(programs: &Path) -> Self {
        let stand_ins = StandIns::of(demo::World::empty(&Plan::default())).await;
        let mut system = System::new(&Config {
            more: &format!("[bugs]\nbugzilla_url = {:?}\n", stand_ins.url),
            ..Config::default()
        });
        system.run_well(["bugs", "import"]);
        let create = |more: &[&str]| {
            let args = [&["token", "create", "--note", "test"], more].concat();
            system.run_well(args).trim().to_owned()
        };
        let permissions = ["view_pii", "view_rawdump", "reprocess_crashes"];
        let full: Vec<&str> = permissions.iter().flat_map(|name| ["--permission", name]).collect();
        let tokens = Tokens {
            full: create(&full),
            none: create(&[]),
            expired: create(&["--days", "0"]),
        };
        let db = Db::connect(&DatabaseSettings::default(), &system.data()).await;
        write_many(&db.expect("it can be reached")).await;
        system.start(["up"]);
        let ids = ["101.0", "102.0", "103.0"].map(|version| submit(&system, version));
        for id in &ids {
            system.processed(id).await;
        }
        let all = async || {
            let found = system.json("/api/SuperSearch/?_results_number=0&_facets_size=0").await;
            (found["total"] == MANY + ids.len()).then_some(())
        };
        system.wait_for("all crashes to be found", all).await;
        Self {
            system,
            programs: programs.to_owned(),
            ids,
            tokens,
        }
    }

    /// Runs a tool in a folder, with a token if one is given.
    fn run(&self, program: &str, args: &[&str], token: Option<&str>) -> Ran {
        let mut command = Command::new(self.programs.join(program));
        command.args(args).current_dir(self.system.folder());
        // As wide as lines get.
        command
            .env("COLUMNS", "300")
            .env_remove("CRASHSTATS_API_TOKEN")
            .env_remove("SOCORRO_API_TOKEN_PATH");
        if let Some(token) = token {
            let file = self.system.folder().join("token");
            std::fs::write(&file, token).expect("a token can be written");
            command
                .env("CRASHSTATS_API_TOKEN", token)
                .env("SOCORRO_API_TOKEN_PATH", file);
        }
        let output = command.output().expect("the tool can be started");
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Ran {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// Crashes of Fenix that came in within the last hours, one every second, each with a protected address.
async fn write_many(db: &Db) {
    let latest = clock::now_micros() - 3_600_000_000;
    for first in (0..MANY).step_by(500) {
        let mut tx = db.begin().await.expect("a transaction");
        for n in first..(first + 500).min(MANY) {
            let id = format!("{n:08x}-cbbf-4589-a673-34f800261120").parse().expect("an id");
            let document = json!({
                "product": "Fenix", "version": format!("{}.0", 100 + n % 3), "release_channel": "nightly",
                "signature": format!("signature {}", n % 7), "build_id": 20_261_101_093_000_i64 + (n % 2) as i64,
                "install_time": n % 11, "url": "https://secret.example/",
            });
            let date = latest - i64::try_from(n).expect("a small number") * 1_000_000;
            let document = compressed(document.as_object().expect("an object"));
            upsert_search_row(&mut tx, &id, date, 1, &document)
                .await
                .expect("a row");
        }
        tx.commit().await.expect("a commit");
    }
}

/// A report of Firefox with a minidump and a protected address.
fn submit(system: &System, version: &str) -> String {
    let dump = concat!(
        "upload_file_minidump=",
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/crashes/linux-null-write/upload_file_minidump.dmp"
    );
    let version = format!("Version={version}");
    let args = [
        "submit",
        "--url",
        &system.url,
        "--as",
        "firefox",
        "-a",
        "ProductName=Firefox",
        "-a",
        "ReleaseChannel=release",
        "-a",
        "BuildID=20261102093000",
        "-a",
        &version,
        "-a",
        "URL=https://secret.example/",
        "--dump",
        dump,
    ];
    let id = system.run_well(args);
    id.trim()
        .trim_start_matches("CrashID=")
        .trim_start_matches("bp-")
        .to_owned()
}
