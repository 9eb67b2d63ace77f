//! A product of a site's own, from its file to its withdrawal: `docs/own-products.md`, run as it stands there.

use demo::crashes::samples;
use platform_testing::database_settings;

use crate::system::{Config, System};

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
        let dump = sample.submission.dumps.values().next().expect("it has a dump");
        std::fs::write(system.folder().join("crash.dmp"), dump).expect("a dump can be written");
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
    }
}
