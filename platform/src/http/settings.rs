//! The section `http` of the settings.

use std::net::ToSocketAddrs;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The section `http` of the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on, such as `127.0.0.1:8000`; port 0 picks a free one. Empty: the loopback address
    /// and the service's own port.
    pub bind: String,
    /// How many requests to the API (`/api/`) and for pages one client address may make a minute, or at once; 0: no
    /// limit. Crash reports, health and the stylesheet are not counted.
    pub rate_limit: u32,
    /// How many proxies of our own are in front, each appending to `X-Forwarded-For`: where the rate limit finds the
    /// client's address. 0: the address of the connection.
    pub proxies: u8,
    /// How many seconds may pass before the response begins, after which the request is abandoned with 503; 0: no
    /// limit. Crash reports have their own limits.
    pub answer_seconds: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: String::new(),
            rate_limit: 0,
            proxies: 0,
            answer_seconds: 30,
        }
    }
}

impl HttpSettings {
    /// Checks that every value can be used.
    ///
    /// # Errors
    /// The first setting that cannot be used, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.bind.is_empty() {
            return Ok(());
        }
        match self.bind.to_socket_addrs() {
            Ok(_) => Ok(()),
            Err(error) => Err(ConfigError::setting(
                "http.bind",
                format!(
                    "{:?} is no address of this machine with a port, such as 127.0.0.1:8000: {error}",
                    self.bind
                ),
            )),
        }
    }
}
