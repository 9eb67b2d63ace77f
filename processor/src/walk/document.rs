//! Corrects the walker's document. Pure.

use std::collections::{HashMap, HashSet};

use memchr::memmem;
use serde_json::{Value, json};

use crate::symbol_key::leaf;

/// What is known about the symbols of one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ModuleSymbols {
    /// Whether symbols were loaded.
    pub(super) loaded: bool,
    /// Whether there are symbols that cannot be read.
    pub(super) corrupt: bool,
    /// Where they came from.
    pub(super) url: Option<String>,
}

/// Corrects a document as the walker wrote it:
///
/// * `thread_count` includes the threads that were `left_out`;
/// * modules are identified by address instead of name when their symbols are reported (`asked` holds the modules whose
///   symbols were requested, by address);
/// * `proc_limits.limits` is sorted by name: the walker writes it in an order that changes from run to run, and the
///   same dump must always give the same document.
pub(super) fn mend(mut json: Vec<u8>, left_out: u32, asked: &HashMap<u64, ModuleSymbols>) -> Vec<u8> {
    edit(&mut json, "proc_limits", memmem::find, |limits| {
        let Some(limits) = limits.get_mut("limits").and_then(Value::as_array_mut) else {
            return false;
        };
        limits.sort_by_cached_key(|limit| {
            let name = limit.get("name").and_then(Value::as_str);
            name.unwrap_or_default().to_owned()
        });
        true
    });
    edit(&mut json, "modules", memmem::find, |modules| {
        modules.as_array_mut().is_some_and(|modules| tell_apart(modules, asked))
    });
    if left_out > 0 {
        // The soft errors before it are arbitrary JSON from the dump.
        edit(&mut json, "thread_count", memmem::rfind, |count| {
            *count = json!(count.as_u64().map(|count| count + u64::from(left_out)));
            true
        });
    }
    json
}

/// Sets what is known about the symbols of each module that shares its name with others; true if there are any.
fn tell_apart(modules: &mut [Value], asked: &HashMap<u64, ModuleSymbols>) -> bool {
    let mut seen = HashSet::new();
    let shared: HashSet<String> = modules
        .iter()
        .filter_map(|module| module.get("filename")?.as_str())
        .filter(|name| !seen.insert(*name))
        .map(str::to_owned)
        .collect();
    for module in modules.iter_mut().filter_map(Value::as_object_mut) {
        let name = module.get("filename").and_then(Value::as_str);
        if !name.is_some_and(|name| shared.contains(name)) {
            continue;
        }
        let base = module.get("base_addr").and_then(Value::as_str);
        let own = base.and_then(address).and_then(|base| asked.get(&base));
        let ModuleSymbols { loaded, corrupt, url } = own.cloned().unwrap_or_default();
        module.insert("loaded_symbols".to_owned(), json!(loaded));
        module.insert("missing_symbols".to_owned(), json!(own.is_some() && !loaded));
        module.insert("corrupt_symbols".to_owned(), json!(corrupt));
        module.insert("symbol_url".to_owned(), json!(url));
    }
    !shared.is_empty()
}

/// The number in an address such as `0x00007ff6`.
pub(crate) fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Changes one value of a document in place, without parsing the rest: the first or the last with this key. `change`
/// returns whether it changed anything.
fn edit(
    json: &mut Vec<u8>,
    key: &str,
    find: impl FnOnce(&[u8], &[u8]) -> Option<usize>,
    change: impl FnOnce(&mut Value) -> bool,
) {
    // Inside a string the quotes would be escaped, so this can only be a key.
    let key = format!("\"{key}\":");
    let Some(start) = find(json, key.as_bytes()).map(|at| at + key.len()) else {
        return;
    };
    let mut values = serde_json::Deserializer::from_slice(&json[start..]).into_iter::<Value>();
    let Some(Ok(mut value)) = values.next() else {
        return;
    };
    let end = start + values.byte_offset();
    if change(&mut value) {
        json.splice(start..end, value.to_string().into_bytes());
    }
}

/// Reads a document, if it is an object. Names of modules, threads and functions come from a dump and from files, and
/// can hold anything: control characters, except line ends and tabs, are replaced by U+FFFD, and unloaded modules lose
/// the folders in their names, as the others have: they may contain a user name.
pub(super) fn read(json: &[u8]) -> Option<Value> {
    let mut document: Value = serde_json::from_slice(json).ok()?;
    replace_controls(&mut document);
    for module in list(&mut document, "unloaded_modules") {
        cut_folders(module, "filename");
    }
    for thread in list(&mut document, "threads") {
        cut_folders_of_frames(thread);
    }
    if let Some(thread) = document.get_mut("crashing_thread") {
        cut_folders_of_frames(thread);
    }
    Some(document).filter(Value::is_object)
}

fn cut_folders_of_frames(thread: &mut Value) {
    for frame in list(thread, "frames") {
        for module in list(frame, "unloaded_modules") {
            cut_folders(module, "module");
        }
    }
}

fn cut_folders(module: &mut Value, key: &str) {
    if let Some(Value::String(name)) = module.get_mut(key) {
        *name = leaf(name).to_owned();
    }
}

fn list<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    let items = value.get_mut(key).and_then(Value::as_array_mut);
    items.into_iter().flatten()
}

/// Replaces control characters in the texts of a value, except in member names.
pub(crate) fn replace_controls(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains(is_bad_control) {
                *text = text.replace(is_bad_control, "\u{fffd}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(replace_controls),
        Value::Object(members) => members.values_mut().for_each(replace_controls),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a character can affect what displays it, and is neither a line end nor a tab.
fn is_bad_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(json: &str, left_out: u32) -> String {
        let known = |loaded, url: Option<&str>| ModuleSymbols {
            loaded,
            corrupt: false,
            url: url.map(str::to_owned),
        };
        let asked = HashMap::from([(0x1000, known(true, Some("u"))), (0x2000, known(false, None))]);
        String::from_utf8(mend(json.as_bytes().to_vec(), left_out, &asked)).unwrap()
    }

    #[test]
    fn limits_are_sorted_and_nothing_else_is_touched() {
        for (json, expected) in [
            (
                r#"{"pid":1,"proc_limits":{"limits":[{"name":"b"},{"name":"a"}]},"z":[2,1]}"#,
                r#"{"pid":1,"proc_limits":{"limits":[{"name":"a"},{"name":"b"}]},"z":[2,1]}"#,
            ),
            (r#"{"proc_limits":null,"z":1}"#, r#"{"proc_limits":null,"z":1}"#),
            (
                r#"{"a":"\"proc_limits\":{\"limits\":[2,1]}"}"#,
                r#"{"a":"\"proc_limits\":{\"limits\":[2,1]}"}"#,
            ),
            ("{}", "{}"),
        ] {
            assert_eq!(mended(json, 0), expected);
        }
    }

    #[test]
    fn threads_that_were_left_out_are_counted() {
        assert_eq!(
            mended(r#"{"thread_count":2000,"threads":[]}"#, 500),
            r#"{"thread_count":2500,"threads":[]}"#
        );
        assert_eq!(
            mended(r#"{"soft_errors":[{"thread_count":1}],"thread_count":2000}"#, 1),
            r#"{"soft_errors":[{"thread_count":1}],"thread_count":2001}"#
        );
    }

    #[test]
    fn symbols_are_those_of_the_module_at_the_address() {
        let module = |name: &str, base: &str| json!({"filename": name, "base_addr": base, "missing_symbols": true});
        let document = json!({
            "modules": [
                module("a", "0x00001000"), module("a", "0x00002000"), module("a", "0x00003000"),
                module("b", "0x00004000"),
            ],
            "unloaded_modules": [],
        });
        let mended: Value = serde_json::from_str(&mended(&document.to_string(), 0)).unwrap();
        let flags: Vec<_> = mended["modules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|module| {
                (
                    module["loaded_symbols"].as_bool(),
                    module["missing_symbols"].as_bool(),
                    module["symbol_url"].as_str(),
                )
            })
            .collect();
        assert_eq!(
            flags,
            [
                (Some(true), Some(false), Some("u")),
                (Some(false), Some(true), None),
                (Some(false), Some(false), None),
                (None, Some(true), None),
            ]
        );
    }

    #[test]
    fn control_characters_and_folders_are_replaced() {
        let json = r#"{"a":["x\u0000\u001b[31my\u0085",{"b":"one\n\ttwo"}],"n":1}"#;
        assert_eq!(
            read(json.as_bytes()),
            Some(json!({"a": ["x\u{fffd}\u{fffd}[31my\u{fffd}", {"b": "one\n\ttwo"}], "n": 1}))
        );
        let folders = json!({
            "unloaded_modules": [{"filename": "C:\\Users\\SECRET\\x.dll"}, {"filename": "/home/SECRET/y.so"}],
            "threads": [{"frames": [{"unloaded_modules": [{"module": "C:\\SECRET\\x.dll"}]}, {}]}, {}],
            "crashing_thread": {"frames": [{"unloaded_modules": [{"module": "SECRET/x.dll"}]}]},
        });
        let read_again = read(folders.to_string().as_bytes()).unwrap();
        assert!(!read_again.to_string().contains("SECRET"), "{read_again}");
        assert_eq!(read(b"[]"), None);
        assert_eq!(read(b"{"), None);
    }
}
