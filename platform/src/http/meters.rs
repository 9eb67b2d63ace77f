//! The metrics of what every request passes.

use super::client::KINDS;
use crate::meters::{OF_REQUESTS, OneOf, Open, Values};

/// The methods that are told apart.
pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// The pattern, never the address itself, which may say what is protected.
const ROUTES: Values = Open("the pattern of the address, or `none` where there is no route");
/// The class of the status.
const STATUSES: Values = OneOf(&["1xx", "2xx", "3xx", "4xx", "5xx", "gone"]);

crate::meters! {
    pub const METRICS;
    /// Requests by route and kind of client. `status` is `gone` when the client went away before its answer.
    counter REQUESTS = "datil_http_requests_total" in "requests",
        by { "method": OneOf(METHODS), "route": ROUTES, "status": STATUSES, "client": OneOf(KINDS) },
        statsd {
            "socorro.collector.health.broken.count", "socorro.collector.health.heartbeat.count",
            "socorro.collector.health.lbheartbeat.count", "socorro.collector.health.version.count"
        };
    /// Seconds until an answer begins, or until its client went away.
    histogram(OF_REQUESTS) DURATION = "datil_http_request_duration_seconds" in "seconds",
        by { "method": OneOf(METHODS), "route": ROUTES, "status": STATUSES },
        statsd { "socorro.webapp.view.pageview" };
    /// Requests that are being answered.
    gauge IN_FLIGHT = "datil_http_in_flight_requests" in "requests";
    /// Requests that took longer than they may and were given up.
    counter TIMED_OUT = "datil_http_timed_out_requests_total" in "requests", by { "route": ROUTES };
    /// Requests that were refused since their client made too many.
    counter RATE_LIMITED = "datil_http_rate_limited_requests_total" in "requests";
    /// Requests whose handler panicked: a fault of the program.
    counter PANICS = "datil_http_panics_total" in "panics";
}
