//! The one TLS stack: rustls with the cryptography of ring and the certificates of this machine.

use rustls::crypto::{CryptoProvider, ring};

/// Gives the cryptography to every client of this process, those of libraries too, which would panic without it. The
/// first one given stays.
pub(crate) fn provide_tls() {
    if CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default();
    }
}
