//! The main job: a crash report goes in and comes out with its exact build.

use crash::ProcessedCrash;
use demo::Plan;
use platform_testing::database_settings;

use crate::fields::undescribed;
use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// Protected texts in the samples, which must not appear anywhere.
const PROTECTED: [&str; 3] = ["jane", "example.org", "reading my mail"];

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_processed_with_its_exact_build_and_shows_nothing_protected() {
    let sources = StandIns::serve(&Plan::default()).await;
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database,
            sources: Some(&sources.url),
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        system.start(["up"]);
        let samples = demo::crashes::samples_for(&sources.world);
        let dialects = ["firefox", "fenix", "crashpad", "breakpad"];
        let ids: Vec<String> = samples
            .iter()
            .zip(dialects.iter().cycle())
            .map(|(sample, dialect)| system.submit(sample, dialect))
            .collect();
        for (sample, id) in samples.iter().zip(&ids) {
            let crash = system.processed(id).await;
            let info = &crash["build_info"];
            match &sample.expected {
                Some(expected) => {
                    assert_eq!(crash["version"], expected.version.as_str(), "{}", sample.name);
                    assert_eq!(info["version"], expected.version.as_str(), "{}", sample.name);
                    assert_eq!(info["status"], expected.status.as_str(), "{}", sample.name);
                }
                None => {
                    assert_eq!(info["status"], "unknown", "{}: {info}", sample.name);
                    assert!(info["version"].is_null(), "{}", sample.name);
                }
            }
            let (status, page) = system.get(&format!("/report/index/{id}")).await;
            assert_eq!(status, 200, "{}", sample.name);
            let raw = system.json(&format!("/api/RawCrash/?crash_id={id}")).await;
            for secret in PROTECTED {
                for (place, text) in [
                    ("ProcessedCrash", crash.to_string()),
                    ("RawCrash", raw.to_string()),
                    ("page", page.clone()),
                ] {
                    assert!(!text.contains(secret), "{}: {secret} in {place}", sample.name);
                }
            }
        }
        for secret in PROTECTED {
            assert!(!system.log_text().contains(secret), "{secret} in the log");
        }
        let stored = system.data().join("blobs/v1/processed_crash");
        for (sample, id) in samples.iter().zip(&ids) {
            let document = system
                .wait_for("the document to be under its own key", async || {
                    std::fs::read(stored.join(id)).ok()
                })
                .await;
            let document = ProcessedCrash::from_json(&document).expect("a document");
            let undescribed = undescribed(&document.0);
            assert!(undescribed.is_empty(), "{}: {undescribed:?}", sample.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dump_gives_the_stack_that_its_victim_had() {
    let system = System::up(&Config::default());
    let world = demo::World::generate(&Plan::default());
    let samples = demo::crashes::samples();
    let submissions = demo::crashes::samples_for(&world);
    for sample in samples.iter().filter(|sample| !sample.dumps.is_empty()) {
        let submission = submissions
            .iter()
            .find(|submission| {
                let whole = sample
                    .dumps
                    .iter()
                    .all(|(name, dump)| submission.dumps.get(name).is_some_and(|sent| sent == dump));
                submission.sample == sample.name && whole
            })
            .unwrap_or_else(|| panic!("{} is submitted by nobody", sample.name));
        let crash = system.processed(&system.submit(submission, "firefox")).await;
        let expect = &sample.expect;
        assert_eq!(crash["reason"].as_str(), expect.reason.as_deref(), "{}", sample.name);
        let frames = crash["json_dump"]["crashing_thread"]["frames"]
            .as_array()
            .unwrap_or_else(|| panic!("{} has no frames", sample.name));
        let mut functions = Vec::new();
        for frame in frames {
            let inlines = frame["inlines"].as_array().map_or(&[][..], Vec::as_slice);
            let names = inlines.iter().chain([frame]);
            functions.extend(names.filter_map(|frame| frame["function"].as_str()));
        }
        assert!(
            functions.len() >= expect.top_functions.len(),
            "{}: {functions:?}",
            sample.name
        );
        assert_eq!(
            functions[..expect.top_functions.len()],
            expect.top_functions[..],
            "{}",
            sample.name
        );
        assert!(
            crash["signature"].as_str().is_some_and(|s| !s.is_empty()),
            "{}",
            sample.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_becomes_known_later_corrects_its_crashes_without_another_walk() {
    let sources = StandIns::serve(&Plan::default()).await;
    for database in database_settings().await {
        let system = System::up(&Config {
            database,
            sources: Some(&sources.url),
            ..Config::default()
        });
        let samples = demo::crashes::samples_for(&sources.world);
        let beta = samples
            .iter()
            .find(|sample| {
                sample.expected.is_some()
                    && !sample.dumps.is_empty()
                    && sample.annotations["ReleaseChannel"] == "beta"
                    && sample.annotations["ProductName"] == "Firefox"
            })
            .expect("a sample of a beta");
        let expected = beta.expected.as_ref().expect("it has a build");
        let id = system.submit(beta, "firefox");
        let before = system.processed(&id).await;
        assert_eq!(before["build_info"]["status"], "unknown");
        assert!(before["version"].as_str().is_some_and(|v| v.ends_with("b0")));
        system.run_well(["buildinfo", "import"]);
        let path = format!("/api/ProcessedCrash/?crash_id={id}");
        let after = system
            .wait_for("the crash to be corrected", async || {
                let crash = system.json(&path).await;
                (crash["build_info"]["status"] != "unknown").then_some(crash)
            })
            .await;
        assert_eq!(after["version"], expected.version.as_str());
        assert!(
            !after["processor_notes"].as_str().unwrap_or_default().contains("b0"),
            "the note about b0 must be gone"
        );
        // Only this layer was touched.
        for field in ["json_dump", "signature", "completed_datetime", "started_datetime"] {
            assert_eq!(before[field], after[field], "{field}");
        }
    }
}
