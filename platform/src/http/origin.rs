//! Whether a request that changes something comes from a page of our own.

use axum::http::{HeaderMap, header};

/// Whether a request comes from a page of this site, or from a program that is no browser. A browser says which: in
/// `Sec-Fetch-Site` where the connection is trusted, and in `Origin` with every form that it posts; a request with
/// neither is no browser's, and carries nothing that its sender did not put there.
/// `own` is the site's own origin, such as `https://crashes.example`, if it is set; otherwise it is the host that the
/// request asks for.
pub(super) fn is_same(headers: &HeaderMap, own: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if let Some(own) = own {
        return origin.eq_ignore_ascii_case(own);
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    host.zip(of_origin)
        .is_some_and(|(host, of_origin)| host.eq_ignore_ascii_case(of_origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_sites_are_recognised() {
        let own = Some("https://crashes.example");
        for (site, origin, host, own, expected) in [
            (None, None, "localhost:8000", None, true),
            (None, Some("http://localhost:8000"), "localhost:8000", None, true),
            (None, Some("http://LOCALHOST:8000"), "localhost:8000", None, true),
            (None, Some("http://localhost:8001"), "localhost:8000", None, false),
            (None, Some("http://evil.example"), "localhost:8000", None, false),
            (None, Some("null"), "localhost:8000", None, false),
            (None, Some(""), "localhost:8000", None, false),
            (
                Some("same-origin"),
                Some("http://localhost:8000"),
                "localhost:8000",
                None,
                true,
            ),
            (
                Some("cross-site"),
                Some("http://localhost:8000"),
                "localhost:8000",
                None,
                false,
            ),
            (Some("same-site"), None, "localhost:8000", None, false),
            (Some("none"), None, "localhost:8000", None, false),
            (None, Some("https://crashes.example"), "10.0.0.1:8002", own, true),
            (None, Some("http://crashes.example"), "10.0.0.1:8002", own, false),
            (None, Some("http://10.0.0.1:8002"), "10.0.0.1:8002", own, false),
            (None, None, "10.0.0.1:8002", own, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            assert_eq!(is_same(&headers, own), expected, "{site:?} {origin:?} {own:?}");
        }
    }
}
