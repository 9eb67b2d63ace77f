//! Given the same lists, signatures equal those recorded from Socorro's code; and the built-in lists make the same
//! signatures as Mozilla's.
//!
//! The recordings are not part of this repository: the environment variable `DATIL_SHARED` names the folder that has
//! them (`data/siggen`, `data/siglists`). Without it nothing is compared, which is said, or fails in the gate.

#[path = "../../platform/testing/src/skip.rs"]
pub mod skip;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use signature::{AGREEMENT, Comparison, CrashData, Difference, Frame, Lists, Thread, generate};

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

/// Socorro's note on every exception without a message, whose stack trace begins with just the name of its class. Here
/// only a line that cannot be a class gets it.
const NO_MESSAGE: &str = "SignatureGenerationRule: JavaSignatureTool: stack trace line 1 is not in the expected format";

#[derive(Deserialize)]
struct Expected {
    id: String,
    signature: String,
    notes: Vec<String>,
    proto_signature: String,
    normalized_frames: Vec<String>,
}

/// Returns a note without what follows these words: the text of a Python exception.
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

/// The built-in lists, and Mozilla's.
fn both_lists(data: &Path) -> (Lists, Lists) {
    let theirs = Lists::load(&data.join("siglists")).expect("lists that can be used");
    (Lists::built_in(), theirs)
}

#[test]
fn signatures_equal_the_recorded_ones() {
    let Some(data) = skip::recordings("signatures") else {
        return;
    };
    let lists = Lists::load(&data.join("siglists")).unwrap();
    let cases = std::fs::read_to_string(data.join("siggen/cases.jsonl")).unwrap();
    let expected = std::fs::read_to_string(data.join("siggen/expected.jsonl")).unwrap();
    assert_eq!(cases.lines().count(), expected.lines().count());

    let mut equal: BTreeMap<bool, usize> = BTreeMap::new();
    let mut different: Vec<String> = Vec::new();
    let mut different_ill_typed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (case, expected) in cases.lines().zip(expected.lines()) {
        // A recorded string may have half a surrogate pair, which Rust's strings cannot.
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

/// Minimum names, or stacks, of a thousand that must be treated as Mozilla's lists do.
const LEAST: usize = 995;

/// Formats differences: a line for each entry, and below it one for each name.
fn shown(differences: &[Difference<'_>]) -> String {
    let mut text = String::new();
    for difference in differences {
        text += &format!("{} ({} tried)\n", difference.entry, difference.tried);
        for name in &difference.names {
            let (ours, theirs) = (&name.first, &name.second);
            text += &format!("    {:?}: {ours} by ours, {theirs} by Mozilla's\n", name.name);
        }
    }
    text
}

#[test]
fn the_built_in_lists_treat_names_as_mozillas_do() {
    let Some(data) = skip::recordings("names on lists") else {
        return;
    };
    let (ours, theirs) = both_lists(&data);
    let found = Comparison::of(&ours, &theirs);
    println!("by entries of ours:\n{}", shown(&found.of_first));
    println!("by entries of Mozilla's:\n{}", shown(&found.of_second));
    println!(
        "{} of {} names are treated alike; built_in: {:?}, other: {:?}",
        found.alike,
        found.names,
        ours.sha256(),
        theirs.sha256()
    );
    assert!(found.names > 5_000 && found.alike * 1000 >= found.names * LEAST);
    let measured = (ours.sha256(), theirs.sha256(), found.names, found.alike);
    let told = (AGREEMENT.built_in, AGREEMENT.other, AGREEMENT.names, AGREEMENT.alike);
    assert_eq!(measured, told, "what AGREEMENT says is not what was measured");
}

/// Returns the name with each of its letters removed, changed, and everything from it on cut off.
fn one_letter_off(name: &str) -> Vec<String> {
    let cuts = name.char_indices().flat_map(|(at, letter)| {
        let (before, after) = (&name[..at], &name[at + letter.len_utf8()..]);
        let other = if letter == 'Z' { 'Y' } else { 'Z' };
        [
            before.to_owned(),
            format!("{before}{after}"),
            format!("{before}{other}{after}"),
        ]
    });
    cuts.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_letter_of_a_name_counts_as_with_mozillas_lists() {
    let Some(data) = skip::recordings("letters of names on lists") else {
        return;
    };
    let (ours, theirs) = both_lists(&data);
    let (mut count, mut different) = (0, Vec::new());
    for entry in ours.entries().into_iter().chain(theirs.entries()) {
        for name in one_letter_off(&entry.text.replace('\\', "")) {
            count += 1;
            if !ours.treatment(&name).same(&theirs.treatment(&name)) {
                different.push(name);
            }
        }
    }
    println!("{count} names, treated otherwise: {different:#?}");
    assert!(count > 10_000 && different.is_empty());
}

/// A crash whose stack has these functions, with lines.
fn stack<'a>(functions: &[&'a str]) -> CrashData<'a> {
    let frames = functions.iter().map(|function| Frame {
        function: Some((*function).into()),
        line: Some(signature::Scalar::Integer(7)),
        ..Frame::default()
    });
    CrashData {
        threads: vec![Thread {
            frames: frames.collect(),
            ..Thread::default()
        }],
        ..CrashData::default()
    }
}

#[test]
fn the_built_in_lists_make_the_signatures_that_mozillas_make() {
    let Some(data) = skip::recordings("signatures by the built-in lists") else {
        return;
    };
    let (ours, theirs) = both_lists(&data);
    let (mut stacks, mut different) = (0_usize, Vec::new());
    let mut compare = |what: &str, crash: &CrashData<'_>| {
        stacks += 1;
        let [ours, theirs] = [&ours, &theirs].map(|lists| generate(crash, lists).signature);
        if ours != theirs {
            different.push(format!("{what}: {ours:?} by ours, {theirs:?} by Mozilla's"));
        }
    };
    // Each name above others, and below some: the walk must continue, stop or begin where theirs does.
    let mut names = ours.names();
    names.extend(theirs.names());
    for name in &names {
        compare(name, &stack(&[name, "herd::leap", "main"]));
        compare(name, &stack(&["memcpy", "herd::RefPtr", name, "herd::leap", "main"]));
        compare(name, &stack(&["raise", "abort", name, "xul.dll", "main"]));
    }
    for case in std::fs::read_to_string(data.join("siggen/cases.jsonl"))
        .unwrap()
        .lines()
    {
        compare(
            case.get(..60).unwrap_or(case),
            &CrashData::from_json(case.as_bytes()).unwrap(),
        );
    }
    println!(
        "{stacks} stacks, {} with another signature:\n{}",
        different.len(),
        different.join("\n")
    );
    assert!(stacks > 20_000 && different.len() * 1000 <= stacks * (1000 - LEAST));
}
