//! The rate limits: how many requests to the API and for pages one client may make. A client is the holder of a token,
//! or an address.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use super::meters::RATE_LIMITED;
use super::settings::HttpSettings;
use crate::access::Caller;

/// Inactive clients are forgotten every this many requests.
const FORGET_EVERY: u32 = 1024;

/// What costs much, by method and route: it reads whole tables, searches through all builds, or answers many questions
/// at once.
const EXPENSIVE: &[(&str, &str)] = &[
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/compare"),
    ("GET", "/api/v1/snapshot"),
    ("GET", "/builds/audit"),
    ("POST", "/api/search"),
    ("POST", "/api/v1/lookup"),
];

/// Whom a request is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Client {
    Address(IpAddr),
    Token(String),
}

impl Client {
    /// One client has a whole IPv6 /64. A caller without an address is counted for nobody.
    fn of(caller: &Caller) -> Option<Self> {
        if let Some(identity) = caller.identity() {
            return Some(Self::Token(identity.token_id.clone()));
        }
        caller.address().map(|address| match address {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Address(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
            address @ IpAddr::V4(_) => Self::Address(address),
        })
    }
}

/// The limits of a server.
pub(super) struct Limits {
    addresses: Option<Limit>,
    tokens: Option<Limit>,
    expensive: Option<Limit>,
}

impl Limits {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self {
            addresses: Limit::new(settings.rate_limit),
            tokens: Limit::new(settings.token_rate_limit),
            expensive: Limit::new(settings.expensive_rate_limit),
        }
    }

    /// Counts a request and refuses it if its client has made too many.
    pub(super) fn check(&self, caller: &Caller, method: &str, route: &str) -> Result<(), ApiError> {
        let Some(client) = Client::of(caller) else {
            return Ok(());
        };
        let usual = match client {
            Client::Address(_) => &self.addresses,
            Client::Token(_) => &self.tokens,
        };
        let expensive = self.expensive.as_ref().filter(|_| EXPENSIVE.contains(&(method, route)));
        for limit in usual.iter().chain(expensive) {
            limit.check(&client)?;
        }
        Ok(())
    }
}

/// One limit, and how much of it each client has used.
struct Limit {
    clients: DefaultKeyedRateLimiter<Client>,
    clock: DefaultClock,
    checked: AtomicU32,
}

impl Limit {
    /// So many requests a minute, or at once; none if 0.
    fn new(a_minute: u32) -> Option<Self> {
        let rate = NonZeroU32::new(a_minute)?;
        Some(Self {
            clients: RateLimiter::keyed(Quota::per_minute(rate)),
            clock: DefaultClock::default(),
            checked: AtomicU32::new(0),
        })
    }

    fn check(&self, client: &Client) -> Result<(), ApiError> {
        let before = self.checked.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(FORGET_EVERY) {
            self.clients.retain_recent();
        }
        self.clients.check_key(client).map_err(|not_until| {
            RATE_LIMITED.add(1);
            ApiError::RateLimited(not_until.wait_time_from(self.clock.now()))
        })
    }
}
