//! A site's own signature lists: compared, fetched from any source, and picked up by running processes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use serde_json::Value;
use signature::{AGREEMENT, LIST_FILES, Lists};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// Writes four lists, with an entry each in the first and second.
fn write_lists(folder: &Path, irrelevant: &str, prefix: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (name, text) in LIST_FILES.iter().zip([irrelevant, prefix, "", ""]) {
        std::fs::write(folder.join(name), format!("# ours\n{text}\n")).expect("a list");
    }
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The only object of a kind.
fn only<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("no {kind} in {objects:?}"));
    assert!(found.next().is_none(), "several {kind}");
    object
}

fn in_force(system: &System) -> Value {
    let shown = objects(&system.run_well(["--json", "signature", "lists", "show"]));
    only(&shown, "lists")["sha256"].clone()
}

/// The error output of a command that must fail.
fn refused(system: &System, args: &[&str]) -> String {
    let output = system.run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_compared_with_stored_crashes_and_taken_up_while_a_system_runs() {
    let sources = StandIns::serve(&demo::Plan::default()).await;
    let system = System::up(&Config::default());
    let samples = demo::crashes::samples_for(&sources.world);
    let sample = samples
        .iter()
        .find(|sample| !sample.dumps.is_empty())
        .expect("a sample with a minidump");
    let first = system.processed(&system.submit(sample, "firefox")).await;
    let built_in = Lists::built_in().sha256().to_owned();
    assert_eq!(first["signature_lists"], built_in);
    let signature = first["signature"].as_str().expect("a signature");
    let proto = first["proto_signature"].as_str().expect("a text");
    let frame = proto.split(" | ").next().expect("a frame");

    let checked = system.run(["check"]);
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    let line = checked.lines().find(|line| line.contains(&built_in)).expect("a line");
    let told = format!(
        "crashed here: {:.1} % of {} names",
        AGREEMENT.percent(),
        AGREEMENT.names
    );
    assert!(line.starts_with("ok   signatures") && line.contains(&told), "{line}");

    // With these lists, every frame is a prefix except the first, which is irrelevant.
    let own = system.folder().join("checkout");
    let entry: String = frame
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '.' })
        .collect();
    write_lists(&own.join("socorro/signature/siglists"), &entry, ".*");
    let own = own.to_str().expect("UTF-8");
    let found = objects(&system.run_well(["--json", "signature", "lists", "diff", own]));
    let changed = only(&found, "signature");
    assert_eq!(changed["old"], signature);
    assert_ne!(changed["new"], signature);
    assert_eq!((&changed["count"], &changed["example"]), (&1.into(), &first["uuid"]));
    let crashes = only(&found, "crashes");
    assert_eq!((&crashes["looked_at"], &crashes["alike"]), (&1.into(), &0.into()));
    assert!(
        only(&found, "names")["percent"]
            .as_f64()
            .is_some_and(|percent| percent < 50.0)
    );

    // An unavailable store is an error, and a damaged crash is counted.
    let objects_of = system.data().join("blobs/v1");
    let id = first["uuid"].as_str().expect("a text");
    system
        .wait_for("the document to be under its own key", async || {
            let outputs = std::fs::read_dir(objects_of.join("processed_output"));
            let left = outputs.map_or(0, Iterator::count);
            let own = objects_of.join("processed_crash").join(id);
            (left == 0 && own.exists()).then_some(())
        })
        .await;
    let away = system.data().join("blobs/away");
    std::fs::rename(&objects_of, &away).expect("the store can go away");
    std::fs::write(&objects_of, "").expect("a file can be written");
    let error = refused(&system, &["signature", "lists", "diff", own]);
    assert!(error.contains(&format!("reading crash {id}")), "{error}");
    std::fs::remove_file(&objects_of).expect("the file goes");
    std::fs::rename(&away, &objects_of).expect("the store is back");
    let document = objects_of.join("processed_crash").join(id);
    let kept = std::fs::read(&document).expect("a document");
    std::fs::write(&document, "no document").expect("a file can be written");
    let found = objects(&system.run_well(["--json", "signature", "lists", "diff", own]));
    assert_eq!(only(&found, "crashes")["unreadable"], 1);
    std::fs::write(&document, kept).expect("a file can be written");

    // Fetching does not activate the lists.
    let text = system.run_well(["signature", "lists", "fetch", own]);
    assert!(
        text.contains("matches every frame") && text.contains("Nothing was switched on"),
        "{text}"
    );
    assert!(
        text.contains("Stored crashes that would get another signature:"),
        "{text}"
    );
    assert_eq!(in_force(&system), built_in);

    let text = system.run_well([
        "--json",
        "signature",
        "lists",
        "fetch",
        own,
        "--activate",
        "--limit",
        "0",
    ]);
    let found = objects(&text);
    let sha256 = only(&found, "activated")["sha256"].as_str().expect("a text").to_owned();
    assert_eq!(in_force(&system), sha256.as_str());
    // The running processor picks them up by itself.
    let mut count = 0;
    let next = system
        .wait_long_for("the lists to be taken up", 4, async || {
            // A different crash each time, not a copy of the first.
            count += 1;
            let mut another = sample.clone();
            another.annotations.insert("Uptime".to_owned(), count.to_string());
            let next = system.processed(&system.submit(&another, "firefox")).await;
            (next["signature_lists"] == sha256.as_str()).then_some(next)
        })
        .await;
    assert_eq!(next["signature"], changed["new"]);
    let checked = system.run(["check"]);
    let checked = String::from_utf8_lossy(&checked.stdout);
    let line = checked.lines().find(|line| line.contains(&sha256)).expect("a line");
    assert!(
        line.starts_with("ok   signatures") && line.contains("as the built-in lists do"),
        "{line}"
    );

    // And back. Fetched lists can be named by a prefix of their SHA-256.
    system.run_well(["signature", "lists", "activate", "built-in"]);
    assert_eq!(in_force(&system), built_in);
    system.run_well(["signature", "lists", "activate", &sha256[..8]]);
    assert_eq!(in_force(&system), sha256.as_str());
    system.run_well(["signature", "lists", "diff", "built-in", &sha256[..8]]);
    drop(sources);
}

#[test]
fn what_cannot_be_used_is_said_and_changes_nothing() {
    let system = System::new(&Config::default());
    let built_in = in_force(&system);
    let folder = system.folder().join("own");
    let own = folder.to_str().expect("UTF-8");
    write_lists(&folder, "zebra", "horse(");
    let error = refused(&system, &["signature", "lists", "fetch", own, "--activate"]);
    assert!(
        error.contains("prefix_signature_re.txt:2: `horse(` cannot be used"),
        "{error}"
    );
    std::fs::remove_file(folder.join(LIST_FILES[3])).expect("it is there");
    let error = refused(&system, &["signature", "lists", "diff", own]);
    assert!(
        error.contains("all four lists are needed") && error.contains(LIST_FILES[3]),
        "{error}"
    );
    let error = refused(&system, &["signature", "lists", "activate", "0123456789"]);
    assert!(error.contains("no lists in"), "{error}");
    for source in ["no-such-thing", "ftp://lists.example/x", "http://127.0.0.1:9/x"] {
        refused(&system, &["signature", "lists", "fetch", source]);
    }
    assert_eq!(in_force(&system), built_in);

    // A site without a database is told so, and none is created.
    write_lists(&folder, "zebra", "horse");
    let text = system.run_well(["signature", "lists", "diff", own]);
    assert!(text.contains("this data folder has no database"), "{text}");
    assert!(!system.data().join("datil.db").exists());

    // Damaged active lists prevent a start, but there is a way back.
    let text = system.run_well(["--json", "signature", "lists", "fetch", own, "--activate"]);
    let found = objects(&text);
    let stored = PathBuf::from(only(&found, "installed")["folder"].as_str().expect("a text"));
    std::fs::write(stored.join(LIST_FILES[0]), "another").expect("a list");
    for args in [
        &["up"][..],
        &["processor"],
        &["signature", "-"],
        &["signature", "lists", "show"],
    ] {
        let error = refused(&system, args);
        assert!(
            error.contains("they were changed") && error.contains("activate built-in"),
            "{error}"
        );
    }
    let checked = system.run(["check"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("BAD  signatures"));
    std::fs::remove_dir_all(&stored).expect("it is there");
    let error = refused(&system, &["processor"]);
    assert!(error.contains("cannot be read"), "{error}");
    system.run_well(["signature", "lists", "activate", "built-in"]);
    assert_eq!(in_force(&system), built_in);

    // If the setting names a folder, nothing else counts.
    let by_setting = System::new(&Config {
        more: &format!("siglists = {own:?}\n"),
        ..Config::default()
    });
    let error = refused(&by_setting, &["signature", "lists", "fetch", own, "--activate"]);
    assert!(error.contains("processor.siglists"), "{error}");
    assert_ne!(in_force(&by_setting), built_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_fetched_over_http_within_limits() {
    let system = System::new(&Config::default());
    let folder = system.folder().join("own");
    write_lists(&folder, "zebra", "horse");
    let mut wheel = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in LIST_FILES {
        let path = format!("siggen/siglists/{name}");
        wheel
            .start_file(path, zip::write::SimpleFileOptions::default())
            .expect("a file");
        wheel
            .write_all(&std::fs::read(folder.join(name)).expect("a list"))
            .expect("bytes");
    }
    let wheel = wheel.finish().expect("a wheel").into_inner();
    let mut router = Router::new()
        .route("/siggen.whl", get(|| async { wheel }))
        .route("/moved", get(|| async { Redirect::temporary("/siggen.whl") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/ill", get(|| async { StatusCode::BAD_GATEWAY }))
        .route("/huge", get(|| async { vec![b'a'; 40 << 20] }))
        .route("/page", get(|| async { "<html>" }));
    for name in LIST_FILES {
        let text = std::fs::read_to_string(folder.join(name)).expect("a list");
        router = router.route(&format!("/raw/{name}"), get(|| async { text }));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let root = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let fetch = |path: &str| {
        let url = root.replacen("http://", "http://user:secret@", 1) + path;
        system.run(["--json", "signature", "lists", "fetch", &url])
    };
    let mut found = Vec::new();
    for path in ["/siggen.whl", "/moved", "/raw", "/raw/?token=secret"] {
        let output = fetch(path);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{path}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!text.contains("secret"), "{text}");
        found.push(only(&objects(&text), "installed")["sha256"].clone());
    }
    found.dedup();
    let lists = Lists::load(&folder).expect("lists");
    assert_eq!(found, [lists.sha256()]);
    for (path, expected) in [
        ("/page", "is no wheel, zip or tar.gz"),
        ("/nothing", "answers 404"),
        ("/ill", "502"),
        ("/huge", "bigger than"),
        ("/round", "it redirects too often"),
    ] {
        let output = fetch(path);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(error.contains(expected) && !error.contains("secret"), "{path}: {error}");
    }
    server.abort();
}
