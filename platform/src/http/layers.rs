//! What every request passes, whatever it asks for: an id, a line in the log's span, its time, who
//! makes it, the rate limits, a limit on its time, and a net under panics.
//!
//! What goes wrong out here is answered in the form that the address promises: JSON below `/api/`
//! and for operators, a text to senders of crash reports, and a page to everybody else.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use super::admission::admitted;
use super::authentication::Access;
use super::client;
use super::error::ApiError;
use super::meters::{DURATION, IN_FLIGHT, METHODS, PANICS, REQUESTS, TIMED_OUT};
use super::net::{Kind, Net, Page, Worded, route};
use super::settings::HttpSettings;
use crate::meters::SharedString;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a client is replaced.
const MAX_ID: usize = 64;

/// Routes that may take as long as they take: a report has limits of its own on the time for its
/// body, and the snapshot is made once for all who wait for it.
const UNTIMED: [&str; 3] = ["/submit", "/submit/", "/api/v1/snapshot"];

/// The whole of a server's routes, with what every request passes.
pub fn layers(router: Router, settings: &HttpSettings, access: Access, page: Page) -> Router {
    let net = Arc::new(Net::new(settings, access, page));
    // What is added later is farther outside.
    router
        .layer(from_fn_with_state(Arc::clone(&net), in_time))
        .layer(from_fn_with_state(Arc::clone(&net), admitted))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(net, in_words))
        .layer(from_fn(measured))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_response(())
                .on_body_chunk(())
                .on_eos(())
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(from_fn(harmless_id))
}

/// A client's own id is used if it is short and says nothing that could not stand in a log.
async fn harmless_id(mut request: Request, next: Next) -> Response {
    let mut given = request.headers().get_all(REQUEST_ID).iter();
    let is_harmless = |id: &HeaderValue| {
        let harmless = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(harmless)
    };
    let keep = given.next().is_some_and(is_harmless) && given.next().is_none();
    if !keep {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!(
        "request",
        id = id.unwrap_or_default(),
        method = method_label(request.method()),
        route = route(request.extensions()).unwrap_or("none")
    )
}

/// Clients may invent methods; labels may not.
fn method_label(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("other")
}

/// One request that is being answered, until it is dropped.
struct Measured {
    begun: Instant,
    method: &'static str,
    route: Arc<str>,
    status: &'static str,
    client: &'static str,
}

impl Drop for Measured {
    fn drop(&mut self) {
        let labels = || [self.method.into(), Arc::clone(&self.route).into(), self.status.into()];
        let [method, route, status]: [SharedString; 3] = labels();
        IN_FLIGHT.add(-1.0);
        REQUESTS.add_with(1, [method, route, status, self.client.into()]);
        DURATION.observe_with::<SharedString>(self.begun.elapsed(), labels());
    }
}

async fn measured(request: Request, next: Next) -> Response {
    IN_FLIGHT.add(1.0);
    let mut measured = Measured {
        begun: Instant::now(),
        method: method_label(request.method()),
        route: route(request.extensions()).unwrap_or("none").into(),
        status: "gone",
        client: client::kind(request.headers()),
    };
    let response = next.run(request).await;
    measured.status = match response.status().as_u16() {
        0..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    response
}

/// Says errors without words in the form that the address promises, and lets a page of another host
/// read those of the API.
async fn in_words(State(net): State<Arc<Net>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let kind = Kind::of(&path);
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if is_wordless(kind, &response) {
        let mut said = net.say(kind, ApiError::of_status(status, &path));
        *said.status_mut() = status;
        // What was said already, such as a page's protection, is kept.
        let (own, _) = response.into_parts();
        for (name, value) in &own.headers {
            let is_about_the_body = [header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name);
            if !is_about_the_body {
                said.headers_mut().insert(name.clone(), value.clone());
            }
        }
        response = said;
    }
    if kind == Kind::Api {
        response
            .headers_mut()
            .entry(header::ACCESS_CONTROL_ALLOW_ORIGIN)
            .or_insert(HeaderValue::from_static("*"));
    }
    response
}

/// Whether an error came without a body, or with one of another form than the address promises: then its words are
/// those of a library. To senders of reports everything is said in texts of our own.
fn is_wordless(kind: Kind, response: &Response) -> bool {
    if response.extensions().get::<Worded>().is_some() {
        return false;
    }
    let content = response.headers().get(header::CONTENT_TYPE);
    let promised: &[u8] = match kind {
        Kind::Api | Kind::Operations | Kind::Static => b"application/json",
        Kind::Page => b"text/html",
        Kind::Submit => return content.is_none() && response.body().size_hint().exact() == Some(0),
    };
    !content.is_some_and(|content| content.as_bytes().starts_with(promised))
}

/// Gives a request up that takes too long. The body of an answer may take as long as it takes.
async fn in_time(State(net): State<Arc<Net>>, request: Request, next: Next) -> Response {
    let kind = Kind::of(request.uri().path());
    let route = route(request.extensions()).unwrap_or("none").to_owned();
    let Some(time) = net.time.filter(|_| !UNTIMED.contains(&route.as_str())) else {
        return next.run(request).await;
    };
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!(seconds = time.as_secs(), "a request took too long and was given up");
            TIMED_OUT.add_with(1, [route]);
            let seconds = time.as_secs();
            net.say(
                kind,
                ApiError::TooSlow(format!(
                    "this took longer than {seconds} seconds and was given up: ask for less, or try again later"
                )),
            )
        }
    }
}

/// What the panic says may come from a client: where it was is in the log, and nothing else of it.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    PANICS.add(1);
    tracing::error!("a handler panicked; the panic is in the log before this");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests;
