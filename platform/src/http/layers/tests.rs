use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path};
use axum::routing::{get, post};
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::db::{DatabaseSettings, Db};

/// A page as a service would render it.
#[expect(clippy::needless_pass_by_value, reason = "a page is made of the error itself")]
fn page(error: ApiError) -> Response {
    let (status, _) = error.status();
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, format!("<p>{error}</p>")).into_response()
}

async fn panics() -> &'static str {
    panic!("someone@example.com");
}

/// A library's message about a wrong address is not in our words.
async fn named(Path(name): Path<u32>) -> String {
    name.to_string()
}

async fn sleeps() -> &'static str {
    tokio::time::sleep(Duration::from_millis(1500)).await;
    "at last"
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A log per thread: each test runs on one thread.
struct OwnLog;

impl std::io::Write for OwnLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether a call site's logs are wanted is asked once for all threads, by the first to reach it. So all threads have
/// the same subscriber before the first request.
fn log_everything() {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::prelude::*;

    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| OwnLog);
        let registry = tracing_subscriber::registry().with(LevelFilter::INFO);
        tracing::subscriber::set_global_default(registry.with(layer)).expect("nobody else sets one in these tests");
    });
}

/// A service on a database that goes away with the test.
async fn service(settings: &HttpSettings) -> Router {
    log_everything();
    let router = Router::new()
        .route("/", get(|| async { "home" }))
        .route("/panic", get(panics))
        .route("/slow", get(sleeps))
        .route("/named/{name}", get(named))
        .route("/api/v1/named/{name}", get(named))
        .route("/__named__/{name}", get(named))
        .route("/submit", post(sleeps))
        .route("/api/v1/panic", get(panics))
        .route("/api/v1/slow", get(sleeps))
        .route("/api/v1/snapshot", get(sleeps))
        .route("/api/v1/well/{name}", get(|| async { "well" }))
        .route("/static/{file}", get(|| async { "p {}" }))
        .route("/__lbheartbeat__", get(|| async { "" }));
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&DatabaseSettings::default(), folder.path()).await.unwrap();
    layers(router, settings, Access::new(db, settings), page)
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }
}

async fn send(router: &Router, mut request: Request) -> Answer {
    let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
    if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    }
}

async fn ask(router: &Router, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    send(router, request.body(Body::empty()).unwrap()).await
}

/// Every error has the form of its address, and the API's errors are readable by pages of other hosts as well.
#[tokio::test]
async fn errors_have_the_form_of_their_address() {
    let router = service(&HttpSettings::default()).await;
    for (method, path, status, code) in [
        ("GET", "/api/v1/panic", 500, "internal"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/", 404, "not_found"),
        ("DELETE", "/api/v1/well/a", 405, "method_not_allowed"),
        ("POST", "/api/v1/well/%FF", 405, "method_not_allowed"),
        ("GET", "/api/v1/named/%FF", 400, "bad_request"),
        ("GET", "/api/v1/named/x", 400, "bad_request"),
        ("GET", "/__named__/x", 400, "bad_request"),
        ("POST", "/__lbheartbeat__", 405, "method_not_allowed"),
    ] {
        let answer = ask(&router, method, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(json["code"], code, "{path}");
        assert!(json["error"].as_str().unwrap().len() > 5, "{path}");
        assert!(!answer.body.contains("someone"), "{}", answer.body);
        assert!(!answer.body.contains("parse"), "{}", answer.body);
        let open = if path.starts_with("/api/") { "*" } else { "" };
        assert_eq!(answer.header("access-control-allow-origin"), open, "{path}");
        let allowed = if status == 405 { "GET,HEAD" } else { "" };
        assert_eq!(answer.header("allow"), allowed, "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
    for (method, path, status) in [
        ("GET", "/panic", 500),
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/named/x", 400),
        ("GET", "/named/%FF", 400),
    ] {
        let answer = ask(&router, method, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.body.starts_with("<p>"), "{}", answer.body);
        assert_eq!(
            answer.body.contains("signs with %"),
            path.contains("%FF"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("parse"), "{}", answer.body);
        assert!(!answer.body.contains("someone"), "{}", answer.body);
    }
    let answer = ask(&router, "GET", "/submit").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.body, "this address does not take this method");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let router = service(&HttpSettings::default()).await;
    let answer = ask(&router, "HEAD", "/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((answer.header("content-length"), &*answer.body), ("4", ""));
    // For an unknown address, the server leaves out the body.
    let answer = ask(&router, "HEAD", "/api/v1/nothing").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_has_one_harmless_id() {
    let router = service(&HttpSettings::default()).await;
    let long = "x".repeat(65);
    for (given, is_kept) in [
        (&["a.B-3_c"][..], true),
        (&["someone@example.com"], false),
        (&["a b"], false),
        (&[""], false),
        (&["a", "b"], false),
        (&[long.as_str()], false),
        (&[], false),
    ] {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        for id in given {
            request.headers_mut().append(REQUEST_ID, id.parse().unwrap());
        }
        let answer = send(&router, request).await;
        let id = answer.header("x-request-id");
        assert_eq!(given.first() == Some(&id), is_kept, "{given:?} {id}");
        assert_eq!(id.len(), if is_kept { 7 } else { 36 }, "{given:?} {id}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let router = service(&HttpSettings {
        answer_seconds: 1,
        ..HttpSettings::default()
    })
    .await;
    let (api, page, submit, snapshot) = tokio::join!(
        ask(&router, "GET", "/api/v1/slow"),
        ask(&router, "GET", "/slow"),
        ask(&router, "POST", "/submit"),
        ask(&router, "GET", "/api/v1/snapshot"),
    );
    for given_up in [&api, &page] {
        assert_eq!(given_up.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(given_up.header("retry-after"), "10");
        assert!(given_up.body.contains("longer than 1 seconds"), "{}", given_up.body);
    }
    assert!(api.body.contains("\"too_slow\""), "{}", api.body);
    assert_eq!(api.header("access-control-allow-origin"), "*");
    assert!(page.body.starts_with("<p>"), "{}", page.body);
    for untimed in [submit, snapshot] {
        assert_eq!((untimed.status.as_u16(), &*untimed.body), (200, "at last"));
    }
}

#[tokio::test]
async fn each_address_has_its_own_limit_on_the_api_and_pages() {
    let settings = HttpSettings {
        rate_limit: 2,
        ..HttpSettings::default()
    };
    let from = |path: &str, peer: &str| {
        let mut request = Request::get(path)
            .header("accept", "text/html")
            .body(Body::empty())
            .unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    };
    let router = service(&settings).await;
    for path in ["/api/v1/well/a", "/"] {
        let answer = send(&router, from(path, "192.0.2.1:1")).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    for (path, begin) in [("/api/v1/well/a", "{"), ("/", "<p>"), ("/api/v1/none", "{")] {
        let refused = send(&router, from(path, "192.0.2.1:2")).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.body.starts_with(begin), "{}", refused.body);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
    }
    for (path, peer) in [
        ("/submit", "192.0.2.1:3"),
        ("/static/a.css", "192.0.2.1:3"),
        ("/__lbheartbeat__", "192.0.2.1:3"),
        ("/api/v1/well/a", "192.0.2.2:1"),
    ] {
        let answer = send(&router, from(path, peer)).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

/// Logs and metrics name the requested route pattern, and nothing about a client.
#[test]
fn logs_and_figures_say_the_route_and_nothing_of_the_client() {
    LOG.take();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let router = service(&HttpSettings::default()).await;
            for (method, path, agent) in [
                ("GET", "/api/v1/well/someone?url=someone", "curl/8.14.1 someone"),
                ("GET", "/api/v1/panic?url=someone", "someone"),
                ("SOMEONE", "/someone?url=someone", "Mozilla/5.0 (someone)"),
            ] {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header(header::USER_AGENT, agent);
                send(&router, request.body(Body::empty()).unwrap()).await;
            }
        });
    });
    let log = String::from_utf8(LOG.take()).unwrap();
    assert!(log.contains("route=\"/api/v1/panic\""), "{log}");
    assert!(log.contains("request{id=\""), "{log}");
    let figures = figures.render();
    for label in [
        r#"datil_http_requests_total{method="GET",route="/api/v1/well/{name}",status="2xx",client="curl"} 1"#,
        r#"datil_http_requests_total{method="GET",route="/api/v1/panic",status="5xx",client="other"} 1"#,
        r#"datil_http_requests_total{method="other",route="none",status="4xx",client="browser"} 1"#,
        r#"datil_http_request_duration_seconds_count{method="GET",route="/api/v1/panic",status="5xx"} 1"#,
        "datil_http_in_flight_requests 0",
        "datil_http_panics_total 1",
    ] {
        assert!(figures.contains(label), "{label}\n{figures}");
    }
    for text in [log, figures] {
        assert!(!text.to_lowercase().contains("someone"), "{text}");
    }
}
