//! The cookie of a session.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

use super::token::Secret;

const NAME: &str = "datil_session";
/// Of more cookies the rest is not looked at.
const MOST_READ: usize = 100;

/// The session's secret in a request's cookies, if it has the form of one.
pub(super) fn read(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .take(MOST_READ)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == NAME)
        .and_then(|cookie| Secret::of_digits(cookie.value()))
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
    let cookie = Cookie::build((NAME, value))
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
    use super::*;

    #[test]
    fn what_was_given_is_read_among_others() {
        let secret = Secret::random();
        let given = given(&secret, Duration::from_secs(3600), true);
        let given = given.to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=3600"] {
            assert!(given.split("; ").any(|found| found == part), "{part}: {given}");
        }
        let pair = given.split(';').next().unwrap();
        for sent in [
            pair.to_owned(),
            format!("a=b; {pair}; c=\"d\""),
            format!("=; ;; {pair}"),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, "x=y".parse().unwrap());
            headers.append(header::COOKIE, sent.parse().unwrap());
            assert_eq!(read(&headers), Some(secret.clone()), "{sent}");
        }
        for sent in ["", "datil_session=", "datil_session=x", "datil_sessions=0123"] {
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, sent.parse().unwrap());
            assert_eq!(read(&headers), None, "{sent}");
        }
        let taken = taken(false);
        let taken = taken.to_str().unwrap();
        assert!(taken.contains("Max-Age=0") && !taken.contains("Secure"), "{taken}");
    }
}
