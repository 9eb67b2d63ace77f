//! Stacks and modules, as the report page shows them.

use builds::names::product::row_of;
use serde_json::{Map, Value};

use super::build::built_from;
use super::document::{list, number, object, shown, text};
use crate::links::{Source, Sources};
use crate::words;

/// Maximum frames shown of the crashing thread.
const MAX_CRASHING_FRAMES: usize = 500;
/// Maximum frames shown of any other thread.
const MAX_FRAMES: usize = 100;
/// Maximum rows shown of all other threads together.
const MAX_OTHER_ROWS: usize = 10_000;
/// Maximum inlined functions shown per frame.
const MAX_INLINES: usize = 50;
/// Maximum modules shown.
const MAX_MODULES: usize = 2_000;
/// Maximum exceptions shown of a chain.
const MAX_EXCEPTIONS: usize = 20;
/// Longer names of functions are cut.
const NAME: usize = 1_000;

/// One row of a stack.
#[derive(Debug, PartialEq)]
pub(super) struct FrameView {
    pub(super) number: String,
    pub(super) module: String,
    pub(super) function: String,
    pub(super) source: Option<Source>,
    pub(super) line: Option<i64>,
    pub(super) trust: String,
    pub(super) trust_meaning: &'static str,
    pub(super) inlined: bool,
    pub(super) missing_symbols: bool,
}

/// One thread.
#[derive(Debug, PartialEq)]
pub(super) struct ThreadView {
    pub(super) index: String,
    pub(super) name: String,
    pub(super) rows: Vec<FrameView>,
    /// How many of its frames are not shown.
    pub(super) left_out: usize,
}

/// The threads of a crash.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stacks {
    pub(super) crashing: Option<ThreadView>,
    pub(super) others: Vec<ThreadView>,
    /// How many threads are not shown.
    pub(super) left_out: usize,
    /// How many threads were left out before the minidump was walked.
    pub(super) not_walked: usize,
}

impl Stacks {
    pub(super) fn new(crash: &Map<String, Value>) -> Self {
        let Some(dump) = object(crash, "json_dump") else {
            return Self::default();
        };
        let sources = sources(crash);
        let thread = |value: &Value, index, limit| thread(value, index, limit, sources);
        let threads = list(dump, "threads");
        let crashing = crashing_index(crash, dump);
        let all = number(dump, "thread_count").and_then(|count| usize::try_from(count).ok());
        let mut stacks = Self {
            not_walked: all.unwrap_or(0).saturating_sub(threads.len()),
            crashing: crashing.and_then(|index| thread(threads.get(index)?, index, MAX_CRASHING_FRAMES)),
            ..Self::default()
        };
        if stacks.crashing.is_none() {
            stacks.crashing = dump
                .get("crashing_thread")
                .and_then(|value| thread(value, crashing.unwrap_or_default(), MAX_CRASHING_FRAMES));
        }
        let mut rows = 0;
        for (index, value) in threads.iter().enumerate() {
            if Some(index) == crashing {
                continue;
            }
            if rows >= MAX_OTHER_ROWS {
                stacks.left_out += 1;
                continue;
            }
            if let Some(thread) = thread(value, index, MAX_FRAMES) {
                rows += thread.rows.len() + 1;
                stacks.others.push(thread);
            }
        }
        stacks
    }
}

fn crashing_index(crash: &Map<String, Value>, dump: &Map<String, Value>) -> Option<usize> {
    let index = number(crash, "crashing_thread")
        .or_else(|| number(object(dump, "crash_info")?, "crashing_thread"))
        .or_else(|| number(object(dump, "crashing_thread")?, "threads_index"))?;
    usize::try_from(index).ok()
}

fn thread(value: &Value, index: usize, limit: usize, sources: Sources<'_>) -> Option<ThreadView> {
    let value = value.as_object()?;
    let frames = list(value, "frames");
    let shown_frames = frames.get(..limit).unwrap_or(frames);
    // Frames left out by the walker or the processor count too.
    let all = number(value, "frame_count")
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(0)
        .max(frames.len());
    let left_out = all.saturating_sub(shown_frames.len());
    let rows: Vec<FrameView> = shown_frames
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|value| frame(value, sources))
        .collect();
    if rows.is_empty() {
        return None;
    }
    Some(ThreadView {
        index: index.to_string(),
        name: text(value, "thread_name").to_owned(),
        rows,
        left_out,
    })
}

/// The rows of a frame: first the functions inlined into it, innermost first.
fn frame(frame: &Map<String, Value>, sources: Sources<'_>) -> Vec<FrameView> {
    if let Some(truncated) = object(frame, "truncated") {
        return vec![FrameView {
            number: "…".to_owned(),
            module: String::new(),
            function: text::shortened(text(truncated, "msg"), NAME),
            source: None,
            line: None,
            trust: String::new(),
            trust_meaning: "",
            inlined: false,
            missing_symbols: false,
        }];
    }
    let index = frame.get("frame").map(shown).unwrap_or_default();
    let module = text(frame, "module");
    let mut rows: Vec<FrameView> = list(frame, "inlines")
        .iter()
        .take(MAX_INLINES)
        .filter_map(Value::as_object)
        .map(|inline| FrameView {
            number: index.clone(),
            module: module.to_owned(),
            function: text::shortened(text(inline, "function"), NAME),
            source: source(inline, sources),
            line: number(inline, "line"),
            trust: "inlined".to_owned(),
            trust_meaning: words::trust("inlined"),
            inlined: true,
            missing_symbols: false,
        })
        .collect();
    let trust = text(frame, "trust");
    rows.push(FrameView {
        number: index,
        module: module.to_owned(),
        function: function(frame),
        source: source(frame, sources),
        line: number(frame, "line"),
        trust: trust.replace('_', " "),
        trust_meaning: words::trust(trust),
        inlined: false,
        missing_symbols: frame.get("missing_symbols") == Some(&Value::Bool(true)),
    });
    rows
}

/// The function, or its location if the name is unknown.
fn function(frame: &Map<String, Value>) -> String {
    let function = text(frame, "function");
    if !function.is_empty() {
        return text::shortened(function, NAME);
    }
    let offset = text(frame, "module_offset");
    if !text(frame, "module").is_empty() && !offset.is_empty() {
        return format!("at {offset} of the module");
    }
    if let Some(unloaded) = list(frame, "unloaded_modules").first().and_then(Value::as_object) {
        return format!("in the unloaded module {}", text(unloaded, "module"));
    }
    match text(frame, "offset") {
        "" => "unknown".to_owned(),
        address => format!("at the address {address}"),
    }
}

/// What the links to the source files are made of: the product, and what the build that crashed was built from.
fn sources(crash: &Map<String, Value>) -> Sources<'_> {
    let built = object(crash, "build_info").map(|answer| built_from(crash, answer).1);
    let member = |name| built.map_or("", |answer| text(answer, name));
    Sources {
        row: row_of(text(crash, "product")),
        repository: member("repository"),
        revision: member("revision"),
    }
}

fn source(frame: &Map<String, Value>, sources: Sources<'_>) -> Option<Source> {
    let file = text(frame, "file");
    (!file.is_empty()).then(|| {
        let mut source = sources.source(file, number(frame, "line"));
        source.path = text::shortened(&source.path, NAME);
        source
    })
}

/// An exception of a Java stack trace.
#[derive(Debug, PartialEq)]
pub(super) struct ExceptionView {
    pub(super) kind: String,
    pub(super) frames: Vec<String>,
    pub(super) left_out: usize,
}

/// The chain of Java exceptions, without their messages; if there is none, the stack trace stored as text.
pub(super) fn exceptions(crash: &Map<String, Value>) -> Vec<ExceptionView> {
    let Some(exception) = object(crash, "java_exception").and_then(|java| object(java, "exception")) else {
        return java_trace(text(crash, "java_stack_trace")).into_iter().collect();
    };
    list(exception, "values")
        .iter()
        .take(MAX_EXCEPTIONS)
        .filter_map(|value| value.get("stacktrace")?.as_object())
        .map(|trace| {
            let frames = list(trace, "frames");
            let shown_frames = frames.get(..MAX_FRAMES).unwrap_or(frames);
            let kind = [text(trace, "module"), text(trace, "type")];
            ExceptionView {
                kind: kind
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join("."),
                frames: shown_frames
                    .iter()
                    .filter_map(Value::as_object)
                    .map(java_frame)
                    .collect(),
                left_out: frames.len() - shown_frames.len(),
            }
        })
        .collect()
}

/// Why a report shows no stack of a native thread; `None` if it shows one, or if it shows a Java stack and there is no
/// minidump that could hold more.
pub(super) fn missing(
    crash: &Map<String, Value>,
    stacks: &Stacks,
    exceptions: &[ExceptionView],
) -> Option<&'static str> {
    if stacks.crashing.is_some() {
        return None;
    }
    let dump = object(crash, "json_dump").filter(|dump| !dump.is_empty());
    match (dump, text(crash, "mdsw_status_string")) {
        (None, "" | "EmptyMinidump") if !exceptions.is_empty() => None,
        (None, "") if text(crash, "java_stack_trace") == "malformed" => {
            Some("There is no stack: the report has no minidump, and its Java stack trace cannot be read.")
        }
        (None, "") => Some("There is no stack: the report has no minidump."),
        (None, _) => {
            Some("There is no stack: the minidump could not be read. The status of the minidump above says why.")
        }
        (Some(_), _) => {
            Some("There is no stack: the minidump does not say which thread crashed, or holds no frames of it.")
        }
    }
}

/// A stack trace as the processor leaves it: the class, followed by the frames, one per line.
fn java_trace(trace: &str) -> Option<ExceptionView> {
    let (class, frames) = trace.split_once('\n')?;
    let frames: Vec<&str> = frames.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if class.is_empty() && frames.is_empty() {
        return None;
    }
    let shown_frames = frames.get(..MAX_FRAMES).unwrap_or(&frames);
    Some(ExceptionView {
        kind: class.to_owned(),
        frames: shown_frames
            .iter()
            .map(|frame| text::shortened(frame.strip_prefix("at ").unwrap_or(frame), NAME))
            .collect(),
        left_out: frames.len() - shown_frames.len(),
    })
}

fn java_frame(frame: &Map<String, Value>) -> String {
    let line = frame.get("lineno").map(shown).unwrap_or_default();
    let place = [text(frame, "filename"), line.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(":");
    let name = format!("{}.{}({place})", text(frame, "module"), text(frame, "function"));
    text::shortened(&name, NAME)
}

/// A loaded library.
#[derive(Debug, PartialEq)]
pub(super) struct ModuleView {
    pub(super) filename: String,
    pub(super) version: String,
    pub(super) debug_file: String,
    pub(super) debug_id: String,
    pub(super) address: String,
    pub(super) signer: String,
    pub(super) symbols: &'static str,
}

/// The libraries of the process that crashed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Modules {
    pub(super) loaded: Vec<ModuleView>,
    pub(super) left_out: usize,
    pub(super) unloaded: Vec<String>,
    pub(super) unloaded_left_out: usize,
}

impl Modules {
    pub(super) fn new(crash: &Map<String, Value>) -> Self {
        let Some(dump) = object(crash, "json_dump") else {
            return Self::default();
        };
        let modules = list(dump, "modules");
        let unloaded = list(dump, "unloaded_modules");
        Self {
            loaded: modules
                .iter()
                .take(MAX_MODULES)
                .filter_map(Value::as_object)
                .map(module)
                .collect(),
            left_out: modules.len().saturating_sub(MAX_MODULES),
            unloaded_left_out: unloaded.len().saturating_sub(MAX_MODULES),
            unloaded: unloaded
                .iter()
                .take(MAX_MODULES)
                .filter_map(|module| Some(text(module.as_object()?, "filename").to_owned()))
                .collect(),
        }
    }
}

fn module(module: &Map<String, Value>) -> ModuleView {
    let is = |name: &str| module.get(name) == Some(&Value::Bool(true));
    ModuleView {
        filename: text(module, "filename").to_owned(),
        version: text(module, "version").to_owned(),
        debug_file: text(module, "debug_file").to_owned(),
        debug_id: text(module, "debug_id").to_owned(),
        address: text(module, "base_addr").to_owned(),
        signer: text(module, "cert_subject").to_owned(),
        symbols: if is("corrupt_symbols") {
            "damaged"
        } else if is("missing_symbols") {
            "missing"
        } else if is("loaded_symbols") {
            "used"
        } else {
            "not needed"
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stacks(crash: &Value) -> Stacks {
        Stacks::new(crash.as_object().unwrap())
    }

    #[test]
    fn inlined_functions_are_rows_before_their_frame() {
        let stacks = stacks(&json!({"crashing_thread": 1, "json_dump": {"threads": [
            {"frames": [{"frame": 0, "offset": "0x1"}]},
            {"thread_name": "Main", "frame_count": 3, "frames": [
                {
                    "frame": 0, "module": "xul", "function": "f", "trust": "context",
                    "inlines": [{"function": "g", "line": 2}],
                },
                {"frame": 1, "module": "xul", "module_offset": "0x10", "trust": "scan", "missing_symbols": true},
            ]},
        ]}}));
        let crashing = stacks.crashing.unwrap();
        let rows: Vec<(&str, &str, bool)> = crashing
            .rows
            .iter()
            .map(|row| (row.number.as_str(), row.function.as_str(), row.inlined))
            .collect();
        assert_eq!(
            rows,
            [
                ("0", "g", true),
                ("0", "f", false),
                ("1", "at 0x10 of the module", false)
            ]
        );
        assert_eq!((crashing.name.as_str(), crashing.left_out), ("Main", 1));
        assert_eq!(stacks.others.len(), 1);
        assert_eq!(stacks.others[0].rows[0].function, "at the address 0x1");
    }

    #[test]
    fn documents_of_another_shape_give_no_stack() {
        for crash in [
            json!({}),
            json!({"json_dump": []}),
            json!({"json_dump": {"threads": [null, 1, {"frames": null}, {"frames": ["x"]}]}}),
            json!({"crashing_thread": -1, "json_dump": {"threads": {}}}),
            json!({"crashing_thread": 9, "json_dump": {"crash_info": 1, "crashing_thread": 4}}),
        ] {
            assert_eq!(stacks(&crash), Stacks::default(), "{crash}");
        }
    }

    #[test]
    fn many_threads_are_cut_and_counted() {
        let frame = json!({"frame": 0, "function": "f"});
        let frames = vec![frame; 99];
        let threads = vec![json!({ "frames": frames }); 150];
        let dump = json!({"threads": threads, "thread_count": 200});
        let stacks = stacks(&json!({"crashing_thread": 0, "json_dump": dump}));
        assert_eq!((stacks.others.len(), stacks.left_out), (100, 49));
        assert_eq!(stacks.not_walked, 50);
    }

    #[test]
    fn java_exceptions_show_type_and_frames() {
        let crash = json!({"java_exception": {"exception": {"values": [{"stacktrace": {
            "module": "java.lang", "type": "IllegalStateException",
            "frames": [{"module": "org.a.B", "function": "run", "filename": "B.kt", "lineno": 7}],
        }}]}}});
        let found = exceptions(crash.as_object().unwrap());
        assert_eq!(found[0].kind, "java.lang.IllegalStateException");
        assert_eq!(found[0].frames, ["org.a.B.run(B.kt:7)"]);
    }
}
