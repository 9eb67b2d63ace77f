//! Stacks and modules.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};

use super::context::Context;
use super::notes::Note;
use super::read;
use crate::walk::document;

/// Maximum frames of a stack; a longer one loses frames from its middle.
const MAX_FRAMES: usize = 500;
/// Frames kept at the top; the marker for the gap and the frames below fill the rest.
const KEPT_ABOVE: usize = MAX_FRAMES / 2;
const KEPT_BELOW: usize = MAX_FRAMES - KEPT_ABOVE - 1;

/// The debug id of a module that has none.
const NO_DEBUG_ID: &str = "000000000000000000000000000000000";

/// Cuts long stacks, such as those of endless recursion, in every minidump's document (bug 1807956).
pub(super) fn truncate_stacks(context: &mut Context<'_>) {
    let mut notes = Vec::new();
    for (name, value) in &mut context.processed.0 {
        let (name, path, dump) = if name == "json_dump" {
            (crash::MAIN_DUMP, "json_dump".to_owned(), Some(value))
        } else {
            (name.as_str(), format!("{name}.json_dump"), value.get_mut("json_dump"))
        };
        let Some(dump) = dump.and_then(Value::as_object_mut) else {
            continue;
        };
        if let Some((before, after)) = dump.get_mut("crashing_thread").and_then(truncate) {
            let text = format!("TruncateStacksRule: truncated {path}.crashing_thread.frames: {before} -> {after}");
            notes.push(Note::about_dump(name, text));
        }
        let threads = dump.get_mut("threads").and_then(Value::as_array_mut);
        for (index, thread) in threads.into_iter().flatten().enumerate() {
            if let Some((before, after)) = truncate(thread) {
                let text = format!("TruncateStacksRule: truncated {path}.threads[{index}].frames: {before} > {after}");
                notes.push(Note::about_dump(name, text));
            }
        }
    }
    context.notes.extend(notes);
}

/// Cuts the stack of a thread; returns its length before and after, if it was too long.
fn truncate(thread: &mut Value) -> Option<(usize, usize)> {
    let frames = thread.get_mut("frames")?.as_array_mut()?;
    let before = frames.len();
    if before <= MAX_FRAMES {
        return None;
    }
    let lost = before - KEPT_ABOVE - KEPT_BELOW;
    let count = text::thousands(i64::try_from(lost).unwrap_or(i64::MAX));
    let marker = json!({"truncated": {"msg": format!("{count} frames truncated")}});
    frames.splice(KEPT_ABOVE..KEPT_ABOVE + lost, [marker]);
    let after = frames.len();
    if let Some(thread) = thread.as_object_mut() {
        thread.insert("truncated".to_owned(), json!(true));
    }
    Some((before, after))
}

/// The frames of the crashing thread.
fn crashing_frames<'a>(context: &'a Context<'_>) -> Option<&'a Vec<Value>> {
    let thread = read::index(context.processed.0.get("crashing_thread"))?;
    let threads = context.json_dump()?.get("threads")?.as_array()?;
    threads.get(thread)?.get("frames")?.as_array()
}

/// The source file nearest to the top of the crashing thread's stack (bug 519703). Functions inlined into a frame are
/// above it.
pub(super) fn topmost_files(context: &mut Context<'_>) {
    let file = crashing_frames(context).and_then(|frames| {
        frames.iter().find_map(|frame| {
            let inlines = frame.get("inlines").and_then(Value::as_array);
            inlines
                .into_iter()
                .flatten()
                .chain([frame])
                .find_map(|place| place.get("file")?.as_str().filter(|file| !file.is_empty()))
        })
    });
    if let Some(file) = file.map(str::to_owned) {
        context.set("topmost_filenames", file);
    }
}

/// The modules on the crashing thread's stack as `filename/debug id`.
pub(super) fn modules_in_stack(context: &mut Context<'_>) {
    let Some(frames) = crashing_frames(context) else {
        return;
    };
    let modules = read::at(context.json_dump(), &["modules"]).and_then(Value::as_array);
    let mut by_name: BTreeMap<&str, Vec<Loaded<'_>>> = BTreeMap::new();
    for module in modules.into_iter().flatten() {
        if let Some((filename, loaded)) = Loaded::of(module) {
            by_name.entry(filename).or_default().push(loaded);
        }
    }
    let on_stack: BTreeSet<String> = frames
        .iter()
        .filter_map(|frame| {
            let filename = frame.get("module")?.as_str()?;
            let id = id_of(frame, by_name.get(filename)?)?;
            Some(format!("{}/{}", plain_name(filename), hex_digits(id)))
        })
        .collect();
    if !on_stack.is_empty() {
        let on_stack: Vec<String> = on_stack.into_iter().collect();
        context.set("modules_in_stack", on_stack.join(";"));
    }
}

/// A module and its location.
struct Loaded<'a> {
    debug_id: &'a str,
    place: Option<Range<u64>>,
}

impl<'a> Loaded<'a> {
    /// A module of the stackwalker's list, with its name.
    fn of(module: &'a Value) -> Option<(&'a str, Self)> {
        let filename = module.get("filename")?.as_str()?;
        let debug_id = module.get("debug_id").map_or(Some(""), Value::as_str)?;
        let address = |key: &str| document::address(module.get(key)?.as_str()?);
        let place = address("base_addr").zip(address("end_addr"));
        let place = place.map(|(start, end)| start..end);
        Some((filename, Self { debug_id, place }))
    }
}

/// The debug id of a frame's module. If several modules have its name, the one that the frame's offset is relative to,
/// or that its address is in; none if that cannot be told.
fn id_of<'a>(frame: &Value, modules: &[Loaded<'a>]) -> Option<&'a str> {
    if let [only] = modules {
        return Some(only.debug_id);
    }
    let offset = frame.get("offset").and_then(Value::as_str);
    let at = offset.and_then(document::address);
    let within = frame.get("module_offset").and_then(Value::as_str);
    let base = within.and_then(document::address).zip(at);
    let base = base.and_then(|(within, at)| at.checked_sub(within));
    let begins_there = |module: &&Loaded<'_>| {
        let place = module.place.as_ref();
        base.is_some_and(|base| place.is_some_and(|place| place.start == base))
    };
    let here = |module: &&Loaded<'_>| {
        let place = module.place.as_ref();
        place.is_some_and(|place| at.is_some_and(|at| place.contains(&at)))
    };
    let named = modules.iter().find(begins_there);
    if let Some(module) = named.or_else(|| modules.iter().find(here)) {
        return Some(module.debug_id);
    }
    let first = modules.first()?.debug_id;
    modules.iter().all(|module| module.debug_id == first).then_some(first)
}

/// The modules without symbols, as `filename/version/debug id[/code id]`.
pub(super) fn missing_symbols(context: &mut Context<'_>) {
    let modules = read::at(context.json_dump(), &["modules"]).and_then(Value::as_array);
    let mut missing: Vec<String> = modules.into_iter().flatten().filter_map(missing_module).collect();
    missing.sort_unstable();
    if !missing.is_empty() {
        context.set("missing_symbols", missing.join(";"));
    }
}

fn missing_module(module: &Value) -> Option<String> {
    let filename = module
        .get("filename")?
        .as_str()
        .filter(|filename| !filename.is_empty())?;
    if module.get("missing_symbols")? != &json!(true) {
        return None;
    }
    let version = module
        .get("version")
        .and_then(Value::as_str)
        .filter(|version| !version.is_empty());
    let version = version.unwrap_or("None").replace('/', "\\/");
    let debug_id = module.get("debug_id").and_then(Value::as_str);
    let debug_id = hex_digits(debug_id.unwrap_or(NO_DEBUG_ID));
    let mut out = format!("{}/{version}/{debug_id}", plain_name(filename));
    let code_id = module.get("code_id").and_then(Value::as_str);
    let code_id = hex_digits(code_id.unwrap_or_default());
    if !code_id.is_empty() {
        out.push('/');
        out.push_str(&code_id);
    }
    Some(out)
}

/// A file name without the characters used as separators in the lists above.
fn plain_name(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        .collect()
}

fn hex_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(length: usize) -> Value {
        json!({"frames": (0..length).map(|n| json!({"frame": n})).collect::<Vec<_>>()})
    }

    #[test]
    fn a_long_stack_keeps_its_ends_and_says_what_was_lost() {
        let mut thread = stack(1500);
        assert_eq!(truncate(&mut thread), Some((1500, 500)));
        let frames = thread["frames"].as_array().unwrap();
        assert_eq!(frames[249]["frame"], 249);
        assert_eq!(frames[250]["truncated"]["msg"], "1,001 frames truncated");
        assert_eq!(frames[251]["frame"], 1251);
        assert_eq!(frames[499]["frame"], 1499);
        assert_eq!(thread["truncated"], true);
    }

    #[test]
    fn a_stack_at_the_limit_stays() {
        let mut thread = stack(500);
        assert_eq!(truncate(&mut thread), None);
        assert_eq!(thread, stack(500));
    }

    #[test]
    fn modules_of_one_name_are_told_apart_by_address() {
        let module = |id: &str, base: &str, end: &str| {
            json!({
                "filename": "a.dll", "debug_id": id, "base_addr": base, "end_addr": end,
            })
        };
        let list = [module("A1", "0x1000", "0x2000"), module("B2", "0x5000", "0x6000")];
        let modules: Vec<_> = list.iter().map(|module| Loaded::of(module).unwrap().1).collect();
        for (offset, expected) in [
            (json!("0x0000000000001000"), Some("A1")),
            (json!("0x5fff"), Some("B2")),
            (json!("0x6000"), None),
            (json!(null), None),
            (json!("x"), None),
        ] {
            let frame = json!({"module": "a.dll", "offset": offset});
            assert_eq!(id_of(&frame, &modules), expected, "{offset}");
        }
        assert_eq!(id_of(&json!({}), &modules[..1]), Some("A1"));
        let overlapping = [module("B2", "0x1000", "0x9000"), module("A1", "0x4000", "0x6000")];
        let modules: Vec<_> = overlapping.iter().map(|module| Loaded::of(module).unwrap().1).collect();
        let frame = json!({"module": "a.dll", "offset": "0x5000", "module_offset": "0x1000"});
        assert_eq!(id_of(&frame, &modules), Some("A1"));
    }
}
