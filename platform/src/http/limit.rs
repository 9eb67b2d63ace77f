//! The rate limits: how many requests to the API and for pages one client may make. A client is the holder of a token,
//! or an address.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::Method;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use super::caller::Caller;
use super::error::ApiError;
use super::meters::RATE_LIMITED;
use super::settings::HttpSettings;

/// Inactive clients are forgotten every this many requests.
const FORGET_EVERY: u32 = 1024;

/// What costs much, by method and route: it reads whole tables, searches through all builds, answers many questions at
/// once, or lets builds be derived and loaded anew.
const EXPENSIVE: &[(&str, &str)] = &[
    ("DELETE", "/api/v1/builds"),
    ("GET", "/api/SuperSearch/"),
    ("GET", "/api/SuperSearchUnredacted/"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/compare"),
    ("GET", "/api/v1/snapshot"),
    ("GET", "/builds/audit"),
    ("POST", "/api/CrashSignature/"),
    ("POST", "/api/search"),
    ("POST", "/api/v1/builds"),
    ("POST", "/api/v1/lookup"),
];

/// So many clients whose tokens were refused are remembered, for so long at most.
const MAX_BLOCKED: u64 = 10_000;
const LONGEST_BLOCK: Duration = Duration::from_secs(60);

/// Whom a request is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Client {
    Address(IpAddr),
    Token(String),
    /// All whose address is not known.
    Unknown,
}

impl Client {
    fn of(caller: &Caller) -> Self {
        match caller.identity() {
            Some(identity) => Self::Token(identity.token_id.clone()),
            None => Self::at(caller.address()),
        }
    }

    /// One client has a whole IPv6 /64.
    fn at(address: Option<IpAddr>) -> Self {
        match address {
            None => Self::Unknown,
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Address(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
            Some(address @ IpAddr::V4(_)) => Self::Address(address),
        }
    }
}

/// The limits of a server.
pub(super) struct Limits {
    addresses: Option<Limit>,
    tokens: Option<Limit>,
    expensive: Option<Limit>,
    /// Clients whose tokens were refused too often, until when no token of theirs is looked up.
    blocked: Cache<Client, Instant>,
}

impl Limits {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self {
            addresses: Limit::new(settings.rate_limit),
            tokens: Limit::new(settings.token_rate_limit),
            expensive: Limit::new(settings.expensive_rate_limit),
            blocked: Cache::builder()
                .max_capacity(MAX_BLOCKED)
                .time_to_live(LONGEST_BLOCK)
                .build(),
        }
    }

    /// Refuses to look a token up for a client who came with too many wrong ones.
    pub(super) fn may_try(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        match self.blocked.get(&Client::at(address)) {
            Some(until) if until > Instant::now() => Err(ApiError::RateLimited(until - Instant::now())),
            _ => Ok(()),
        }
    }

    /// Counts a refused token for the address that it came from.
    pub(super) fn tried(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        let client = Client::at(address);
        let counted = self.addresses.as_ref().map_or(Ok(()), |limit| limit.check(&client));
        if let Err(ApiError::RateLimited(wait)) = &counted {
            self.blocked.insert(client, Instant::now() + *wait);
        }
        counted
    }

    /// Counts a request and refuses it if its client has made too many.
    pub(super) fn check(&self, caller: &Caller, method: &Method, route: &str) -> Result<(), ApiError> {
        let client = Client::of(caller);
        let usual = match client {
            Client::Address(_) | Client::Unknown => &self.addresses,
            Client::Token(_) => &self.tokens,
        };
        // HEAD costs what GET does.
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
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
