//! What a Bugzilla may answer besides bugs, and what is said of it.

use bugs::bugzilla::BugzillaError;
use bugs::db::state;
use bugs::import::ImportError;
use platform_testing::databases;

use super::support::{Scripted, answer, options, run, stored};

#[tokio::test]
async fn errors_are_told_in_clear_words() {
    let long = format!(r#"{{"bugs":[{{"id":1,"summary":"{}"}}]}}"#, "x".repeat(17 << 20));
    for test in databases().await.into_iter().take(1) {
        for (status, body, requests, expected) in [
            (
                400,
                r#"{"error":true,"code":53,"message":"There is no field named 'x'."}"#,
                1,
                "the Bugzilla refuses the request: There is no field named 'x'. (error 53)",
            ),
            (
                200,
                r#"{"error":true,"message":"robin@bugs.example may not."}"#,
                1,
                "the Bugzilla refuses the request: \u{2026} may not.",
            ),
            (
                404,
                "<h1>Not Found</h1>",
                1,
                "the Bugzilla refuses the request: status 404",
            ),
            (500, "robin@bugs.example", 3, "the Bugzilla does not answer: status 500"),
            (429, "", 3, "the Bugzilla gets too many requests (status 429)"),
            (
                200,
                " <!doctype html>robin@bugs.example",
                1,
                "the Bugzilla answers with something else than bugs: an HTML page",
            ),
            (
                200,
                r#"{"bugs":[{"id":1,"#,
                1,
                "the Bugzilla answers with something else than bugs: damaged JSON",
            ),
            (
                200,
                r#"{"bugs":[{"summary":"x"}]}"#,
                1,
                "the Bugzilla answers with something else than bugs: a bug without a number",
            ),
            // Asked for less and less at once.
            (200, &long, 9, "the Bugzilla's answer is larger than 16777216 bytes"),
        ] {
            let scripted = Scripted::serve(vec![answer(status, body)]).await;
            let error = run(&test.db, &scripted.url, &options()).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert_eq!(scripted.asked().len(), requests, "{expected}");
            assert_eq!(state(&test.db).await.unwrap().failure, expected);
            assert_eq!(stored(&test.db).await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_bugzilla_that_wants_to_be_left_alone_is() {
    for test in databases().await.into_iter().take(1) {
        let busy = |seconds: &str| (429, vec![("retry-after", seconds.to_owned())], String::new());
        let scripted = Scripted::serve(vec![busy("0"), answer(200, r#"{"bugs":[]}"#)]).await;
        run(&test.db, &scripted.url, &options()).await.unwrap();
        assert_eq!(scripted.asked().len(), 2);

        let scripted = Scripted::serve(vec![busy("7200")]).await;
        let error = run(&test.db, &scripted.url, &options()).await.unwrap_err();
        let seconds = Some(7200);
        assert!(
            matches!(error, ImportError::Bugzilla(BugzillaError::Busy { seconds: found }) if found == seconds),
            "{error}"
        );
        assert_eq!(scripted.asked().len(), 1);
        let state = state(&test.db).await.unwrap();
        assert_eq!(state.again - state.failed, 7_200_000_000);
        assert_eq!(bugs::import::due(&state, &state.root), state.again);
    }
}
