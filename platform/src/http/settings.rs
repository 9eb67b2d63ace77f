//! The section `http` of the settings.

use std::net::ToSocketAddrs;

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, check_within};

/// The section `http` of the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on, such as `127.0.0.1:8000`; port 0 picks a free one. Empty: the loopback address
    /// and the service's own port.
    pub bind: String,
    /// The address of the site as browsers see it, such as `https://crashes.example`: what forms must come from, and
    /// whether cookies need TLS. Empty: the host that a request asks for, and `X-Forwarded-Proto` of our own proxies.
    pub public_url: String,
    /// For how many hours a browser stays signed in; it never outlives the token.
    pub session_hours: u16,
    /// How many requests to the API (`/api/`) and for pages one client address may make a minute, or at once; 0: no
    /// limit. Crash reports, health and the stylesheet are not counted.
    pub rate_limit: u32,
    /// The same for the holder of one token, whose requests are not counted for the address; 0: no limit.
    pub token_rate_limit: u32,
    /// How many of these requests may be for what costs much (audits, snapshots, comparisons, Buildhub's search, many
    /// look-ups at once, announced builds), for each address or token; 0: no limit of their own.
    pub expensive_rate_limit: u32,
    /// How many proxies of our own are in front, each appending to `X-Forwarded-For`: where rate limits and the audit
    /// log find the client's address. 0: the address of the connection.
    pub proxies: u8,
    /// How many seconds may pass before the response begins, after which the request is abandoned with 503; 0: no
    /// limit. Crash reports have their own limits.
    pub answer_seconds: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: String::new(),
            public_url: String::new(),
            session_hours: 12,
            rate_limit: 0,
            token_rate_limit: 0,
            expensive_rate_limit: 0,
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
        check_within("http.session_hours", u64::from(self.session_hours), 1..=8_760)?;
        if !self.public_url.is_empty() && self.own_origin().is_none() {
            return Err(ConfigError::setting(
                "http.public_url",
                format!(
                    "{:?} is no address of a site, such as https://crashes.example",
                    self.public_url
                ),
            ));
        }
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

    /// The origin of the site, as browsers name it; none if no address of it is set.
    pub(crate) fn own_origin(&self) -> Option<String> {
        let url = url::Url::parse(&self.public_url).ok()?;
        let is_site = matches!(url.scheme(), "http" | "https") && url.path() == "/";
        is_site.then(|| url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_the_site_is_what_browsers_name() {
        for (url, origin) in [
            ("https://crashes.example", Some("https://crashes.example")),
            ("https://Crashes.example:443/", Some("https://crashes.example")),
            ("http://localhost:8000", Some("http://localhost:8000")),
            ("https://crashes.example/below", None),
            ("crashes.example", None),
            ("ftp://crashes.example", None),
        ] {
            let settings = HttpSettings {
                public_url: url.to_owned(),
                ..HttpSettings::default()
            };
            assert_eq!(settings.own_origin().as_deref(), origin, "{url}");
            assert_eq!(settings.check().is_ok(), origin.is_some(), "{url}");
        }
        assert!(HttpSettings::default().check().is_ok());
    }
}
