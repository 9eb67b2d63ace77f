//! The API over one database, and how it is asked.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use buildinfo::api;
use buildinfo::audit::Audits;
use buildinfo::watch::inbox::Inbox;
use http_body_util::BodyExt;
use platform_testing::{TestDb, databases};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{Sources, lookup};

/// The API over one database with the builds of the default world.
pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) sources: Sources,
    pub(crate) test: TestDb,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON: {}", self.text))
    }
}

impl Service {
    pub(crate) async fn each() -> Vec<Self> {
        let mut services = Vec::new();
        for test in databases().await {
            let sources = Sources::standard().await;
            sources.import(&test.db).await;
            let router = api::router(
                lookup(&test.db).await,
                test.db.clone(),
                Audits::new(test.db.clone()),
                Inbox::new(test.db.clone(), String::new(), Duration::ZERO),
            );
            services.push(Self { router, sources, test });
        }
        services
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(crate) async fn get(&self, address: &str) -> Reply {
        self.send(Request::get(address).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn ok(&self, address: &str) -> Value {
        let reply = self.get(address).await;
        assert_eq!(reply.status, StatusCode::OK, "{address}: {}", reply.text);
        reply.json()
    }

    pub(crate) async fn refused(&self, address: &str, status: u16) -> String {
        let reply = self.get(address).await;
        assert_eq!(reply.status.as_u16(), status, "{address}: {}", reply.text);
        let body = reply.json();
        assert!(body["code"].is_string(), "{body}");
        body["error"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn post(&self, body: String) -> Reply {
        self.send(Request::post("/api/v1/lookup").body(Body::from(body)).unwrap())
            .await
    }

    /// An id of a Firefox build with this version on a channel.
    pub(crate) fn id(&self, channel: &str, version: &str) -> String {
        self.sources
            .world
            .truth
            .iter()
            .find(|truth| truth.product == "Firefox" && truth.channel.as_str() == channel && *truth.version == *version)
            .unwrap()
            .build_id
            .to_string()
    }
}
