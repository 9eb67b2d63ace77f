//! Who has crashes processed again, which are missing, and when signatures came first.

use axum::http::{StatusCode, header};
use crashstore::column::Text;
use crashstore::db::{First, note_first};
use platform::access::{self, Permission};
use platform::queue::{self, Claimant, Kind, Lane};
use serde_json::json;

use super::{NOT_THERE, PROCESSED, RECEIVED, Server, WAITING, servers};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn queued(server: &Server) -> Vec<(String, Kind)> {
    let now = platform::clock::now_micros();
    let claimant = Claimant::new("tester");
    let jobs = queue::claim(&server.test.db, &claimant, &[Lane::Reprocessing], 9, now).await;
    let mut jobs: Vec<(String, Kind)> = jobs.unwrap().into_iter().map(|job| (job.crash_id, job.kind)).collect();
    jobs.sort_unstable();
    jobs
}

#[tokio::test]
async fn a_session_counts_only_from_our_own_pages() {
    for server in servers().await {
        server.fill().await;
        let token = server.token(&[Permission::ReprocessCrashes]).await;
        let signed_in = server.sign_in(&token, "/").await;
        let cookie = signed_in.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let body = format!("crash_ids={PROCESSED}%3Aregenerate_signature&crash_ids={WAITING}&crash_ids={NOT_THERE}");
        for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200)] {
            let headers = [("cookie", cookie), ("sec-fetch-site", site), FORM];
            let answer = server.send_with("POST", "/api/Reprocessing/", &headers, &body).await;
            assert_eq!(answer.status.as_u16(), status, "{site}: {}", answer.body);
            let lines = access::entries(&server.test.db, "", i64::MIN, None, 9).await.unwrap();
            let lines = lines.iter().filter(|line| line.action == "reprocess_crash").count();
            assert_eq!(lines, if status == 200 { 2 } else { 0 }, "{site}");
        }
        let expected = [(PROCESSED.to_owned(), Kind::Sign), (WAITING.to_owned(), Kind::Process)];
        assert_eq!(queued(&server).await, expected);
        // A token is sent along by a program; a page of another site does not have it.
        let headers = [("auth-token", token.as_str()), ("sec-fetch-site", "cross-site"), FORM];
        let answer = server.send_with("POST", "/api/Reprocessing/", &headers, &body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "null"));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json; charset=UTF-8");
        let many = format!("crash_ids={PROCESSED}&").repeat(1001);
        let answer = server.send_with("POST", "/api/Reprocessing/", &headers, &many).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn missing_crashes_come_in_pages() {
    const CRASHES: usize = 2_500;
    for server in servers().await {
        let mut tx = server.test.db.begin().await.unwrap();
        for n in 0..CRASHES {
            let id = format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap();
            let row = crashstore::Received {
                received: RECEIVED + i64::try_from(n).unwrap(),
                ..crashstore::Received::of(&id, &crash::RawCrash::default())
            };
            crashstore::db::insert_received(&mut tx, &row).await.unwrap();
        }
        tx.commit().await.unwrap();
        let link = |page| json!(format!("http://crashes.example/api/MissingProcessedCrash/?page={page}"));
        for (query, first, length, next, previous) in [
            ("", 0, 1000, link(2), json!(null)),
            ("?page=0", 0, 1000, link(2), json!(null)),
            ("?page=2", 1000, 1000, link(3), link(1)),
            ("?page=3&page=", 2000, 500, json!(null), link(2)),
            ("?page=4", 0, 0, json!(null), link(3)),
            ("?page=99999999999", 0, 0, json!(null), link(3)),
        ] {
            let path = format!("/api/MissingProcessedCrash/{query}");
            let headers = [("host", "crashes.example")];
            let answer = server.send_with("GET", &path, &headers, "").await.json();
            assert_eq!(answer["results"].as_array().unwrap().len(), length, "{query}");
            let fraction = if first == 0 {
                String::new()
            } else {
                format!(".{first:06}")
            };
            let expected = json!({
                "crash_id": format!("{first:08x}-cbbf-4589-a673-34f800260601"), "is_processed": false,
                "created": format!("2026-08-03T11:02:44{fraction}Z"),
            });
            let expected = if length == 0 { json!(null) } else { expected };
            assert_eq!(answer["results"][0], expected, "{query}");
            assert_eq!((&answer["next"], &answer["previous"]), (&next, &previous), "{query}");
            assert_eq!(answer["count"], CRASHES);
        }
    }
}

#[tokio::test]
async fn first_dates_are_answered_as_clients_expect() {
    for server in servers().await {
        let mut tx = server.test.db.begin().await.unwrap();
        for (signature, date, build) in [("OOM | small", RECEIVED, "20260801000000"), ("b", RECEIVED + 5, "")] {
            let first = First::of(&Text::of(signature), date, build).unwrap();
            note_first(&mut tx, &first).await.unwrap();
        }
        tx.commit().await.unwrap();
        let path = "/api/SignatureFirstDate/?signatures=b&signatures=x&signatures=OOM+|+small&signatures=b";
        let answer = server.get(&path.replace('|', "%7C")).await;
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(
            answer.json(),
            json!({"total": 2, "hits": [
                {"signature": "b", "first_date": "2026-08-03T11:02:44.000005+00:00", "first_build": ""},
                {"signature": "OOM | small", "first_date": "2026-08-03T11:02:44+00:00",
                    "first_build": "20260801000000"},
            ]})
        );
        let many = "signatures=a&".repeat(1001);
        let answer = server.get(&format!("/api/SignatureFirstDate/?{many}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}
