//! What the stackwalker says about the crash itself.

use serde_json::{Value, json};

use super::context::Context;
use super::notes::Note;
use super::read::{self, is_given};
use crate::walk::document;

/// The crashing thread, the reason and the address.
pub(super) fn crashing_thread_info(context: &mut Context<'_>) {
    let Some(dump) = context.json_dump().cloned() else {
        return;
    };
    let info = dump.get("crash_info");
    let thread = read::at(info, &["crashing_thread"]).filter(|value| !value.is_null());
    if thread.is_none() {
        context.note(Note::public("mdsw did not identify the crashing thread"));
    }
    context.set("crashing_thread", json!(thread));
    let name = read::at(dump.get("crashing_thread"), &["thread_name"]);
    context.set("crashing_thread_name", json!(name));
    let reason = read::at(info, &["type"]).cloned();
    context.set("reason", reason.unwrap_or_else(|| json!("")));
    context.set("address", address(&dump));
    let error = read::at(dump.get("crashing_thread"), &["last_error_value"]);
    if let Some(Value::String(error)) = error {
        context.set("last_error_value", error.clone());
    }
}

/// Accesses through a null pointer end below this: no system lets a program use the first 64 KiB of its address space.
const NULL_PAGES: u64 = 0x1_0000;

/// The crash address. If the walker found that the processor reported an address other than the one the program used,
/// this is the program's: zero for accesses shortly after a null pointer, the full address for non-canonical ones,
/// including jumps. The walker says "null pointer" when a register is zero; with a large index or offset the address
/// has nothing to do with null.
fn address(dump: &Value) -> Value {
    let info = dump.get("crash_info");
    let address = read::at(info, &["address"]);
    let adjusted = read::at(info, &["adjusted_address"]);
    match read::at(adjusted, &["kind"]).and_then(Value::as_str) {
        Some("null-pointer") => {
            let digits = address
                .and_then(Value::as_str)
                .map_or(8, |text| text.chars().count().saturating_sub(2).clamp(8, 16));
            let offset = read::at(adjusted, &["offset"]).and_then(Value::as_str);
            let accessed = offset
                .and_then(document::address)
                .filter(|accessed| *accessed >= NULL_PAGES)
                .unwrap_or(0);
            json!(format!("{accessed:#0width$x}", width = digits + 2))
        }
        Some("non-canonical") => {
            let better = read::at(adjusted, &["address"]).filter(|value| is_given(value));
            json!(better.or(address))
        }
        _ => json!(jump_target(dump).or(address)),
    }
}

/// The address of the crashing instruction, if the processor cannot have such addresses (bits 47 to 63 differ): the
/// program jumped there, and the system reports 0 or the highest address instead.
fn jump_target(dump: &Value) -> Option<&Value> {
    let info = dump.get("crash_info")?;
    let is_amd64 = dump.get("system_info")?.get("cpu_arch")? == "amd64";
    let reported = document::address(info.get("address")?.as_str()?)?;
    let frames = dump.get("crashing_thread")?.get("frames")?.as_array()?;
    let target = frames.first()?.get("offset")?;
    let top = document::address(target.as_str()?)? >> 47;
    let is_possible = top == 0 || top == (1 << 17) - 1;
    (is_amd64 && !is_possible && matches!(reported, 0 | u64::MAX)).then_some(target)
}

/// The highest confidence that a flipped bit explains the address, in percent.
pub(super) fn possible_bit_flips(context: &mut Context<'_>) {
    let flips = read::at(context.json_dump(), &["crash_info", "possible_bit_flips"]);
    let Some(flips) = flips.and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return;
    };
    let most = flips
        .iter()
        .filter_map(|flip| match flip.get("confidence") {
            None => Some(0.0),
            Some(Value::String(_)) => None,
            Some(confidence) => read::number(confidence),
        })
        .reduce(f64::max);
    let percent = most.and_then(|most| read::integer_value(&json!((most * 100.0).round())));
    context.set("possible_bit_flips_max_confidence", json!(percent));
}

/// Inconsistencies in the circumstances of the crash.
pub(super) fn crash_inconsistencies(context: &mut Context<'_>) {
    let Some(dump) = context.json_dump() else {
        return;
    };
    let found = json!(read::at(Some(dump), &["crash_info", "crash_inconsistencies"]));
    context.set("crash_inconsistencies", found);
}

/// Whether the crashing instruction probably touched a guard page.
pub(super) fn guard_page_access(context: &mut Context<'_>) {
    let accesses = read::at(context.json_dump(), &["crash_info", "memory_accesses"]);
    let touched = accesses.and_then(Value::as_array).is_some_and(|list| {
        list.iter()
            .any(|access| access.get("is_likely_guard_page").is_some_and(is_given))
    });
    context.processed.0.remove("has_guard_page_access");
    if touched {
        context.set("has_guard_page_access", true);
    }
}

/// Whether the process was killed because it hung (bug 1667997).
pub(super) fn report_type(context: &mut Context<'_>) {
    let hung = ["ipc_channel_error", "async_shutdown_timeout"]
        .iter()
        .any(|name| context.processed.0.contains_key(*name))
        || killed_by_watchdog(context.json_dump());
    context.set("report_type", if hung { "hang" } else { "crash" });
}

fn killed_by_watchdog(dump: Option<&Value>) -> bool {
    // It kills no other thread.
    let thread = read::index(read::at(dump, &["crash_info", "crashing_thread"]));
    let threads = read::at(dump, &["threads"]).and_then(Value::as_array);
    let frames = thread.and_then(|index| threads?.get(index)?.get("frames")?.as_array());
    frames.is_some_and(|frames| {
        frames.iter().any(|frame| {
            frame
                .get("function")
                .and_then(Value::as_str)
                .is_some_and(|name| name.contains("RunWatchdog"))
        })
    })
}

/// How many threads the process had.
pub(super) fn thread_count(context: &mut Context<'_>) {
    let count = json!(read::at(context.json_dump(), &["thread_count"]));
    context.set("thread_count", count);
}

/// The boot arguments of a Mac, which may show that it was modified.
pub(super) fn mac_boot_args(context: &mut Context<'_>) {
    let note = match read::at(context.json_dump(), &["mac_boot_args"]) {
        Some(Value::String(text)) => {
            let args = read::strip(text).to_owned();
            if !args.is_empty() {
                context.set("mac_boot_args", args);
                context.set("has_mac_boot_args", true);
            }
            return;
        }
        Some(value) if is_given(value) => {
            let kind = kind_name(value);
            Note::protected(format!("MacBootArgsRule: mac_boot_args is {kind} and not str")).with(value)
        }
        _ => return,
    };
    context.note(note);
}

/// The name of a value's type, for notes.
fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The messages that a Mac's libraries left in their `__crash_info` sections, as JSON text.
pub(super) fn mac_crash_info(context: &mut Context<'_>) {
    context.processed.0.remove("mac_crash_info");
    let Some(info) = read::at(context.json_dump(), &["mac_crash_info"]) else {
        return;
    };
    let records = info.get("num_records").and_then(Value::as_f64).unwrap_or(0.0);
    if records > 0.0 {
        let text = read::json_text(info);
        context.set("mac_crash_info", text);
    }
}

/// Longer lists of soft errors are cut. In characters.
const MAX_SOFT_ERRORS: usize = 4096;

/// What the minidump writer could not collect, as JSON text; may be cut.
pub(super) fn soft_errors(context: &mut Context<'_>) {
    let Some(errors) = read::at(context.json_dump(), &["soft_errors"]) else {
        return;
    };
    let text = read::json_text(errors);
    context.set("soft_errors", text::cut(&text, MAX_SOFT_ERRORS));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_near_null_is_null() {
        let dump = |address: &str, adjusted: &Value, frame: &str| {
            json!({
                "crash_info": {"address": address, "adjusted_address": adjusted},
                "system_info": {"cpu_arch": "amd64"},
                "crashing_thread": {"frames": [{"offset": frame}]},
            })
        };
        let null = |offset: &str| json!({"kind": "null-pointer", "offset": offset});
        let code = "0x00007ff612340000";
        for (address, adjusted, frame, expected) in [
            ("0x0000000000000018", null("0x18"), code, "0x0000000000000000"),
            ("0x000000000000ffff", null("0xffff"), code, "0x0000000000000000"),
            ("0x0000000000010000", null("0x10000"), code, "0x0000000000010000"),
            (
                "0xffffffffffffffff",
                null("0xfefefefefefefefe"),
                code,
                "0xfefefefefefefefe",
            ),
            ("0x00000018", null("0x18"), code, "0x00000000"),
            ("0xfefefefe", null("0xfefefefe"), code, "0xfefefefe"),
            ("0x00000018", null("x"), code, "0x00000000"),
            (
                "0xffffffffffffffff",
                json!({"kind": "non-canonical", "address": "0xe5e5e5e5e5e5e5e5"}),
                code,
                "0xe5e5e5e5e5e5e5e5",
            ),
            (
                "0x0000000000000000",
                json!(null),
                "0xe5e5e5e5e5e5e5e5",
                "0xe5e5e5e5e5e5e5e5",
            ),
            ("0x0000000000000000", json!(null), code, "0x0000000000000000"),
            (
                "0x0000000000000000",
                json!(null),
                "0xffff800012340000",
                "0x0000000000000000",
            ),
            (
                "0x0000000000000010",
                json!(null),
                "0xe5e5e5e5e5e5e5e5",
                "0x0000000000000010",
            ),
        ] {
            let found = super::address(&dump(address, &adjusted, frame));
            assert_eq!(found, expected, "{address} {adjusted} {frame}");
        }
    }
}
