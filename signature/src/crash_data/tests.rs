use std::borrow::Cow;

use serde_json::{Value, json};

use super::data::THREAD_LIMIT;
use super::*;
use crate::scalar::Scalar;

/// Reads a document and leaks it, since the result borrows from it.
fn read(value: &Value) -> CrashData<'static> {
    CrashData::from_json(value.to_string().leak().as_bytes()).unwrap()
}

fn thread(function: &str) -> Value {
    json!({"frames": [{"function": function}]})
}

#[test]
fn well_typed_documents_are_read_without_a_note() {
    let data = read(&json!({
        "crashing_thread": 1,
        "threads": [thread("A"), {"frames": [], "last_error_value": "ERROR_X", "thread_name": "t"}],
        "os": "Linux",
        "hang": "",
        "oom_allocation_size": 8,
        "additional_minidumps": ["x"],
        "java_exception": {"a": 1},
        "unknown": [1, 2],
        "reason": null,
    }));
    assert_eq!(data.crashing_thread, 1);
    assert_eq!(data.threads[0].frames[0].function.as_deref(), Some("A"));
    assert_eq!(data.threads[1].last_error_value.as_deref(), Some("ERROR_X"));
    assert_eq!(data.os.as_deref(), Some("Linux"));
    assert_eq!(data.hang.as_deref(), Some(""));
    assert_eq!(data.oom_allocation_size, Some(Scalar::Integer(8)));
    assert_eq!(data.additional_minidumps, ["x"]);
    assert_eq!(data.notes, [""; 0]);
}

#[test]
fn both_ways_of_reading_agree_on_well_typed_documents() {
    let document = json!({
        "crashing_thread": -1,
        "threads": [{
            "frames": [{
                "function": "f", "module": "m", "file": "/a.rs", "line": 3, "offset": "0x10",
                "inlines": [{"function": "i", "file": "/b.rs", "line": "4"}],
                "unloaded_modules": null,
            }, {
                "function": null, "unloaded_modules": [{"module": "u", "offsets": ["0x1"]}],
            }],
            "last_error_value": "E",
        }],
        "os": "o", "reason": "r", "abort_message": "a", "async_shutdown_timeout": "{}",
        "ipc_channel_error": "c", "ipc_message_name": "n", "mdsw_status_string": "OK",
        "hang": "ui", "java_stack_trace": "t", "java_exception": {}, "oom_allocation_size": "5",
        "js_large_allocation_failure": "Reporting", "additional_minidumps": ["d"],
        "original_signature": "s",
    });
    let direct = read(&document);
    let lenient = lenient::read(|key| document.get(key));
    assert_eq!(direct, lenient);
}

#[test]
fn thread_numbers_of_other_types_are_read_like_python() {
    let cases = [
        (json!("5"), 5),
        (json!(" 5 "), 5),
        (json!(1.9), 1),
        (json!(true), 1),
        (json!("x"), 0),
        (json!(null), 0),
        (json!([]), 0),
        (json!(-2), -2),
    ];
    for (value, expected) in cases {
        assert_eq!(
            read(&json!({"crashing_thread": value})).crashing_thread,
            expected,
            "{value}"
        );
    }
}

#[test]
fn ill_typed_values_are_left_out_with_a_note() {
    let cases = [
        (
            json!({"abort_message": 5}),
            "CrashData: abort_message is not a text, left out",
        ),
        (json!({"reason": ["x"]}), "CrashData: reason is not a text, left out"),
        (json!({"threads": "x"}), "CrashData: threads is not a list, left out"),
        (
            json!({"oom_allocation_size": {}}),
            "CrashData: oom_allocation_size is not a number, left out",
        ),
        (
            json!({"additional_minidumps": 5}),
            "CrashData: additional_minidumps is not a list, left out",
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(read(&value).notes, [expected]);
    }
}

#[test]
fn ill_typed_values_that_are_only_compared_equal_nothing() {
    for key in ["os", "js_large_allocation_failure", "original_signature"] {
        for value in [json!(true), json!(["Reporting"]), json!({}), json!(1.5)] {
            let data = read(&json!({key: value}));
            assert_eq!(data, CrashData::default(), "{key}: {value}");
        }
    }
}

#[test]
fn frames_that_cannot_be_used_are_a_problem_of_their_thread() {
    let cases = [
        (json!(null), "a thread is not an object"),
        (json!([]), "a thread is not an object"),
        (json!({"frames": null}), "the frames are not a list"),
        (json!({"frames": [[]]}), "a frame is not an object"),
        (json!({"frames": [{"function": 5}]}), "a function is not a text"),
        (json!({"frames": [{"file": 5}]}), "a file is not a text"),
        (json!({"frames": [{"module": 5}]}), "a module is not a text"),
        (
            json!({"frames": [{"inlines": [null]}]}),
            "an inlined function is not an object",
        ),
        (json!({"frames": [{"inlines": 5}]}), "inlined functions are not a list"),
        (
            json!({"frames": [{"unloaded_modules": [null]}]}),
            "an unloaded module is not an object",
        ),
    ];
    for (value, expected) in cases {
        let data = read(&json!({"threads": [value]}));
        assert_eq!(data.threads[0].problem.as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn no_more_frames_are_kept_than_can_matter() {
    let frames: Vec<Value> = (0..100_000).map(|i| json!({"function": i.to_string()})).collect();
    let direct = read(&json!({"threads": [{"frames": frames}]}));
    assert_eq!(direct.threads[0].frames.len(), FRAME_LIMIT);
    let lenient = read(&json!({"crashing_thread": "0", "threads": [{"frames": frames}]}));
    assert_eq!(lenient.threads[0].frames.len(), FRAME_LIMIT);
}

#[test]
fn no_more_threads_are_kept_than_any_process_has() {
    let threads = vec![json!({}); THREAD_LIMIT + 5];
    let direct = read(&json!({"threads": threads}));
    assert_eq!(direct.threads.len(), THREAD_LIMIT);
    let lenient = read(&json!({"crashing_thread": "0", "threads": threads}));
    assert_eq!(lenient.threads.len(), THREAD_LIMIT);
}

#[test]
fn processed_crashes_are_converted() {
    let crash = json!({
        "json_dump": {
            "crash_info": {"crashing_thread": 2, "type": "SIGSEGV"},
            "system_info": {"os": "Linux"},
            "threads": [thread("Zero"), thread("One"), thread("Two")],
        },
        "signature": "old",
        "mdsw_status_string": "OK",
        "oom_allocation_size": 7,
        "crashing_thread": 9,
        "reason": "not this one",
    });
    let data = read(&crash);
    assert_eq!(data.crashing_thread, 2);
    assert_eq!(data.reason.as_deref(), Some("SIGSEGV"));
    assert_eq!(data.os.as_deref(), Some("Linux"));
    assert_eq!(data.original.as_deref(), Some("old"));
    let functions: Vec<Option<&str>> = data
        .threads
        .iter()
        .map(|thread| thread.frames.first()?.function.as_deref())
        .collect();
    assert_eq!(functions, [Some("Zero"), None, Some("Two")]);
}

#[test]
fn half_a_surrogate_pair_becomes_a_replacement_character() {
    let data = CrashData::from_json(br#"{"abort_message": "a\ud800b\ud83e\udd93"}"#).unwrap();
    assert_eq!(data.abort_message.as_deref(), Some("a\u{fffd}b\u{1f993}"));
}

#[test]
fn strings_of_frames_are_borrowed_unless_they_have_escapes() {
    let data =
        CrashData::from_json(br#"{"threads": [{"frames": [{"function": "f", "file": "a\u0062", "offset": "0x1"}]}]}"#)
            .unwrap();
    let frame = &data.threads[0].frames[0];
    assert!(matches!(frame.function, Some(Cow::Borrowed("f"))));
    assert_eq!(frame.file, Some(Cow::Owned("ab".to_owned())));
    assert!(matches!(frame.offset, Some(Scalar::Text(Cow::Borrowed("0x1")))));
}

#[test]
fn what_is_no_object_is_refused() {
    assert!(matches!(CrashData::from_json(b"[]"), Err(CrashDataError::NotAnObject)));
    assert!(matches!(CrashData::from_json(b"{"), Err(CrashDataError::NotJson(_))));
    assert!(matches!(CrashData::from_json(b"\xff"), Err(CrashDataError::NotUtf8)));
}
