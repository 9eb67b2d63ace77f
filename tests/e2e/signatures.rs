//! `datil signature`: batches, files, stored crashes and hosts, every output format, and comparisons.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// An id that no crash has.
const NOBODY: &str = "de1bb258-cbbf-4589-a673-34f800160918";

fn well(output: Output) -> (String, String) {
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{errors}");
    (String::from_utf8(output.stdout).expect("UTF-8"), errors)
}

fn answers(system: &System, args: &[&str], input: &str) -> Vec<Value> {
    let (text, _) = well(system.run_with_input(args, input.as_bytes()));
    objects(&text)
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn crash(functions: &[&str]) -> Value {
    let frames: Vec<Value> = functions.iter().map(|f| json!({"function": f})).collect();
    json!({"crashing_thread": 0, "threads": [{"frames": frames}]})
}

/// Writes lists in a folder with this name that make the frame `irrelevant` irrelevant.
fn write_lists(system: &System, name: &str, irrelevant: &str) -> PathBuf {
    let folder = system.folder().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (file, text) in [
        ("irrelevant_signature_re.txt", irrelevant),
        ("prefix_signature_re.txt", "# none\n"),
        ("signature_sentinels.txt", ""),
        ("signatures_with_line_numbers_re.txt", ""),
    ] {
        std::fs::write(folder.join(file), text).expect("a list can be written");
    }
    folder
}

#[test]
fn batches_are_answered_line_by_line_in_order() {
    let system = System::new(&Config::default());
    let mut input = String::new();
    for number in 0..3_000 {
        let line = match number % 7 {
            3 => "not JSON {".to_owned(),
            5 => String::new(),
            _ => crash(&[&format!("herd::leap{number}(int)")]).to_string(),
        };
        input.push_str(&line);
        input.push('\n');
    }
    // The last line has no line feed.
    input.push_str("[]");
    let found = answers(&system, &["signature"], &input);
    assert_eq!(found.len(), 3_001);
    for (number, answer) in found.iter().enumerate() {
        if number % 7 == 3 || number % 7 == 5 || number == 3_000 {
            assert!(answer["error"].is_string(), "{number}: {answer}");
        } else {
            let signature = format!("herd::leap{number}");
            let expected = json!({
                "signature": signature, "notes": [], "proto_signature": signature,
            });
            assert_eq!(answer, &expected, "{number}");
        }
    }
    assert_eq!(answers(&system, &["signature"], ""), Vec::<Value>::new());
}

#[test]
fn explanations_name_the_list_entry_that_decided() {
    let system = System::new(&Config::default());
    let lists = write_lists(&system, "lists", "# a comment\nherd::Gate\n");
    let lists = lists.to_str().expect("UTF-8");
    let args = ["signature", "--siglists", lists, "--explain"];
    let input = format!("{}\n", crash(&["herd::Gate", "herd::leap"]));
    let answer = &answers(&system, &args, &input)[0];
    assert_eq!(answer["signature"], "herd::leap");
    assert_eq!(answer["lists"]["folder"], lists);
    let decided = answer["steps"]
        .as_array()
        .and_then(|steps| steps.iter().find(|step| !step["entry"].is_null()))
        .expect("an entry decided");
    assert_eq!(
        decided["entry"],
        json!({"file": "irrelevant_signature_re.txt", "line": 2, "text": "herd::Gate"})
    );
    let text = system.run_with_input([&args[..], &["--format", "text"]].concat(), input.as_bytes());
    let (text, _) = well(text);
    assert!(
        text.contains("by irrelevant_signature_re.txt:2: herd::Gate\n"),
        "{text}"
    );
    let csv = system.run_with_input([&args[..], &["--format", "csv"]].concat(), input.as_bytes());
    assert!(!csv.status.success());
}

#[test]
fn files_hold_lines_or_one_document_in_every_form() {
    let system = System::new(&Config::default());
    let lines = system.folder().join("lines.jsonl");
    let mut processed = json!({
        "uuid": NOBODY,
        "signature": "old",
        "json_dump": crash(&["herd::leap"]),
    });
    processed["json_dump"]["crash_info"] = json!({"crashing_thread": 0, "type": "SIGSEGV"});
    std::fs::write(&lines, format!("{}\ngarbage\n", crash(&["a\u{1b}[2Jb"]))).expect("a file");
    let document = system.folder().join("document.json");
    let pretty = serde_json::to_string_pretty(&processed).expect("JSON");
    std::fs::write(&document, pretty).expect("a file");
    let (lines, document) = (lines.to_str().expect("UTF-8"), document.to_str().expect("UTF-8"));

    let found = answers(&system, &["signature", lines, document, "-"], "{}\n");
    assert_eq!(found.len(), 4);
    assert_eq!(found[0]["signature"], "a[2Jb");
    assert!(found[1]["error"].is_string());
    assert_eq!(found[2]["input"], document);
    assert_eq!(found[2]["original_signature"], "old");
    assert_eq!(found[2]["signature"], "herd::leap");
    assert_eq!(found[3]["signature"], "EMPTY: no frame data available");

    let form = |form: &str| system.run_well(["signature", "--format", form, lines, document]);
    let text = form("text");
    assert_eq!(text.matches("\n\n").count(), 3);
    assert!(!text.contains('\u{1b}'), "{text}");
    for line in [
        format!("input      {lines}:2\nerror      not JSON"),
        format!("crash      {NOBODY}\noriginal   old\nsignature  herd::leap\nchanged    yes\n"),
    ] {
        assert!(text.contains(&line), "{text}");
    }
    let csv = form("csv");
    assert!(csv.starts_with("\"input\",\"crash_id\","), "{csv}");
    let row = format!("\"{document}\",\"{NOBODY}\",\"old\",\"herd::leap\",\"yes\",\"[]\",\"\"\n");
    assert!(csv.ends_with(&row), "{csv}");
    let markdown = form("markdown");
    assert!(markdown.contains("* **New signature:** `herd::leap`\n"), "{markdown}");

    // Answers as much as possible; the exit code tells that something could not be read.
    let output = system.run(["signature", "no-such-file", document]);
    assert_eq!(output.status.code(), Some(1));
    let found = objects(&String::from_utf8_lossy(&output.stdout));
    assert!(
        found[0]["error"]
            .as_str()
            .is_some_and(|e| e.contains("cannot be opened"))
    );
    assert_eq!(found[1]["signature"], "herd::leap");
}

#[test]
fn differences_are_those_to_the_stored_signature_or_to_other_lists() {
    let system = System::new(&Config::default());
    let old = write_lists(&system, "old", "");
    let new = write_lists(&system, "new", "herd::Gate\n");
    let (old, new) = (old.to_str().expect("UTF-8"), new.to_str().expect("UTF-8"));
    let mut stored = crash(&["herd::Gate", "herd::leap"]);
    stored["original_signature"] = json!("herd::leap");
    let input = format!(
        "{}\n{}\n{stored}\ngarbage\n",
        crash(&["herd::Gate", "herd::leap"]),
        crash(&["herd::graze"]),
    );
    let ask = |args: &[&str]| {
        let args = [&["signature", "--diff"], args].concat();
        let (text, errors) = well(system.run_with_input(args, input.as_bytes()));
        (objects(&text), errors)
    };

    // Compared with other lists, whatever is stored.
    let (found, errors) = ask(&["--siglists", new, "--against", old]);
    let inputs: Vec<&Value> = found.iter().map(|answer| &answer["input"]).collect();
    assert_eq!(inputs, ["stdin:1", "stdin:3", "stdin:4"]);
    assert_eq!(found[0]["original_signature"], "herd::Gate");
    assert_eq!(found[0]["signature"], "herd::leap");
    assert!(found[2]["error"].is_string());
    assert!(
        errors.contains(
            "4 crashes: 2 with another signature, 1 with the same, 0 with none to compare with, 1 not readable"
        ),
        "{errors}"
    );

    // Compared with the stored signatures, or else with the lists in use.
    let (found, _) = ask(&["--siglists", new]);
    let inputs: Vec<&Value> = found.iter().map(|answer| &answer["input"]).collect();
    assert_eq!(inputs, ["stdin:1", "stdin:4"]);
    let (found, errors) = ask(&["--siglists", old]);
    assert_eq!(found[0]["input"], "stdin:3");
    assert_eq!(found[0]["original_signature"], "herd::leap");
    assert_eq!(found[0]["signature"], "herd::Gate");
    assert!(errors.contains("2 with the same"), "{errors}");

    // Compared only with the stored signatures.
    let (_, errors) = ask(&[]);
    assert!(errors.contains("2 with none to compare with"), "{errors}");

    let output = system.run(["signature", "--against", old]);
    assert!(!output.status.success(), "--against needs --diff");
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_are_found_by_their_id_in_the_data_folder_or_at_a_host() {
    let sources = StandIns::serve(&demo::Plan::default()).await;
    let system = System::up(&Config::default());
    let samples = demo::crashes::samples_for(&sources.world);
    let sample = samples
        .iter()
        .find(|sample| !sample.dumps.is_empty())
        .expect("a sample with a minidump");
    let id = system.submit(sample, "firefox");
    let processed = system.processed(&id).await;

    let page = format!("{}/report/index/{id}", system.url);
    let bare = id.trim_start_matches("bp-");
    let prefixed = format!("bp-{bare}");
    let asked = [
        vec!["signature", bare, NOBODY, &prefixed],
        vec!["signature", "--host", &system.url, bare, NOBODY, &page],
    ];
    for args in asked {
        let found = answers(&system, &args, "");
        assert_eq!(found.len(), 3, "{found:?}");
        for answer in [&found[0], &found[2]] {
            assert_eq!(answer["crash_id"], bare);
            assert_eq!(answer["original_signature"], processed["signature"]);
            assert_eq!(answer["signature"], processed["signature"]);
            assert_eq!(answer["proto_signature"], processed["proto_signature"]);
        }
        assert_eq!(found[1]["crash_id"], NOBODY);
        let error = found[1]["error"].as_str().expect("an error");
        assert!(error.starts_with("no such crash"), "{error}");
    }
    let (text, errors) = well(system.run(["signature", "--diff", bare]));
    assert_eq!(text, "");
    assert!(errors.contains("1 with the same"), "{errors}");

    // Nothing listens there.
    let output = system.run(["signature", "--host", "http://127.0.0.1:9", bare, "-"]);
    assert_eq!(output.status.code(), Some(1));
    let found = objects(&String::from_utf8_lossy(&output.stdout));
    let error = found[0]["error"].as_str().expect("an error");
    assert!(error.contains("cannot be asked"), "{error}");
}

#[test]
fn whoever_reads_no_further_ends_it() {
    let system = System::new(&Config::default());
    let lines = system.folder().join("lines.jsonl");
    let mut file = std::fs::File::create(&lines).expect("a file");
    for _ in 0..20_000 {
        writeln!(file, "{}", crash(&["herd::leap"])).expect("a line");
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_datil"))
        .arg("--data")
        .arg(system.data())
        .arg("signature")
        .arg(&lines)
        .stdout(Stdio::piped())
        .spawn()
        .expect("datil can be started");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}
