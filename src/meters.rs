//! The metrics of the whole program: those of its services, and its own.

use platform::meters::Metric;

platform::meters! {
    pub(crate) const METRICS;
    /// What the upkeep did: things that were left half-done and are finished now, or were old and are removed.
    counter UPKEEP = "datil_upkeep_total" by "what";
}

/// Every metric that a process may show.
pub(crate) const ALL: [&[Metric]; 6] = [
    platform::meters::METRICS,
    platform::http::meters::METRICS,
    collector::meters::METRICS,
    processor::meters::METRICS,
    buildinfo::meters::METRICS,
    METRICS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use platform::meters::Kind;

    use super::*;

    const MANUAL: &str = include_str!("../docs/operating.md");

    #[test]
    fn names_follow_the_conventions_and_are_unique() {
        let mut names = BTreeSet::new();
        for metric in ALL.into_iter().flatten() {
            let name = metric.name;
            assert!(names.insert(name), "{name} is there twice");
            assert!(
                name.bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')),
                "{name}"
            );
            let is_total = name.ends_with("_total");
            match metric.kind {
                Kind::Counter => assert!(is_total, "{name}"),
                Kind::Gauge => assert!(!is_total, "{name}"),
                Kind::Histogram(bounds) => {
                    assert!(name.ends_with("_seconds") || name.ends_with("_bytes"), "{name}");
                    assert!(bounds.is_sorted_by(|a, b| a < b), "{name}");
                }
            }
            for odd in ["_ms", "_millis", "_minutes", "_kb", "_percent", "seconds_ago"] {
                assert!(!name.contains(odd), "{name}: the units are seconds and bytes");
            }
            assert!(metric.help.ends_with('.') && metric.help.len() > 15, "{name}");
        }
    }

    /// The table in the operator's manual is this one.
    #[test]
    fn the_manual_lists_every_metric() {
        let mut table = String::from("| name | type | labels | means |\n|---|---|---|---|\n");
        for metric in ALL.into_iter().flatten() {
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, kind, labels) = (metric.name, metric.type_name(), labels.join(", "));
            writeln!(table, "| `{name}` | {kind} | {labels} | {} |", metric.help).unwrap();
        }
        assert!(
            MANUAL.contains(&table),
            "docs/operating.md must hold this table:\n{table}"
        );
    }

    /// Whatever else the manual says of metrics, as what to alarm on, is of metrics that there are.
    #[test]
    fn the_manual_names_no_other_metric() {
        let known: BTreeSet<&str> = ALL.into_iter().flatten().map(|metric| metric.name).collect();
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let services = ["datil_", "collector_", "processor_", "buildinfo_"];
        for word in MANUAL.split(|c: char| !is_of_name(c)) {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end));
            let is_metric = services.iter().any(|service| word.starts_with(service)) && !word.ends_with('_');
            assert!(
                !is_metric || known.contains(word) || base.is_some_and(|base| known.contains(base)),
                "there is no metric {word}"
            );
        }
    }

    /// What is recorded under a name that no table has would be shown without help and unit.
    #[test]
    fn nothing_is_recorded_under_a_name_of_its_own() {
        let mut found = 0;
        for folder in [
            "src",
            "platform/src",
            "collector/src",
            "processor/src",
            "buildinfo/src",
            "webapp/src",
            "crashstore/src",
        ] {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut folders = vec![root];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if path.file_name().is_some_and(|name| name != "meters.rs") {
                        let text = std::fs::read_to_string(&path).unwrap();
                        for kind in ["counter", "gauge", "histogram"] {
                            let begin = format!("metrics::{kind}!(");
                            for call in text.split(&begin).skip(1) {
                                found += 1;
                                let named = !call.trim_start().starts_with('"');
                                assert!(named, "{}: a name that is none of a table's", path.display());
                            }
                        }
                    }
                }
            }
        }
        assert!(found > 30, "{found}");
    }
}
