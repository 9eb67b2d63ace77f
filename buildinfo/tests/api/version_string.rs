//! Crash Stats' `VersionString`.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn version_string_keeps_the_contract_of_crash_stats() {
    for service in Service::each().await {
        let id = service.id("beta", "153.0b2");
        let address = format!("/api/VersionString/?product=Firefox&channel=Beta&build_id={id}");
        let reply = service.get(&address).await;
        assert_eq!(
            reply.json(),
            json!({"hits": [{"version_string": "153.0b2"}], "total": 1})
        );
        assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json; charset=UTF-8");
        assert_eq!(reply.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        for (query, expected) in [
            ("product=Firefox&channel=beta&build_id=20260101000000", json!([])),
            ("product=firefox&channel=beta&build_id=20260101000000", json!([])),
            ("product=Firefox&channel=beta&build_id=junk%22,1", json!([])),
        ] {
            let body = service.ok(&format!("/api/VersionString/?{query}")).await;
            assert_eq!(body, json!({"hits": expected, "total": 0}));
        }
        let candidate = service.id("beta", "152.0rc2");
        for (channel, version) in [("beta", "152.0rc2"), ("release", "152.0")] {
            let address = format!("/api/VersionString/?product=Firefox&channel={channel}&build_id={candidate}");
            assert_eq!(service.ok(&address).await["hits"][0]["version_string"], version);
        }
        let reply = service.get("/api/VersionString/?product=Firefox&channel=").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let required = json!(["This field is required."]);
        let body = reply.json();
        assert_eq!(body["errors"], json!({"channel": required, "build_id": required}));
        assert!(body["error"].is_string());
        let reply = service.get("/api/VersionString?product=Firefox").await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(reply.headers[header::LOCATION], "/api/VersionString/?product=Firefox");
        let post = Request::post("/api/VersionString/").body(Body::empty()).unwrap();
        assert_eq!(service.send(post).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}
