use serde_json::{Value, json};

use super::*;

mod hostile;

/// Returns a crash in these functions, with additional keys.
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
    generate(&CrashData::from_json(&document).unwrap(), &Lists::built_in())
}

/// Checks the signature of a crash in `Zebra::leap` with additional keys.
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
        (json!({"oom_allocation_size": 262_145}), "OOM | large | Zebra::leap"),
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
        (json!({"js_large_allocation_failure": "Recovered"}), "Zebra::leap"),
        (json!({"abort_message": "gone"}), "Abort | gone | Zebra::leap"),
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
        (json!({"async_shutdown_timeout": "{"}), "AsyncShutdownTimeout | UNKNOWN"),
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
        (json!({"crashing_thread": 3}), "EMPTY: no frame data available"),
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
    assert_eq!(made.proto_signature(), "NtWaitForAlertByThreadId | Zebra::wait");
}

#[test]
fn signatures_are_printable_and_short() {
    let made = make(&["Zé\tbra::lea\u{2028}p [clone .cold]"], &json!({}));
    assert_eq!(made.signature, "Zbra::leap");
    assert_eq!(made.notes, ["SigPrintableCharsOnly: unprintable characters removed"]);

    let made = make(&["x".repeat(256).as_str()], &json!({}));
    assert_eq!(made.signature, format!("{}...", "x".repeat(252)));
    assert_eq!(made.notes, ["SigTruncate: SigTrunc: signature truncated due to length"]);
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
        (json!({"file": "a.cpp", "line": 0, "module": "M.dll"}), "m.dll"),
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
        (json!({"function": "f::h12", "file": "src/foo.rs"}), "f::h12"),
    ];
    for (frame, expected) in cases {
        let keys = json!({"os": "Windows NT", "threads": [{"frames": [frame]}]});
        assert_eq!(make(&[], &keys).normalized_frames, [expected], "{frame}");
    }
}

#[test]
fn inlined_functions_come_first_and_forty_are_examined() {
    let frame = json!({
        "function": "outer",
        "module": "m",
        "unloaded_modules": [{"module": "u"}],
        "inlines": [{"function": "inner"}, {"file": "/b.cpp", "line": 2}, {}],
    });
    let keys = json!({"threads": [{"frames": vec![frame; 11]}]});
    let made = make(&[], &keys);
    assert_eq!(made.normalized_frames[..5], ["inner", "b.cpp#2", "m", "outer", "inner"]);
    assert_eq!(made.normalized_frames.len(), crate::FRAME_LIMIT);
}

#[test]
fn repeated_libraries_count_once() {
    let made = make(&["a.dll", "a.dll", "b.dll", "a.dll", "Zebra", "Zebra"], &json!({}));
    assert_eq!(made.signature, "a.dll | b.dll | a.dll | Zebra");
}

#[test]
fn every_step_names_the_entry_that_decided() {
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
    let files: Vec<&str> = made.debug.iter().filter_map(Step::entry).map(|e| e.file).collect();
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

#[test]
fn no_innocent_thread_is_blamed() {
    let processed = |crash_info: &Value, status: &str| {
        json!({
            "json_dump": {
                "crash_info": crash_info,
                "threads": [
                    {"frames": [{"function": "Innocent"}], "last_error_value": "ERROR_NOT_ENOUGH_MEMORY"},
                    {"frames": [{"function": "Guilty"}]},
                ],
            },
            "mdsw_status_string": status,
        })
    };
    let nobody = "EMPTY: no crashing thread identified";
    for (document, expected) in [
        (processed(&json!({"crashing_thread": 1}), "OK"), "Guilty"),
        (processed(&json!({"crashing_thread": null}), "OK"), nobody),
        (processed(&json!({}), "OK"), nobody),
        (processed(&json!(null), "OK"), nobody),
        (
            processed(&json!({"crashing_thread": 9}), "OK"),
            "EMPTY: no frame data available; OK",
        ),
        (
            json!({"json_dump": {}, "mdsw_status_string": "MissingThreadList"}),
            "EMPTY: no frame data available; MissingThreadList",
        ),
        // Siggen's schema cannot express that there is none.
        (
            json!({"crashing_thread": null, "threads": [{"frames": [{"function": "Zero"}]}]}),
            "Zero",
        ),
    ] {
        let text = document.to_string();
        let crash = CrashData::from_json(text.as_bytes()).unwrap();
        let made = generate(&crash, &Lists::built_in());
        assert_eq!(made.signature, expected, "{document}");
    }
}
