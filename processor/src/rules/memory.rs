//! The memory report that a process may send when it runs out of memory.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::bufread::GzDecoder;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::notes::Note;
use super::read::is_given;

/// The name of the dump that is a memory report.
const DUMP: &str = "memory_report";
/// Maximum size of a memory report, in bytes after decompression.
const MAX_BYTES: usize = 20 << 20;
/// Counting the bytes of a report that is too large stops here.
const MAX_COUNTED: usize = 256 << 20;

/// Decompresses the memory report and keeps it, or what is wrong with it.
pub(super) fn memory_report(context: &mut Context<'_>) {
    let Some(dump) = context.dumps.get(DUMP) else {
        return;
    };
    let (problem, value) = match decompress(dump) {
        Err(problem) => (problem, None),
        Ok(json) => match serde_json::from_slice::<Value>(&json) {
            Err(_) => {
                // More than a detail holds.
                let beginning = json.get(..8_192).unwrap_or(&json);
                let text = String::from_utf8_lossy(beginning);
                (format!("error in json for {DUMP}"), Some(json!(text)))
            }
            Ok(report) => {
                match report.get("ERROR").filter(|error| is_given(error)) {
                    Some(error) => context.set("memory_report_error", error.clone()),
                    None => context.set("memory_report", report),
                }
                return;
            }
        },
    };
    let note = Note::about_dump(DUMP, problem.as_str());
    context.note(match value {
        Some(value) => note.with(&value),
        None => note,
    });
    context.set("memory_report_error", problem);
}

/// The bytes of one or more gzip members, each optionally followed by zeros.
fn decompress(dump: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut size: usize = 0;
    let mut buffer = vec![0; 1 << 16];
    let mut rest = dump;
    loop {
        let mut member = GzDecoder::new(rest);
        loop {
            let read = member
                .read(&mut buffer)
                .map_err(|_| format!("error in gzip for {DUMP}"))?;
            let bytes = buffer.get(..read).unwrap_or_default();
            size = size.saturating_add(read);
            if size <= MAX_BYTES {
                out.extend_from_slice(bytes);
            }
            if read == 0 || size > MAX_COUNTED {
                break;
            }
        }
        rest = member.into_inner();
        let padding = rest.iter().take_while(|byte| **byte == 0).count();
        rest = rest.get(padding..).unwrap_or_default();
        if rest.is_empty() || size > MAX_COUNTED {
            break;
        }
    }
    if size > MAX_BYTES {
        return Err(format!("Uncompressed memory info too large {size} (max: {MAX_BYTES})"));
    }
    Ok(out)
}

/// Measures that the report holds under one path each.
const MEASURED: [&str; 10] = [
    "gfx-textures",
    "ghost-windows",
    "heap-allocated",
    "host-object-urls",
    "private",
    "resident",
    "resident-unique",
    "system-heap-allocated",
    "vsize",
    "vsize-max-contiguous",
];

/// Sums over paths, and values derived from them.
const DERIVED: [&str; 6] = [
    "explicit",
    "heap-overhead",
    "heap-unclassified",
    "images",
    "js-main-runtime",
    "top-none-detached",
];

/// One entry of the report: a number of bytes (or of things) at a path.
struct Entry<'a> {
    path: &'a str,
    kind: i64,
    units: i64,
    amount: i64,
}

/// The units of a report's entry: bytes.
const BYTES: i64 = 0;
/// The kinds of a report's entry: memory outside the heap, and on it.
const NONHEAP: i64 = 0;
const HEAP: i64 = 1;

/// Sums up the memory report of the crashed process in searchable measures.
pub(super) fn memory_measures(context: &mut Context<'_>) {
    let measures = context
        .json_dump()
        .and_then(|dump| dump.get("pid"))
        .zip(context.processed.0.get("memory_report"))
        .and_then(|(pid, report)| measures(report, pid));
    if let Some(measures) = measures {
        context.set("memory_measures", measures);
    }
}

/// The measures of one process; `None` if the report has an unknown form.
fn measures(report: &Value, pid: &Value) -> Option<Value> {
    report.get("version")?;
    report.get("hasMozMallocUsableSize")?;
    let pid = match pid {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    };
    let process = format!("(pid {pid})");
    let mut sums: BTreeMap<&str, i64> = MEASURED.iter().chain(&DERIVED).map(|name| (*name, 0)).collect();
    let (mut heap, mut nonheap) = (0_i64, 0_i64);
    let mut seen = false;
    for entry in report.get("reports")?.as_array()? {
        if !entry.get("process")?.as_str()?.contains(&process) {
            continue;
        }
        seen = true;
        let entry = Entry {
            path: entry.get("path")?.as_str()?,
            kind: entry.get("kind")?.as_i64()?,
            units: entry.get("units")?.as_i64()?,
            amount: entry.get("amount")?.as_i64()?,
        };
        let mut add = |name: &'static str| {
            if let Some(sum) = sums.get_mut(name) {
                *sum = sum.saturating_add(entry.amount);
            }
        };
        if entry.path.starts_with("explicit/") {
            if entry.units != BYTES {
                return None;
            }
            match entry.kind {
                NONHEAP => nonheap = nonheap.saturating_add(entry.amount),
                HEAP => heap = heap.saturating_add(entry.amount),
                _ => return None,
            }
            if entry.path.starts_with("explicit/images/") {
                add("images");
            } else if entry.path.contains("top(none)/detached") {
                add("top-none-detached");
            } else if entry.path.starts_with("explicit/heap-overhead/") {
                add("heap-overhead");
            }
        } else if entry.path.starts_with("js-main-runtime/") {
            add("js-main-runtime");
        } else if let Some(name) = MEASURED.iter().find(|name| **name == entry.path) {
            add(name);
        }
    }
    if !seen {
        return None;
    }
    let allocated = sums.get("heap-allocated").copied().unwrap_or(0);
    sums.insert("explicit", allocated.saturating_add(nonheap));
    sums.insert("heap-unclassified", allocated.saturating_sub(heap));
    let measures: Map<String, Value> = sums
        .into_iter()
        .map(|(name, sum)| (name.replace('-', "_"), json!(sum)))
        .collect();
    Some(Value::Object(measures))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_and_padding_are_read_and_garbage_is_not() {
        let mut two = zipped(b"[1,");
        two.extend(zipped(b"2]"));
        two.extend([0; 5]);
        assert_eq!(decompress(&two).unwrap(), b"[1,2]");
        two.push(b'x');
        assert!(decompress(&two).is_err());
        assert!(decompress(b"").is_err());
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = zipped(&vec![b' '; MAX_BYTES + 1]);
        assert_eq!(
            decompress(&bomb).unwrap_err(),
            "Uncompressed memory info too large 20971521 (max: 20971520)"
        );
    }
}
