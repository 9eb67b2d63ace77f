//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// The client's address: the peer's or, behind `proxies` proxies of our own, the one that the outermost proxy saw. Each
/// proxy appends its peer's address to `X-Forwarded-For`.
pub(super) fn client_address(head: &Parts, proxies: usize) -> Option<IpAddr> {
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
    address(peer.map(|peer| peer.0.ip()), &head.headers, proxies)
}

fn address(peer: Option<IpAddr>, headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let forwarded = || {
        let lines: Vec<&[u8]> = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .collect();
        // What stands before it, the client may have made up.
        let written = std::str::from_utf8(lines.iter().rev().nth(proxies - 1)?).ok()?.trim();
        let with_port = || written.parse().map(|address: SocketAddr| address.ip());
        let bare = written.trim_start_matches('[').trim_end_matches(']');
        bare.parse().or_else(|_| with_port()).ok()
    };
    let address = if proxies == 0 { peer } else { forwarded().or(peer) };
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whose_request_it_is() {
        for (peer, forwarded, proxies, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], 0, "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9, 198.51.100.7"], 1, "198.51.100.7"),
            ("192.0.2.1", &["203.0.113.9", "198.51.100.7"], 2, "203.0.113.9"),
            ("192.0.2.1", &[], 1, "192.0.2.1"),
            ("192.0.2.1", &["nonsense"], 1, "192.0.2.1"),
            ("192.0.2.1", &["\u{e9}, 198.51.100.7"], 1, "198.51.100.7"),
            ("192.0.2.1", &["198.51.100.7:4711"], 1, "198.51.100.7"),
            ("192.0.2.1", &["[2001:db8::7]:4711"], 1, "2001:db8::7"),
            ("192.0.2.1", &["[2001:db8::7]"], 1, "2001:db8::7"),
            ("2001:db8:1:2:3:4:5:6", &[], 0, "2001:db8:1:2:3:4:5:6"),
            ("::ffff:192.0.2.1", &[], 0, "192.0.2.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                let value = axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append("x-forwarded-for", value);
            }
            let found = address(Some(peer.parse().unwrap()), &headers, proxies);
            assert_eq!(found, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
        }
    }

    proptest! {
        /// Whatever a client writes before what our proxies append changes nothing.
        #[test]
        fn what_a_client_makes_up_does_not_count(made_up in proptest::collection::vec(any::<u8>(), 0..60)) {
            let line = [&made_up[..], b", 198.51.100.7"].concat();
            if let Ok(value) = axum::http::HeaderValue::from_bytes(&line) {
                let mut headers = HeaderMap::new();
                headers.append("x-forwarded-for", value);
                let found = address(Some("192.0.2.1".parse().unwrap()), &headers, 1);
                prop_assert_eq!(found, Some("198.51.100.7".parse().unwrap()));
            }
        }
    }
}
