use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A crash in these functions, with more keys.
fn document(functions: &[&str], keys: &Value) -> Vec<u8> {
    let frames: Vec<Value> = functions.iter().map(|f| json!({"function": f})).collect();
    let mut crash = json!({"threads": [{"frames": frames}]});
    for (key, value) in keys.as_object().unwrap() {
        crash[key] = value.clone();
    }
    crash.to_string().into_bytes()
}

fn make(functions: &[&str], keys: &Value) -> Signature {
    let document = document(functions, keys);
    generate(
        &CrashData::from_json(&document).unwrap(),
        &Lists::built_in(),
    )
}

/// The signature of a crash in `Zebra::leap` with more keys.
fn check(keys: &Value, expected: &str) {
    assert_eq!(make(&["Zebra::leap"], keys).signature, expected, "{keys}");
}

#[test]
fn every_rule_has_its_say() {
    let cases = [
        (json!({}), "Zebra::leap"),
        (
            json!({"reason": "X / STATUS_DEVICE_DATA_ERROR"}),
            "bad hardware | Zebra::leap",
        ),
        (json!({"oom_allocation_size": 262_144}), "OOM | small"),
        (
            json!({"oom_allocation_size": 262_145}),
            "OOM | large | Zebra::leap",
        ),
        (
            json!({"oom_allocation_size": " 1_000_000 "}),
            "OOM | large | Zebra::leap",
        ),
        (json!({"oom_allocation_size": 0}), "Zebra::leap"),
        (
            json!({"oom_allocation_size": 0, "reason": "STATUS_NO_MEMORY"}),
            "OOM | small",
        ),
        (
            json!({"reason": "STATUS_FATAL_MEMORY_EXHAUSTION"}),
            "OOM | unknown | Zebra::leap",
        ),
        (
            json!({"js_large_allocation_failure": "Reporting", "oom_allocation_size": 1}),
            "OOM | large | Zebra::leap",
        ),
        (
            json!({"js_large_allocation_failure": "Recovered"}),
            "Zebra::leap",
        ),
        (
            json!({"abort_message": "gone"}),
            "Abort | gone | Zebra::leap",
        ),
        (
            json!({"abort_message": "[1] ###!!! ABORT: gone: file a.cpp, line 3"}),
            "Abort | gone | Zebra::leap",
        ),
        (
            json!({"abort_message": "###!!! ABORT: file a.cpp"}),
            "Abort | Zebra::leap",
        ),
        (
            json!({"abort_message": "unable to find a usable font (Arial)"}),
            "Abort | unable to find a usable font | Zebra::leap",
        ),
        (json!({"abort_message": "é"}), "Abort | | Zebra::leap"),
        (
            json!({"async_shutdown_timeout": "{\"phase\": \"p\", \"conditions\": [{\"name\": \"b\"}, \"a\", null]}"}),
            "AsyncShutdownTimeout | p | None,a,b",
        ),
        (
            json!({"async_shutdown_timeout": "{\"conditions\": []}"}),
            "AsyncShutdownTimeout | (unknown) | (none)",
        ),
        (
            json!({"async_shutdown_timeout": "{\"phase\": \"p\", \"conditions\": [{}]}"}),
            "AsyncShutdownTimeout | p | UNKNOWN",
        ),
        (
            json!({"async_shutdown_timeout": "{\"phase\": \"p\", \"conditions\": [NaN, \"\\ud800x\"]}"}),
            "AsyncShutdownTimeout | p | nan,x",
        ),
        (
            json!({"async_shutdown_timeout": "{"}),
            "AsyncShutdownTimeout | UNKNOWN",
        ),
        (
            json!({"ipc_channel_error": "e", "abort_message": "x"}),
            "IPCError-content | e",
        ),
        (
            json!({"ipc_channel_error": "e", "additional_minidumps": ["upload_file_minidump_browser"]}),
            "IPCError-browser | e",
        ),
        (
            json!({"ipc_message_name": "PX::M"}),
            "Zebra::leap | IPC_Message_Name=PX::M",
        ),
        (
            json!({"reason": "EXCEPTION_STACK_OVERFLOW"}),
            "stackoverflow | Zebra::leap",
        ),
        (json!({"hang": "ui"}), "hang: ui | Zebra::leap"),
        (json!({"hang": ""}), "hang: | Zebra::leap"),
        (
            json!({"crashing_thread": 3}),
            "EMPTY: no frame data available",
        ),
        (
            json!({"crashing_thread": 3, "mdsw_status_string": "OK"}),
            "EMPTY: no frame data available; OK",
        ),
        (json!({"mdsw_status_string": "OK"}), "Zebra::leap"),
        (
            json!({"java_stack_trace": 5}),
            "EMPTY: Java stack trace not in expected format",
        ),
        (
            json!({
                "hang": "ui", "reason": "EXCEPTION_STACK_OVERFLOW", "ipc_channel_error": "ShutDownKill",
                "ipc_message_name": "PX::M", "oom_allocation_size": 5, "abort_message": "x",
            }),
            "hang: ui | stackoverflow | IPCError-content | ShutDownKill | IPC_Message_Name=PX::M",
        ),
    ];
    for (keys, expected) in cases {
        check(&keys, expected);
    }
}

#[test]
fn a_failed_rule_leaves_a_note_and_the_others_run() {
    let made = make(&["const"], &json!({"abort_message": "gone"}));
    assert_eq!(made.signature, "Abort | gone |");
    assert_eq!(
        made.notes[0],
        "SignatureGenerationRule: Rule failed: a function consists of qualifiers alone"
    );
    assert_eq!(made.proto_signature(), "");

    let made = make(&["Zebra"], &json!({"oom_allocation_size": "many"}));
    assert_eq!(made.signature, "Zebra");
    assert_eq!(
        made.notes,
        ["OOMSignature: Rule failed: the size of the allocation is not a number"]
    );
}

#[test]
fn shutdown_hangs_are_known_by_the_main_thread() {
    let keys = json!({
        "crashing_thread": 1,
        "threads": [
            {"frames": [{"function": "NtWaitForAlertByThreadId"}, {"function": "Zebra::wait"}]},
            {"frames": [{"function": "RunWatchdog(void*)"}]},
        ],
        "abort_message": "lost in the rerun",
    });
    let made = make(&[], &keys);
    assert_eq!(made.signature, "shutdownhang | Zebra::wait");
    assert_eq!(
        made.proto_signature(),
        "NtWaitForAlertByThreadId | Zebra::wait"
    );
}

#[test]
fn signatures_are_printable_and_short() {
    let made = make(&["Zé\tbra::lea\u{2028}p [clone .cold]"], &json!({}));
    assert_eq!(made.signature, "Zbra::leap");
    assert_eq!(
        made.notes,
        ["SigPrintableCharsOnly: unprintable characters removed"]
    );

    let made = make(&["x".repeat(256).as_str()], &json!({}));
    assert_eq!(made.signature, format!("{}...", "x".repeat(252)));
    assert_eq!(
        made.notes,
        ["SigTruncate: SigTrunc: signature truncated due to length"]
    );
    assert_eq!(make(&["x".repeat(255).as_str()], &json!({})).notes, [""; 0]);
}

#[test]
fn frames_are_known_by_the_best_there_is() {
    let cases = [
        (
            json!({"function": "f", "file": "/a.cpp", "line": 1, "module": "m"}),
            "f",
        ),
        (
            json!({"file": "hg:x:src/a.cpp:rev", "line": 7, "module": "m"}),
            "a.cpp:rev#7",
        ),
        (json!({"file": "c:\\src\\a.cpp", "line": "7"}), "a.cpp#7"),
        (
            json!({"file": "a.cpp", "line": 0, "module": "M.dll"}),
            "m.dll",
        ),
        (json!({"module": "[vdso]"}), "vdso"),
        (json!({"module": "[]", "offset": "0x1"}), ""),
        (
            json!({"unloaded_modules": [{"module": "U.dll"}], "offset": "0x1"}),
            "(unloaded U.dll)",
        ),
        (json!({"unloaded_modules": [{}]}), "(unloaded None)"),
        (json!({"offset": "0x00F0"}), "@0xf0"),
        (json!({"offset": "40"}), "@0x40"),
        (json!({"offset": "zz"}), "@zz"),
        (json!({"offset": 16}), "@16"),
        (json!({}), ""),
        (
            json!({"function": "panic", "file": "git:x:src/libcore/panicking.rs:rev"}),
            "core::panicking::panic",
        ),
        (json!({"function": "f::h12", "file": "/src/foo.rs"}), "f"),
        (
            json!({"function": "f::h12", "file": "src/foo.rs"}),
            "f::h12",
        ),
    ];
    for (frame, expected) in cases {
        let keys = json!({"os": "Windows NT", "threads": [{"frames": [frame]}]});
        assert_eq!(make(&[], &keys).normalized_frames, [expected], "{frame}");
    }
}

#[test]
fn inlined_functions_come_first_and_forty_are_looked_at() {
    let frame = json!({
        "function": "outer",
        "module": "m",
        "unloaded_modules": [{"module": "u"}],
        "inlines": [{"function": "inner"}, {"file": "/b.cpp", "line": 2}, {}],
    });
    let keys = json!({"threads": [{"frames": vec![frame; 11]}]});
    let made = make(&[], &keys);
    assert_eq!(
        made.normalized_frames[..5],
        ["inner", "b.cpp#2", "m", "outer", "inner"]
    );
    assert_eq!(made.normalized_frames.len(), frame::FRAME_LIMIT);
}

#[test]
fn repeated_libraries_count_once() {
    let made = make(
        &["a.DLL", "a.DLL", "b.dll", "a.DLL", "Zebra", "Zebra"],
        &json!({}),
    );
    assert_eq!(made.signature, "a.DLL | b.dll | a.DLL | Zebra");
}

#[test]
fn every_step_is_told_with_the_entry_that_decided() {
    let document = document(
        &[
            "rust_panic",
            "core::panicking::panic_fmt",
            "memcpy",
            "a.dll",
            "a.dll",
            "Zebra",
        ],
        &json!({"hang": "ui"}),
    );
    let crash = CrashData::from_json(&document).unwrap();
    let made = explain(&crash, &Lists::built_in());
    let log: Vec<String> = made.debug_log().collect();
    let expected = [
        "SignatureGenerationRule: using CSignatureTool",
        "SignatureGenerationRule: using included signature lists",
        "SignatureGenerationRule: sentinel; starting at \"core::panicking::panic_fmt\" index 1",
        "SignatureGenerationRule: irrelevant; ignoring: \"core::panicking::panic_fmt\"",
        "SignatureGenerationRule: prefix; continue iterating: \"memcpy\"",
        "SignatureGenerationRule: prefix; continue iterating: \"a.dll\"",
        "SignatureGenerationRule: not a prefix; stop: \"Zebra\"",
        "SignatureGenerationRule: change signature: \"\" -> \"memcpy | a.dll | Zebra\"",
        "HungProcess: change signature: \"memcpy | a.dll | Zebra\" -> \"hang: ui | memcpy | a.dll | Zebra\"",
    ];
    assert_eq!(log, expected);
    let files: Vec<&str> = made
        .debug
        .iter()
        .filter_map(Step::entry)
        .map(|e| e.file)
        .collect();
    assert_eq!(
        files,
        [
            "signature_sentinels.txt",
            "irrelevant_signature_re.txt",
            "prefix_signature_re.txt",
            "prefix_signature_re.txt",
        ]
    );
    assert!(
        made.debug
            .iter()
            .any(|step| matches!(step.event, Event::RepeatedLibrary { .. }))
    );
    let unexplained = Signature {
        debug: Vec::new(),
        ..made
    };
    assert_eq!(generate(&crash, &Lists::built_in()), unexplained);
}

/// With a step of quadratic time this would take minutes, not a second.
#[test]
fn long_hostile_symbols_are_no_trouble() {
    let lists = Lists::built_in();
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
            assert!(generate(&crash, &lists).signature.starts_with("Abort | "));
        }
        let java = CrashData {
            java_stack_trace: Some(json!(text)),
            async_shutdown_timeout: Some(text),
            ..CrashData::default()
        };
        assert_eq!(
            generate(&java, &lists).signature,
            "AsyncShutdownTimeout | UNKNOWN"
        );
    }
}

#[test]
fn of_many_frames_only_the_first_are_looked_at() {
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
    let made = generate(&crash, &Lists::built_in());
    assert_eq!(made.normalized_frames.len(), frame::FRAME_LIMIT);
}

/// Any JSON value, with texts that mean something to the rules.
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
            prop::collection::hash_map(any_key(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect()),
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

/// A document with all members that mean something, all of them well typed.
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

/// The pointers to all members and items, the document's own first.
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
            let made = generate(&crash, &shared_lists());
            prop_assert!(made.signature.len() <= LENGTH_LIMIT);
            prop_assert!(made.signature.chars().all(is_printable));
            prop_assert!(made.normalized_frames.len() <= frame::FRAME_LIMIT);
        }
    }

    #[test]
    fn any_json_has_a_printable_signature_of_bounded_length(
        map in prop::collection::hash_map(any_key(), any_value(), 0..12)
    ) {
        let document: Value = map.into_iter().collect();
        let document = document.to_string();
        let crash = CrashData::from_json(document.as_bytes()).unwrap();
        let made = generate(&crash, &shared_lists());
        prop_assert!(made.signature.len() <= LENGTH_LIMIT);
        prop_assert!(made.signature.chars().all(is_printable));
        prop_assert_eq!(&made, &generate(&crash, &shared_lists()));
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
        let made = generate(&crash, &shared_lists());
        prop_assert!(made.signature.chars().all(is_printable));
    }

    #[test]
    fn anything_like_json_is_read_or_refused(
        text in "(\\\\|\\\\u|d800|dc00|\"|NaN|-Infinity|\\{|\\}|\\[|\\]|:|,|-|1|\"hang\":|é| ){0,20}"
    ) {
        if let Ok(crash) = CrashData::from_json(text.as_bytes()) {
            generate(&crash, &shared_lists());
        }
        let timeout = CrashData {
            async_shutdown_timeout: Some(text),
            ..CrashData::default()
        };
        generate(&timeout, &shared_lists());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(crash) = CrashData::from_json(&bytes) {
            generate(&crash, &shared_lists());
        }
    }
}

fn shared_lists() -> std::sync::Arc<Lists> {
    static LISTS: std::sync::LazyLock<std::sync::Arc<Lists>> =
        std::sync::LazyLock::new(|| std::sync::Arc::new(Lists::built_in()));
    LISTS.clone()
}
