//! How many requests one client may make.

use super::callers::token;
use super::site::{Answer, Site};
use crate::system::{Config, System};

const CHEAP: &str = "/api/v1/runs";
const EXPENSIVE: &str = "/api/v1/audit";

#[tokio::test(flavor = "multi_thread")]
async fn clients_with_too_many_requests_are_told_when_to_come_again() {
    let mut system = System::new(&Config::default());
    let path = system.folder().join("datil.toml");
    let settings = std::fs::read_to_string(&path).expect("settings");
    let limits = "[http]\nrate_limit = 4\ntoken_rate_limit = 6\nexpensive_rate_limit = 2\nproxies = 1\n";
    std::fs::write(path, settings.replacen("[http]\n", limits, 1)).expect("settings can be written");
    system.start(["up"]);
    let site = Site::of(&system);
    let tokens = [token(&system, &[], "90"), token(&system, &[], "90")];
    let [one, other] = [[("auth-token", &*tokens[0])], [("auth-token", &*tokens[1])]];
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let browser = [("x-forwarded-for", "192.0.2.1"), ("accept", "text/html")];
    // Each client, what it asks for, and how often it is answered before it is refused.
    for (what, headers, path, answered) in [
        ("an address", &from("192.0.2.1")[..], CHEAP, 4),
        ("a browser at the same address", &browser, "/", 0),
        ("another address", &from("192.0.2.2"), CHEAP, 4),
        ("an address for what is expensive", &from("192.0.2.3"), EXPENSIVE, 2),
        ("a token", &one, CHEAP, 6),
        ("another token for what is expensive", &other, EXPENSIVE, 2),
        (
            "a refused token counts for its address",
            &[("x-forwarded-for", "192.0.2.4"), ("auth-token", "x")],
            CHEAP,
            4,
        ),
        ("the address of the refused token", &from("192.0.2.4"), CHEAP, 0),
    ] {
        for number in 0..answered {
            let answer = site.get(path, headers).await;
            assert!(
                matches!(answer.status, 200 | 403),
                "{what}: {} at {number}",
                answer.status
            );
        }
        check_refused(what, path, &site.get(path, headers).await);
    }
    // Health, the stylesheet and reports are never refused.
    for path in [
        "/__heartbeat__",
        "/__version__",
        "/metrics",
        "/robots.txt",
        "/static/x",
        "/submit",
    ] {
        for _ in 0..5 {
            let answer = site.get(path, &from("192.0.2.1")).await;
            assert_ne!(answer.status, 429, "{path}");
        }
    }
    let robots = site.get("/robots.txt", &[]).await.text();
    assert_eq!(robots, "User-agent: *\nDisallow: /\n");
}

fn check_refused(what: &str, path: &str, answer: &Answer) {
    assert_eq!(answer.status, 429, "{what}");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{what}: {wait}");
    if path.starts_with("/api/") {
        let said = answer.json();
        assert_eq!(said["code"], "rate_limited", "{what}");
        assert!(
            said["error"]
                .as_str()
                .is_some_and(|error| error.contains("too many requests")),
            "{said}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
    } else {
        assert!(answer.is_page(), "{what}");
    }
}
