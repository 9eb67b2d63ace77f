//! The stand-ins over HTTP: Buildhub's search, the archive's listings and files, and product-details, on one listener.
//!
//! Which service is meant is told by the path: `/pub/` is the archive, `/1.0/` is product-details, all else is Buildhub,
//! which answers an unknown path with its user interface. Each service can be told to misbehave while it runs.

mod archive;
mod product_details;
mod record;
mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::World;

/// A search longer than this is refused.
const LONGEST_SEARCH: usize = 256 * 1024;

/// What Buildhub sends for every path that it does not know.
const BUILDHUB_PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Buildhub2</title></head>\
     <body><div id=\"root\"></div></body></html>\n";

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// None: the service is well.
    #[default]
    None,
    /// Every request gets a 503.
    Down,
    /// Every request gets a 200 with an HTML page that has nothing to do with it.
    Garbage,
    /// Every fifth request gets a 502, the others are well.
    Flaky,
    /// The service is well but has lost its data: no hits, empty listings, no releases.
    Empty,
}

impl Fault {
    const ALL: [Self; 5] = [
        Self::None,
        Self::Down,
        Self::Garbage,
        Self::Flaky,
        Self::Empty,
    ];
}

/// One service's fault, and the count of its requests. Shared; both may be used while it serves.
#[derive(Debug, Default)]
pub struct Switch {
    fault: AtomicU8,
    requests: AtomicU64,
}

impl Switch {
    /// Misbehaves so from the next request on.
    pub fn set(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    /// The present fault.
    pub fn fault(&self) -> Fault {
        let fault = self.fault.load(Ordering::SeqCst);
        Fault::ALL
            .get(usize::from(fault))
            .copied()
            .unwrap_or_default()
    }

    /// How many requests came so far, those answered with a fault included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The switches of the three services.
#[derive(Debug, Default)]
pub struct Faults {
    /// Buildhub: `/api/search` and every path that is not another's.
    pub buildhub: Switch,
    /// The archive: `/pub/`.
    pub archive: Switch,
    /// product-details: `/1.0/`.
    pub product_details: Switch,
}

impl Faults {
    fn of(&self, path: &str) -> &Switch {
        match service(path) {
            Service::Buildhub => &self.buildhub,
            Service::Archive => &self.archive,
            Service::ProductDetails => &self.product_details,
        }
    }
}

enum Service {
    Buildhub,
    Archive,
    ProductDetails,
}

fn service(path: &str) -> Service {
    if path == "/pub" || path.starts_with("/pub/") {
        Service::Archive
    } else if path.starts_with("/1.0/") {
        Service::ProductDetails
    } else {
        Service::Buildhub
    }
}

#[derive(Clone)]
struct Standins {
    world: Arc<World>,
    lost: Arc<World>,
    faults: Arc<Faults>,
}

impl Standins {
    /// What the service behind a switch knows at present.
    fn known_to(&self, switch: &Switch) -> &World {
        if switch.fault() == Fault::Empty {
            &self.lost
        } else {
            &self.world
        }
    }
}

/// The three services. Keep a clone of `faults` to make them misbehave and to count their requests.
pub fn router(world: Arc<World>, faults: Arc<Faults>) -> Router {
    let standins = Standins {
        lost: Arc::new(World::empty(&world.plan)),
        world,
        faults,
    };
    Router::new()
        .route("/api/search", get(any_records).post(search_records))
        .route("/api/records", get(count_records))
        .route(
            "/v1/buckets/build-hub/collections/releases/search",
            get(moved).post(moved),
        )
        .route("/__heartbeat__", get(well))
        .route("/__lbheartbeat__", get(well))
        .fallback(by_path)
        .layer(middleware::from_fn_with_state(standins.clone(), misbehave))
        .layer(DefaultBodyLimit::max(LONGEST_SEARCH))
        .with_state(standins)
}

/// Serves [`router`] until `shutdown` is done.
///
/// # Errors
///
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    world: Arc<World>,
    faults: Arc<Faults>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(world, faults))
        .with_graceful_shutdown(shutdown)
        .await
}

async fn misbehave(State(standins): State<Standins>, request: Request, next: Next) -> Response {
    let switch = standins.faults.of(request.uri().path());
    let count = switch.requests.fetch_add(1, Ordering::SeqCst) + 1;
    match switch.fault() {
        Fault::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Garbage => {
            Html("<html><body><h1>Welcome to the network</h1>Please sign in.</body></html>")
                .into_response()
        }
        Fault::Flaky if count.is_multiple_of(5) => StatusCode::BAD_GATEWAY.into_response(),
        Fault::None | Fault::Flaky | Fault::Empty => next.run(request).await,
    }
}

async fn search_records(State(standins): State<Standins>, body: Bytes) -> Response {
    let world = standins.known_to(&standins.faults.buildhub);
    match search::search(world, &body) {
        Ok(answer) => buildhub_answer(StatusCode::OK, &answer),
        Err(refusal) => buildhub_answer(refusal.status, &refusal.body),
    }
}

async fn any_records(State(standins): State<Standins>) -> Response {
    let world = standins.known_to(&standins.faults.buildhub);
    match search::search(world, b"{}") {
        Ok(answer) => buildhub_answer(StatusCode::OK, &answer),
        Err(refusal) => buildhub_answer(refusal.status, &refusal.body),
    }
}

async fn count_records(State(standins): State<Standins>) -> Response {
    let world = standins.known_to(&standins.faults.buildhub);
    buildhub_answer(
        StatusCode::OK,
        &json!({ "builds": { "total": world.records.len() } }),
    )
}

fn buildhub_answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (status, headers, body.to_string()).into_response()
}

async fn moved() -> Response {
    let mut response = Redirect::permanent("/api/search").into_response();
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response
}

async fn well() -> &'static str {
    "{}"
}

async fn by_path(State(standins): State<Standins>, uri: Uri, headers: HeaderMap) -> Response {
    match service(uri.path()) {
        Service::Archive => {
            let world = standins.known_to(&standins.faults.archive);
            let accept = headers
                .get(header::ACCEPT)
                .map(header::HeaderValue::as_bytes);
            archive::answer(world, uri.path(), accept == Some(b"application/json"))
        }
        Service::ProductDetails => {
            let world = standins.known_to(&standins.faults.product_details);
            match product_details::file(world, uri.path()) {
                Some(file) => axum::Json(file).into_response(),
                None => (
                    StatusCode::NOT_FOUND,
                    Html("<html><body><h1>404 Not Found</h1></body></html>"),
                )
                    .into_response(),
            }
        }
        Service::Buildhub => {
            let last = uri.path().rsplit('/').next().unwrap_or_default();
            if last.contains('.') {
                (StatusCode::NOT_FOUND, Html("<h1>Not Found</h1>")).into_response()
            } else {
                Html(BUILDHUB_PAGE).into_response()
            }
        }
    }
}
