//! A product of a site's own, from its file to its withdrawal: `docs/own-products.md`, run as it stands there.

use demo::crashes::samples;
use platform_testing::database_settings;

use crate::system::{Config, System};

/// The time at which the page is read, microseconds UTC: 27 November 2026.
const NOVEMBER: i64 = 1_795_780_800_000_000;

/// A fenced block of the page.
struct Block {
    /// What stands behind its opening: the language, and the file that it is.
    kind: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block {
                kind: kind.to_owned(),
                text: text.join("\n"),
            });
        }
    }
    blocks
}

/// The block that is the file of this name.
fn file<'a>(blocks: &'a [Block], name: &str) -> &'a str {
    let block = blocks.iter().find(|block| block.kind == format!("toml {name}"));
    block.map(|block| block.text.as_str()).expect("the page has the file")
}

/// Where the pieces of an expected line, which `…` separates, stand in a text one after the other.
fn holds(text: &str, expected: &str) -> bool {
    let mut rest = text;
    expected.split('…').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[tokio::test]
async fn the_page_about_own_products_is_true() {
    let blocks = blocks(include_str!("../../docs/own-products.md"));
    for database in database_settings().await {
        let config = Config {
            database,
            more: file(&blocks, "datil.toml"),
            files: &[("products.toml", file(&blocks, "products.toml"))],
            ..Config::default()
        };
        let mut system = System::new(&config);
        let sample = samples().into_iter().find(|sample| sample.name == "linux-null-write");
        let sample = sample.expect("the sample is there");
        let dump = sample.dumps.values().next().expect("it has a dump");
        std::fs::write(system.folder().join("crash.dmp"), dump).expect("a dump can be written");
        // Builds of the page grow old, and old ones are refused.
        system.move_clock(NOVEMBER);
        system.start(["up"]);

        // One shell runs all of the page, so that its variables stay.
        let mut script = format!(
            "set -e\ndatil() {{ {} --data data \"$@\"; }}\n",
            env!("CARGO_BIN_EXE_datil")
        );
        let commands = blocks.iter().filter(|block| block.kind == "sh");
        for block in commands {
            let command = block.text.replace("http://127.0.0.1:8000", &system.url);
            script.push_str(&format!("{command}\necho; echo '== end of block'\n"));
        }
        let output = system.shell(&format!("{{ {script}\n}} 2>&1"));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let mut parts = printed.split("== end of block\n");
        let mut compared = 0;
        let mut blocks = blocks.iter().peekable();
        while let Some(block) = blocks.next() {
            if block.kind != "sh" {
                continue;
            }
            let part = parts.next().expect("every block is run");
            let Some(expected) = blocks.next_if(|next| next.kind == "text") else {
                continue;
            };
            for line in expected.text.lines() {
                compared += 1;
                assert!(
                    holds(part, line),
                    "{:?} is not in what is printed by\n{}\nwhich is\n{part}\n{}",
                    line,
                    block.text,
                    system.log_text()
                );
            }
        }
        assert!(output.status.success(), "{printed}\n{}", system.log_text());
        assert!(compared > 20, "{compared}");

        // However a report spells the product, it is one product's.
        let url = system.url.clone();
        let spelt = [
            "submit",
            "--url",
            &url,
            "--as",
            "crashpad",
            "-a",
            "prod=WOLKEN",
            "-a",
            "ver=1.4.1",
            "-a",
            "channel=stable",
            "-a",
            "BuildID=20261012080000",
        ];
        let crash = system.run_well(spelt);
        let processed = system.processed(crash.trim()).await;
        assert_eq!(processed["product"], "Wolkenritter");
        assert!(
            processed["processor_notes"]
                .to_string()
                .contains("Changed product from 'WOLKEN'"),
            "{processed}"
        );
        let (_, list) = system.get("/?product=Wolkenritter").await;
        assert!(list.contains(crash.trim()), "{list}");
    }
}

/// A table with builds of the product; the second channel has a line for each major version only if the file says so.
const TABLE: &str = "product_name,release_channel,major_version,release_version,version_string,build_id,archive_url\n\
    Night Kite,lts,1,1.2.0,1.2.0,20261001120000,manual\n\
    Night Kite,lts,2,2.0.1,2.0.1,20261002120000,manual\n";

/// The second of them.
const BUILD: &str = "20261002120000";

/// The lines of the stored builds.
fn lines(system: &System) -> Vec<String> {
    let printed = system.run_well(["--json", "buildinfo", "builds"]);
    let of_line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        format!("{} {}", line["product"].as_str()?, line["line"].as_str()?).into()
    };
    printed.lines().filter_map(of_line).collect()
}

/// What a changed file makes different is derived again; what it does not name stays, and can be read.
#[tokio::test]
async fn builds_follow_the_file() {
    for database in database_settings().await {
        let file = |text: &str| format!("[[product]]\nname = \"Night Kite\"\n{text}");
        let lts = |line: &str| file(&format!("channels = [{{ name = \"lts\", line = \"{line}\" }}]"));
        let system = System::new(&Config {
            database,
            more: "[products]\nfile = \"products.toml\"",
            files: &[("products.toml", ""), ("table.csv", TABLE)],
            ..Config::default()
        });
        let products = |text: &str| {
            std::fs::write(system.folder().join("products.toml"), text).expect("a file can be written");
        };
        let load = ["buildinfo", "load-csv", "--author", "test", "table.csv"];

        // Without a row the product is unknown.
        let unknown = system.run(load);
        assert!(!unknown.status.success());
        let said = String::from_utf8_lossy(&unknown.stdout).into_owned() + &String::from_utf8_lossy(&unknown.stderr);
        assert!(said.contains("unknown product \"Night Kite\""), "{said}");
        products(&lts("one"));
        system.run_well(load);
        assert_eq!(lines(&system), ["Night Kite main"; 2]);
        products(&lts("major"));
        system.run_well(["buildinfo", "rebuild"]);
        assert_eq!(lines(&system), ["Night Kite 2", "Night Kite 1"]);
        // Nothing is imported, and nothing is wrong with that.
        const HANDED_IN: &str = "nothing is imported here; builds are announced, or come from tables";
        let check = system.run_well(["check"]);
        let said = check
            .lines()
            .any(|line| line.starts_with("ok ") && line.contains(HANDED_IN));
        assert!(said && !check.contains("buildinfo import"), "{check}");
        assert!(!check.contains("products.file"), "{check}");

        // Builds that belong together in another way are moved.
        for (row, product) in [
            (file("channels = [{ name = \"lts\", official = false }]"), "Night Kite"),
            (file("channels = [{ name = \"stable\" }]"), "Night Kite"),
            (lts("major"), "Night Kite"),
            (
                lts("one").replace("Night Kite\"", "Dragon\"\naliases = [\"Night Kite\"]"),
                "Dragon",
            ),
            (lts("major"), "Night Kite"),
        ] {
            products(&row);
            system.run_well(["buildinfo", "rebuild"]);
            let question = [
                "buildinfo",
                "lookup",
                "--product",
                product,
                "--channel",
                "lts",
                "--build-id",
                BUILD,
            ];
            let answer = system.run_well(question);
            assert!(answer.contains("\"version\":\"2.0.1\""), "{row}: {answer}");
        }

        // Without the row everything stays readable, and nothing is lost.
        products("");
        let rebuilt = system.run(["buildinfo", "rebuild"]);
        assert!(rebuilt.status.success());
        assert!(
            String::from_utf8_lossy(&rebuilt.stderr).contains("Night Kite"),
            "{rebuilt:?}"
        );
        assert_eq!(lines(&system).len(), 2);
        system.run_well(["buildinfo", "builds"]);
        let audit = system.run_well(["buildinfo", "audit"]);
        assert!(
            audit.contains("product_without_row") && audit.contains("Night Kite"),
            "{audit}"
        );
        let check = system.run_well(["check"]);
        let said = "no question finds those of Night Kite, which no row describes: is products.file set?";
        assert!(check.contains(said), "{check}");
        let question = [
            "buildinfo",
            "lookup",
            "--product",
            "night kite",
            "--channel",
            "lts",
            "--build-id",
            BUILD,
        ];
        assert!(system.run_well(question).contains("no_source_for_product"));
        products(&lts("major"));
        assert!(system.run_well(question).contains("\"version\":\"2.0.1\""));

        // A file that cannot be is told with row and key, and nothing starts.
        products(&lts("two"));
        let refused = system.run(question);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(
            said.contains("products.toml: product 1 (\"Night Kite\"): channels[1].line must be one of one, major"),
            "{said}"
        );
    }
}
