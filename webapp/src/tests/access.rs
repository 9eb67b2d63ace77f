//! What those see who may see what is protected.

use axum::http::{StatusCode, header};
use platform::access::{self, Permission};
use serde_json::Value;

use super::{COPY, NOT_THERE, PROCESSED, SECRET, Server, WAITING, processed_crash, raw_crash, servers};

const DUMP: &[u8] = b"MDMP\0\xff";

impl Server {
    async fn recorded(&self) -> Vec<(String, String, String)> {
        let entries = access::entries(&self.test.db, "", i64::MIN, None, 100).await.unwrap();
        entries
            .into_iter()
            .rev()
            .map(|entry| (entry.action, entry.crash_id, entry.detail))
            .collect()
    }

    async fn keep_dumps(&self, crash: &str, names: &[&str]) {
        let dumps = names.iter().map(|name| ((*name).to_owned(), DUMP.into())).collect();
        let id = super::id(crash);
        crashstore::report::save(&self.blobs, &id, &raw_crash(crash), &dumps)
            .await
            .unwrap();
    }
}

fn line(action: &str, detail: &str) -> (String, String, String) {
    (action.to_owned(), PROCESSED.to_owned(), detail.to_owned())
}

#[tokio::test]
async fn who_may_see_it_gets_the_whole_document_and_that_is_recorded() {
    for server in servers().await {
        server.fill().await;
        let token = server.token(&[Permission::ViewPii]).await;
        let mut stored = processed_crash(PROCESSED, "mozilla::dom::A::B<T>");
        stored.set("row_version", 1);
        for (api, whole) in [
            ("ProcessedCrash", Value::Object(stored.0)),
            ("RawCrash", Value::Object(raw_crash(PROCESSED).0)),
        ] {
            for pretty in ["", "&pretty=print"] {
                let path = format!("/api/{api}/?crash_id={COPY}{pretty}");
                let answer = server.get_as(&path, &token).await;
                assert_eq!(answer.json(), whole, "{api}");
                assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-store");
                assert_eq!(answer.headers[header::VARY], "Auth-Token, Cookie");
                let public = server.get(&path).await;
                assert!(!public.body.contains(SECRET));
                assert_eq!(public.headers[header::VARY], "Auth-Token, Cookie");
            }
        }
        let page = server.get_as(&format!("/report/index/{PROCESSED}"), &token).await;
        for part in [
            "Protected data",
            ">protected<",
            "moz_crash_reason_raw",
            "user_comments",
            "unheard",
            "You see this because your token allows it",
            "json_dump.threads[0].frames[0].registers",
            "java_exception.exception.values[0].stacktrace.value",
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
        assert!(!page.body.contains("/account?next"), "who is known need not sign in");
        assert_eq!(page.headers[header::CACHE_CONTROL], "private, no-store");
        let (read, raw) = (line("read_processed", ""), line("read_raw", ""));
        let expected = [read.clone(), read, raw.clone(), raw, line("see_report", "")];
        assert_eq!(server.recorded().await, expected);

        // What is not there, or is not protected, is no line.
        server
            .get_as(&format!("/api/RawCrash/?crash_id={NOT_THERE}"), &token)
            .await;
        server.get_as(&format!("/report/index/{WAITING}"), &token).await;
        server.get_as("/", &token).await;
        assert_eq!(server.recorded().await.len(), expected.len());
    }
}

#[tokio::test]
async fn files_are_for_those_who_may_read_them() {
    for server in servers().await {
        server
            .keep_dumps(PROCESSED, &[crash::MAIN_DUMP, "memory_report", "odd name\"\r\n"])
            .await;
        server.fill().await;
        let token = server.token(&[Permission::ViewRawDump]).await;
        let raw = |name: &str| format!("/api/RawCrash/?crash_id={COPY}&format=raw{name}");
        for (name, file) in [
            ("", format!("{PROCESSED}.dmp")),
            ("&name=", format!("{PROCESSED}.dmp")),
            ("&name=dump", format!("{PROCESSED}-dump.dmp")),
            (
                "&name=upload_file_minidump",
                format!("{PROCESSED}-upload_file_minidump.dmp"),
            ),
            ("&name=memory_report", "memory_report.json.gz".to_owned()),
            ("&name=odd+name%22%0D%0A", format!("{PROCESSED}-odd_name___.dmp")),
        ] {
            let answer = server.get_as(&raw(name), &token).await;
            assert_eq!(answer.status, StatusCode::OK, "{name}");
            assert_eq!(answer.bytes, DUMP);
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/octet-stream");
            assert_eq!(answer.headers[header::CONTENT_LENGTH], DUMP.len().to_string());
            assert_eq!(
                answer.headers[header::CONTENT_DISPOSITION],
                format!("attachment; filename=\"{file}\"")
            );
        }
        for name in ["raw_crash", "dump_names", "../x", "nothing"] {
            let answer = server.get_as(&raw(&format!("&name={name}")), &token).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
            assert!(answer.body.contains("CrashIDNotFound"), "{name}");
        }
        let page = server.get_as(&format!("/report/index/{PROCESSED}"), &token).await;
        assert!(page.body.contains("name=memory_report"), "{}", page.body);
        assert!(!page.body.contains(SECRET), "its files, and nothing else");
        let lines = server.recorded().await;
        assert_eq!(lines.len(), 7);
        assert_eq!(lines[0], line("read_dump", "upload_file_minidump"));
        // Whoever reads the log need not know what clients call their files.
        assert_eq!(lines[5], line("read_dump", "another file"));
        assert_eq!(lines[6], line("see_report", "its list of files"));

        // Nobody else learns what there is: neither by the answer nor by the time of looking.
        let other = server.token(&[Permission::ViewPii]).await;
        let mut answers = Vec::new();
        for crash in [PROCESSED, WAITING, NOT_THERE] {
            for name in ["", "&name=memory_report", "&name=nothing"] {
                let path = format!("/api/RawCrash/?crash_id={crash}&format=raw{name}");
                for answer in [server.get(&path).await, server.get_as(&path, &other).await] {
                    answers.push((answer.status, answer.body));
                }
            }
        }
        answers.dedup();
        let refusal = r#"{"error":"Binary response requires permissions: View Raw Dumps"}"#;
        assert_eq!(answers, [(StatusCode::FORBIDDEN, refusal.to_owned())]);
    }
}

#[tokio::test]
async fn nothing_is_shown_that_could_not_be_recorded() {
    for server in servers().await {
        server.fill().await;
        let token = server.token(&[Permission::ViewPii, Permission::ViewRawDump]).await;
        server.keep_dumps(NOT_THERE, &["memory_report"]).await;
        let gone = "DROP TABLE audit_log";
        let mut tx = server.test.db.begin().await.unwrap();
        platform::in_tx!(&mut tx, |conn| sqlx::query(gone).execute(conn).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
        for path in [
            format!("/report/index/{PROCESSED}"),
            format!("/api/ProcessedCrash/?crash_id={PROCESSED}"),
            format!("/api/RawCrash/?crash_id={PROCESSED}"),
            format!("/api/RawCrash/?crash_id={NOT_THERE}&format=raw&name=memory_report"),
        ] {
            let answer = server.get_as(&path, &token).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(!answer.body.contains(SECRET) && !answer.body.contains("MDMP"), "{path}");
        }
    }
}

#[tokio::test]
async fn people_sign_in_on_a_page_and_come_back_to_where_they_were() {
    for server in servers().await {
        server.fill().await;
        let token = server.token(&[Permission::ViewPii]).await;
        let report = format!("/report/index/{PROCESSED}");
        let public = server.get(&report).await;
        assert!(
            public.body.contains("/account?next=%2Freport%2Findex%2F"),
            "{}",
            public.body
        );
        let form = server
            .get(&format!("/account?next=%2Freport%2Findex%2F{PROCESSED}"))
            .await;
        assert!(
            form.body.contains(&format!("name=\"next\" value=\"{report}\"")),
            "{}",
            form.body
        );
        for (token, next, status, to) in [
            ("0123456789abcdef0123456789abcdef", "/", StatusCode::FORBIDDEN, ""),
            ("", "/", StatusCode::FORBIDDEN, ""),
            (token.as_str(), &report, StatusCode::SEE_OTHER, report.as_str()),
            (&token, "", StatusCode::SEE_OTHER, "/account"),
            (&token, "//evil.example", StatusCode::SEE_OTHER, "/account"),
            (&token, "/\\evil.example", StatusCode::SEE_OTHER, "/account"),
            (&token, "https://evil.example/", StatusCode::SEE_OTHER, "/account"),
            (&token, "/\t/evil.example", StatusCode::SEE_OTHER, "/account"),
            (&token, "/a\nb", StatusCode::SEE_OTHER, "/account"),
        ] {
            let answer = server.sign_in(token, next).await;
            assert_eq!(answer.status, status, "{next}");
            assert_eq!(answer.headers.contains_key(header::SET_COOKIE), !to.is_empty());
            if to.is_empty() {
                assert!(answer.body.contains("No token is like this one"), "{}", answer.body);
            } else {
                assert_eq!(answer.location(), to, "{next}");
            }
        }
        let signed_in = server.sign_in(&token, "").await;
        let cookie = signed_in.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let page = server.send_with("GET", &report, &[("cookie", cookie)], "").await;
        assert!(page.body.contains(SECRET));
        let account = server.send_with("GET", "/account", &[("cookie", cookie)], "").await;
        assert!(
            account.body.contains("Sign out") && account.body.contains("view_pii"),
            "{}",
            account.body
        );
        // Who comes from another site's page is sent on.
        let back = format!("/account?next={report}");
        let back = server.send_with("GET", &back, &[("cookie", cookie)], "").await;
        assert_eq!((back.status, back.location()), (StatusCode::SEE_OTHER, report.as_str()));
        let out = server
            .send_with("POST", "/account/sign-out", &[("cookie", cookie)], "")
            .await;
        assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/account"));
        let page = server.send_with("GET", &report, &[("cookie", cookie)], "").await;
        assert!(!page.body.contains(SECRET));
    }
}

#[tokio::test]
async fn the_audit_log_is_for_those_who_administer() {
    for server in servers().await {
        server.fill().await;
        let reader = server.token(&[Permission::ViewPii]).await;
        for _ in 0..102 {
            server
                .get_as(&format!("/api/RawCrash/?crash_id={PROCESSED}"), &reader)
                .await;
        }
        for (token, status) in [("", StatusCode::FORBIDDEN), (reader.as_str(), StatusCode::FORBIDDEN)] {
            let page = server.get_as("/audit-log", token).await;
            assert_eq!(page.status, status);
            assert!(!page.body.contains("read_raw"), "{}", page.body);
        }
        let admin = server.token(&[Permission::Administer]).await;
        let page = server.get_as("/audit-log", &admin).await;
        assert_eq!(page.body.matches("read_raw").count(), 100);
        let older = server.get_as(&super::link_of(&page.body, "Older"), &admin).await;
        assert_eq!(older.body.matches("read_raw").count(), 2);
        let of_crash = server
            .get_as(&format!("/audit-log?crash_id=bp-{WAITING}"), &admin)
            .await;
        assert!(
            of_crash.body.contains("Nothing is recorded of this crash"),
            "{}",
            of_crash.body
        );
        let bad = server.get_as("/audit-log?after=x", &admin).await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
        let again = server.get_as("/audit-log", &admin).await;
        assert!(again.body.contains("read_audit_log"), "{}", again.body);
    }
}
