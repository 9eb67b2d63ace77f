//! The stand-ins over HTTP: Buildhub's search, the archive's listings and files, product-details, and a Bugzilla, on
//! one listener.
//!
//! The path selects the service: `/pub/` is the archive, `/1.0/` is product-details, `/rest/` is the Bugzilla, and
//! everything else is Buildhub, which answers unknown paths with its user interface. Each service can be told to
//! misbehave while it runs.

mod archive;
mod bugzilla;
mod faults;
mod product_details;
mod record;
mod search;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub use self::bugzilla::{TrackedBug, Tracker};
pub use self::faults::{Fault, Faults, Switch};
pub use self::stage::Stage;

use self::archive::Asked;
use self::search::{Known, search};
use crate::world::{Truth, World};

/// Maximum bytes of a search; a longer one is refused.
const LONGEST_SEARCH: usize = 256 * 1024;

/// Where the archive is when it has moved.
const MOVED_TO: &str = "/moved";

/// What Buildhub sends for every unknown path.
const BUILDHUB_PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
     <title>Buildhub2</title></head>\
     <body><div id=\"root\"></div></body></html>\n";

enum Service {
    Buildhub,
    Archive,
    ProductDetails,
    Bugzilla,
}

fn service(path: &str) -> Service {
    let unmoved = path.strip_prefix(MOVED_TO).unwrap_or(path);
    if unmoved == "/pub" || unmoved.starts_with("/pub/") {
        Service::Archive
    } else if path.starts_with("/1.0/") {
        Service::ProductDetails
    } else if path.starts_with("/rest/") {
        Service::Bugzilla
    } else {
        Service::Buildhub
    }
}

#[derive(Clone)]
struct Standins {
    stage: Stage,
    faults: Arc<Faults>,
}

impl Standins {
    fn switch(&self, path: &str) -> &Switch {
        match service(path) {
            Service::Buildhub => &self.faults.buildhub,
            Service::Archive => &self.faults.archive,
            Service::ProductDetails => &self.faults.product_details,
            Service::Bugzilla => &self.faults.bugzilla,
        }
    }

    fn search(&self, body: &[u8]) -> Response {
        let faults = self.faults.buildhub.faults();
        let scene = self.stage.scene();
        match search(&Known::of(scene.known(&faults), &faults), body) {
            Ok(answer) => buildhub_answer(StatusCode::OK, &answer),
            Err(refusal) => buildhub_answer(refusal.status, &refusal.body),
        }
    }
}

/// The four services. Keep a clone of `faults` to make them misbehave and to count their requests.
pub fn router(stage: Stage, faults: Arc<Faults>) -> Router {
    let standins = Standins { stage, faults };
    Router::new()
        .route("/api/search", get(any_records).post(search_records))
        .route("/api/records", get(count_records))
        .route(
            "/v1/buckets/build-hub/collections/releases/search",
            get(to_search).post(to_search),
        )
        .route("/rest/bug", get(search_bugs))
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
    stage: impl Into<Stage>,
    faults: Arc<Faults>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(stage.into(), faults))
        .with_graceful_shutdown(shutdown)
        .await
}

/// Returns the truths of the builds that Buildhub, with these faults, has a record of on the build's own channel.
/// Whether it is up makes no difference.
pub fn truths_in_buildhub<'w>(world: &'w World, faults: &[Fault]) -> Vec<&'w Truth> {
    Known::of(world, faults).truths()
}

/// Applies the faults that any service can have.
async fn misbehave(State(standins): State<Standins>, request: Request, next: Next) -> Response {
    let switch = standins.switch(request.uri().path());
    let (count, faults) = (switch.count(), switch.faults());
    for fault in &faults {
        match fault {
            Fault::Slow(delay) => tokio::time::sleep(*delay).await,
            Fault::Hanging => std::future::pending().await,
            _ => {}
        }
    }
    if faults.contains(&Fault::Down) {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else if faults.contains(&Fault::Flaky) && switch.is_flaky_at(count, request.uri().path()) {
        StatusCode::BAD_GATEWAY.into_response()
    } else if faults.contains(&Fault::Garbage) {
        Html("<html><body><h1>Welcome to the network</h1>Please sign in.</body></html>").into_response()
    } else {
        next.run(request).await
    }
}

async fn search_records(State(standins): State<Standins>, body: Bytes) -> Response {
    standins.search(&body)
}

async fn any_records(State(standins): State<Standins>) -> Response {
    standins.search(b"{}")
}

async fn search_bugs(State(standins): State<Standins>, Query(asked): Query<Vec<(String, String)>>) -> Response {
    if standins.faults.bugzilla.faults().contains(&Fault::Empty) {
        return bugzilla::nothing();
    }
    standins.stage.tracker().search(&asked)
}

async fn count_records(State(standins): State<Standins>) -> Response {
    let faults = standins.faults.buildhub.faults();
    let scene = standins.stage.scene();
    let total = Known::of(scene.known(&faults), &faults).count();
    buildhub_answer(StatusCode::OK, &json!({ "builds": { "total": total } }))
}

fn buildhub_answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (status, headers, body.to_string()).into_response()
}

fn moved(to: &str) -> Response {
    let mut response = Redirect::permanent(to).into_response();
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response
}

async fn to_search() -> Response {
    moved("/api/search")
}

async fn well() -> &'static str {
    "{}"
}

async fn by_path(State(standins): State<Standins>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    match service(path) {
        Service::Archive => {
            let faults = standins.faults.archive.faults();
            let is_at_new_place = path.starts_with(MOVED_TO);
            if faults.contains(&Fault::Moved) && !is_at_new_place {
                return moved(&format!("{MOVED_TO}{path}"));
            }
            let wants_json = headers
                .get(header::ACCEPT)
                .is_some_and(|accept| accept.as_bytes() == b"application/json");
            standins.stage.scene().archive.answer(&Asked {
                path,
                root: if is_at_new_place { MOVED_TO } else { "" },
                is_there: is_at_new_place == faults.contains(&Fault::Moved),
                wants_json,
                faults: &faults,
            })
        }
        Service::ProductDetails => {
            let faults = standins.faults.product_details.faults();
            let scene = standins.stage.scene();
            match product_details::file(scene.known(&faults), &faults, path) {
                Some(file) => axum::Json(file).into_response(),
                None => (
                    StatusCode::NOT_FOUND,
                    Html("<html><body><h1>404 Not Found</h1></body></html>"),
                )
                    .into_response(),
            }
        }
        Service::Bugzilla => StatusCode::NOT_FOUND.into_response(),
        Service::Buildhub => {
            let last = path.rsplit('/').next().unwrap_or_default();
            if last.contains('.') {
                (StatusCode::NOT_FOUND, Html("<h1>Not Found</h1>")).into_response()
            } else {
                Html(BUILDHUB_PAGE).into_response()
            }
        }
    }
}
