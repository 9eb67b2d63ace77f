//! Made-up crash data for measurements.

use serde_json::{Value, json};

/// Number of mixed cases.
const MIXED: usize = 2_000;
/// Number of stacks.
const STACKS: usize = 500;

/// Surroundings of hostile parts, so that all of them count as one token, as one type that is kept, or as something to
/// drop.
pub(super) const HOSTILE_ENDS: [(&str, &str); 4] =
    [("", ""), ("<", " as "), ("", " [clone .cold"), ("a::operator ", "")];

/// Parts of functions that are slow to normalise carelessly. Of all mixtures of two or three such parts, those with
/// commas, empty types and lambdas take longest.
pub(super) const HOSTILE: [&str; 34] = [
    "a",
    "<",
    ">",
    "(",
    "<(",
    "a ",
    " ,",
    ",",
    ",*",
    "::$_1",
    "::$_1::x",
    "::h",
    "operator<",
    "operator(",
    "IPC::ParamTraits<",
    "`anonymous namespace'",
    "[clone .cold",
    "<a as b>",
    "a<b>",
    "a(b)",
    "NS_ABORT_OO",
    "RunWatchdo",
    "std::",
    "é",
    ", ",
    ",, ",
    ",)",
    ",\0",
    "<>",
    "><",
    "<>,",
    ">,<",
    "::$_\u{661}",
    "::$_1\u{e9},",
];

/// Functions as they appear in symbol files, in C++ and Rust.
const FUNCTIONS: [(&str, &str); 10] = [
    (
        "static void std::sort<herd::Zebra*, herd::ByStripes>(herd::Zebra*, herd::Zebra*)",
        "sort.cpp",
    ),
    (
        "herd::Paddock<herd::Zebra, 3>::find(std::basic_string<char> const&, int) const",
        "Paddock.h",
    ),
    ("core::ops::function::FnOnce::call_once{{vtable.shim}}", "function.rs"),
    (
        "<herd::Gate as core::iter::Iterator>::next::h0123456789abcdef",
        "gate.rs",
    ),
    (
        "herd::(anonymous namespace)::Watcher::operator()(herd::Event const&)",
        "Watcher.cpp",
    ),
    ("malloc", "malloc.c"),
    ("void herd::Zebra::leap(int) [clone .cold.12]", "Zebra.cpp"),
    ("herd::Stripes::count()::$_4::operator()() const", "Stripes.cpp"),
    ("`anonymous namespace'::Graze", "Graze.cpp"),
    ("NS_ABORT_OOM(unsigned int)", "Debug.cpp"),
];

/// A frame as stackwalkers write it.
fn frame(number: usize, choice: usize) -> Value {
    let (function, file) = FUNCTIONS[choice % FUNCTIONS.len()];
    json!({
        "frame": number,
        "function": function,
        "function_offset": "0x1f",
        "file": format!("git:example.org/herd:src/{file}:0123456789ab"),
        "line": choice,
        "module": "herd.dll",
        "module_offset": format!("0x{choice:x}"),
        "offset": format!("0x7f00{choice:04x}{number:04x}"),
        "inlines": null,
        "trust": "cfi",
        "unloaded_modules": null,
        "registers": null,
    })
}

/// Stacks of twelve frames with all the members of real ones.
pub(super) fn stacks() -> Vec<String> {
    let stack = |stack: usize| {
        let frames: Vec<Value> = (0..12).map(|depth| frame(depth, stack * 7 + depth * 5)).collect();
        json!({
            "crashing_thread": 0,
            "os": "Windows NT",
            "reason": "EXCEPTION_BREAKPOINT",
            "threads": [{"frame_count": 12, "frames": frames}],
        })
    };
    (0..STACKS).map(|number| stack(number).to_string()).collect()
}

/// Crashes of all kinds, most of them with few frames.
pub(super) fn mixed() -> Vec<String> {
    (0..MIXED).map(|number| case(number).to_string()).collect()
}

fn case(number: usize) -> Value {
    let frames: Vec<Value> = (0..1 + number % 8)
        .map(|depth| frame(depth, number * 3 + depth))
        .collect();
    let mut case = json!({
        "crashing_thread": 0,
        "os": "Linux",
        "threads": [{"frame_count": frames.len(), "frames": frames}],
    });
    let (key, value) = match number % 16 {
        0 => ("reason", json!("EXCEPTION_STACK_OVERFLOW")),
        1 => ("oom_allocation_size", json!(number * 1000)),
        2 => (
            "abort_message",
            json!("###!!! ABORT: the gate is open: file Gate.cpp, line 12"),
        ),
        3 => (
            "async_shutdown_timeout",
            json!("{\"phase\": \"gates-close\", \"conditions\": [{\"name\": \"Zebra: home\"}]}"),
        ),
        4 => ("ipc_channel_error", json!("herd went away")),
        5 => ("ipc_message_name", json!("PHerd::Msg_Leap")),
        6 => ("hang", json!("ui")),
        7 => (
            "java_stack_trace",
            json!("org.herd.GateException: no gate @0123abcd\n\tat org.herd.Gate.open(Gate.java:12)"),
        ),
        8 => (
            "java_exception",
            json!({"exception": {"values": [{"stacktrace": {
                "type": "GateException", "module": "org.herd", "value": "no gate",
                "frames": [{"module": "org.herd.Gate", "function": "open", "filename": "Gate.kt"}],
            }}]}}),
        ),
        9 => ("threads", json!([])),
        _ => ("reason", json!("SIGSEGV / SEGV_MAPERR")),
    };
    case[key] = value;
    case
}
