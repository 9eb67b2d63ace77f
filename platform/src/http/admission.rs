//! What a request must pass before anything is done for it: its token or session is valid, it does not come from
//! another site's page if it changes something, and its client has not made too many.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;

use super::address::client_address;
use super::error::ApiError;
use super::layers::{Kind, Net, route};
use crate::access::Caller;

/// Of the body of a refused request so many bytes are read, in so much time. A client that is still sending when its
/// connection is closed sees that, and not the reason.
const READ_REFUSED: usize = 64 << 20;
const READ_REFUSED_FOR: Duration = Duration::from_secs(20);

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
            let mut request = Request::from_parts(head, body);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => {
            let _ = tokio::time::timeout(READ_REFUSED_FOR, read(body)).await;
            net.say(kind, refused)
        }
    }
}

async fn admit(net: &Net, kind: Kind, head: &Parts, address: Option<IpAddr>) -> Result<Caller, ApiError> {
    let anybody = Caller::at(address);
    let found = net.access.caller(&head.headers, address, kind.is_limited()).await;
    let counted = found.as_ref().unwrap_or(&anybody);
    if kind.is_limited() {
        // A refused token is counted for the address that it came from.
        net.limits
            .check(counted, head.method.as_str(), route(&head.extensions).unwrap_or("none"))?;
    }
    let caller = found?;
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
