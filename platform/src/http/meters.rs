//! The metrics of what every request passes.

use crate::meters::OF_REQUESTS;

crate::meters! {
    pub const METRICS;
    /// Seconds until an answer begins: `route` is the pattern (`none` where there is no route), `status` is `2xx` to
    /// `5xx`, or `gone` when the client went away before.
    histogram(OF_REQUESTS) SECONDS = "datil_http_seconds" by "method", "route", "status";
    /// Requests that are being answered.
    gauge IN_FLIGHT = "datil_http_in_flight";
    /// Requests that took longer than they may and were given up.
    counter TOO_SLOW = "datil_http_too_slow_total" by "route";
    /// Requests that were refused since their client made too many.
    counter RATE_LIMITED = "datil_http_rate_limited_total";
    /// Requests whose handler panicked: a fault of the program.
    counter PANICS = "datil_http_panics_total";
}
