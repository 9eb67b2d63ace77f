use serde_json::json;

use super::*;

#[test]
fn stack_traces_are_known_by_their_first_two_lines() {
    let long = "d".repeat(300);
    let cases = [
        (
            "z.E: too many\n\tat z.Herd.add(Herd.java:7)\n\tat z.X",
            "z.E: too many at z.Herd.add(Herd.java)",
            "",
        ),
        (
            "z.E: too many\r\n at z.Herd.add(Herd.kt:7)",
            "z.E: too many at z.Herd.add(Herd.kt:7)",
            "",
        ),
        ("z.E:\nat z.Herd.add(Herd.java:7)", "z.E: at z.Herd.add(Herd.java)", ""),
        ("z.E: Herd@0123abcd\u{2028}at a", "z.E: Herd@<addr>: at a", ""),
        ("z.E: Herd@0123abcdx\x0bat a", "z.E: Herd@<addr>x at a", ""),
        ("z.E: Herd@0123ABCD\nat a", "z.E: Herd@0123ABCD at a", ""),
        ("z.E\nat a", "z.E: at a", ""),
        ("z.-E$1\nat a", "z.-E$1: at a", ""),
        (
            "something went wrong\nat a",
            "something went wrong: at a",
            "stack trace line 1 is not in the expected format",
        ),
        ("\nat a", "at a", "stack trace line 1 is not in the expected format"),
        ("z.E: d", "z.E: d", "stack trace line 2 is missing"),
        ("z.E: d\n  \nat a", "z.E: d", "stack trace line 2 is empty"),
        (
            &format!("z.E: {long}\nat a"),
            "z.E: at a",
            "dropped Java exception description due to length",
        ),
    ];
    for (trace, expected, note) in cases {
        let mut notes = Vec::new();
        assert_eq!(from_stack_trace(&json!(trace), &mut notes), expected, "{trace}");
        let expected: Vec<String> = Some(note)
            .filter(|note| !note.is_empty())
            .map(|note| format!("JavaSignatureTool: {note}"))
            .into_iter()
            .collect();
        assert_eq!(notes, expected, "{trace}");
    }
}

#[test]
fn exceptions_are_known_by_their_class_and_frame() {
    let unexpected = "EMPTY: Java exception not in expected format";
    let cases = [
        (
            json!({"type": "E", "module": "z", "frames": [
                {"module": "z.Herd", "function": "add", "filename": "Herd.kt", "lineno": 7},
            ]}),
            Ok("z.E: at z.Herd.add(Herd.kt)"),
        ),
        (json!({"type": "E", "frames": []}), Ok("E")),
        (json!({"module": "z"}), Ok("z.Unknown")),
        (json!({"type": null, "module": "z"}), Ok("None")),
        (
            json!({"type": "E", "frames": [{"filename": "Herd.kt"}]}),
            Ok("E: at unknown"),
        ),
        (json!({"type": "E", "frames": [{"function": "add"}]}), Ok("E: at add")),
        (json!({}), Ok(unexpected)),
        (json!(null), Ok(unexpected)),
        (json!("x"), Err("the stack trace of a Java exception is not an object")),
        (
            json!({"frames": [null]}),
            Err("the frames of a Java exception are not a list of objects"),
        ),
        (
            json!({"frames": [{"module": 5}]}),
            Err("a frame of a Java exception has a part that is not a text"),
        ),
    ];
    for (stack, expected) in cases {
        let exception = json!({"exception": {"values": [{"stacktrace": stack}]}});
        let mut notes = Vec::new();
        let answer = from_exception(&exception, &mut notes);
        assert_eq!(answer.as_deref().map_err(String::as_str), expected, "{stack}");
        assert_eq!(notes.is_empty(), expected != Ok(unexpected), "{stack}");
    }
}
