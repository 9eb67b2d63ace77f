//! What a request must pass before anything is done for it: its token or session is valid, it does not come from
//! another site's page if it changes something, and its client has not made too many.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;

use super::address::client_address;
use super::authentication::{Access, Refused};
use super::caller::Caller;
use super::error::ApiError;
use super::net::{Kind, Net, Worded, route};

/// Of the body of a refused request so many bytes are read, in so much time. A client that is still sending when its
/// connection is closed sees that, and not the reason.
const READ_REFUSED: usize = 4 << 20;
const READ_REFUSED_FOR: Duration = Duration::from_secs(3);

/// Lets a request in with its [`Caller`], or says why not. Crash reports are always let in: they carry no token of
/// ours, and taking them needs no database.
pub(super) async fn admitted(State(net): State<Arc<Net>>, request: Request, next: Next) -> Response {
    let kind = Kind::of(request.uri().path());
    if kind == Kind::Submit {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let address = client_address(&head, net.proxies);
    match admit(&net, kind, &head, address).await {
        Ok(caller) => {
            let is_known = caller.identity().is_some();
            let mut request = Request::from_parts(head, body);
            request.extensions_mut().insert(caller);
            let mut response = next.run(request).await;
            if is_known {
                keep_private(&mut response);
            }
            response
        }
        Err(refused) => {
            let _ = tokio::time::timeout(READ_REFUSED_FOR, read(body)).await;
            let as_json = matches!(refused, ApiError::RateLimited(_)) && !wants_page(&head.headers);
            let mut response = net.say(if as_json { Kind::Api } else { kind }, refused);
            if as_json {
                response.extensions_mut().insert(Worded);
            }
            keep_private(&mut response);
            response
        }
    }
}

async fn admit(net: &Net, kind: Kind, head: &Parts, address: Option<IpAddr>) -> Result<Caller, ApiError> {
    if Access::is_asked(&head.headers, kind.is_for_clients()) {
        net.limits.may_try(address)?;
    }
    let looking = net.access.caller(&head.headers, address, kind.is_for_clients());
    let found = match net.time {
        None => looking.await,
        Some(time) => tokio::time::timeout(time, looking).await.map_err(|_| {
            ApiError::TooSlow("whose token or session this is took too long to tell: try again later".to_owned())
        })?,
    };
    let caller = match found {
        Ok(caller) => caller,
        Err(refused @ Refused::Database(_)) => return Err(refused.error()),
        Err(refused) => {
            net.limits.tried(address)?;
            return Err(refused.error());
        }
    };
    if kind.is_for_clients() {
        let route = route(&head.extensions).unwrap_or("none");
        net.limits.check(&caller, &head.method, route)?;
    }
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&head.method);
    let by_browser = kind == Kind::Page || caller.is_signed_in();
    if changes && by_browser && !net.access.is_own(&head.headers) {
        return Err(ApiError::Forbidden(
            "this request comes from a page of another site: open the page here, and send its form from there"
                .to_owned(),
        ));
    }
    Ok(caller)
}

/// Programs that ask for pages get JSON when they ask too often: only people read pages.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|accepted| accepted.to_str().ok())
        .any(|accepted| accepted.contains("text/html"))
}

/// Keeps an answer that depends on who asks from being kept for anybody else.
fn keep_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Auth-Token, Cookie"));
}

async fn read(body: Body) {
    let mut body = body.into_data_stream();
    let mut left = READ_REFUSED;
    while let Some(Ok(chunk)) = body.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}
