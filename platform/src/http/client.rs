//! The kind of client that makes a request, by what it says of itself. It may say anything: this is for counting, and
//! nothing else goes by it.

use axum::http::{HeaderMap, header};

/// Every kind.
pub(super) const KINDS: &[&str] = &[
    BROWSER,
    CRASH_REPORTER,
    ANDROID,
    DATIL,
    PYTHON,
    CURL,
    MONITORING,
    CRAWLER,
    OTHER,
    NONE,
];

const BROWSER: &str = "browser";
const CRASH_REPORTER: &str = "crash_reporter";
const ANDROID: &str = "android";
const DATIL: &str = "datil";
const PYTHON: &str = "python";
const CURL: &str = "curl";
const MONITORING: &str = "monitoring";
const CRAWLER: &str = "crawler";
const OTHER: &str = "other";
const NONE: &str = "none";

/// Of a longer `User-Agent` the rest is not looked at; bytes.
const MOST_READ: usize = 512;

/// How the `User-Agent` of a kind begins, in lower case.
const BEGINS: &[(&str, &str)] = &[
    ("crashreporter", CRASH_REPORTER),
    ("breakpad", CRASH_REPORTER),
    ("crashpad", CRASH_REPORTER),
    ("dalvik", ANDROID),
    ("okhttp", ANDROID),
    ("datil", DATIL),
    ("python", PYTHON),
    ("aiohttp", PYTHON),
    ("crashstats-tools", PYTHON),
    ("socorro-requests", PYTHON),
    ("stage-submitter", PYTHON),
    ("curl", CURL),
    ("libcurl", CURL),
    ("kube-probe", MONITORING),
    ("prometheus", MONITORING),
    ("blackbox", MONITORING),
    ("vmagent", MONITORING),
    ("grafana", MONITORING),
    ("alloy", MONITORING),
    ("telegraf", MONITORING),
    ("datadog", MONITORING),
    ("consul health check", MONITORING),
    ("elb-healthchecker", MONITORING),
    ("amazon-route53-health-check", MONITORING),
    ("googlehc", MONITORING),
    ("googlestackdrivermonitoring", MONITORING),
    ("envoy/hc", MONITORING),
    ("opera", BROWSER),
];

/// What a `User-Agent` that begins as a browser's holds if it is none, in lower case.
const HOLDS: &[(&str, &str)] = &[
    ("uptimerobot", MONITORING),
    ("pingdom", MONITORING),
    ("statuscake", MONITORING),
    ("site24x7", MONITORING),
    ("bot/", CRAWLER),
    ("bot-", CRAWLER),
    ("crawl", CRAWLER),
    ("spider", CRAWLER),
    ("slurp", CRAWLER),
    ("python", PYTHON),
];

/// The kind of client with these headers, one of [`KINDS`].
pub(super) fn kind(headers: &HeaderMap) -> &'static str {
    let Some(agent) = headers.get(header::USER_AGENT) else {
        return NONE;
    };
    let Ok(agent) = agent.to_str() else {
        return OTHER;
    };
    let agent = agent.get(..MOST_READ).unwrap_or(agent).trim().to_ascii_lowercase();
    if agent.is_empty() {
        return NONE;
    }
    let is_mozilla = agent.starts_with("mozilla/");
    let begin = || BEGINS.iter().find(|(begin, _)| agent.starts_with(begin));
    let held = || HOLDS.iter().find(|(word, _)| agent.contains(word));
    match if is_mozilla { held() } else { begin().or_else(held) } {
        Some((_, kind)) => kind,
        None if is_mozilla => BROWSER,
        None => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn kind_of(agent: &[u8]) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_bytes(agent).unwrap());
        kind(&headers)
    }

    #[test]
    fn clients_are_known_by_what_they_say() {
        let linux = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
        for (agent, expected) in [
            (linux, "browser"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
                "browser",
            ),
            ("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18", "browser"),
            ("crashreporter/1.0.0", "crash_reporter"),
            ("Breakpad/1.0 (Linux)", "crash_reporter"),
            ("Crashpad/0.8.0 WinHTTP/10.0.26100.1 Windows_NT/10.0", "crash_reporter"),
            ("Dalvik/2.1.0 (Linux; U; Android 16; Pixel 9 Build/BP2A)", "android"),
            ("okhttp/4.12.0", "android"),
            ("datil/0.4.0", "datil"),
            ("python-requests/2.32.5", "python"),
            ("Python/3.13 aiohttp/3.12.15", "python"),
            ("Python-urllib/3.13", "python"),
            ("crashstats-tools/2.1.0", "python"),
            ("curl/8.14.1", "curl"),
            ("libcurl/8.14.1 OpenSSL/3.5", "curl"),
            ("kube-probe/1.34", "monitoring"),
            ("Prometheus/3.5.0", "monitoring"),
            ("Blackbox Exporter/0.27.0", "monitoring"),
            ("ELB-HealthChecker/2.0", "monitoring"),
            ("GoogleHC/1.0", "monitoring"),
            (
                "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
                "monitoring",
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "crawler",
            ),
            (
                "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com)",
                "crawler",
            ),
            ("DuckDuckBot/1.1", "crawler"),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "crawler"),
            (
                "Mozilla/5.0 (Linux; Android 10; CUBOT X30) Gecko/153.0 Firefox/153.0",
                "browser",
            ),
            ("Go-http-client/1.1", "other"),
            ("Wget/1.25.0", "other"),
            ("someone's own", "other"),
            ("  ", "none"),
            ("", "none"),
        ] {
            assert_eq!(kind_of(agent.as_bytes()), expected, "{agent}");
            assert_eq!(kind_of(agent.to_uppercase().as_bytes()), expected, "{agent}");
            assert!(KINDS.contains(&expected), "{expected}");
        }
        assert_eq!(kind_of(b"\xff\xfe curl"), "other");
        assert_eq!(
            kind_of(format!("{linux} {} bot/", "x".repeat(MOST_READ)).as_bytes()),
            "browser"
        );
        assert_eq!(kind(&HeaderMap::new()), "none");
    }
}
