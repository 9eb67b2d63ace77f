//! The rate limit: how many requests of the API one client address may make.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{ApiError, HttpSettings};

/// What is limited: the API, but neither crash reports nor pages nor health.
const LIMITED: &str = "/api/";
/// After so many requests the addresses are forgotten that have not asked for a while.
const FORGET_EVERY: u32 = 1024;

struct Limit {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    proxies: usize,
    checked: AtomicU32,
}

/// The router with the limit of the settings on what lies under `/api/`; as it is if there is none.
pub fn limited(router: Router, settings: &HttpSettings) -> Router {
    let Some(rate) = NonZeroU32::new(settings.rate_limit) else {
        return router;
    };
    let limit = Limit {
        clients: RateLimiter::keyed(Quota::per_minute(rate)),
        clock: DefaultClock::default(),
        proxies: usize::from(settings.proxies),
        checked: AtomicU32::new(0),
    };
    router.layer(from_fn_with_state(Arc::new(limit), check))
}

async fn check(State(limit): State<Arc<Limit>>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(LIMITED) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|peer| peer.0.ip());
    let Some(client) = client_address(peer, request.headers(), limit.proxies) else {
        return next.run(request).await;
    };
    if limit.checked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == 0 {
        limit.clients.retain_recent();
    }
    match limit.clients.check_key(&client) {
        Ok(()) => next.run(request).await,
        Err(not_until) => {
            metrics::counter!("datil_http_rate_limited_total").increment(1);
            let wait = not_until.wait_time_from(limit.clock.now());
            let mut refused = ApiError::RateLimited(wait).into_response();
            // A page of another host may read why.
            refused.headers_mut().insert(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
            refused
        }
    }
}

/// Whose request it is: the peer, or behind `proxies` proxies of our own, each of which appends the address of its peer to
/// `X-Forwarded-For`, the address that the outermost of them saw. One client has a whole /64 of IPv6.
fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let forwarded = || {
        let chain: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        chain.iter().rev().nth(proxies - 1)?.trim().parse().ok()
    };
    let address = if proxies == 0 {
        peer
    } else {
        forwarded().or(peer)
    };
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn whose_request_it_is() {
        for (peer, forwarded, proxies, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], 0, "192.0.2.1"),
            (
                "192.0.2.1",
                &["203.0.113.9, 198.51.100.7"],
                1,
                "198.51.100.7",
            ),
            (
                "192.0.2.1",
                &["203.0.113.9", "198.51.100.7"],
                2,
                "203.0.113.9",
            ),
            ("192.0.2.1", &[], 1, "192.0.2.1"),
            ("192.0.2.1", &["nonsense"], 1, "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", &[], 0, "2001:db8:1:2::"),
            ("::ffff:192.0.2.1", &[], 0, "192.0.2.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let found = client_address(Some(peer.parse().unwrap()), &headers, proxies);
            assert_eq!(
                found,
                Some(expected.parse().unwrap()),
                "{peer} {forwarded:?}"
            );
        }
    }

    async fn ask(router: &Router, path: &str, peer: &str) -> Response {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn each_address_has_its_own_limit_on_the_api_alone() {
        let routes = Router::new()
            .route("/api/v1/lookup", get(|| async { "" }))
            .route("/submit", get(|| async { "" }));
        let settings = HttpSettings {
            rate_limit: 2,
            ..HttpSettings::default()
        };
        let router = limited(routes, &settings);
        for _ in 0..2 {
            let reply = ask(&router, "/api/v1/lookup", "192.0.2.1:1").await;
            assert_eq!(reply.status(), StatusCode::OK);
        }
        let refused = ask(&router, "/api/v1/lookup", "192.0.2.1:2").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = refused.headers()[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        for (path, peer) in [
            ("/submit", "192.0.2.1:3"),
            ("/api/v1/lookup", "192.0.2.2:1"),
        ] {
            assert_eq!(ask(&router, path, peer).await.status(), StatusCode::OK);
        }
    }
}
