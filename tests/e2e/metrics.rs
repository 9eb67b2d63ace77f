//! The registry of metrics: its names, the page that is made from it, and what a running program shows.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use demo::Plan;
use platform::meters::{Kind, Metric, OneOf, Open};

use crate::meters::{TABLES, all};
use crate::system::{Config, System};

/// The beginning of `docs/metrics.md`.
const HEAD: &str = r#"# Metrics

<!-- This page is made from the registry (the `meters.rs` of each service) and the text in tests/e2e/metrics.rs.
     To regenerate it: UPDATE_DOCS=1 cargo test --test e2e metrics:: -->

`/metrics` of every service is for Prometheus. [operating.md](operating.md#metrics) says what to alarm on.

* A process shows what its services record: `up` all of it, `datil webapp` only HTTP and what every process shows.
* Names are `datil_<service>_<what>_<unit>`. Units are seconds, bytes, or what is counted. `_total` only grows until the
  process ends.
* Histograms have fixed buckets, so that those of many processes add up. The time within which 95 of 100 requests are
  answered is `histogram_quantile(0.95, sum by (le) (rate(datil_http_request_duration_seconds_bucket[5m])))`.
* Counters without labels are there from the start with 0, and so are those with one label whose values are listed here;
  other counters from the first time on.
* Labels hold nothing of what clients sent.

## Who uses what

`datil_http_requests_total` counts by route and by the kind of client, as its `User-Agent` says. Look at it before
something is taken away or changed:

    sum by (route, client) (increase(datil_http_requests_total{client!~"monitoring|datil|crawler"}[90d]))

A route that is not in the answer was not asked for. All addresses that are no route count as `none`.

| client | is |
|---|---|
| `browser` | a web browser; also Firefox where it sends a report itself, as `about:crashes` does |
| `crash_reporter` | Firefox's crash reporter, Breakpad, Crashpad |
| `android` | an Android app: Fenix and Focus send their reports so |
| `datil` | another Datil: `datil check`, an import from another Datil |
| `python` | Python's libraries, and tools made with them, such as crashstats-tools |
| `curl` | curl |
| `monitoring` | Prometheus and other monitoring, health checks of Kubernetes and load balancers |
| `crawler` | search engines and other robots |
| `other` | something else |
| `none` | a client that says nothing of itself |

## From Antenna and Socorro

The last column has the names under which Antenna and Socorro send the same to statsd. Tags are labels here. Times are
in seconds, not milliseconds. Where statsd sums up itself, Prometheus is asked for a `rate()` or an `increase()`.

| there | here |
|---|---|
| `socorro.collector.health.heartbeat.count` and its like | `datil_http_requests_total{route="/__heartbeat__"}` |
| `socorro.processor.save_processed_crash` | `datil_processor_crashes_total{outcome="processed"}` |
| `socorro.processor.process_crash` | `datil_processor_crash_duration_seconds{kind="process"}` |
| `socorro.processor.minidumpstackwalk.run` | `datil_processor_walk_duration_seconds_count` |
| the same with `outcome:fail` | `datil_processor_walker_deaths_total` |
| `socorro.webapp.view.pageview` | `datil_http_request_duration_seconds`, by `route` |
| `cache_manager`, `cron`, `es`, `submitter` and `telemetry` in a name | nothing: Datil has no such parts |
| others that are not in the last column | nothing that is the same |
"#;

/// The page as the registry has it.
fn page() -> String {
    let code = |words: &[&str]| -> String {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    let mut page = HEAD.to_owned();
    for (title, table) in TABLES {
        write!(page, "\n## {title}\n\n").expect("a text can be written to");
        page.push_str("| name | type | unit | labels | means | statsd |\n|---|---|---|---|---|---|\n");
        for metric in table {
            let labels = metric.labels.iter().map(|label| match label.values {
                OneOf(values) => format!("`{}`: {}", label.name, code(values)),
                Open(words) => format!("`{}`: {words}", label.name),
            });
            let labels: Vec<String> = labels.collect();
            let cells = [
                format!("`{}`", metric.name),
                metric.type_name().to_owned(),
                metric.unit.to_owned(),
                labels.join("; "),
                metric.help.to_owned(),
                code(metric.statsd),
            ];
            writeln!(page, "| {} |", cells.join(" | ")).expect("a text can be written to");
        }
    }
    page
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_page_is_made_from_the_registry() {
    let (path, page) = (in_repository("docs/metrics.md"), page());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).expect("the page can be written");
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(stored.lines()).find(|(made, stored)| made != stored);
    assert!(
        stored == page,
        "docs/metrics.md is not what the registry says; regenerate it with \
         `UPDATE_DOCS=1 cargo test --test e2e metrics::` (first difference: {differs:?})"
    );
}

/// Of the clients that the page explains none is missing, and none is made up.
#[test]
fn the_page_explains_every_kind_of_client() {
    let metrics = all();
    let clients = metrics.iter().flat_map(|metric| metric.labels);
    let clients = clients.filter(|label| label.name == "client").map(|label| label.values);
    let explained: Vec<&str> = HEAD
        .split("| client | is |\n|---|---|\n")
        .nth(1)
        .into_iter()
        .flat_map(|rest| rest.lines().take_while(|line| line.starts_with("| `")))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    assert_eq!(explained.len(), 10);
    for values in clients {
        assert!(matches!(values, OneOf(values) if values == explained), "{values:?}");
    }
}

#[test]
fn names_follow_one_pattern_and_end_in_their_unit() {
    let mut names = BTreeSet::new();
    let mut services = BTreeSet::new();
    for (title, table) in TABLES {
        let service = table[0].name.split('_').nth(1).expect("a service");
        assert!(services.insert(service), "{title}: two tables of {service}");
        for metric in table {
            check_row(metric, service);
            assert!(names.insert(metric.name), "{} is there twice", metric.name);
        }
    }
    assert!(names.len() > 40);
}

fn check_row(metric: &Metric, service: &str) {
    let Metric { name, unit, .. } = *metric;
    let is_word = |word: &str| {
        word.bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    assert!(
        name.starts_with(&format!("datil_{service}_")) && is_word(name),
        "{name}"
    );
    let measured = name.strip_suffix("_total").unwrap_or(name);
    assert_eq!(
        metric.kind == Kind::Counter,
        measured != name,
        "{name}: a counter ends in _total"
    );
    let is_plain = unit.is_empty() && metric.kind == Kind::Gauge;
    assert!(
        is_plain || measured.ends_with(&format!("_{unit}")),
        "{name} does not end in {unit}"
    );
    assert!(
        is_plain || (unit.len() > 1 && unit.ends_with('s') && is_word(unit)),
        "{name}: {unit}"
    );
    for other in ["seconds", "bytes"] {
        assert!(unit == other || !name.contains(other), "{name} is not in {other}");
    }
    for word in measured.split('_') {
        let odd = [
            "ms",
            "millis",
            "milliseconds",
            "micros",
            "minutes",
            "hours",
            "kb",
            "kib",
            "percent",
            "count",
        ];
        assert!(
            !odd.contains(&word),
            "{name}: the units are seconds and bytes, or what is counted"
        );
    }
    if let Kind::Histogram(bounds) = metric.kind {
        assert!(["seconds", "bytes"].contains(&unit), "{name}");
        assert!(bounds.is_sorted_by(|a, b| a < b) && bounds.len() > 2, "{name}");
    }
    assert!(
        metric.help.ends_with('.') && metric.help.len() > 15,
        "{name}: {}",
        metric.help
    );
    assert!(!page_breaking(metric.help), "{name}");
    let labels: BTreeSet<&str> = metric.labels.iter().map(|label| label.name).collect();
    assert_eq!(labels.len(), metric.labels.len(), "{name}");
    for label in metric.labels {
        assert!(
            is_word(label.name) && !["le", "quantile"].contains(&label.name),
            "{name}: {}",
            label.name
        );
        match label.values {
            OneOf(values) => {
                let different: BTreeSet<&&str> = values.iter().collect();
                assert!(
                    different.len() == values.len() && !values.is_empty(),
                    "{name}: {}",
                    label.name
                );
                assert!(
                    !values.iter().any(|value| value.is_empty() || page_breaking(value)),
                    "{name}: {values:?}"
                );
            }
            Open(words) => assert!(!words.is_empty() && !page_breaking(words), "{name}: {words}"),
        }
    }
    for statsd in metric.statsd {
        let rest = statsd.strip_prefix("socorro.");
        assert!(
            rest.is_some_and(|rest| rest.split('.').all(|part| !part.is_empty() && is_word(part))),
            "{statsd}"
        );
    }
}

/// Whether a text would break a cell of a table, or a line of `/metrics`.
fn page_breaking(text: &str) -> bool {
    text.contains(['|', '\n', '"', '\\'])
}

/// Whatever the documents say of metrics, as what to alarm on, is of metrics that there are.
#[test]
fn documents_name_no_other_metric() {
    let (metrics, mut found) = (all(), 0);
    let services: BTreeSet<&str> = metrics
        .iter()
        .filter_map(|metric| metric.name.split('_').nth(1))
        .collect();
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "docs/api.md",
        "docs/benchmarks.md",
        "docs/glossary.md",
        "docs/operating.md",
    ];
    let documents = documents.map(|path| read(&in_repository(path)));
    for text in documents.iter().map(String::as_str).chain([HEAD]) {
        for word in text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')) {
            let service = word.strip_prefix("datil_").and_then(|rest| rest.split('_').next());
            if service.is_some_and(|service| services.contains(service)) {
                found += 1;
                let is_known = metrics.iter().any(|metric| metric.name == word) || row_of(&metrics, word).is_some();
                assert!(is_known, "there is no metric {word}");
            }
        }
    }
    assert!(found > 15, "{found}");
}

/// The row that a name in `/metrics` belongs to, and whether it is a bucket.
fn row_of<'m>(metrics: &[&'m Metric], shown: &str) -> Option<(&'m Metric, bool)> {
    metrics.iter().find_map(|metric| {
        let rest = shown.strip_prefix(metric.name)?;
        let is_row = match metric.kind {
            Kind::Histogram(_) => ["_bucket", "_sum", "_count"].contains(&rest),
            Kind::Counter | Kind::Gauge => rest.is_empty(),
        };
        is_row.then_some((*metric, rest == "_bucket"))
    })
}

/// Fails if `/metrics` shows what is not in the registry: a name, a label, a value, a type, another meaning.
pub(crate) fn check_figures(figures: &str) {
    let metrics = all();
    for line in figures.lines().filter(|line| !line.is_empty()) {
        if let Some(said) = line.strip_prefix("# ") {
            let known = metrics.iter().any(|metric| {
                let kind = format!("TYPE {} {}", metric.name, metric.type_name());
                said == kind || said == format!("HELP {} {}", metric.name, metric.help)
            });
            assert!(known, "not of the registry: {line}");
            continue;
        }
        let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a value"));
        let row = row_of(&metrics, name);
        let (metric, is_bucket) = row.unwrap_or_else(|| panic!("not of the registry: {line}"));
        let labels = rest.strip_prefix('{').and_then(|rest| Some(rest.rsplit_once("\"}")?.0));
        let labels: Vec<(&str, &str)> = labels
            .into_iter()
            .flat_map(|labels| labels.split("\","))
            .map(|label| label.split_once("=\"").expect("a label"))
            .collect();
        let mut names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        if is_bucket {
            assert_eq!(names.pop(), Some("le"), "{line}");
        }
        let expected: Vec<&str> = metric.labels.iter().map(|label| label.name).collect();
        assert_eq!(names, expected, "{line}");
        for (label, (_, value)) in metric.labels.iter().zip(labels) {
            assert!(label.values.allow(value), "{}: {line}", label.name);
            if label.name == "route" {
                assert!(value.starts_with('/') || value == "none", "{line}");
            }
        }
    }
}

/// Of everything that a system shows after it was used in many ways.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_shown_is_in_the_registry() {
    let system = System::up(&Config::default());
    let world = demo::World::generate(&Plan::default());
    let id = system.submit(&demo::crashes::samples_for(&world).remove(0), "firefox");
    system.processed(&id).await;
    // The first one gives the process its TLS; the second one does not say who it is.
    drop(platform::http::client());
    #[expect(clippy::disallowed_methods, reason = "requests without a User-Agent")]
    let client = reqwest::Client::builder().build().expect("a client");
    let ask = async |method: &str, path: &str, agent: Option<&str>| {
        let method = method.parse().expect("a method");
        let mut request = client.request(method, format!("{}{path}", system.url));
        if let Some(agent) = agent {
            request = request.header("user-agent", agent);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    for (method, path, agent, status) in [
        ("GET", "/builds/", Some(firefox), 200),
        (
            "GET",
            &*format!("/report/index/{id}?someone=someone"),
            Some(firefox),
            200,
        ),
        ("HEAD", "/__heartbeat__", Some("kube-probe/1.34"), 200),
        ("GET", "/someone/?someone", Some("curl/8.14.1"), 404),
        ("SOMEONE", "/", Some("someone/1.0"), 405),
        (
            "GET",
            "/api/v1/lookup?product=Firefox&build_id=20200101000000",
            Some("python-requests/2.32.5"),
            200,
        ),
        ("GET", "/api/v1/lookup?someone=someone", None, 400),
        ("POST", "/submit", Some("crashreporter/1.0.0"), 400),
    ] {
        assert_eq!(ask(method, path, agent).await, status, "{method} {path}");
    }
    let (_, figures) = system.get("/metrics").await;
    check_figures(&figures);
    for line in [
        r#"datil_http_requests_total{method="GET",route="/builds/",status="2xx",client="browser"} 1"#,
        r#"datil_http_requests_total{method="HEAD",route="/__heartbeat__",status="2xx",client="monitoring"} 1"#,
        r#"datil_http_requests_total{method="GET",route="none",status="4xx",client="curl"} 1"#,
        r#"datil_http_requests_total{method="other",route="/",status="4xx",client="other"} 1"#,
        r#"datil_http_requests_total{method="GET",route="/api/v1/lookup",status="2xx",client="python"} 1"#,
        r#"datil_http_requests_total{method="GET",route="/api/v1/lookup",status="4xx",client="none"} 1"#,
        r#"datil_http_requests_total{method="POST",route="/submit",status="4xx",client="crash_reporter"} 1"#,
        r#"datil_collector_malformed_reports_total{reason="no_content_type"} 1"#,
        "datil_collector_saved_reports_total 1",
        r#"datil_processor_crashes_total{outcome="processed"} 1"#,
        r#"datil_processor_crashes_total{outcome="failed"} 0"#,
        "datil_http_panics_total 0",
    ] {
        assert!(figures.lines().any(|shown| shown == line), "{line}\n{figures}");
    }
    for metric in all() {
        let is_begun = match metric.labels {
            [] => true,
            [label] => matches!(label.values, OneOf(_)),
            _ => false,
        };
        let is_there = !is_begun || metric.kind != Kind::Counter || figures.contains(&format!("\n{}", metric.name));
        assert!(is_there, "{} is not there from the start on", metric.name);
    }
    assert!(!figures.contains("quantile="), "{figures}");
    for secret in ["someone", &*id, &id[..8]] {
        assert!(!figures.to_lowercase().contains(secret), "{secret}\n{figures}");
    }
}

/// A row outside of the tables would be shown without its meaning, and would be in no document.
#[test]
fn every_row_is_in_a_table_and_nothing_else_records() {
    let (known, mut found) = (all(), 0);
    let members = std::fs::read_dir(in_repository("")).expect("the repository");
    let members = members.map(|entry| entry.expect("an entry").path());
    for member in members
        .chain([in_repository("")])
        .filter(|path| path.join("Cargo.toml").is_file())
    {
        let manifest = read(&member.join("Cargo.toml"));
        let records = manifest
            .lines()
            .any(|line| line.starts_with("metrics") && line.contains("workspace"));
        let is_platform = member.ends_with("platform");
        assert_eq!(records, is_platform, "{}: only platform records", member.display());
        let mut folders = vec![member.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                // The macro itself, with an example.
                if is_platform && (path.ends_with("src/meters.rs") || path.ends_with("meters/tests.rs")) {
                    continue;
                }
                let text = if path.extension().is_some_and(|end| end == "rs") {
                    read(&path)
                } else {
                    String::new()
                };
                for table in text.split("meters! {").skip(1) {
                    for row in table.split(" = \"").skip(1) {
                        let name = row.split('"').next().unwrap_or_default();
                        found += 1;
                        let is_known = known.iter().any(|metric| metric.name == name);
                        assert!(is_known, "{}: {name} is in no table of src/meters.rs", path.display());
                    }
                }
            }
        }
    }
    assert_eq!(found, known.len() - platform::meters::METRICS.len());
}
