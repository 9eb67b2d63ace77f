//! The API's OpenAPI description.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::service::Service;

#[tokio::test]
async fn the_description_names_every_address_and_only_some_take_post() {
    let services = Service::each().await;
    let service = &services[0];
    let document = service.ok("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 15);
    for (path, methods) in paths {
        let address = path.replace("{build_id}", "20260101000000");
        assert_ne!(service.get(&address).await.text, "", "{path}");
        let takes_post = methods.get("post").is_some();
        let method = if takes_post { Method::PATCH } else { Method::POST };
        let request = Request::builder()
            .method(method)
            .uri(&address)
            .body(Body::empty())
            .unwrap();
        let reply = service.send(request).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(reply.json()["code"], "method_not_allowed");
        assert!(reply.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
