//! `kill -9` at any moment loses nothing acknowledged and duplicates nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use demo::Plan;
use platform_testing::database_settings;

use crate::system::{Config, System};

/// How many times the system is killed while crashes are submitted and processed.
const KILLS: usize = 20;
/// The number of clients that submit at the same time.
const CLIENTS: usize = 4;

/// A small, unique report.
fn body(number: usize, dump: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"ProductName\"\r\n\r\nFirefox\r\n\
         --B\r\nContent-Disposition: form-data; name=\"Version\"\r\n\r\n153.0\r\n\
         --B\r\nContent-Disposition: form-data; name=\"InstallTime\"\r\n\r\n{number}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"d\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(dump);
    body.extend_from_slice(b"\r\n--B--\r\n");
    body
}

/// Submits until the system is gone, and keeps the acknowledged ids.
async fn client(url: String, first: usize, dump: Vec<u8>, acknowledged: Arc<Mutex<BTreeSet<String>>>) {
    let http = platform::http::client().build().expect("an HTTP client");
    for number in first.. {
        let answer = http
            .post(format!("{url}/submit"))
            .header("content-type", "multipart/form-data; boundary=B")
            .body(body(number, &dump))
            .send()
            .await;
        let Ok(response) = answer else { return };
        let Ok(text) = response.text().await else {
            return;
        };
        if let Some(id) = text.trim().strip_prefix("CrashID=bp-") {
            acknowledged.lock().expect("no panic").insert(id.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_no_acknowledged_crash_and_double_none() {
    let world = demo::World::generate(&Plan::default());
    let samples = demo::crashes::samples_for(&world);
    let dump = samples
        .iter()
        .find_map(|sample| {
            sample
                .dumps
                .get("upload_file_minidump")
                .filter(|dump| dump.len() > 10_000)
        })
        .expect("a sample with a minidump");
    for (database, kills) in database_settings().await.into_iter().zip([KILLS, KILLS / 4]) {
        let mut system = System::new(&Config {
            database,
            ..Config::default()
        });
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        for kill in 0..kills {
            system.start(["up"]);
            let before = acknowledged.lock().expect("no panic").len();
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let first = (kill * CLIENTS + number) * 1_000_000;
                    tokio::spawn(client(
                        system.url.clone(),
                        first,
                        dump.clone(),
                        Arc::clone(&acknowledged),
                    ))
                })
                .collect();
            // A different moment each time: after the first answer, or amid many.
            let wanted = before + 1 + (kill * 7) % 30;
            system
                .wait_for("acknowledged crashes", async || {
                    (acknowledged.lock().expect("no panic").len() >= wanted).then_some(())
                })
                .await;
            system.kill();
            for client in clients {
                client.await.expect("a client ends");
            }
        }
        system.start(["up"]);
        let acknowledged = acknowledged.lock().expect("no panic").clone();
        for id in &acknowledged {
            let crash = system.processed(id).await;
            assert_eq!(crash["uuid"], id.as_str());
            assert_eq!(
                crash["json_dump"]["status"], "OK",
                "{id} was not walked: {}",
                crash["processor_notes"]
            );
        }
        // Seen from outside, each one exists once.
        let listed = system.run_well(["crash", "list", "--json"]);
        let seen: Vec<String> = listed
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|row| row["crash_id"].as_str().expect("an id").to_owned())
            .collect();
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "a crash is listed twice");
        assert!(acknowledged.is_subset(&once));
        assert!(acknowledged.len() >= kills);
        // And so it is in the index, which was killed as often.
        let found = system
            .wait_for("all crashes to be found", async || {
                let found = system.run_well(["search", "_results_number=1000&_columns=uuid", "--json"]);
                let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
                (found["total"] == seen.len()).then_some(found)
            })
            .await;
        let hits = found["hits"].as_array().expect("hits").iter();
        let ids: BTreeSet<String> = hits
            .map(|hit| hit["uuid"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(ids, once);
    }
}
