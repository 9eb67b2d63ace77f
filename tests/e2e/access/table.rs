//! The table of who sees what: made of what the program answers, and compared with the one in `docs/access.md`.
//! To regenerate it: `UPDATE_DOCS=1 cargo test --test e2e access::`.

use std::collections::BTreeMap;
use std::path::Path;

use platform::access::Permission;

use super::addresses::UNKNOWN;
use super::callers::Caller;
use super::marks::{Form, Kind};
use super::site::{Answer, Request};
use super::world::World;

const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- /table -->\n";

/// Whether a caller stands in a column.
type Group = fn(&Caller) -> bool;

/// The columns.
const COLUMNS: [(&str, Group); 7] = [
    ("nobody", |caller| caller.refused.is_none() && !caller.is_known()),
    ("a token without permissions", |caller| {
        caller.refused.is_none() && caller.is_known() && caller.permissions.is_empty()
    }),
    ("`view_pii`", |caller| caller.permissions == [Permission::ViewPii]),
    ("`view_rawdump`", |caller| {
        caller.permissions == [Permission::ViewRawDump]
    }),
    ("`administer`", |caller| caller.permissions == [Permission::Administer]),
    ("any other permission", |caller| {
        let known = [Permission::ViewPii, Permission::ViewRawDump, Permission::Administer];
        caller.permissions.len() == 1 && !known.contains(&caller.permissions[0])
    }),
    ("an expired, revoked or unknown token", |caller| {
        caller.refused.is_some()
    }),
];

/// A row: what it is about, what is asked, and what an answer is called that has the status 200.
struct Row {
    name: &'static str,
    requests: Vec<Request>,
    word: fn(&World, &Answer) -> &'static str,
}

fn rows(world: &World) -> Vec<Row> {
    let id = &world.marked[0];
    let get = |paths: &[&str]| paths.iter().map(|path| Request::get(path.replace("ID", id))).collect();
    let row = |name, paths: &[&str], word| Row {
        name,
        requests: get(paths),
        word,
    };
    vec![
        row("report page", &["/report/index/ID"], annotations),
        row(
            "list of files on the report page",
            &["/report/index/ID"],
            |_, answer| {
                let lists = answer.text().contains("name=memory_report");
                if lists { "names and links" } else { "nothing" }
            },
        ),
        row(
            "`RawCrash`, `format=meta`",
            &["/api/RawCrash/?crash_id=ID"],
            annotations,
        ),
        row(
            "`RawCrash`, `format=raw`",
            &[
                "/api/RawCrash/?format=raw&crash_id=ID",
                "/api/RawCrash/?format=raw&name=memory_report&crash_id=ID",
            ],
            |_, answer| {
                let is_file = answer.header("content-type") == "application/octet-stream";
                if is_file { "the file" } else { "something else" }
            },
        ),
        row("`ProcessedCrash`", &["/api/ProcessedCrash/?crash_id=ID"], annotations),
        row(
            "`SuperSearch`",
            &["/api/SuperSearch/?_columns=url&_facets=url"],
            annotations,
        ),
        row(
            "`SuperSearchUnredacted`",
            &["/api/SuperSearchUnredacted/?_columns=url&_facets=url"],
            annotations,
        ),
        row(
            "audit log page",
            &["/audit-log", "/audit-log?crash_id=ID"],
            |_, answer| {
                let is_log = answer.text().contains("<h1>Audit log</h1>");
                if is_log { "all of it" } else { "something else" }
            },
        ),
        row(
            "lists of crashes and search",
            &["/", "/?product=Firefox", "/search?q=Firefox"],
            public,
        ),
        row(
            "pages and API of builds",
            &["/builds/", "/builds/unknown", "/api/v1/runs", "/api/v1/unknown"],
            public,
        ),
        row(
            "health and metrics",
            &["/__heartbeat__", "/__version__", "/metrics", "/robots.txt"],
            public,
        ),
    ]
}

/// What an answer shows of annotations and what is made of them.
fn annotations(world: &World, answer: &Answer) -> &'static str {
    let found = world.marks.within(&answer.text());
    let is_whole = found.iter().any(|mark| mark.kind == Kind::Value);
    if is_whole { "everything" } else { "public" }
}

fn public(world: &World, answer: &Answer) -> &'static str {
    let is_public = world.marks.within(&answer.text()).is_empty();
    if is_public { "public" } else { "protected" }
}

fn said(word: fn(&World, &Answer) -> &'static str, world: &World, answer: &Answer) -> String {
    match answer.status {
        200 => word(world, answer).to_owned(),
        status => format!("{status}"),
    }
}

/// What the table should be, if everybody in a column is answered alike.
async fn made(world: &World, callers: &[Caller]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut table = format!("| | {} |\n|---{}|\n", names.join(" | "), "|---".repeat(names.len()));
    let mut rows = answered(world, callers).await;
    rows.push(("`/submit`", submissions(world, callers).await));
    for (name, cells) in rows {
        table += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    table
}

/// The cells of the rows that are asked for.
async fn answered(world: &World, callers: &[Caller]) -> Vec<(&'static str, Vec<String>)> {
    let mut table = Vec::new();
    for row in rows(world) {
        let mut cells = Vec::new();
        for (column, is_in) in COLUMNS {
            let mut words: BTreeMap<String, String> = BTreeMap::new();
            for caller in callers.iter().filter(|caller| is_in(caller)) {
                for request in &row.requests {
                    let answer = world.site.get(&request.path, &caller.headers()).await;
                    let who = format!("{}: {}", caller.name, request.path);
                    words.insert(said(row.word, world, &answer), who);
                }
            }
            assert_eq!(words.len(), 1, "{}, {column}: {words:?}", row.name);
            cells.extend(words.into_keys());
        }
        table.push((row.name, cells));
    }
    table
}

/// Reports are taken from everybody: a token is not looked at.
async fn submissions(world: &World, callers: &[Caller]) -> Vec<String> {
    let mut cells = Vec::new();
    for (number, (_, is_in)) in COLUMNS.iter().enumerate() {
        let mut is_taken = true;
        for caller in callers.iter().filter(|caller| is_in(caller)) {
            let number = number.to_string();
            let form =
                Form::default()
                    .text("ProductName", "text/plain", "Firefox")
                    .text("CrashTime", "text/plain", &number);
            let mut headers = caller.headers();
            headers.push(("content-type", Form::TYPE));
            let answer = world.site.send("POST", "/submit", &headers, form.body()).await;
            is_taken &= answer.status == 200 && answer.text().starts_with("CrashID=bp-");
        }
        cells.push(if is_taken { "taken" } else { "refused" }.to_owned());
    }
    cells
}

/// Compares the table with the documented one.
pub(super) async fn check(world: &World, callers: &[Caller]) {
    for (column, is_in) in COLUMNS {
        assert!(callers.iter().any(is_in), "nobody stands in {column}");
    }
    // What does not exist is not told from what is protected.
    for caller in callers.iter().filter(|caller| !caller.may(Permission::ViewRawDump)) {
        let path = format!("/api/RawCrash/?format=raw&crash_id={UNKNOWN}");
        assert_eq!(
            world.site.get(&path, &caller.headers()).await.status,
            403,
            "{}",
            caller.name
        );
    }
    let made = made(world, callers).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/access.md");
    let page = std::fs::read_to_string(&path).expect("docs/access.md");
    let (before, rest) = page.split_once(BEGIN).expect("the mark before the table");
    let (documented, after) = rest.split_once(END).expect("the mark after the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}{BEGIN}{made}{END}{after}");
        std::fs::write(path, page).expect("the page can be written");
        return;
    }
    assert_eq!(
        documented, made,
        "docs/access.md: if this is meant, regenerate it with UPDATE_DOCS=1"
    );
}
