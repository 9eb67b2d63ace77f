//! What crashed and where, as shown on the report page.

use crashstore::db::Summary;
use serde_json::{Map, Value};

use super::document::{list, number, shown, text};
use super::fact::Fact;
use crate::format;

/// An uptime above this is nonsense: a hundred years in seconds.
const CENTURY: i64 = 3_155_760_000;

/// The facts of a crash in reading order; unknown ones are left out.
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
        let values = [value(first), value(second)];
        let known: Vec<String> = values.into_iter().filter(|value| is_known(value)).collect();
        known.join(" ")
    };
    let facts = [
        Fact::new("Received", "When the report came in. UTC.", received(crash, row)),
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
        Fact::new("Utility actors", "What the utility process was doing.", utility(crash)),
        Fact::new("Operating system", "", operating_system(crash)),
        Fact::new("CPU", "", cpu(crash)),
        Fact::new("Uptime", "How long the process had been running.", seconds("uptime")),
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
    facts.into_iter().filter(|fact| is_known(&fact.value)).collect()
}

/// Whether a value is meaningful: rules write `unknown` if they found nothing.
fn is_known(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !value.eq_ignore_ascii_case("unknown")
}

fn known<'a>(crash: &'a Map<String, Value>, name: &str) -> &'a str {
    Some(text(crash, name).trim())
        .filter(|value| is_known(value))
        .unwrap_or_default()
}

fn operating_system(crash: &Map<String, Value>) -> String {
    let name = known(crash, "os_name");
    // Minidumps from Linux and Android have no numbers before the kernel's description.
    let version = known(crash, "os_version");
    let version = version.strip_prefix("0.0.0").map_or(version, str::trim_start);
    if name == "Android" {
        return android(version, known(crash, "android_version"));
    }
    let pretty = match known(crash, "os_pretty_version") {
        "" => name,
        pretty => pretty,
    };
    match (pretty, version) {
        (pretty, "") => pretty.to_owned(),
        ("", version) => version.to_owned(),
        (pretty, version) if version.starts_with(pretty) => version.to_owned(),
        (pretty, version) if pretty.ends_with(version) => pretty.to_owned(),
        (pretty, version) if pretty == name && !version.contains(' ') => {
            format!("{pretty} {version}")
        }
        (pretty, version) => format!("{pretty} ({version})"),
    }
}

/// Android under its usual name. Reports carry the API level: `34`, or `34 (REL)` in the annotation.
fn android(version: &str, annotation: &str) -> String {
    let level = [version, annotation]
        .iter()
        .find_map(|text| text.split(' ').next()?.parse::<u32>().ok());
    match level.map(|level| (level, android_release(level))) {
        Some((level, Some(release))) => format!("Android {release} (API {level})"),
        Some((level, None)) => format!("Android (API {level})"),
        None if version.is_empty() => "Android".to_owned(),
        None => format!("Android ({version})"),
    }
}

/// The Android release with this API level.
fn android_release(level: u32) -> Option<&'static str> {
    Some(match level {
        14 => "4.0",
        15 => "4.0.3",
        16 => "4.1",
        17 => "4.2",
        18 => "4.3",
        19 => "4.4",
        21 => "5.0",
        22 => "5.1",
        23 => "6.0",
        24 => "7.0",
        25 => "7.1",
        26 => "8.0",
        27 => "8.1",
        28 => "9",
        29 => "10",
        30 => "11",
        31 => "12",
        32 => "12L",
        33 => "13",
        34 => "14",
        35 => "15",
        36 => "16",
        37 => "17",
        _ => return None,
    })
}

fn received(crash: &Map<String, Value>, row: Option<&Summary>) -> String {
    row.map_or_else(
        || text(crash, "submitted_timestamp").to_owned(),
        |row| format::time(row.received),
    )
}

/// The crash time that the client reports; if it reports none, the field holds the time received.
fn client_time(crash: &Map<String, Value>) -> String {
    let mut notes = text(crash, "processor_notes").lines();
    if notes.any(|note| note == "client_crash_date is unknown") {
        return String::new();
    }
    let date = text(crash, "client_crash_date");
    date.replace('T', " ").replace("+00:00", "")
}

fn utility(crash: &Map<String, Value>) -> String {
    let names: Vec<String> = list(crash, "utility_actors_name").iter().map(shown).collect();
    names.join(", ")
}

fn cpu(crash: &Map<String, Value>) -> String {
    let mut parts = vec![known(crash, "cpu_arch").to_owned(), known(crash, "cpu_info").to_owned()];
    let cores = number(crash, "cpu_count").filter(|count| *count > 0);
    parts.extend(cores.map(|count| format::counted(count, "core")));
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
        let found: Vec<(&str, &str)> = facts.iter().map(|fact| (fact.label, fact.value.as_str())).collect();
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
    fn machines_are_told_as_far_as_they_are_known() {
        for (crash, os, processor) in [
            (
                json!({
                    "os_name": "Android", "os_version": "34", "os_pretty_version": "Android 34",
                    "android_version": "34 (REL)", "cpu_arch": "arm64", "cpu_info": "unknown", "cpu_count": 0,
                }),
                "Android 14 (API 34)",
                "arm64",
            ),
            (
                json!({"os_name": "Android", "os_version": "99", "os_pretty_version": "Android 99"}),
                "Android (API 99)",
                "",
            ),
            (
                json!({"os_name": "Android", "os_version": "32"}),
                "Android 12L (API 32)",
                "",
            ),
            (
                json!({"os_name": "Android", "os_version": "0.0.0 Linux 5.10.1", "android_version": "36 (REL)"}),
                "Android 16 (API 36)",
                "",
            ),
            (
                json!({"os_name": "Android", "os_version": "0.0.0 Linux 5.10.1"}),
                "Android (Linux 5.10.1)",
                "",
            ),
            (json!({"os_name": "Android", "os_version": ""}), "Android", ""),
            (
                json!({
                    "os_name": "Unknown", "os_version": "", "os_pretty_version": "Unknown",
                    "cpu_arch": "unknown", "cpu_info": "unknown", "cpu_count": 0,
                }),
                "",
                "",
            ),
            (
                json!({
                    "os_name": "Windows NT", "os_version": "10.0.22631", "os_pretty_version": "Windows 11",
                    "cpu_arch": "amd64", "cpu_info": "family 6", "cpu_count": 1,
                }),
                "Windows 11 (10.0.22631)",
                "amd64, family 6, 1 core",
            ),
            (
                json!({"os_name": "Windows NT", "os_version": "", "os_pretty_version": "Windows NT"}),
                "Windows NT",
                "",
            ),
            (
                json!({
                    "os_name": "Linux", "os_version": "0.0.0 Linux 6.8.0 #1 SMP", "os_pretty_version": "Ubuntu 24.04",
                }),
                "Ubuntu 24.04 (Linux 6.8.0 #1 SMP)",
                "",
            ),
            (
                json!({"os_name": "Linux", "os_version": "0.0.0 Linux 6.8.0", "os_pretty_version": "Linux"}),
                "Linux 6.8.0",
                "",
            ),
            (
                json!({"os_name": "Linux", "os_version": "0.0.0", "os_pretty_version": "Linux"}),
                "Linux",
                "",
            ),
            (json!({}), "", ""),
        ] {
            let crash = crash.as_object().unwrap();
            assert_eq!(
                (operating_system(crash).as_str(), cpu(crash).as_str()),
                (os, processor),
                "{crash:?}"
            );
        }
    }

    #[test]
    fn a_guessed_time_is_not_shown_as_the_clients() {
        let mut crash = json!({
            "client_crash_date": "2026-08-03T11:02:44+00:00",
            "processor_notes": "x\nclient_crash_date is unknown\ny",
        });
        assert_eq!(client_time(crash.as_object().unwrap()), "");
        crash["processor_notes"] = json!("x");
        assert_eq!(client_time(crash.as_object().unwrap()), "2026-08-03 11:02:44");
    }
}
