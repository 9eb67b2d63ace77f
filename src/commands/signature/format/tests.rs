use serde_json::{Value, json};
use signature::{CrashData, explain};

use super::*;

/// The answer about a crash that has something of everything.
fn answer(lists: &Lists) -> Answer {
    let crash = json!({
        "threads": [{"frames": [{"function": "malloc"}, {"function": "Zebra::leap"}]}],
        "abort_message": "no`way\u{1b}",
    });
    let document = crash.to_string();
    let crash = CrashData::from_json(document.as_bytes()).unwrap();
    let mut made = explain(&crash, lists);
    made.notes.push("Rule: \"a\",\nb\u{202e}".to_owned());
    Answer {
        input: "stdin:7".to_owned(),
        crash_id: Some("0-1-2".to_owned()),
        original: Some("Zebra::leap".to_owned()),
        made: Ok(made),
    }
}

fn broken() -> Answer {
    Answer::error("stdin:8".to_owned(), "not JSON".to_owned())
}

/// Both answers in sequence, as written.
fn written(format: Format, explain: bool) -> String {
    let lists = Lists::built_in();
    let writer = Writer {
        format,
        explain: explain.then_some(&lists),
    };
    let mut out = writer.head();
    writer.write(&answer(&lists), true, &mut out).unwrap();
    writer.write(&broken(), true, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_has_one_object_a_line() {
    let lines: Vec<Value> = written(Format::Json, false)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = [
        json!({
            "input": "stdin:7",
            "crash_id": "0-1-2",
            "original_signature": "Zebra::leap",
            "signature": "Abort | no`way | malloc | Zebra::leap",
            "notes": ["Rule: \"a\",\nb\u{202e}"],
            "proto_signature": "malloc | Zebra::leap",
        }),
        json!({"input": "stdin:8", "error": "not JSON"}),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn json_among_lines_has_no_more_than_the_answer() {
    let lists = Lists::built_in();
    let writer = Writer {
        format: Format::Json,
        explain: None,
    };
    let written = |answer: &Answer| {
        let mut out = Vec::new();
        writer.write(answer, false, &mut out).unwrap();
        out
    };
    let line: Value = serde_json::from_slice(&written(&answer(&lists))).unwrap();
    let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["notes", "proto_signature", "signature"]);
    assert_eq!(written(&broken()), b"{\"error\":\"not JSON\"}\n");
}

#[test]
fn explanations_name_the_entry_that_decided() {
    let text = written(Format::Json, true);
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["normalized_frames"], json!(["malloc", "Zebra::leap"]));
    assert_eq!(line["lists"]["folder"], Value::Null);
    let steps = line["steps"].as_array().unwrap();
    assert_eq!(steps.len(), line["debug_log"].as_array().unwrap().len());
    let prefix = steps
        .iter()
        .find(|step| step["event"] == "prefix; continue iterating: \"malloc\"")
        .unwrap();
    assert_eq!(prefix["rule"], "SignatureGenerationRule");
    assert_eq!(prefix["entry"]["file"], "prefix_signature_re.txt");
    let number = prefix["entry"]["line"].as_u64().unwrap();
    let entry = prefix["entry"]["text"].as_str().unwrap();

    let text = written(Format::Text, true);
    let step = format!(
        "step       SignatureGenerationRule: prefix; continue iterating: \"malloc\"\n           \
         by prefix_signature_re.txt:{number}: {entry}\n"
    );
    assert!(text.contains(&step), "{text}");
    assert!(text.contains("frame 1    Zebra::leap\n"), "{text}");
    assert!(written(Format::Markdown, true).contains("\n      step "));
}

#[test]
fn text_is_a_paragraph_of_printable_lines() {
    assert_eq!(
        written(Format::Text, false),
        "input      stdin:7\n\
         crash      0-1-2\n\
         original   Zebra::leap\n\
         signature  Abort | no`way | malloc | Zebra::leap\n\
         changed    yes\n\
         note       Rule: \"a\",\\nb\\u{202e}\n\
         \n\
         input      stdin:8\n\
         error      not JSON\n\
         \n"
    );
}

#[test]
fn csv_has_a_row_of_names_and_quotes_everything() {
    assert_eq!(
        written(Format::Csv, false),
        "\"input\",\"crash_id\",\"original_signature\",\"signature\",\"changed\",\"notes\",\"error\"\n\
         \"stdin:7\",\"0-1-2\",\"Zebra::leap\",\"Abort | no`way | malloc | Zebra::leap\",\"yes\",\
         \"[\"\"Rule: \\\"\"a\\\"\",\\nb\u{202e}\"\"]\",\"\"\n\
         \"stdin:8\",\"\",\"\",\"\",\"\",\"\",\"not JSON\"\n"
    );
}

#[test]
fn markdown_shows_everything_as_code() {
    assert_eq!(
        written(Format::Markdown, false),
        "* **Crash:** `0-1-2`\n\
         * **Original signature:** `Zebra::leap`\n\
         * **New signature:** ``Abort | no`way | malloc | Zebra::leap``\n\
         * **Note:** `Rule: \"a\",\\nb\\u{202e}`\n\
         \n\
         * **Crash:** `stdin:8`\n\
         * **Error:** `not JSON`\n\
         \n"
    );
    for (text, expected) in [("a", "`a`"), ("a``b", "```a``b```"), ("`a", "`` `a ``"), ("", "`  `")] {
        assert_eq!(code(text), expected);
    }
}
