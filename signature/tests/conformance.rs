//! Signatures equal those recorded from Socorro's code, given the same lists.
//!
//! The recordings are not part of this repository: the environment variable `DATIL_SHARED` names
//! the folder that has them (`data/siggen`, `data/siglists`). Without it nothing is compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use signature::{CrashData, Lists, generate};

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "_case")]
    case: Label,
}

#[derive(Deserialize)]
struct Label {
    id: String,
    group: String,
    typed: bool,
}

/// What Socorro notes of every exception without a message, whose stack trace begins with the name of its class alone. Here it is
/// noted only of a line that can be no class.
const NO_MESSAGE: &str =
    "SignatureGenerationRule: JavaSignatureTool: stack trace line 1 is not in the expected format";

#[derive(Deserialize)]
struct Expected {
    id: String,
    signature: String,
    notes: Vec<String>,
    proto_signature: String,
    normalized_frames: Vec<String>,
}

/// A note without what follows these words, which is the text of a Python exception.
fn comparable(note: &str) -> &str {
    for words in ["Rule failed:", "Error parsing AsyncShutdownTimeout:"] {
        if let Some(at) = note.find(words) {
            return &note[..at + words.len()];
        }
    }
    note
}

fn comparable_all(notes: &[String]) -> Vec<&str> {
    notes.iter().map(|note| comparable(note)).collect()
}

#[test]
fn signatures_equal_the_recorded_ones() {
    let Some(shared) = std::env::var_os("DATIL_SHARED").map(PathBuf::from) else {
        println!("SKIPPED: DATIL_SHARED does not name the folder with the recordings");
        return;
    };
    let data = shared.join("data");
    let lists = Lists::load(&data.join("siglists")).unwrap();
    let cases = std::fs::read_to_string(data.join("siggen/cases.jsonl")).unwrap();
    let expected = std::fs::read_to_string(data.join("siggen/expected.jsonl")).unwrap();
    assert_eq!(cases.lines().count(), expected.lines().count());

    let mut equal: BTreeMap<bool, usize> = BTreeMap::new();
    let mut different: Vec<String> = Vec::new();
    let mut different_ill_typed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (case, expected) in cases.lines().zip(expected.lines()) {
        // A recorded text may have half a surrogate pair, which Rust's texts cannot.
        let expected: Expected = match serde_json::from_str(expected) {
            Ok(expected) => expected,
            Err(_) => serde_json::from_str(&expected.replace("\\ud800", "\u{fffd}")).unwrap(),
        };
        let label: Case = serde_json::from_str(&case.replace("\\ud800", "").replace("\\udc00", ""))
            .unwrap_or_else(|_| serde_json::from_str(case).unwrap());
        let label = label.case;
        assert_eq!(label.id, expected.id);
        let got = generate(&CrashData::from_json(case.as_bytes()).unwrap(), &lists);
        let same = got.signature == expected.signature
            && got.proto_signature() == expected.proto_signature
            && got.normalized_frames == expected.normalized_frames;
        let begins_with_a_class = || {
            let crash: serde_json::Value = serde_json::from_str(case).unwrap_or_default();
            let trace = crash["java_stack_trace"].as_str().unwrap_or_default();
            let first = trace.lines().next().unwrap_or_default();
            !first.is_empty() && !first.contains([' ', ':'])
        };
        let mut notes = comparable_all(&expected.notes);
        if notes.contains(&NO_MESSAGE) && begins_with_a_class() {
            notes.retain(|note| *note != NO_MESSAGE);
        }
        let same_notes = comparable_all(&got.notes) == notes;
        if same && same_notes {
            *equal.entry(label.typed).or_default() += 1;
        } else if label.typed {
            different.push(format!(
                "{}\n  expected {:?} {:?} {:?}\n  got      {:?} {:?} {:?}",
                label.id,
                expected.signature,
                expected.notes,
                expected.proto_signature,
                got.signature,
                got.notes,
                got.proto_signature()
            ));
        } else {
            let what = if same { "notes" } else { "signature" };
            let all = different_ill_typed
                .entry(format!("{} ({what})", label.group))
                .or_default();
            all.push(label.id);
        }
    }
    println!(
        "equal: {} well typed, {} ill typed; ill typed and different: {different_ill_typed:#?}",
        equal.get(&true).copied().unwrap_or_default(),
        equal.get(&false).copied().unwrap_or_default(),
    );
    assert!(
        different.is_empty(),
        "{} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}
