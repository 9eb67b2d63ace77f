//! Tokens, sessions, limits and the audit log, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use platform::access::{self, Action, Actor, NewToken, Permission, Pruned};
use platform::clock;
use platform::db::Db;
use platform::http::{Access, ApiError, Caller, HttpSettings, Refused, layers};
use platform_testing::{analyze, databases, slow_steps};
use tower::ServiceExt;

const DAY: i64 = 86_400_000_000;

#[expect(clippy::needless_pass_by_value, reason = "a page is made of the error itself")]
fn page(error: ApiError) -> Response {
    let (status, _) = error.status();
    (status, [(header::CONTENT_TYPE, "text/html")], error.to_string()).into_response()
}

/// Answers who calls.
async fn who(caller: Caller) -> String {
    let may: Vec<&str> = Permission::all()
        .filter(|one| caller.may(*one))
        .map(Permission::name)
        .collect();
    format!("{} may {}", caller.actor().who, may.join(" "))
}

async fn sign_in(State(access): State<Access>, caller: Caller, headers: HeaderMap) -> Response {
    let token = headers.get("x-token").unwrap().to_str().unwrap().to_owned();
    match access.sign_in(&token, &caller).await {
        Ok(cookie) => (StatusCode::OK, [(header::SET_COOKIE, cookie)]).into_response(),
        Err(refused) => page(refused.error()),
    }
}

async fn sign_out(State(access): State<Access>, caller: Caller) -> Response {
    let cookie = access.sign_out(&caller).await.unwrap();
    (StatusCode::OK, [(header::SET_COOKIE, cookie)]).into_response()
}

fn service(db: &Db, settings: &HttpSettings) -> Router {
    let access = Access::new(db.clone(), settings);
    let router = Router::new()
        .route("/", get(who).post(who))
        .route("/api/v1/who", get(who).post(who))
        .route("/api/v1/audit", get(who))
        .route("/submit", post(who))
        .route("/metrics", get(who))
        .route("/static/{file}", get(who))
        .route("/account/sign-in", post(sign_in))
        .route("/account/sign-out", post(sign_out))
        .with_state(access.clone());
    layers(router, settings, access, page)
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// The cookie that it sets, as a browser sends it back.
    fn cookie(&self) -> String {
        let set = self.headers[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

async fn send(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from("a body")).unwrap();
    let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Makes a token that is valid for so many microseconds; returns its id and the token.
async fn token(db: &Db, permissions: &[Permission], holds: i64) -> (String, String) {
    let now = clock::now_micros();
    let new = NewToken {
        permissions: permissions.iter().copied().collect(),
        note: "a person".to_owned(),
        created: now,
        expires: now + holds,
    };
    let mut tx = db.begin().await.unwrap();
    let (id, secret) = access::create_token(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    (id, secret.digits().to_owned())
}

async fn revoke(db: &Db, token: &str) -> Option<String> {
    let mut tx = db.begin().await.unwrap();
    let id = access::revoke_token(&mut tx, token, clock::now_micros()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_token_is_who_it_says_or_refused_everywhere() {
    for test in databases().await {
        let router = service(&test.db, &HttpSettings::default());
        let (id, valid) = token(&test.db, &[Permission::ViewPii, Permission::Administer], DAY).await;
        let (_, expired) = token(&test.db, &[Permission::ViewPii], 0).await;
        let (revoked_id, revoked) = token(&test.db, &[Permission::ViewPii], DAY).await;
        assert_eq!(revoke(&test.db, &revoked_id).await.as_ref(), Some(&revoked_id));
        assert_eq!(revoke(&test.db, &revoked_id).await, None);
        let (by_secret_id, by_secret) = token(&test.db, &[], DAY).await;
        assert_eq!(revoke(&test.db, &format!("{by_secret}-mine")).await, Some(by_secret_id));

        let known = format!("token {id} (a person) may view_pii administer");
        let unknown = "0123456789abcdef0123456789abcdef";
        for (sent, expected) in [
            (valid.as_str(), Ok(known.as_str())),
            (&format!("{valid}-a comment"), Ok(&known)),
            ("", Ok("anybody may ")),
            (unknown, Err("API Token not matched")),
            ("x", Err("API Token not matched")),
            ("-comment", Err("API Token not matched")),
            (&valid.to_uppercase(), Err("API Token not matched")),
            (&expired, Err("API Token found but expired")),
            (&revoked, Err("API Token found but revoked")),
            (&by_secret, Err("API Token found but revoked")),
        ] {
            for (method, path) in [
                ("GET", "/"),
                ("GET", "/api/v1/who"),
                ("POST", "/api/v1/who"),
                ("GET", "/metrics"),
                ("GET", "/static/a"),
                ("GET", "/nothing"),
                ("GET", "/api/nothing"),
                ("DELETE", "/api/v1/who"),
            ] {
                let answer = send(&router, method, path, &[("Auth-Token", sent)]).await;
                match expected {
                    Ok(who) if path.contains("nothing") => assert_eq!(answer.status, 404, "{who} {path}"),
                    Ok(_) if method == "DELETE" => assert_eq!(answer.status, 405),
                    Ok(who) => assert_eq!((answer.status, answer.body.as_str()), (200, who), "{sent:?} {path}"),
                    Err(said) => {
                        assert_eq!(answer.status, 403, "{sent:?} {path}");
                        assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-store");
                        assert!(answer.body.contains(said), "{sent:?} {path}: {}", answer.body);
                    }
                }
            }
            // Reports are taken without looking at tokens, and nobody is known by them there.
            let answer = send(&router, "POST", "/submit", &[("Auth-Token", sent)]).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "anybody may "), "{sent:?}");
        }
        let both = [("Auth-Token", valid.as_str()), ("Auth-Token", unknown)];
        assert_eq!(send(&router, "GET", "/", &both).await.status, 403);
    }
}

#[tokio::test]
async fn a_session_lasts_until_it_is_ended_by_its_browser_or_its_token() {
    for test in databases().await {
        let router = service(&test.db, &HttpSettings::default());
        let (id, secret) = token(&test.db, &[Permission::ViewPii], DAY).await;
        let sign_in = async |secret: &str, headers: &[(&str, &str)]| {
            let headers: Vec<_> = headers.iter().copied().chain([("x-token", secret)]).collect();
            send(&router, "POST", "/account/sign-in", &headers).await
        };
        let who = async |cookie: &str| send(&router, "GET", "/", &[("cookie", cookie)]).await.body;
        let known = format!("token {id} (a person) may view_pii");

        let first = sign_in(&secret, &[]).await.cookie();
        assert_eq!(who(&first).await, known);
        assert!(!first.contains(&secret));
        // A token that is sent along counts, not the session.
        let (other, other_secret) = token(&test.db, &[], DAY).await;
        let both = [("cookie", first.as_str()), ("Auth-Token", &other_secret)];
        let answer = send(&router, "GET", "/", &both).await;
        assert_eq!(answer.body, format!("token {other} (a person) may "));
        // Signing in once more ends the session before.
        let second = sign_in(&secret, &[("cookie", &first)]).await.cookie();
        assert_eq!(who(&first).await, "anybody may ");
        assert_eq!(who(&second).await, known);
        // Signing out ends one, and no other.
        let third = sign_in(&secret, &[]).await.cookie();
        send(&router, "POST", "/account/sign-out", &[("cookie", &second)]).await;
        assert_eq!(who(&second).await, "anybody may ");
        assert_eq!(who(&third).await, known);
        revoke(&test.db, &id).await.unwrap();
        assert_eq!(who(&third).await, "anybody may ");
        let refused = sign_in(&secret, &[]).await;
        assert_eq!(
            (refused.status, refused.body.as_str()),
            (403, "API Token found but revoked")
        );
        assert_eq!(
            who("datil_session=0123456789abcdef0123456789abcdef").await,
            "anybody may "
        );

        let actions: Vec<_> = access::entries(&test.db, "", i64::MIN, None, 100)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| (entry.action, entry.who, entry.origin))
            .collect();
        let by = format!("token {id} (a person)");
        let line = |action: &str| (action.to_owned(), by.clone(), "192.0.2.1".to_owned());
        let expected = ["sign_in", "sign_in", "sign_in", "sign_out"].map(line);
        assert_eq!(actions.len(), expected.len());
        for line in expected {
            assert!(actions.contains(&line), "{line:?}");
        }
    }
}

#[tokio::test]
async fn cookies_need_tls_where_the_site_has_it() {
    for test in databases().await {
        let (_, secret) = token(&test.db, &[], DAY).await;
        for (public_url, proxies, proto, is_secure) in [
            ("", 0, None, false),
            ("", 0, Some("https"), false),
            ("", 1, Some("https"), true),
            ("", 1, Some("HTTPS, http"), true),
            ("", 1, Some("http"), false),
            ("https://crashes.example", 0, None, true),
            ("http://crashes.example", 1, Some("https"), false),
        ] {
            let settings = HttpSettings {
                public_url: public_url.to_owned(),
                proxies,
                ..HttpSettings::default()
            };
            let router = service(&test.db, &settings);
            let mut headers = vec![("x-token", secret.as_str())];
            headers.extend(proto.map(|proto| ("x-forwarded-proto", proto)));
            let answer = send(&router, "POST", "/account/sign-in", &headers).await;
            let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
            assert_eq!(
                set.contains("; Secure"),
                is_secure,
                "{public_url} {proxies} {proto:?}: {set}"
            );
            assert_eq!(set.starts_with("__Host-"), is_secure, "{set}");
            assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Strict"), "{set}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    for test in databases().await {
        let router = service(&test.db, &HttpSettings::default());
        let (_, secret) = token(&test.db, &[], DAY).await;
        let session = send(&router, "POST", "/account/sign-in", &[("x-token", &secret)])
            .await
            .cookie();
        let evil = ("origin", "http://evil.example");
        let own = ("origin", "http://localhost");
        let by_session = ("cookie", session.as_str());
        let by_token = ("Auth-Token", secret.as_str());
        for (method, path, headers, status) in [
            ("POST", "/", &[evil][..], 403),
            ("POST", "/", &[own], 200),
            ("POST", "/", &[("sec-fetch-site", "cross-site"), own], 403),
            ("POST", "/account/sign-in", &[evil, ("x-token", &secret)], 403),
            ("POST", "/account/sign-out", &[evil, by_session], 403),
            ("POST", "/api/v1/who", &[evil, by_session], 403),
            ("POST", "/api/v1/who", &[own, by_session], 200),
            // Nothing that the browser adds by itself says who this is.
            ("POST", "/api/v1/who", &[evil, by_token], 200),
            ("POST", "/api/v1/who", &[evil], 200),
            ("GET", "/", &[evil, by_session], 200),
        ] {
            let answer = send(&router, method, path, headers).await;
            assert_eq!(answer.status, status, "{method} {path} {headers:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn each_client_has_its_own_limits() {
    for test in databases().await {
        let settings = HttpSettings {
            rate_limit: 4,
            token_rate_limit: 6,
            expensive_rate_limit: 2,
            ..HttpSettings::default()
        };
        let router = service(&test.db, &settings);
        let (_, one) = token(&test.db, &[], DAY).await;
        let (_, two) = token(&test.db, &[], DAY).await;
        let allowed = async |path: &str, headers: &[(&str, &str)]| {
            let mut count = 0;
            loop {
                let answer = send(&router, "GET", path, headers).await;
                if answer.status == 429 {
                    let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
                    assert!((1..=60).contains(&wait), "{wait}");
                    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
                    assert_eq!(json["code"], "rate_limited");
                    return count;
                }
                count += 1;
                assert!(count < 20);
            }
        };
        assert_eq!(allowed("/api/v1/audit", &[]).await, 2);
        // The third one was counted before it was refused.
        assert_eq!(allowed("/api/v1/who", &[]).await, 1);
        assert_eq!(allowed("/api/v1/who", &[("Auth-Token", &one)]).await, 6);
        assert_eq!(allowed("/api/v1/audit", &[("Auth-Token", &two)]).await, 2);
        assert_eq!(allowed("/api/v1/who", &[("Auth-Token", &two)]).await, 3);
        let well = send(&router, "GET", "/metrics", &[]).await;
        assert_eq!(well.status, 200, "operators are not counted");
        // A program gets JSON for a page as well, and a person a page.
        let json = send(&router, "GET", "/", &[("accept", "*/*")]).await;
        assert_eq!(json.headers[header::CONTENT_TYPE], "application/json");
        let page = send(&router, "GET", "/", &[("accept", "text/html,*/*;q=0.8")]).await;
        assert_eq!(
            (page.status, &page.headers[header::CONTENT_TYPE]),
            (429, &"text/html".parse().unwrap())
        );
        assert!(page.headers.contains_key(header::RETRY_AFTER));
        // Whoever guesses tokens is stopped as an address, wherever they try, and whatever they send then.
        for (path, token) in [("/api/v1/who", "x"), ("/metrics", "x"), ("/static/a", &one)] {
            assert_eq!(allowed(path, &[("Auth-Token", token)]).await, 0, "{path}");
        }
    }
}

#[tokio::test]
async fn what_costs_much_costs_the_same_without_its_body() {
    for test in databases().await {
        let settings = HttpSettings {
            expensive_rate_limit: 2,
            ..HttpSettings::default()
        };
        let router = service(&test.db, &settings);
        let mut statuses = Vec::new();
        for method in ["HEAD", "GET", "HEAD"] {
            statuses.push(send(&router, method, "/api/v1/audit", &[]).await.status);
        }
        assert_eq!(statuses, [200, 200, 429]);
    }
}

#[tokio::test]
async fn the_audit_log_is_read_from_its_end_and_loses_what_is_old() {
    for test in databases().await {
        let db = &test.db;
        let before = clock::now_micros();
        let by = Actor {
            who: "somebody\nelse".to_owned(),
            origin: "192.0.2.1".to_owned(),
        };
        for n in 0..7 {
            let crash = (n % 2 == 0).then_some("a-crash");
            let mut tx = db.begin().await.unwrap();
            access::record(&mut tx, &by, Action::ReadRaw, crash, &format!("{n}"))
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let mut seen = Vec::new();
        let mut last: Option<(i64, String)> = None;
        loop {
            let place = last.as_ref().map(|(at, id)| (*at, id.as_str()));
            let page = access::entries(db, "", i64::MIN, place, 3).await.unwrap();
            let Some(end) = page.last() else { break };
            last = Some((end.at, end.id.clone()));
            seen.extend(page);
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted_by(|a, b| (a.at, &a.id) > (b.at, &b.id)));
        assert!(seen.iter().all(|entry| entry.who == "somebody\u{fffd}else"));
        let of_crash = access::entries(db, "a-crash", i64::MIN, None, 100).await.unwrap();
        assert_eq!(of_crash.len(), 4);
        let since = access::entries(db, "a-crash", clock::now_micros() + 1, None, 100).await;
        assert_eq!(since.unwrap(), []);

        let pruned = |lines| Pruned { lines, more: false };
        assert_eq!(access::prune(db, before, before).await.unwrap(), pruned(0));
        let later = clock::now_micros() + 1;
        assert_eq!(access::prune(db, later, before).await.unwrap(), pruned(7));
        assert_eq!(access::entries(db, "", i64::MIN, None, 100).await.unwrap(), []);
    }
}

#[tokio::test]
async fn sessions_end_with_their_token_and_old_ones_are_removed() {
    for test in databases().await {
        let settings = HttpSettings::default();
        let access = Access::new(test.db.clone(), &settings);
        let (_, short) = token(&test.db, &[], 2 * 3_600_000_000).await;
        let (_, long) = token(&test.db, &[], 9 * DAY).await;
        for (secret, seconds) in [(short, 7_100..=7_200), (long, 43_200..=43_200)] {
            let cookie = access.sign_in(&secret, &Caller::default()).await.unwrap();
            let cookie = cookie.to_str().unwrap().to_owned();
            let age = cookie.split("; Max-Age=").nth(1).unwrap();
            let age: u64 = age.split(';').next().unwrap().parse().unwrap();
            assert!(seconds.contains(&age), "{cookie}");
        }
        let refused = access.sign_in("x", &Caller::default()).await;
        assert!(matches!(refused, Err(Refused::Unknown)));
        let count = async || -> i64 {
            platform::on!(&test.db, |pool| sqlx::query_scalar("SELECT COUNT(*) FROM session")
                .fetch_one(pool)
                .await)
            .unwrap()
        };
        let now = clock::now_micros();
        access::prune(&test.db, 0, now).await.unwrap();
        assert_eq!(count().await, 2);
        access::prune(&test.db, 0, now + 3 * 3_600_000_000).await.unwrap();
        assert_eq!(count().await, 1);
    }
}

#[tokio::test]
async fn what_is_asked_all_the_time_is_found_by_an_index() {
    for test in databases().await {
        analyze(&test.db).await;
        for (name, sql) in access::statements() {
            let slow = slow_steps(&test.db, sql).await;
            assert!(slow.is_empty(), "{} {name}: {slow:?}", test.db.engine());
        }
    }
}
