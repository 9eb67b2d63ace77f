//! What crashed and where, as the report page says it.

use crashstore::db::Summary;
use serde_json::{Map, Value};

use super::{Fact, number, shown, text};
use crate::format;

/// A number of seconds above which it is no uptime but nonsense: a hundred years.
const CENTURY: i64 = 3_155_760_000;

/// The facts of a crash in reading order; those that are not known are left out.
pub(super) fn facts(crash: &Map<String, Value>, row: Option<&Summary>) -> Vec<Fact> {
    let value = |name: &str| crash.get(name).map(shown).unwrap_or_default();
    let seconds = |name: &str| {
        number(crash, name)
            .filter(|count| (0..CENTURY).contains(count))
            .map(format::seconds)
            .unwrap_or_default()
    };
    let bytes = |name: &str| number(crash, name).map(format::bytes).unwrap_or_default();
    let both = |first: &str, second: &str| {
        format!("{} {}", value(first), value(second))
            .trim()
            .to_owned()
    };
    let os = match value("os_pretty_version") {
        pretty if pretty.is_empty() => both("os_name", "os_version"),
        pretty => format!("{pretty} ({})", value("os_version")),
    };
    let facts = [
        Fact::new(
            "Received",
            "When the report came in. UTC.",
            received(crash, row),
        ),
        Fact::new(
            "Crashed",
            "When it crashed, by the client's clock. UTC.",
            client_time(crash),
        ),
        Fact::new(
            "Kind",
            "A crash, or a hang that was ended by a watchdog.",
            value("report_type"),
        ),
        Fact::new(
            "Reason",
            "What the operating system says: the exception or signal.",
            value("reason"),
        ),
        Fact::new(
            "Address",
            "The memory address of the fault, or of the instruction.",
            value("address"),
        ),
        Fact::new(
            "Process",
            "Which of the program's processes crashed; parent is the main one.",
            value("process_type"),
        ),
        Fact::new(
            "Utility actors",
            "What the utility process was doing.",
            utility(crash),
        ),
        Fact::new("Operating system", "", os),
        Fact::new("CPU", "", cpu(crash)),
        Fact::new(
            "Uptime",
            "How long the process had been running.",
            seconds("uptime"),
        ),
        Fact::new(
            "Installed since",
            "How long before the crash this version was installed.",
            seconds("install_age"),
        ),
        Fact::new(
            "Last crash before",
            "How long before this crash the same installation crashed.",
            seconds("last_crash"),
        ),
        Fact::new(
            "At startup",
            "Whether it crashed before the start was complete.",
            value("startup_crash"),
        ),
        Fact::new(
            "Last error",
            "The last error code of the crashing thread (Windows).",
            value("last_error_value"),
        ),
        Fact::new("Device", "", both("android_manufacturer", "android_model")),
        Fact::new("Android", "", value("android_version")),
        Fact::new(
            "Graphics",
            "Vendor and device of the graphics adapter.",
            both("adapter_vendor_id", "adapter_device_id"),
        ),
        Fact::new(
            "Memory, physical",
            "What the computer has.",
            bytes("total_physical_memory"),
        ),
        Fact::new(
            "Memory, free",
            "What was free when it crashed.",
            bytes("available_physical_memory"),
        ),
        Fact::new(
            "Memory, page file",
            "What could still be committed when it crashed.",
            bytes("available_page_file"),
        ),
        Fact::new(
            "Failed allocation",
            "The size of the allocation that could not be met.",
            bytes("oom_allocation_size"),
        ),
        Fact::new(
            "Shutdown",
            "How far shutting down had come.",
            value("shutdown_progress"),
        ),
        Fact::new(
            "Bit flip",
            "How likely a flipped bit of the memory explains the crash.",
            bit_flip(crash),
        ),
        Fact::new(
            "Minidump",
            "What the stack walker says of the minidump.",
            value("mdsw_status_string"),
        ),
        Fact::new(
            "Stands for",
            "Only some reports are kept; this one stands for so many.",
            weight(row),
        ),
    ];
    facts
        .into_iter()
        .filter(|fact| !fact.value.trim().is_empty())
        .collect()
}

fn received(crash: &Map<String, Value>, row: Option<&Summary>) -> String {
    row.map_or_else(
        || text(crash, "submitted_timestamp").to_owned(),
        |row| format::time(row.received),
    )
}

/// When the client says that it crashed; what stands there otherwise is when the report came in.
fn client_time(crash: &Map<String, Value>) -> String {
    let mut notes = text(crash, "processor_notes").lines();
    if notes.any(|note| note == "client_crash_date is unknown") {
        return String::new();
    }
    let date = text(crash, "client_crash_date");
    date.replace('T', " ").replace("+00:00", "")
}

fn utility(crash: &Map<String, Value>) -> String {
    let names: Vec<String> = super::list(crash, "utility_actors_name")
        .iter()
        .map(shown)
        .collect();
    names.join(", ")
}

fn cpu(crash: &Map<String, Value>) -> String {
    let mut parts = vec![
        text(crash, "cpu_arch").to_owned(),
        text(crash, "cpu_info").to_owned(),
    ];
    parts.extend(number(crash, "cpu_count").map(|count| format::counted(count, "core")));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

fn bit_flip(crash: &Map<String, Value>) -> String {
    number(crash, "possible_bit_flips_max_confidence")
        .map(|percent| format!("{percent}% likely"))
        .unwrap_or_default()
}

fn weight(row: Option<&Summary>) -> String {
    match row.map(|row| row.weight) {
        Some(weight) if weight.is_finite() && weight > 1.0 => format!("about {weight:.0} crashes"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_that_are_not_known_are_left_out() {
        let crash = json!({
            "reason": "SIGSEGV", "uptime": 75, "install_age": -5, "last_crash": null, "startup_crash": false,
            "os_name": "Linux", "os_version": "6.1", "cpu_arch": "amd64", "cpu_count": 8,
            "oom_allocation_size": 4096, "client_crash_date": "2026-08-03T11:02:44+00:00",
        });
        let facts = facts(crash.as_object().unwrap(), None);
        let found: Vec<(&str, &str)> = facts
            .iter()
            .map(|fact| (fact.label, fact.value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("Crashed", "2026-08-03 11:02:44"),
                ("Reason", "SIGSEGV"),
                ("Operating system", "Linux 6.1"),
                ("CPU", "amd64, 8 cores"),
                ("Uptime", "1 min 15 s"),
                ("At startup", "no"),
                ("Failed allocation", "4,096 bytes (4.0 KiB)"),
            ]
        );
    }

    #[test]
    fn a_guessed_time_is_not_shown_as_the_clients() {
        let mut crash = json!({
            "client_crash_date": "2026-08-03T11:02:44+00:00",
            "processor_notes": "x\nclient_crash_date is unknown\ny",
        });
        assert_eq!(client_time(crash.as_object().unwrap()), "");
        crash["processor_notes"] = json!("x");
        assert_eq!(
            client_time(crash.as_object().unwrap()),
            "2026-08-03 11:02:44"
        );
    }
}
