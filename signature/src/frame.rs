//! Frames of native stacks: which are examined, and the one text each is normalised to.

use std::fmt::Write;

use crate::crash_data::{CrashData, FRAME_LIMIT, Thread};
use crate::function;
use crate::lists::Lists;
use crate::python;
use crate::scalar::Scalar;

/// Standard library functions that Rust before 1.35 named without their path, by source file: (file, function, full
/// path).
const SHORT_RUST_FUNCTIONS: [(&str, &str, &str); 9] = [
    (
        "src/liballoc/raw_vec.rs",
        "capacity_overflow",
        "alloc::raw_vec::capacity_overflow",
    ),
    ("src/libcore/option.rs", "expect_failed", "core::option::expect_failed"),
    ("src/libcore/panicking.rs", "panic", "core::panicking::panic"),
    (
        "src/libcore/panicking.rs",
        "panic_bounds_check",
        "core::panicking::panic_bounds_check",
    ),
    ("src/libcore/panicking.rs", "panic_fmt", "core::panicking::panic_fmt"),
    (
        "src/libcore/slice/mod.rs",
        "slice_index_order_fail",
        "core::slice::slice_index_order_fail",
    ),
    (
        "src/libstd/panicking.rs",
        "begin_panic_fmt",
        "std::panicking::begin_panic_fmt",
    ),
    (
        "src/libstd/panicking.rs",
        "continue_panic_fmt",
        "std::panicking::continue_panic_fmt",
    ),
    (
        "src/libstd/panicking.rs",
        "rust_panic_with_hook",
        "std::panicking::rust_panic_with_hook",
    ),
];

/// Returns the normalised frames of a thread, innermost first, at most [`FRAME_LIMIT`].
///
/// Functions inlined into a frame come before it. An error says what is unusable.
pub(crate) fn normalize(crash: &CrashData<'_>, thread: &Thread<'_>, lists: &Lists) -> Result<Vec<String>, String> {
    if let Some(problem) = &thread.problem {
        return Err(problem.clone());
    }
    let windows = crash.os.as_deref() == Some("Windows NT");
    let mut normalized = Vec::with_capacity(thread.frames.len().min(FRAME_LIMIT));
    for frame in &thread.frames {
        let inlined = frame.inlines.iter().map(|inline| Seen {
            function: inline.function.as_deref(),
            file: inline.file.as_deref(),
            line: inline.line.as_ref(),
            unloaded: None,
        });
        let itself = Seen {
            function: frame.function.as_deref(),
            file: frame.file.as_deref(),
            line: frame.line.as_ref(),
            unloaded: frame
                .unloaded_modules
                .first()
                .map(|unloaded| unloaded.module.as_deref()),
        };
        for seen in inlined.chain(std::iter::once(itself)) {
            if normalized.len() == FRAME_LIMIT {
                return Ok(normalized);
            }
            let text = seen.text(frame.module.as_deref(), windows, frame.offset.as_ref(), lists)?;
            normalized.push(text);
        }
    }
    Ok(normalized)
}

/// A frame or a function inlined into it.
struct Seen<'a> {
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<&'a Scalar<'a>>,
    /// The first unloaded module that was at this address, and its name.
    unloaded: Option<Option<&'a str>>,
}

impl Seen<'_> {
    /// Returns the best known description: function, source line, module, unloaded module, address.
    fn text(
        &self,
        module: Option<&str>,
        windows: bool,
        offset: Option<&Scalar<'_>>,
        lists: &Lists,
    ) -> Result<String, String> {
        let path = self.file.and_then(source_path);
        if let Some(function) = self.function.filter(|function| !function.is_empty()) {
            let function = full_rust_path(path, function).unwrap_or(function);
            if path.is_some_and(|path| path.ends_with(".rs")) {
                return Ok(function::rust(function, self.line, lists));
            }
            return function::cpp(function, self.line, lists)
                .ok_or_else(|| "a function consists of qualifiers alone".to_owned());
        }
        if let (Some(file), Some(line)) = (
            self.file.filter(|file| !file.is_empty()),
            self.line.filter(|line| line.is_truthy()),
        ) {
            return Ok(format!("{}#{line}", base_name(file)));
        }
        if let Some(module) = module.filter(|module| !module.is_empty()) {
            let bare = module.trim_matches(['[', ']']);
            return Ok(if windows { bare.to_lowercase() } else { bare.to_owned() });
        }
        if let Some(unloaded) = self.unloaded {
            return Ok(format!("(unloaded {})", unloaded.unwrap_or("None")));
        }
        let mut text = String::new();
        if let Some(offset) = offset.filter(|offset| offset.is_truthy()) {
            text.push('@');
            match offset {
                Scalar::Integer(number) => {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{number}");
                }
                Scalar::Text(digits) => match python::hex(digits) {
                    Some(address) => text.push_str(&address),
                    None => text.push_str(digits),
                },
            }
        }
        Ok(text)
    }
}

/// Returns the path in `vcs:root:path:revision` or `drive:path`, or the whole text if it is absolute.
fn source_path(file: &str) -> Option<&str> {
    let mut colons = (0..).zip(file.bytes()).filter(|(_, byte)| *byte == b':');
    let mut colon = || colons.next().map(|(at, _)| at);
    match (colon(), colon(), colon(), colon()) {
        (Some(_), Some(second), Some(third), None) => Some(&file[second + 1..third]),
        (Some(first), None, _, _) => Some(&file[first + 1..]),
        _ => file.starts_with('/').then_some(file),
    }
}

fn full_rust_path(path: Option<&str>, function: &str) -> Option<&'static str> {
    let path = path.filter(|path| path.starts_with("src/lib"))?;
    SHORT_RUST_FUNCTIONS
        .iter()
        .find(|(file, short, _)| *file == path && *short == function)
        .map(|(_, _, full)| *full)
}

/// Returns the last part of a path; `\` is the separator if there is one.
fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches(['/', '\\']);
    let separator = if path.contains('\\') { '\\' } else { '/' };
    path.rsplit(separator).next().unwrap_or(path)
}
