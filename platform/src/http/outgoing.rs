//! The client's side of HTTP, with the one TLS stack: rustls, the cryptography of ring, the certificates of this
//! machine.

use rustls::crypto::{CryptoProvider, ring};

/// The beginning of a client that says who it is. What it may take, in time and in redirects, its user adds.
#[expect(clippy::disallowed_methods, reason = "this is where it is allowed")]
pub fn client() -> reqwest::ClientBuilder {
    provide_tls();
    reqwest::Client::builder().user_agent(concat!("datil/", env!("CARGO_PKG_VERSION")))
}

/// Gives the cryptography to every client of this process, those of libraries too, which would panic without it. The
/// first one given stays.
pub(crate) fn provide_tls() {
    if CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_https_can_be_built_again_and_again() {
        for _ in 0..2 {
            client().https_only(true).build().expect("a client with TLS");
        }
        assert!(CryptoProvider::get_default().is_some());
    }
}
