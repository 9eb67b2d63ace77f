//! Signing in and out as a browser does, and the audit log.

use platform::access::Permission;
use platform_testing::database_settings;
use serde_json::Value;

use super::addresses::UNKNOWN;
use super::callers::{Caller, token};
use super::marks::{Form, Kind, Marks};
use super::site::{Answer, Site};
use super::world::submit;
use crate::system::{Config, System};

/// A report with a URL; returns its id, and what is in the URL.
async fn report(system: &System, site: &Site) -> (String, String) {
    let url = Marks::default().plant(Kind::Value, "URL");
    let form = Form::default()
        .text("ProductName", "text/plain", "Firefox")
        .text("URL", "text/plain", &format!("https://{url}.example/"))
        .file("memory_report", "a.gz", "application/octet-stream", "x");
    let id = submit(site, &mut Marks::default(), &form).await;
    system.processed(&id).await;
    (id, url)
}

async fn sign_in(site: &Site, token: &str, next: &str) -> Answer {
    site.form("/account/sign-in", &[], &[("token", token), ("next", next)])
        .await
}

/// The cookie that a browser would send back.
fn cookie(answer: &Answer) -> String {
    let pair = answer.header("set-cookie").split(';').next().unwrap_or_default();
    pair.to_owned()
}

/// Adds settings to the section `http`; the program must start anew.
fn set_http(system: &System, more: &str) {
    let path = system.folder().join("datil.toml");
    let text = std::fs::read_to_string(&path).expect("settings");
    std::fs::write(path, text.replacen("[http]\n", &format!("[http]\n{more}\n"), 1)).expect("settings can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_out() {
    for database in database_settings().await {
        let system = System::up(&Config {
            database,
            ..Config::default()
        });
        let site = Site::of(&system);
        let (id, url) = report(&system, &site).await;
        let page = format!("/report/index/{id}");
        let digits = token(&system, &[Permission::ViewPii], "90");

        let answer = sign_in(&site, &format!("  {digits}-mine "), &page).await;
        assert_eq!((answer.status, answer.header("location")), (303, &*page));
        let attributes: Vec<&str> = answer.header("set-cookie").split("; ").skip(1).collect();
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(attributes.contains(&attribute), "{attributes:?}");
        }
        assert!(!attributes.contains(&"Secure"), "{attributes:?}");
        assert!(!answer.all().contains(&digits));
        let session = cookie(&answer);
        let sees = async |cookie: &str| {
            let answer = site.get(&page, &[("cookie", cookie)]).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.text().contains(&url)
        };
        assert!(sees(&session).await);
        assert!(sees(&format!("a=b; {session}; c=d")).await);
        // Who is signed in goes on to where they wanted to go.
        let went = site
            .get(&format!("/account?next={page}"), &[("cookie", &session)])
            .await;
        assert_eq!((went.status, went.header("location")), (303, &*page));
        let account = site.get("/account", &[("cookie", &session)]).await.text();
        assert!(account.contains("a test") && account.contains("view_pii"), "{account}");
        assert!(!account.contains(&digits));

        // Signing in again ends the session before.
        let fields = [("token", &*digits)];
        let again = site.form("/account/sign-in", &[("cookie", &session)], &fields).await;
        let second = cookie(&again);
        assert!(sees(&second).await && !sees(&session).await);

        let out = site.form("/account/sign-out", &[("cookie", &second)], &[]).await;
        assert_eq!(out.status, 303);
        assert!(
            out.header("set-cookie").contains("Max-Age=0"),
            "{}",
            out.header("set-cookie")
        );
        assert!(!sees(&second).await);
        // Whoever is signed out can sign out.
        let out = site.form("/account/sign-out", &[("cookie", &second)], &[]).await;
        assert_eq!(out.status, 303);

        // A session ends with its token; its browser is then anonymous rather than refused.
        let third = cookie(&sign_in(&site, &digits, "").await);
        assert!(sees(&third).await);
        system.run_well(["token", "revoke", &digits]);
        for path in ["/", "/account", "/builds/", &format!("/api/RawCrash/?crash_id={id}")] {
            let answer = site.get(path, &[("cookie", &third)]).await;
            assert_eq!(answer.status, 200, "{path}");
        }
        assert!(!sees(&third).await);
        for wrong in [
            "",
            "datil_session=",
            "datil_session=x",
            &format!("datil_session={digits}"),
        ] {
            assert!(!sees(wrong).await, "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_nowhere_else_and_comes_from_nowhere_else() {
    let system = System::up(&Config::default());
    let site = Site::of(&system);
    let digits = token(&system, &[Permission::ViewPii], "90");
    let expired = token(&system, &[Permission::ViewPii], "0");
    let session = cookie(&sign_in(&site, &digits, "").await);
    for next in [
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/a\r\nSet-Cookie: a=b",
        "/\u{e9}",
    ] {
        let answer = sign_in(&site, &digits, next).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/account"),
            "{next:?}"
        );
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", next)
            .finish();
        let answer = site.get(&format!("/account?{query}"), &[("cookie", &session)]).await;
        assert_eq!((answer.status, answer.header("location")), (200, ""), "{next:?}");
    }
    let root = system.url.clone();
    for (name, value, is_own) in [
        ("origin", &*root, true),
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("origin", "", false),
        ("sec-fetch-site", "same-origin", true),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("sec-fetch-site", "none", false),
    ] {
        for path in ["/account/sign-in", "/account/sign-out"] {
            let answer = site.form(path, &[(name, value)], &[("token", &digits)]).await;
            let expected = if is_own { 303 } else { 403 };
            assert_eq!(answer.status, expected, "{path} {name}: {value}");
            assert!(
                is_own || answer.header("set-cookie").is_empty(),
                "{path} {name}: {value}"
            );
        }
    }
    // The foreign form did not end it.
    let account = site.get("/account", &[("cookie", &session)]).await.text();
    assert!(account.contains("You are signed in"), "{account}");
    let unknown = "0123456789abcdef".repeat(2);
    for (token, sentence) in [
        (&*unknown, "No token is like this one"),
        (&expired, "This token has expired"),
        ("", "No token is like this one"),
        (&digits.to_uppercase(), "No token is like this one"),
    ] {
        let answer = sign_in(&site, token, "").await;
        let text = answer.text();
        assert_eq!(answer.status, 403, "{text}");
        assert!(text.contains(sentence), "{text}");
        assert!(answer.header("set-cookie").is_empty());
        assert!(token.is_empty() || !text.contains(token), "{text}");
    }
    assert!(!system.log_text().contains(&digits) && !system.printed().contains(&digits));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_the_cookie_needs_it() {
    let mut system = System::new(&Config::default());
    set_http(&system, "public_url = \"https://crashes.example\"");
    system.start(["up"]);
    let site = Site::of(&system);
    let digits = token(&system, &[], "90");
    for (origin, status) in [("https://crashes.example", 303), (&*system.url.clone(), 403)] {
        let answer = site
            .form("/account/sign-in", &[("origin", origin)], &[("token", &digits)])
            .await;
        assert_eq!(answer.status, status, "{origin}");
        let is_secure = answer.header("set-cookie").split("; ").any(|part| part == "Secure");
        assert_eq!(is_secure, status == 303, "{origin}");
    }
}

/// A line of the log: who, what, about which crash, from where.
fn line(line: &Value) -> [String; 4] {
    let text = |name: &str| line[name].as_str().expect("a text").to_owned();
    let mut who = text("who");
    // How the user of the machine is named does not matter here.
    if let Some((author, _)) = who.split_once(" (command line") {
        who = format!("{author} at the command line");
    }
    [who, text("action"), text("crash_id"), text("from")]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_and_changed_is_in_the_audit_log() {
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database,
            ..Config::default()
        });
        system.start(["collector"]);
        let form = Form::default().text("ProductName", "text/plain", "Firefox");
        let failed = submit(&Site::of(&system), &mut Marks::default(), &form).await;
        let day = std::fs::read_dir(system.data().join("blobs/v1/raw_crash")).expect("raw crashes");
        let day = day.map(|day| day.expect("a day").path()).next().expect("a day");
        std::fs::write(day.join(&failed), "x").expect("it can be damaged");
        system.stop();
        system.start(["up"]);
        let site = Site::of(&system);
        let (id, _) = report(&system, &site).await;
        let waiting = async || system.run_well(["crash", "failed"]).contains(&failed).then_some(());
        system.wait_for("a crash to fail", waiting).await;

        let all = [Permission::ViewPii, Permission::ViewRawDump];
        let digits = token(&system, &all, "90");
        let tokens = system.run_well(["token", "list", "--json"]);
        let tokens: Value = serde_json::from_str(&tokens).expect("one token");
        let who = format!("token {} (a test)", tokens["id"].as_str().expect("an id"));
        let caller = Caller::with_token("all", &all, digits.clone());
        let session = Caller::signed_in("signed in", &all, &site, &digits).await;
        for (caller, path) in [
            (&caller, format!("/report/index/{id}")),
            (&caller, format!("/api/ProcessedCrash/?crash_id={id}")),
            (&caller, format!("/api/RawCrash/?crash_id={id}")),
            (
                &session,
                format!("/api/RawCrash/?format=raw&name=memory_report&crash_id={id}"),
            ),
            // Nothing protected is seen here.
            (&caller, "/".to_owned()),
            (&caller, "/api/RawCrash/?crash_id=x".to_owned()),
            (&caller, format!("/api/RawCrash/?format=raw&name=nothing&crash_id={id}")),
        ] {
            site.get(&path, &caller.headers()).await;
        }
        site.form("/account/sign-out", &session.headers(), &[]).await;
        let admin = Caller::with_token("admin", &[], token(&system, &[Permission::Administer], "90"));
        let page = site.get("/audit-log", &admin.headers()).await;
        let by = |args: &[&str]| {
            let mut args = args.to_vec();
            args.extend(["--author", "tester"]);
            system.run_well(args);
        };
        by(&["crash", "failed", "--retry", &failed]);
        by(&["crash", "delete", &id]);
        by(&["token", "revoke", &digits]);
        // Nothing changes here.
        let nothing = system.run(["crash", "delete", UNKNOWN, "--author", "tester"]);
        assert!(!nothing.status.success());

        let printed = system.run_well(["audit-log", "--json"]);
        let mut lines: Vec<Value> = printed
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        lines.reverse();
        let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let command_line =
            |action: &str, crash: &str| ["tester at the command line", action, crash, &here].map(str::to_owned);
        let web = |action: &str, crash: &str| [&*who, action, crash, "127.0.0.1"].map(str::to_owned);
        let found: Vec<[String; 4]> = lines.iter().map(line).collect();
        let admin_read = found.iter().position(|[_, action, ..]| action == "read_audit_log");
        let admin_read = found[admin_read.expect("the log was read")].clone();
        let expected = [
            command_line("create_token", ""),
            web("sign_in", ""),
            web("see_report", &id),
            web("read_processed", &id),
            web("read_raw", &id),
            web("read_dump", &id),
            web("sign_out", ""),
            command_line("create_token", ""),
            admin_read,
            command_line("retry_crash", &failed),
            command_line("delete_crash", &id),
            command_line("revoke_token", ""),
        ];
        assert_eq!(found, expected);
        assert!(lines.is_sorted_by_key(|line| line["at"].as_str().map(str::to_owned)));
        assert!(!printed.contains(&digits));

        // The page shows the same.
        assert_eq!(page.status, 200);
        let text = page.text();
        for word in [
            &*who,
            "tester (command line",
            "see_report",
            "read_dump",
            "sign_out",
            &id,
            "127.0.0.1",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        let about = site
            .get(&format!("/audit-log?crash_id={failed}"), &admin.headers())
            .await;
        let about = about.text();
        assert!(about.contains("retry_crash") && !about.contains("sign_out"), "{about}");
        let most = usize::MAX.to_string();
        let all = system.run_well(["audit-log", "--json", "--limit", &most]);
        assert!(all.lines().count() >= printed.lines().count(), "{all}");
        let some = system.run_well(["audit-log", "--crash", &id, "--action", "read_dump"]);
        assert!(some.lines().count() == 1 && some.contains("read_dump"), "{some}");
    }
}
