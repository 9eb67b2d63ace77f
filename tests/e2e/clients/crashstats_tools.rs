//! crashstats-tools: its commands, with every kind of token.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MANY, World};

#[tokio::test(flavor = "multi_thread")]
async fn its_commands_need_only_another_host() {
    let Some(world) = World::new("crashstats-tools").await else {
        return;
    };
    supersearch(&world);
    supersearch_is_refused(&world);
    supersearchfacet(&world);
    fetch_data(&world);
    reprocess(&world).await;
}

fn host(world: &World) -> String {
    format!("--host={}", world.system.url)
}

fn supersearch(world: &World) {
    let run = |args: &[&str], token| {
        let host = host(world);
        let args = [&[host.as_str()], args].concat();
        world.run("supersearch", &args, token)
    };
    let [_, second, last] = &world.ids;
    for token in [None, Some(&world.tokens.none), Some(&world.tokens.full)] {
        let token = token.map(String::as_str);
        let found = run(&["--product=Firefox", "--num=2"], token).well();
        assert_eq!(found, format!("{last}\n{second}\n"));
    }
    // Three requests; every crash once.
    let found = run(&["--product=Fenix", "--num=all"], None).well();
    let different: BTreeSet<&str> = found.lines().collect();
    assert_eq!((found.lines().count(), different.len()), (MANY, MANY));
    let found = run(&["--num=all"], None).well();
    assert_eq!(found.lines().count(), MANY + 3);

    let found = run(&["--date=>=2024-10-01", "--date=<2024-10-15"], None).well();
    assert_eq!(found, "");
    let page = format!(
        "--supersearch-url={}/search/?product=Firefox&version=102.0&_facets=version&_aggs.product=version",
        world.system.url
    );
    assert_eq!(run(&[&page], None).well(), format!("{second}\n"));

    let columns = ["--product=Firefox", "--num=1", "--_columns=uuid", "--_columns=build_id"];
    for (format, expected) in [
        ("tab", format!("{last}\t20261102093000\n")),
        ("csv", format!("{last},20261102093000\n")),
    ] {
        let format = format!("--format={format}");
        let args = [&columns[..], &[&format]].concat();
        assert_eq!(run(&args, None).well(), expected);
    }
    let args = [&columns[..], &["--format=markdown"]].concat();
    assert!(run(&args, None).well().contains(&format!("{last} | 20261102093000")));
    let args = ["--product=Firefox", "--num=2", "--_columns=version", "--format=json"];
    let found: Value = serde_json::from_str(&run(&args, None).well()).expect("JSON");
    assert_eq!(found, serde_json::json!([{"version": "103.0"}, {"version": "102.0"}]));

    let asked = run(&["--product=Firefox", "--_return_query=1"], Some(&world.tokens.full)).well();
    assert!(
        asked.contains("'query_string'") && asked.contains("product=firefox"),
        "{asked}"
    );

    // What is protected is there for those who may see it.
    let secret = ["--product=Firefox", "--num=1", "--_columns=url"];
    let seen = run(&secret, Some(&world.tokens.full)).well();
    assert_eq!(seen, "https://secret.example/\n");
    for token in [None, Some(&world.tokens.none)] {
        let ran = run(&secret, token.map(String::as_str));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains("Error: url: no data"), "{}", ran.err);
    }
}

fn supersearch_is_refused(world: &World) {
    let host = host(world);
    for (args, token, error) in [
        (
            "--date=>=2020-01-01",
            None,
            "BadRequest: HTTP 400: Bad request: BadArgumentError: Date range is bigger than 365 days",
        ),
        (
            "--_columns=nothing",
            None,
            "BadRequest: HTTP 400: Bad request: BadArgumentError: Unknown field 'nothing'",
        ),
        (
            "--num=1",
            Some(world.tokens.expired.as_str()),
            "BadAPIToken: HTTP 403: API Token found but expired",
        ),
        (
            "--num=1",
            Some("00000000000000000000000000000000"),
            "BadAPIToken: HTTP 403: API Token not matched",
        ),
    ] {
        for program in ["supersearch", "supersearchfacet"] {
            let facet = (program == "supersearchfacet").then_some("--_facets=product");
            if facet.is_some() && args != "--date=>=2020-01-01" && token.is_none() {
                continue;
            }
            let args = [host.as_str(), args].into_iter();
            let args = args.filter(|arg| facet.is_none() || *arg != "--num=1");
            let args: Vec<&str> = args.chain(facet).collect();
            let ran = world.run(program, &args, token);
            assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{program} {args:?}");
            assert!(ran.err.contains(error), "{program} {args:?}: {}", ran.err);
        }
    }
}

fn supersearchfacet(world: &World) {
    let host = host(world);
    let run = |args: &[&str]| {
        let args = [&[host.as_str(), "--format=csv"], args].concat();
        world.run("supersearchfacet", &args, None)
    };
    for (args, expected) in [
        (
            &["--_facets=product"][..],
            &["Fenix,2300", "Firefox,3", "total,2303"][..],
        ),
        (
            &["--_aggs.product=release_channel"],
            &["Fenix / nightly,2300", "Firefox / release,3"],
        ),
        (
            &["--product=Fenix", "--_aggs.product.version=_cardinality.install_time"],
            &["Fenix / 100.0 / value,11", "Fenix / 102.0 / value,11"],
        ),
        (&["--_facets=_cardinality.version"], &["value,4"]),
        (&["--product=Firefox", "--_histogram.date=product"], &["Firefox"]),
    ] {
        let found = run(args).well();
        for line in expected {
            assert!(found.contains(line), "{args:?}: {line}\n{found}");
        }
    }
    for args in [&["--_facets=nothing"][..], &["--_facets=product", "--product=Nothing"]] {
        let ran = run(args);
        assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.out);
        assert!(ran.err.contains("No output--something went wrong."), "{}", ran.err);
    }
}

fn fetch_data(world: &World) {
    let host = host(world);
    let run = |folder: &str, args: &[&str], token| {
        let args = [&[host.as_str(), "--no-color"], args].concat();
        let mut args: Vec<&str> = args;
        args.insert(0, folder);
        world.run("fetch-data", &args, token)
    };
    let read = |path: &str| std::fs::read(world.system.folder().join(path));
    let [first, second, third] = &world.ids;
    let date = |id: &str| format!("20{}", &id[30..]);

    let link = format!("{}/report/index/{second}", world.system.url);
    run("anybody", &[&format!("bp-{first}"), &link], None).well();
    for id in [first, second] {
        let raw = read(&format!("anybody/raw_crash/{}/{id}", date(id))).expect("a raw crash");
        let raw: Value = serde_json::from_slice(&raw).expect("JSON");
        assert_eq!(raw["ProductName"], "Firefox");
        assert!(raw.get("URL").is_none() && raw.get("metadata").is_none(), "{raw}");
    }
    run("anybody", &["--no-raw", "--processed", third], None).well();
    let processed = read(&format!("anybody/processed_crash/{third}")).expect("a processed crash");
    let processed: Value = serde_json::from_slice(&processed).expect("JSON");
    assert_eq!(processed["version"], "103.0");
    assert!(processed.get("url").is_none());

    let args = ["--dumps", "--processed", third];
    run("full", &args, Some(&world.tokens.full)).well();
    let raw = read(&format!("full/raw_crash/{}/{third}", date(third))).expect("a raw crash");
    let raw: Value = serde_json::from_slice(&raw).expect("JSON");
    assert_eq!(raw["URL"], "https://secret.example/");
    let names = read(&format!("full/dump_names/{third}")).expect("names");
    assert_eq!(names, br#"["upload_file_minidump"]"#);
    let sent = include_bytes!("../../../fixtures/crashes/linux-null-write/upload_file_minidump.dmp");
    assert_eq!(
        read(&format!("full/upload_file_minidump/{third}")).expect("a dump"),
        sent
    );
    let processed = read(&format!("full/processed_crash/{third}")).expect("a processed crash");
    assert!(String::from_utf8_lossy(&processed).contains("https://secret.example/"));

    // Without the permission no dump is named, and none is fetched.
    run("none", &args, Some(&world.tokens.none)).well();
    assert!(read(&format!("none/processed_crash/{third}")).is_ok());
    assert!(read(&format!("none/upload_file_minidump/{third}")).is_err());

    let nothing = "de1bb258-cbbf-4589-a673-34f800160918";
    for (args, token, code, error) in [
        (&[nothing][..], None, 1, "404"),
        (
            &[first.as_str()],
            Some(world.tokens.expired.as_str()),
            1,
            "HTTP 403: API Token found but expired",
        ),
        (
            &["--dumps", first],
            None,
            2,
            "cannot fetch dumps without providing an API token",
        ),
    ] {
        let ran = run("refused", args, token);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.out);
        assert!(ran.err.contains(error), "{args:?}: {}", ran.err);
    }
}

async fn reprocess(world: &World) {
    let host = host(world);
    let run = |args: &[&str], token| {
        let args = [&[host.as_str(), "--no-color"], args].concat();
        world.run("reprocess", &args, token)
    };
    let [first, second, third] = world.ids.each_ref().map(String::as_str);
    let history = async |id: &str| {
        let crash = world.system.json(&format!("/api/ProcessedCrash/?crash_id={id}")).await;
        crash["processor_history"].as_array().map_or(0, Vec::len)
    };
    let full = Some(world.tokens.full.as_str());
    run(&[first, &format!("bp-{second}")], full).well();
    run(&["--ruleset=regenerate_signature", third], full).well();
    for id in [first, second, third] {
        let again = async || (history(id).await == 1).then_some(());
        world.system.wait_for("a crash to be processed again", again).await;
    }
    for (args, token, error) in [
        (&[first][..], None, "No API token provided."),
        (
            &[first],
            Some(&world.tokens.none),
            "requires the 'Reprocess Crashes' permission",
        ),
        (&[first], Some(&world.tokens.expired), "API Token found but expired"),
        (
            &["--ruleset=nothing", first],
            Some(&world.tokens.full),
            "400 Client Error: Bad Request",
        ),
    ] {
        let ran = run(args, token.map(String::as_str));
        assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.out);
        assert!(ran.err.contains(error), "{args:?}: {}", ran.err);
    }
    assert_eq!(history(first).await, 1);
}
