//! Faulty requests of every kind are answered in our own words, in the form that the address promises.

use serde_json::Value;

use crate::system::{Config, System};

/// Words used by the libraries that read requests, and by the language.
const FOREIGN: [&str; 16] = [
    "deserialize",
    "serde",
    "axum",
    "expected",
    "invalid type",
    "invalid digit",
    "invalid value",
    "missing field",
    "unknown field",
    "duplicate field",
    "line 1 column",
    "invalid url",
    "cannot parse",
    "utf-8 sequence",
    "premature end",
    "panicked",
];

/// Faulty requests, each with the status and the first character of the answer.
const WRONG: [(&str, &str, u16, char); 40] = [
    ("GET", "/nothing", 404, '<'),
    ("GET", "/nothing/%FF", 404, '<'),
    ("GET", "/report/index/%FF", 400, '<'),
    ("GET", "/report/index/%zz", 400, '<'),
    ("GET", "/builds/%FF/beta", 400, '<'),
    ("GET", "/builds/Firefox/%FF", 400, '<'),
    ("GET", "/builds/Firefox/beta/%FF", 400, '<'),
    ("GET", "/builds/Firefox/beta/nonsense", 400, '<'),
    ("GET", "/builds/Firefox/%FF/feed.atom", 400, '<'),
    ("GET", "/builds/Firefox/beta/feed.atom?status=%FF", 400, '<'),
    ("GET", "/builds/runs/%FF", 400, '<'),
    ("GET", "/builds/runs/x", 404, '<'),
    ("GET", "/builds/?build_id=%FF", 400, '<'),
    ("GET", "/?signature=%00", 400, '<'),
    ("GET", "/?after=nonsense", 400, '<'),
    ("POST", "/", 405, '<'),
    ("POST", "/builds/", 405, '<'),
    ("DELETE", "/report/index/x", 405, '<'),
    ("GET", "/static/%FF", 400, '{'),
    ("GET", "/static/none", 404, '{'),
    ("POST", "/metrics", 405, '{'),
    ("PUT", "/__version__", 405, '{'),
    ("GET", "/__nothing__", 404, '{'),
    ("POST", "/api/", 405, '{'),
    ("GET", "/api/v1/", 404, '{'),
    ("GET", "/api/v1/builds/%FF", 400, '{'),
    ("GET", "/api/v1/builds/x", 400, '{'),
    ("GET", "/api/%FF/", 400, '{'),
    ("GET", "/api/Nothing/", 404, '{'),
    ("GET", "/api/ProcessedCrash/", 400, '{'),
    ("GET", "/api/ProcessedCrash/?crash_id=%FF", 400, '{'),
    ("POST", "/api/ProcessedCrash/", 405, '{'),
    ("GET", "/api/RawCrash/?crash_id=x&format=y", 400, '{'),
    ("GET", "/api/VersionString/", 400, '{'),
    ("GET", "/api/VersionString/?product=a&product=b", 400, '{'),
    ("DELETE", "/api/v1/lookup", 405, '{'),
    ("DELETE", "/api/search", 405, '{'),
    ("POST", "/api/v1/builds", 403, '{'),
    ("DELETE", "/api/v1/builds", 403, '{'),
    ("GET", "/submit", 405, 't'),
];

fn look(what: &str, status: u16, begin: char, (got, body): (u16, &str)) {
    assert_eq!(got, status, "{what}: {body}");
    let lower = body.to_lowercase();
    for word in FOREIGN {
        assert!(!lower.contains(word), "{what} says {word:?}: {body}");
    }
    assert!(body.trim_start().starts_with(begin), "{what}: {body}");
    if begin == '{' {
        let json: Value = serde_json::from_str(body).expect("JSON");
        assert!(
            json["error"].as_str().is_some_and(|error| error.len() > 8),
            "{what}: {body}"
        );
        // Crash Stats' addresses answer only in Crash Stats' words.
        let is_theirs = ["Crash/", "/api/Nothing/"].iter().any(|part| what.contains(part));
        assert!(is_theirs || json["code"].is_string(), "{what}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_has_words_of_our_own_in_the_form_of_its_address() {
    let system = System::up(&Config::default());
    let client = platform::http::client()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .expect("a client");
    let send = async |method: &str, path: &str, body: Vec<u8>| {
        let method = method.parse().expect("a method");
        let request = client.request(method, format!("{}{path}", system.url)).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    for (method, path, status, begin) in WRONG {
        let (got, body) = send(method, path, Vec::new()).await;
        look(&format!("{method} {path}"), status, begin, (got, &body));
    }
    let (_, document) = system.get("/api/v1/openapi.json").await;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let mut examples = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if methods.get("get").is_none() || !path.starts_with("/api/v1") || path.contains('{') {
            continue;
        }
        for query in [
            "nonsense=1",
            "limit=x&cursor=%FF&product=%00&nonsense",
            "%FF=%FF&&=&a=%zz",
        ] {
            let address = format!("{path}?{query}");
            let (got, body) = send("GET", &address, Vec::new()).await;
            look(&address, 400, '{', (got, &body));
            let json: Value = serde_json::from_str(&body).expect("JSON");
            let example = json["example"].as_str().expect("an example");
            assert!(json["problems"].is_object(), "{body}");
            // The example of a correct request is understood.
            let (status, answer) = send("GET", example, Vec::new()).await;
            assert!(matches!(status, 200 | 404 | 503), "{example}: {status} {answer}");
            examples += 1;
        }
    }
    assert!(examples >= 27, "{examples}");
    for (path, body, status) in [
        ("/api/search", &b"{"[..], 400),
        ("/api/search", b"\xff\xfe", 400),
        ("/api/search", b"[]", 400),
        ("/api/search", b"{\"query\": 7, \"size\": \"x\"}", 400),
        ("/api/search", b"{\"nonsense\": {}}", 400),
        ("/api/v1/lookup", b"[{", 400),
        ("/api/v1/lookup", b"[\xff]", 400),
    ] {
        let (got, answer) = send("POST", path, body.to_vec()).await;
        // Invalid JSON is answered in Buildhub's own words, which its clients know.
        let answer = answer.replace("Expecting value: line 1 column 1 (char 0)", "Expecting value");
        let answer = answer.replace("Expecting", "Wanted");
        look(&format!("POST {path}"), status, '{', (got, &answer));
    }
    let (got, answer) = send("POST", "/api/v1/lookup", vec![b'x'; 3 << 20]).await;
    look("a long body", 413, '{', (got, &answer));
    let lines = b"\xff\n{\"product\": 7, \"build_id\": 8}\n[]\n{\"product\": \"a\", \"product\": \"b\"}\n";
    let (got, answers) = send("POST", "/api/v1/lookup", lines.to_vec()).await;
    assert_eq!(got, 200, "{answers}");
    for (answer, expected) in answers
        .lines()
        .zip(["no JSON", "build_id must be", "no JSON object", "twice"])
    {
        let json: Value = serde_json::from_str(answer).expect("JSON");
        let error = json["error"].as_str().expect("an error");
        assert!(error.contains(expected), "{error}");
        for word in FOREIGN {
            assert!(!error.contains(word), "{error}");
        }
    }
    assert_eq!(answers.lines().count(), 4);
}
