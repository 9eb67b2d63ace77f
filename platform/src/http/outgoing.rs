//! The client's side of HTTP.

use crate::tls::provide_tls;

/// The beginning of a client that says who it is. What it may take, in time and in redirects, its user adds.
#[expect(clippy::disallowed_methods, reason = "this is where it is allowed")]
pub fn client() -> reqwest::ClientBuilder {
    provide_tls();
    reqwest::Client::builder().user_agent(concat!("datil/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use rustls::crypto::CryptoProvider;

    use super::client;

    #[test]
    fn clients_of_https_can_be_built_again_and_again() {
        for _ in 0..2 {
            client().https_only(true).build().expect("a client with TLS");
        }
        assert!(CryptoProvider::get_default().is_some());
    }
}
