//! `datil search`, and the crash commands that take what it takes.

use platform_testing::database_settings;
use serde_json::{Value, json};

use crate::system::{Config, System};

/// Protected texts, which searches neither find nor show.
const SECRET: &str = "secretword";

/// Submits a crash of this version with this uptime.
fn submit(system: &System, version: &str, uptime: u32) -> String {
    let annotations = [
        "ProductName=Firefox".to_owned(),
        "ReleaseChannel=nightly".to_owned(),
        format!("Version={version}"),
        format!("UptimeTS={uptime}"),
        format!("URL=https://example.org/{SECRET}"),
        format!("Comments={SECRET}"),
    ];
    let mut args = vec!["submit", "--url", &system.url, "--as", "firefox"];
    args.extend(annotations.iter().flat_map(|annotation| ["-a", annotation.as_str()]));
    system.run_well(args).trim().to_owned()
}

fn asked(system: &System, query: &str) -> Value {
    serde_json::from_str(&system.run_well(["search", query, "--json"])).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_are_searched_listed_and_deleted_from_the_command_line() {
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database,
            ..Config::default()
        });
        system.start(["up"]);
        let ids = [("153.0a1", 5), ("153.0a1", 65), ("154.0a1", 70)]
            .map(|(version, uptime)| submit(&system, version, uptime));
        for id in &ids {
            system.processed(id).await;
        }
        // The running process follows; this one reads what that one made.
        system
            .wait_for("the crashes to be found", async || {
                // Until it has made its index there is none to read.
                let output = system.run(["search", "_results_number=0", "--json"]);
                let found: Value = serde_json::from_slice(&output.stdout).ok()?;
                (found["total"] == 3).then_some(())
            })
            .await;
        check_answers(&system, &ids);
        system.stop();
        // Nobody follows any more; and the index is made again where there is none.
        check_answers(&system, &ids);
        std::fs::remove_dir_all(system.data().join("search")).expect("there is an index");
        check_answers(&system, &ids);
        check_what_is_refused(&system);
        check_deletion(&system, &ids).await;
    }
}

fn check_answers(system: &System, ids: &[String; 3]) {
    let found = asked(
        system,
        "uptime_ts=>60&_columns=uuid&_columns=uptime_ts&_columns=url&_sort=-uptime_ts&_facets=version\
         &_aggs.version=_histogram.uptime_ts&_histogram_interval.uptime_ts=60&_facets=_cardinality.uuid",
    );
    let histogram = |bound: f64| json!({"histogram_uptime_ts": [{"term": bound, "count": 1}]});
    let expected = json!({
        "hits": [{"uuid": ids[2], "uptime_ts": 70.0}, {"uuid": ids[1], "uptime_ts": 65.0}],
        "total": 2,
        "facets": {
            "version": [
                {"term": "153.0a1", "count": 1, "facets": histogram(60.0)},
                {"term": "154.0a1", "count": 1, "facets": histogram(60.0)},
            ],
            "cardinality_uuid": {"value": 2},
        },
        "errors": [],
    });
    assert_eq!(found, expected);

    let printed = system.run_well([
        "search",
        "_columns=uuid&_columns=version&_sort=uptime_ts&_facets=version",
    ]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("3 crashes from 20"), "{printed}");
    let listed = [
        &format!("{}  153.0a1", ids[0]),
        &format!("{}  153.0a1", ids[1]),
        &format!("{}  154.0a1", ids[2]),
    ];
    assert_eq!(lines[3..6], listed.map(String::as_str), "{printed}");
    assert_eq!(
        lines[7..],
        ["version", "  2   66.7 %  153.0a1", "  1   33.3 %  154.0a1"],
        "{printed}"
    );
    let usual = system.run_well(["search"]);
    assert!(usual.contains("\nsignature\n  3  100.0 %  "), "{usual}");

    let listed = system.run_well(["crash", "list", "--query", "uptime_ts=>=65&_sort=-uptime_ts"]);
    let of_listed: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(of_listed, [&ids[2], &ids[1]], "{listed}");
    assert!(
        listed.lines().all(|line| line.contains(" processed Firefox 15")),
        "{listed}"
    );
    let first = system.run_well(["crash", "list", "--query", "", "--limit", "1", "--json"]);
    assert_eq!(first.lines().count(), 1, "{first}");

    // What is protected is neither found nor shown, and that is said.
    for query in [
        format!("url=~{SECRET}"),
        format!("user_comments={SECRET}"),
        "_facets=url".to_owned(),
    ] {
        let output = system.run(["search", &query, "--json"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && error.contains("is protected"), "{error}");
        let said = format!("{error}{}", String::from_utf8_lossy(&output.stdout));
        assert!(!said.contains(SECRET), "{said}");
        assert!(said.contains("\"total\":3"), "{said}");
    }
    assert_eq!(asked(system, "crash_report_keys=URL")["total"], 0);
    assert_eq!(asked(system, "crash_report_keys=ProductName")["total"], 3);
}

fn check_what_is_refused(system: &System) {
    for (args, expected) in [
        (
            &["search", "uptime_ts=soon"][..],
            "in the query string: uptime_ts: must be a number",
        ),
        (&["search", "_columns=nothing"], "_columns: Unknown field 'nothing'"),
        (
            &["crash", "list", "--query", "signature=@("],
            "signature: Malformed supersearch query: a `(` is not closed",
        ),
        (
            &["crash", "delete", "--query", "", "--yes"],
            "no condition but dates: name one, `product=!__null__`",
        ),
        (
            &[
                "crash",
                "delete",
                "--query",
                "product=Firefox&_results_number=1",
                "--yes",
            ],
            "_results_number: would be ignored",
        ),
        (
            &["crash", "delete", "--query", "version=153.0a1&_results_offset=1"],
            "_results_offset: would be ignored",
        ),
        (
            &["crash", "delete", "--query", "product=Firefox&signature=~", "--yes"],
            "signature: has nothing to compare with",
        ),
        (
            &["crash", "delete", "--query", "version=", "--yes"],
            "`version=!__null__`",
        ),
        (&["crash", "delete", "--query", "date=>=2026-01-01", "--yes"], ""),
        (
            &["crash", "delete", "--query", "url=~x&product=Firefox", "--yes"],
            "nothing is deleted",
        ),
        (
            &["crash", "delete", "--query", "produkt=Firefox&product=Firefox", "--yes"],
            "produkt: unknown parameter",
        ),
        (&["crash", "delete", "--yes"], ""),
        (
            &["crash", "list", "--query", "", "--product", "Firefox"],
            "cannot be used with",
        ),
    ] {
        let output = system.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains(expected),
            "{args:?}: {error}"
        );
    }
    assert_eq!(asked(system, "")["total"], 3);
}

async fn check_deletion(system: &System, ids: &[String; 3]) {
    let plan = system.run_well(["crash", "delete", "--query", "version=153.0a1"]);
    let lines: Vec<&str> = plan.lines().collect();
    assert!(lines[0].starts_with("2 would be deleted, from 20"), "{plan}");
    assert!(
        plan.contains(&ids[0]) && plan.contains(&ids[1]) && !plan.contains(&ids[2]),
        "{plan}"
    );
    assert_eq!(lines.len(), 5, "{plan}");
    assert!(
        lines[1..3]
            .iter()
            .all(|line| line.contains(" processed Firefox 153.0a1")),
        "{plan}"
    );
    assert_eq!(lines[3], "nothing was deleted; to do it:", "{plan}");
    // The command has the dates, so that it deletes what was shown.
    let command = lines[4].strip_prefix("datil crash delete --query '");
    let query = command.and_then(|command| command.strip_suffix("' --yes"));
    let query = query.unwrap_or_else(|| panic!("a command: {plan}"));
    assert_eq!(query.matches("date=").count(), 2, "{plan}");
    assert!(query.ends_with("&version=%3D153.0a1"), "{plan}");
    assert_eq!(asked(system, "")["total"], 3);
    let plan = system.run_well(["crash", "delete", "--query", "version=153.0a1", "--json"]);
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    assert_eq!(plan["would_delete"], 2);
    let query = plan["query"].as_str().unwrap_or_default();
    assert!(query.starts_with("date=") && query.contains("version="), "{query}");

    let none = system.run_well(["crash", "delete", "--query", "version=1"]);
    assert!(
        none.starts_with("0 would be deleted") && none.ends_with("\nnothing was deleted\n"),
        "{none}"
    );

    let author = ["--yes", "--author", "tester"];
    let deleted = system.run_well(["crash", "delete", "--query", query].iter().chain(&author));
    let mut found: Vec<&str> = deleted.lines().collect();
    found.sort_unstable();
    let mut expected = [format!("{} deleted", ids[0]), format!("{} deleted", ids[1])];
    expected.sort_unstable();
    assert_eq!(found, expected);
    // Deletions get their numbers from one process at a time, perhaps not yet from this one.
    let left = system.wait_long_for("the deletions to be known", 4, async || {
        let left = asked(system, "_columns=uuid");
        (left["total"] == 1).then_some(left)
    });
    assert_eq!(left.await["hits"], json!([{"uuid": ids[2]}]));
    let log = system.run_well(["audit-log", "--json"]);
    let of_each = log
        .lines()
        .filter(|line| line.contains("delete_crash") && line.contains("tester"));
    assert_eq!(of_each.count(), 2, "{log}");
    let again = system.run_well(["crash", "delete", "--query", "version=153.0a1"].iter().chain(&author));
    assert_eq!(again, "");
}
