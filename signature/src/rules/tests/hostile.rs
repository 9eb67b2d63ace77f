//! Every document gets a signature, and quickly.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;

/// Compiled once for all cases.
static LISTS: LazyLock<Lists> = LazyLock::new(Lists::built_in);

/// A step of quadratic time would take minutes, not a second.
#[test]
fn long_hostile_symbols_are_no_trouble() {
    let parts = [
        "a",
        "<",
        ">",
        "(",
        "<(",
        "a ",
        " ,",
        "::$_1",
        "::h",
        "operator<",
        "operator(",
        "IPC::ParamTraits<",
        "`anonymous namespace'",
        "<a as b>",
        "[clone .cold",
        "@",
        "é",
        ",",
        ",*",
        ", ",
        "::$_1::x",
        "::$_\u{661}",
        "<name omitted>",
        "operator",
        "const&",
        "`'",
        "(anonymous namespace)",
        "NS_ABORT_OO",
        "RunWatchdo",
        "###!!! ABORT: ",
        ": file",
        "\n",
        "\\ud800",
    ];
    for part in parts {
        let text = part.repeat(200_000 / part.len());
        for file in ["/a.cpp", "/a.rs"] {
            let document = json!({
                "threads": [{"frames": [{"function": text, "file": file}]}],
                "abort_message": text,
            })
            .to_string();
            let crash = CrashData::from_json(document.as_bytes()).unwrap();
            assert!(generate(&crash, &LISTS).signature.starts_with("Abort | "));
        }
        let java = CrashData {
            java_stack_trace: Some(json!(text)),
            async_shutdown_timeout: Some(text),
            ..CrashData::default()
        };
        assert_eq!(generate(&java, &LISTS).signature, "AsyncShutdownTimeout | UNKNOWN");
    }
}

#[test]
fn only_the_first_of_many_frames_are_examined() {
    let frames = vec![
        crate::Frame {
            function: Some("memcpy".into()),
            ..crate::Frame::default()
        };
        100_000
    ];
    let crash = CrashData {
        threads: vec![crate::Thread {
            frames,
            ..crate::Thread::default()
        }],
        ..CrashData::default()
    };
    let made = generate(&crash, &LISTS);
    assert_eq!(made.normalized_frames.len(), crate::FRAME_LIMIT);
}

/// Any JSON value, with strings that mean something to the rules.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,30}",
        "(::|<|>|\\(|\\)|`|'|\\[clone|\\.cold|operator| as | in |IPC::ParamTraits|\\$_1| |,|&|const|é|::h0f|@){0,12}",
        Just("###!!! ABORT: x: file y".to_owned()),
        Just("unable to find a usable font )(".to_owned()),
        Just("{\"phase\": 1, \"conditions\": [{\"name\": null}, 1.5]}".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any_key(), inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    let keys = [
        "crashing_thread",
        "threads",
        "os",
        "reason",
        "java_stack_trace",
        "java_exception",
        "oom_allocation_size",
        "js_large_allocation_failure",
        "abort_message",
        "async_shutdown_timeout",
        "ipc_channel_error",
        "additional_minidumps",
        "ipc_message_name",
        "mdsw_status_string",
        "hang",
        "frames",
        "function",
        "module",
        "file",
        "line",
        "offset",
        "inlines",
        "unloaded_modules",
        "exception",
        "values",
        "stacktrace",
        "type",
        "json_dump",
        "crash_info",
        "system_info",
        "last_error_value",
    ];
    prop::sample::select(keys.to_vec()).prop_map(str::to_owned)
}

/// A well-typed document with every member that means something.
fn whole_document() -> Value {
    let frame = json!({
        "function": "a<b>(c)", "module": "m.dll", "file": "hg:x:y.rs:z", "line": 3,
        "offset": "0x1", "inlines": [{"function": "i", "file": "/j.cpp", "line": 4}],
        "unloaded_modules": [{"module": "u", "offsets": ["0x1"]}],
    });
    let thread = json!({
        "frames": [frame, {"module": "n"}, {"unloaded_modules": [{"module": "u"}]}],
        "last_error_value": "ERROR_NOT_ENOUGH_MEMORY", "thread_name": "t", "frame_count": 3,
    });
    json!({
        "crashing_thread": 1,
        "threads": [thread, thread],
        "os": "Windows NT",
        "reason": "EXCEPTION_STACK_OVERFLOW",
        "java_stack_trace": "a.B: c\n at d",
        "java_exception": {"exception": {"values": [{"stacktrace": {
            "type": "T", "module": "m", "value": "v", "frames": [
                {"module": "m", "function": "f", "filename": "f.kt", "lineno": 5, "in_app": true},
            ],
        }}]}},
        "oom_allocation_size": 5,
        "js_large_allocation_failure": "Reporting",
        "abort_message": "gone",
        "async_shutdown_timeout": "{\"phase\": \"p\", \"conditions\": [{\"name\": \"n\"}]}",
        "ipc_channel_error": "e",
        "additional_minidumps": ["upload_file_minidump_browser"],
        "ipc_message_name": "n",
        "mdsw_status_string": "OK",
        "hang": "ui",
        "original_signature": "s",
    })
}

/// Collects the pointers to all members and items, the document's own last.
fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => (0..).map(|i: u32| i.to_string()).zip(items).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), item)).collect(),
        _ => Vec::new(),
    };
    for (key, item) in inner {
        pointers(item, format!("{at}/{key}"), found);
    }
    found.push(at);
}

proptest! {
    #[test]
    fn any_value_may_stand_in_any_member(
        values in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..4),
        without_java in any::<bool>(),
    ) {
        let mut document = whole_document();
        if without_java {
            document["java_stack_trace"] = Value::Null;
            document["java_exception"] = Value::Null;
        }
        for (place, value) in values {
            let mut places = Vec::new();
            pointers(&document, String::new(), &mut places);
            // The last one is the document itself.
            places.pop();
            if places.is_empty() {
                break;
            }
            *document.pointer_mut(&places[place.index(places.len())]).unwrap() = value;
        }
        let processed = json!({
            "json_dump": {
                "crash_info": {
                    "crashing_thread": document["crashing_thread"], "type": document["reason"],
                },
                "threads": document["threads"],
                "system_info": {"os": document["os"]},
            },
            "java_exception": document["java_exception"],
            "hang": document["hang"],
        });
        for document in [document, processed] {
            let document = document.to_string();
            let crash = CrashData::from_json(document.as_bytes()).unwrap();
            let made = generate(&crash, &LISTS);
            prop_assert!(made.signature.len() <= LENGTH_LIMIT);
            prop_assert!(made.signature.chars().all(is_printable));
            prop_assert!(made.normalized_frames.len() <= crate::FRAME_LIMIT);
        }
    }

    #[test]
    fn any_json_has_a_printable_signature_of_bounded_length(
        map in prop::collection::hash_map(any_key(), any_value(), 0..12)
    ) {
        let document: Value = map.into_iter().collect();
        let document = document.to_string();
        let crash = CrashData::from_json(document.as_bytes()).unwrap();
        let made = generate(&crash, &LISTS);
        prop_assert!(made.signature.len() <= LENGTH_LIMIT);
        prop_assert!(made.signature.chars().all(is_printable));
        prop_assert_eq!(&made, &generate(&crash, &LISTS));
    }

    #[test]
    fn any_function_has_a_signature(
        functions in prop::collection::vec(
            "(\\PC|::|<|>|\\(|\\)|`|'|\\[clone \\.cold|operator| as |IPC::ParamTraits|::\\$_1| |,){0,20}",
            0..4,
        ),
        rust in any::<bool>(),
    ) {
        let frames: Vec<Value> = functions
            .iter()
            .map(|f| json!({"function": f, "file": if rust { "/a.rs" } else { "/a.cpp" }}))
            .collect();
        let document = json!({"threads": [{"frames": frames}]});
        let document = document.to_string();
        let crash = CrashData::from_json(document.as_bytes()).unwrap();
        let made = generate(&crash, &LISTS);
        prop_assert!(made.signature.chars().all(is_printable));
    }

    #[test]
    fn anything_like_json_is_read_or_refused(
        text in "(\\\\|\\\\u|d800|dc00|\"|NaN|-Infinity|\\{|\\}|\\[|\\]|:|,|-|1|\"hang\":|é| ){0,20}"
    ) {
        if let Ok(crash) = CrashData::from_json(text.as_bytes()) {
            generate(&crash, &LISTS);
        }
        let timeout = CrashData {
            async_shutdown_timeout: Some(text),
            ..CrashData::default()
        };
        generate(&timeout, &LISTS);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(crash) = CrashData::from_json(&bytes) {
            generate(&crash, &LISTS);
        }
    }
}
