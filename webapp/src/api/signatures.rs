//! Signatures: when each came first, and making them of crash data.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use crashstore::db::{MOST_FIRSTS, signature_firsts};
use platform::cpu;
use serde_json::{Value, json as object};
use signature::{CrashData, Lists};

use super::answer::{Style, json};
use super::endpoint::{Endpoint, Kind, Parameter, pairs};
use super::failure::Failure;
use super::form::{media_type, unsupported};
use super::time::iso;
use crate::state::Webapp;

/// Maximum jobs of a request.
const MOST_JOBS: usize = 1_000;

/// Maximum bytes of a request with jobs.
pub(super) const MAX_JOBS: usize = 8 << 20;

/// How long an answer may take, with waiting for others.
const TIME: Duration = Duration::from_secs(10);

/// After how many seconds it is worth while to ask again.
const RETRY_AFTER: u64 = 5;

/// Compiled when they are first needed.
static LISTS: LazyLock<Lists> = LazyLock::new(Lists::built_in);

pub(super) const SIGNATURE_FIRST_DATE: Endpoint = Endpoint {
    name: "SignatureFirstDate",
    about: "When the first crash with each of these signatures came in, and the smallest build id of its crashes. It \
        is right as soon as a crash is processed, and stays when crashes are deleted.",
    methods: &["GET"],
    parameters: &[Parameter {
        name: "signatures",
        kind: Kind::Texts,
        required: true,
        about: "The signatures, compared whole; at most 1,000.",
    }],
    needs: None,
    answers: (
        "The signatures that any crash ever had, in the order in which they are given. `first_build` is empty if no \
        crash has a build id of digits.",
        r#"{"hits": [{"signature": "OOM | small", "first_date": "2016-09-18T10:00:00.250000+00:00",
            "first_build": "20160917030415"}], "total": 1}"#,
    ),
};

pub(super) const CRASH_SIGNATURE: Endpoint = Endpoint {
    name: "CrashSignature",
    about: "Makes signatures of crash data, with the lists that are part of the program, and not those that a site has \
        switched on.",
    methods: &["POST"],
    parameters: &[Parameter {
        name: "jobs",
        kind: Kind::Body,
        required: true,
        about: "An object with a list `jobs`, at most 1,000 of them and 8 MB, each in the schema that siggen has for \
            crash data.",
    }],
    needs: None,
    answers: (
        "For each job, in order, its signature, notes about that, and the normalised frames that it was made of.",
        r#"{"results": [{"signature": "OOM | small", "notes": [], "extra": {"proto_signature": "a | b"}}]}"#,
    ),
};

/// The first crashes of signatures.
pub(super) async fn signature_first_date(
    State(app): State<Webapp>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let values = SIGNATURE_FIRST_DATE.read(&given)?;
    let signatures = values.texts("signatures");
    if signatures.len() > MOST_FIRSTS {
        let error = format!("more than {MOST_FIRSTS} signatures: ask for less at once");
        return Err(Failure::bad_argument(&error));
    }
    let firsts = signature_firsts(&app.db, signatures).await?;
    let hits: Vec<Value> = firsts
        .into_iter()
        .map(|first| {
            object!({
                "signature": first.signature,
                "first_date": iso(first.date, "+00:00"),
                "first_build": first.build.map(|build| build.to_string()).unwrap_or_default(),
            })
        })
        .collect();
    json(object!({"total": hits.len(), "hits": hits}), Style::of(&given)).await
}

/// The signatures of crash data.
pub(super) async fn crash_signature(
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let kind = media_type(&headers);
    if !kind.eq_ignore_ascii_case("application/json") {
        let text = format!("{}.", unsupported(kind));
        return Err(detailed(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
    }
    let made = tokio::time::timeout(TIME, cpu::run(move || results(&body))).await;
    let Ok(made) = made else {
        return Err(Failure::not_now(
            "too much is asked at the moment: send less at once, or again later",
            RETRY_AFTER,
        ));
    };
    let results = made??;
    let style = Style::of(&pairs(query.unwrap_or_default().as_bytes()));
    json(object!({ "results": results }), style).await
}

/// An error of a request in JSON, under the name that its clients know as well.
fn detailed(status: StatusCode, text: &str) -> Failure {
    Failure::new(status, object!({"detail": text, "error": text}))
}

fn results(body: &[u8]) -> Result<Vec<Value>, Failure> {
    let refused = |text: &str| Failure::text(StatusCode::BAD_REQUEST, text);
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| detailed(StatusCode::BAD_REQUEST, &format!("JSON parse error - {error}")))?;
    let jobs = match request.get("jobs") {
        None | Some(Value::Null) => return Err(refused("no jobs specified")),
        Some(Value::Array(jobs)) if jobs.is_empty() => return Err(refused("no jobs specified")),
        Some(Value::Array(jobs)) => jobs,
        Some(_) => return Err(refused("jobs is not a list")),
    };
    if jobs.len() > MOST_JOBS {
        return Err(refused(&format!("more than {MOST_JOBS} jobs: send less at once")));
    }
    let mut results = Vec::with_capacity(jobs.len());
    for (number, job) in jobs.iter().enumerate() {
        let job = job.to_string();
        let data =
            CrashData::from_json(job.as_bytes()).map_err(|error| refused(&format!("job {}: {error}", number + 1)))?;
        let made = signature::generate(&data, &LISTS);
        let proto_signature = made.proto_signature();
        let mut extra = serde_json::Map::new();
        if !proto_signature.is_empty() {
            extra.insert("proto_signature".to_owned(), proto_signature.into());
        }
        results.push(object!({"signature": made.signature, "notes": made.notes, "extra": extra}));
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn each_job_gets_its_signature() {
        let frames = object!([{"frame": 0, "function": "a", "module": "m"}, {"frame": 1, "function": "b"}]);
        let request = object!({"jobs": [
            {"os": "Linux", "crashing_thread": 0, "threads": [{"frames": frames}]},
            {},
            {"json_dump": {"crash_info": {"crashing_thread": 0}, "threads": [{"frames": frames}]}},
        ]});
        let made = results(request.to_string().as_bytes()).unwrap();
        assert_eq!(made[0]["signature"], "a");
        assert_eq!(made[0]["extra"], object!({"proto_signature": "a | b"}));
        assert_eq!(made[1]["extra"], object!({}));
        assert_eq!(made[1]["signature"], "EMPTY: no frame data available");
        assert_eq!(made[2]["signature"], "a");
    }

    #[test]
    fn what_is_no_job_is_refused() {
        let many = object!({"jobs": vec![object!({}); MOST_JOBS + 1]}).to_string();
        for (body, error) in [
            ("{}", "no jobs specified"),
            (r#"{"jobs": []}"#, "no jobs specified"),
            ("[]", "no jobs specified"),
            (r#"{"jobs": {}}"#, "jobs is not a list"),
            (r#"{"jobs": [{}, 7]}"#, "job 2: not a JSON object"),
            (many.as_str(), "more than 1000 jobs: send less at once"),
        ] {
            let failure = results(body.as_bytes()).unwrap_err();
            assert_eq!(failure.body()["error"], error, "{}", &body[..body.len().min(50)]);
            assert_eq!(failure.into_response().status(), 400);
        }
        let failure = results(b"{").unwrap_err();
        let body = failure.body();
        assert_eq!(body["detail"], body["error"]);
        assert!(body["detail"].as_str().unwrap().starts_with("JSON parse error - "));
    }
}
