//! The rate limit: how many requests to the API and for pages one client address may make.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use super::meters::RATE_LIMITED;
use super::settings::HttpSettings;

/// Inactive addresses are forgotten every this many requests.
const FORGET_EVERY: u32 = 1024;

/// The limit, and how much of it each client has used.
pub(super) struct Limit {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    proxies: usize,
    checked: AtomicU32,
}

impl Limit {
    /// Creates the limit from the settings, if they set one.
    pub(super) fn new(settings: &HttpSettings) -> Option<Self> {
        let rate = NonZeroU32::new(settings.rate_limit)?;
        Some(Self {
            clients: RateLimiter::keyed(Quota::per_minute(rate)),
            clock: DefaultClock::default(),
            proxies: usize::from(settings.proxies),
            checked: AtomicU32::new(0),
        })
    }

    /// Counts a request and refuses it if its client has made too many.
    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|peer| peer.0.ip());
        let Some(client) = client_address(peer, request.headers(), self.proxies) else {
            return Ok(());
        };
        let before = self.checked.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(FORGET_EVERY) {
            self.clients.retain_recent();
        }
        self.clients.check_key(&client).map_err(|not_until| {
            RATE_LIMITED.add(1);
            ApiError::RateLimited(not_until.wait_time_from(self.clock.now()))
        })
    }
}

/// The client's address: the peer's or, behind `proxies` proxies of our own, the one that the outermost proxy saw. Each
/// proxy appends its peer's address to `X-Forwarded-For`. One client has a whole IPv6 /64.
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
    let address = if proxies == 0 { peer } else { forwarded().or(peer) };
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
    use super::*;

    #[test]
    fn whose_request_it_is() {
        for (peer, forwarded, proxies, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], 0, "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9, 198.51.100.7"], 1, "198.51.100.7"),
            ("192.0.2.1", &["203.0.113.9", "198.51.100.7"], 2, "203.0.113.9"),
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
            assert_eq!(found, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
        }
    }
}
