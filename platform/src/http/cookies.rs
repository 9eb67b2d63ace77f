//! The cookie of a session.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

use crate::access::Secret;

/// Its name where the site has TLS. No other host can set a cookie whose name begins so.
const SECURE: &str = "__Host-datil_session";
/// Its name elsewhere.
const PLAIN: &str = "datil_session";
/// Of more cookies the rest is not looked at.
const MOST_READ: usize = 100;

/// The session's secret in a request's cookies, if there is one with the form of one. Where the site has TLS, only the
/// cookie counts that no other host can have set.
pub(super) fn read(headers: &HeaderMap, is_secure: bool) -> Option<Secret> {
    let of_name = |name: &str| {
        let cookies = headers.get_all(header::COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .take(MOST_READ)
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == name)
            .find_map(|cookie| Secret::of_digits(cookie.value()))
    };
    of_name(SECURE).or_else(|| of_name(PLAIN).filter(|_| !is_secure))
}

/// The header that gives a browser its session, for so long. No script reads it, and no other site sends it along.
pub(super) fn given(secret: &Secret, holds: Duration, is_secure: bool) -> HeaderValue {
    let seconds = i64::try_from(holds.as_secs()).unwrap_or(i64::MAX);
    written(secret.digits(), seconds, is_secure)
}

/// The header that takes it away.
pub(super) fn taken(is_secure: bool) -> HeaderValue {
    written("", 0, is_secure)
}

fn written(value: &str, seconds: i64, is_secure: bool) -> HeaderValue {
    let name = if is_secure { SECURE } else { PLAIN };
    let cookie = Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(is_secure)
        .max_age(cookie::time::Duration::seconds(seconds))
        .build();
    // Name and value are ASCII without blanks.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_was_given_is_read_among_others() {
        let secret = Secret::random();
        for is_secure in [false, true] {
            let given = given(&secret, Duration::from_secs(3600), is_secure);
            let given = given.to_str().unwrap();
            for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=3600"] {
                assert!(given.split("; ").any(|found| found == part), "{part}: {given}");
            }
            assert_eq!(given.contains("; Secure"), is_secure, "{given}");
            assert_eq!(given.starts_with("__Host-"), is_secure, "{given}");
            assert!(!given.contains("Domain"), "{given}");
            let pair = given.split(';').next().unwrap();
            for sent in [
                pair.to_owned(),
                format!("a=b; {pair}; c=\"d\""),
                format!("=; ;; {pair}"),
                format!("datil_session=planted; __Host-datil_session=planted; {pair}"),
            ] {
                assert_eq!(read(&with(&["x=y", &sent]), is_secure), Some(secret.clone()), "{sent}");
            }
        }
        let taken = taken(false);
        let taken = taken.to_str().unwrap();
        assert!(taken.contains("Max-Age=0") && !taken.contains("Secure"), "{taken}");
    }

    #[test]
    fn other_cookies_are_none() {
        for sent in ["", "datil_session=", "datil_session=x", "datil_sessions=0123"] {
            assert_eq!(read(&with(&[sent]), false), None, "{sent}");
        }
        let plain = "datil_session=0123456789abcdef0123456789abcdef";
        assert!(read(&with(&[plain]), false).is_some());
        assert_eq!(read(&with(&[plain]), true), None, "another host may have set it");
    }

    proptest! {
        /// Cookies of any form neither hide the session nor are taken for it.
        #[test]
        fn other_cookies_are_no_matter(other in proptest::collection::vec(32_u8..=255, 0..80)) {
            let pair = "datil_session=0123456789abcdef0123456789abcdef";
            let Ok(other) = HeaderValue::from_bytes(&other) else {
                return Ok(());
            };
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, other);
            prop_assert_eq!(read(&headers, false), None);
            headers.append(header::COOKIE, HeaderValue::from_static(pair));
            prop_assert!(read(&headers, false).is_some());
        }
    }
}
