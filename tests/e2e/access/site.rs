//! Requests with any headers, and answers with theirs.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;

use crate::system::System;

/// The addresses of a running program.
pub(super) struct Site {
    client: reqwest::Client,
    root: String,
}

/// A request: method, path with query, and body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: &'static str,
}

impl Request {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            body: "",
        }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's value; empty if it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The body as text, unpacked.
    pub(super) fn text(&self) -> String {
        let mut unpacked = Vec::new();
        if GzDecoder::new(&*self.body).read_to_end(&mut unpacked).is_err() {
            unpacked.clone_from(&self.body);
        }
        String::from_utf8_lossy(&unpacked).into_owned()
    }

    /// The body, which must be JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// All that was said, the headers included.
    pub(super) fn all(&self) -> String {
        format!("{:?}\n{}", self.headers, self.text())
    }

    pub(super) fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }
}

impl Site {
    pub(super) fn of(system: &System) -> Self {
        let client = platform::http::client()
            .timeout(std::time::Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            // Packing takes more time than all the rest.
            .gzip(false)
            .build()
            .expect("an HTTP client");
        Self {
            client,
            root: system.url.clone(),
        }
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let what = format!("{method} {path}");
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.expect("a body").to_vec(),
        }
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    /// Posts a form as a browser does.
    pub(super) async fn form(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send("POST", path, &headers, body).await
    }
}
