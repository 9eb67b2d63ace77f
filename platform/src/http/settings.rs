//! The section `http` of the settings.

use std::net::ToSocketAddrs;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The section `http` of the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on, such as `127.0.0.1:8000`; port 0 takes a free one. Empty:
    /// the loopback address and the service's own port.
    pub bind: String,
    /// How many requests a minute one client address may make of the API (`/api/`) and of pages, and at once; 0: no
    /// limit. Crash reports, health and the stylesheet are not counted.
    pub rate_limit: u32,
    /// How many proxies of our own stand in front, each of which appends to `X-Forwarded-For`: where the client's
    /// address is read for the limit. 0: the address of the connection.
    pub proxies: u8,
    /// How many seconds a request may take until its answer begins, then it is given up with 503; 0: no limit. Crash
    /// reports have limits of their own.
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
    /// Whether every value can be used.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
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
