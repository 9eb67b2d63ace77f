//! Builds from the command line: import, look-up, explanation.

use demo::{Fault, Plan};
use platform_testing::database_settings;
use serde_json::{Value, json};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

#[tokio::test(flavor = "multi_thread")]
async fn lookup_answers_every_build_of_the_world_in_the_order_asked() {
    let sources = StandIns::serve(&Plan::default()).await;
    for database in database_settings().await {
        let system = System::new(&Config {
            database,
            sources: Some(&sources.url),
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        let mut input = String::new();
        for truth in &sources.world.truth {
            let question = json!({
                "product": truth.product, "channel": truth.channel.as_str(),
                "build_id": *truth.build_id, "version": *truth.reported,
            });
            input.push_str(&format!("{question}\n"));
        }
        input.push_str("this is no question\n");
        let output = system.run_with_input(["buildinfo", "lookup", "--batch", "-"], input.as_bytes());
        assert!(output.status.success());
        let output = String::from_utf8(output.stdout).expect("UTF-8");
        let answers: Vec<Value> = output
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(answers.len(), sources.world.truth.len() + 1);
        for (truth, answer) in sources.world.truth.iter().zip(&answers) {
            assert_eq!(answer["version"], &*truth.version, "{truth:?} {answer}");
            assert_eq!(answer["status"], truth.status.as_str(), "{truth:?} {answer}");
            assert_eq!(answer["reported"], &*truth.reported, "{truth:?}");
        }
        assert!(answers[answers.len() - 1]["error"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_answered_and_explained_down_to_the_source() {
    let sources = StandIns::serve(&Plan::default()).await;
    let system = System::new(&Config {
        sources: Some(&sources.url),
        ..Config::default()
    });
    system.run_well(["buildinfo", "import", "--full"]);
    let truth = sources
        .world
        .truth
        .iter()
        .find(|truth| {
            truth.product == "Firefox" && truth.channel.as_str() == "release" && truth.status.as_str() == "shipped"
        })
        .expect("a release");
    let id = &*truth.build_id;
    let question = ["--product", "Firefox", "--channel", "release", "--build-id", id];
    let answer = system.run_well(["buildinfo", "lookup"].into_iter().chain(question));
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["version"], &*truth.version);
    assert_eq!(answer["certainty"], "stated");
    let explanation = system.run_well(["buildinfo", "explain"].into_iter().chain(question));
    for part in [
        &*truth.version,
        id,
        "product-details",
        "https://archive.mozilla.org/pub/firefox/candidates/",
        "/1.0/firefox.json",
    ] {
        assert!(explanation.contains(part), "{part} is missing in\n{explanation}");
    }
    // As of a time before anything was known.
    let before = system.run_well(
        ["buildinfo", "lookup", "--as-of", "2001-01-01T00:00:00Z"]
            .into_iter()
            .chain(question),
    );
    let before: Value = serde_json::from_str(&before).expect("JSON");
    assert_eq!(before["status"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_what_it_did_and_what_it_missed() {
    let sources = StandIns::serve(&Plan::default()).await;
    let system = System::new(&Config {
        sources: Some(&sources.url),
        ..Config::default()
    });
    let import = |args: &[&str]| {
        let args = ["buildinfo", "import", "--json"].iter().chain(args).copied();
        let line = system.run_well(args);
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    sources.faults.buildhub.set(Fault::Garbage);
    let run = import(&[]);
    assert_eq!(run["outcome"], "partial");
    assert!(
        run["notes"].as_str().is_some_and(|notes| notes.contains("buildhub")),
        "{run}"
    );
    sources.faults.buildhub.set(Fault::None);
    let run = import(&[]);
    assert_eq!(run["outcome"], "complete");
    assert!(run["new_records"].as_i64().is_some_and(|n| n > 100), "{run}");
    let again = import(&[]);
    assert_eq!(
        (&again["outcome"], &again["new_records"]),
        (&json!("complete"), &json!(0))
    );
    assert_eq!(again["generation"], run["generation"]);
    assert_eq!(system.run_well(["buildinfo", "runs", "--json"]).lines().count(), 3);
}

#[test]
fn questions_without_an_answer_are_answers_and_wrong_commands_are_errors() {
    let system = System::new(&Config::default());
    for (product, id, reason) in [
        ("Firefox", "2\",381,,\"", "junk"),
        ("Firefox", "20260101000000", "not_seen"),
        ("Waterfowl", "20260101000000", "no_source_for_product"),
    ] {
        let answer = system.run_well([
            "buildinfo",
            "lookup",
            "--product",
            product,
            "--channel",
            "beta",
            "--build-id",
            id,
            "--version",
            "65.0",
        ]);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["reason"], reason, "{answer}");
        assert!(answer["version"].is_null());
        assert_eq!(answer["reported"], "65.0");
    }
    let output = System::new(&Config {
        sources: Some("http://127.0.0.1:1"),
        ..Config::default()
    })
    .run(["buildinfo", "import", "--source", "product-details"]);
    assert!(!output.status.success());
    let (said, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(said.contains("import product-details: failed"), "{said}");
    assert!(error.contains("no source could be read"), "{error}");
    for args in [
        &["buildinfo", "lookup"][..],
        &["buildinfo", "import", "--product", "Waterfowl"],
        &["buildinfo", "import", "--since", "yesterday"],
        &["nothing"],
    ] {
        let output = system.run(args);
        assert!(!output.status.success(), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}
