//! socorro-cli: its commands, by its library, with every kind of token.

use std::path::PathBuf;

use platform_testing::skip_until_release;
use serde_json::{Value, json};

use super::{MANY, Ran, World};

/// Names the folder of the program that `clients/` builds.
const PROGRAM: &str = "DATIL_TEST_SOCORRO_CLI";

#[tokio::test(flavor = "multi_thread")]
async fn its_commands_need_only_another_host() {
    let Some(folder) = std::env::var_os(PROGRAM).map(PathBuf::from) else {
        skip_until_release(
            "socorro-cli",
            &format!("{PROGRAM} names no folder with its program (.ci/release)"),
        );
        return;
    };
    let world = World::with(&folder).await;
    search(&world);
    crash(&world).await;
    bugs(&world);
    refused(&world);
}

fn run(world: &World, args: &[&str], token: Option<&str>) -> Ran {
    let root = format!("{}/api", world.system.url);
    world.run("socorro-cli-at", &[&[root.as_str()], args].concat(), token)
}

fn json(world: &World, args: &[&str]) -> Value {
    let printed = run(world, &[&["--format=json"], args].concat(), None).well();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

fn search(world: &World) {
    let [first, second, last] = &world.ids;
    let month = platform::clock::rfc3339(platform::clock::now_micros() - 30 * 86_400_000_000);
    let month = format!("--from={}", &month[..10]);
    let firefox = ["search", "--product=Firefox", month.as_str()];
    for token in [None, Some(&world.tokens.none), Some(&world.tokens.full)] {
        let found = run(world, &firefox, token.map(String::as_str)).well();
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!((lines[0], lines[5]), ("FOUND 3 crashes", ""), "{found}");
        for (line, id) in lines[2..5].iter().zip([last, second, first]) {
            assert!(line.starts_with(&format!("{id} | 20")), "{found}");
        }
        assert!(lines[2].contains(" | Firefox 103.0 | Linux "), "{found}");
        assert!(lines[2].contains(" | release | 20261102093000 | "), "{found}");
    }
    let signature = json(world, &firefox)["hits"][0]["signature"].clone();
    let signature = format!("--signature={}", signature.as_str().expect("a signature"));
    let narrowed = [
        "--version=102.0",
        "--channel=release",
        "--platform=Linux",
        signature.as_str(),
    ];
    let found = json(world, &[&firefox[..], &narrowed].concat());
    assert_eq!(
        (&found["total"], &found["hits"][0]["uuid"]),
        (&json!(1), &json!(second))
    );

    let fenix = [
        "search",
        "--product=Fenix",
        month.as_str(),
        "--limit=0",
        "--facet=version",
        "--facet=build_id",
    ];
    let found = json(world, &[&fenix[..], &["--facets-size=2"]].concat());
    assert_eq!((&found["total"], &found["hits"]), (&json!(MANY), &json!([])));
    let versions = found["facets"]["version"].as_array().expect("buckets");
    assert_eq!(versions.len(), 2);
    // Numbers are terms as they are.
    assert_eq!(
        found["facets"]["build_id"][0],
        json!({"term": "20261101093000", "count": MANY / 2})
    );
    let found = run(world, &fenix, None).well();
    assert!(found.starts_with(&format!("FOUND {MANY} crashes\n")), "{found}");
    assert!(
        found.contains("\nversion:\n") && found.contains("  100.0 (767)\n"),
        "{found}"
    );

    let found = run(
        world,
        &["search", "--product=Firefox", "--from=2024-10-01", "--to=2024-10-14"],
        None,
    )
    .well();
    assert_eq!(found, "FOUND 0 crashes\n\n\nAGGREGATIONS:\n\nsignature:\n");
}

async fn crash(world: &World) {
    let id = world.ids[0].as_str();
    let processed = world.system.processed(id).await;
    let signature = processed["signature"].as_str().expect("a signature");
    for token in [None, Some(&world.tokens.none), Some(&world.tokens.full)] {
        let shown = run(world, &["crash", id], token.map(String::as_str)).well();
        assert!(
            shown.starts_with(&format!("CRASH {id}\nsig: {signature}\nreason: SIGSEGV")),
            "{shown}"
        );
        assert!(shown.contains("product: Firefox 101.0 (Linux "), "{shown}");
        assert!(shown.contains("build: 20261102093000\nchannel: release\n"), "{shown}");
        let function = processed["json_dump"]["crashing_thread"]["frames"][0]["function"].as_str();
        assert!(
            shown.contains(&format!("  #0 {}", function.expect("a function"))),
            "{shown}"
        );
        assert!(shown.contains("\nmodules"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
    let link = format!("{}/report/index/{id}", world.system.url);
    let shown = json(world, &["crash", &link, "--full"]);
    assert_eq!(
        (&shown["uuid"], &shown["json_dump"]["threads"]),
        (&json!(id), &processed["json_dump"]["threads"])
    );
}

fn bugs(world: &World) {
    let known = "victim::render::set_opacity";
    let found = run(world, &["bugs", known, "nothing"], None).well();
    let expected = format!("bug 1900001\n  {known}\nbug 1900005\n  {known}\n  victim::render::trap_unreachable_mode\n");
    assert_eq!(found, expected, "each with all that it names");
    assert_eq!(run(world, &["bugs", "nothing"], None).well(), "No bugs found.\n");
    let found = json(world, &["signatures", "1900005", "7"]);
    let hits = found["hits"].as_array().expect("hits");
    assert_eq!(found["total"], hits.len());
    assert!(hits.contains(&json!({"id": 1_900_005, "signature": known})), "{found}");
}

fn refused(world: &World) {
    let id = world.ids[0].as_str();
    let unknown = "0bb7f1d7-0000-4000-8000-000000261128";
    let expired = Some(world.tokens.expired.as_str());
    for (args, token, error) in [
        (
            ["crash", unknown].as_slice(),
            None,
            format!("Error: Crash not found: {unknown}\n"),
        ),
        (&["crash", "../x"], None, "Error: Invalid crash ID format: ".to_owned()),
        (&["crash", "abc"], None, "(400 Bad Request)".to_owned()),
        (&["crash", id], expired, "(403 Forbidden)".to_owned()),
        (&["bugs", "x"], expired, "(403 Forbidden)".to_owned()),
        (&["signatures", "1"], expired, "(403 Forbidden)".to_owned()),
        (&["bugs"], None, "(400 Bad Request)".to_owned()),
        (
            &["search", "--product=Firefox", "--from=2026-01-01"],
            expired,
            "(403 Forbidden)".to_owned(),
        ),
        (
            &["search", "--product=Firefox", "--from=2020-01-01"],
            None,
            "(400 Bad Request)".to_owned(),
        ),
    ] {
        let ran = run(world, args, token);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(ran.err.contains(&error), "{args:?}: {}", ran.err);
    }
    // Where no token is needed, none is sent.
    run(world, &["--format=json", "crash", id], expired).well();
}
