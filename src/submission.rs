//! Crash reports as clients send them: the bodies of the client dialects, and sending one.
//!
//! The dialects differ in ways that a multipart library hides (unquoted names, parts without types, order,
//! compression), so the bodies are written here as those clients write them.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use clap::ValueEnum;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header;
use std::io::Write;

/// Which client's way of sending is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// Firefox for desktop: annotations as one JSON part, no compression
    Firefox,
    /// Firefox for Android: text parts with unquoted names, gzip
    Fenix,
    /// Crashpad: text parts, gzip, chunked
    Crashpad,
    /// Breakpad: text parts, no compression
    Breakpad,
}

/// What is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submission {
    /// The annotations.
    pub(crate) annotations: BTreeMap<String, String>,
    /// The dumps by name.
    pub(crate) dumps: BTreeMap<String, Vec<u8>>,
}

/// Sends a crash report and returns its id, without the prefix `bp-`.
pub(crate) async fn send(
    client: &reqwest::Client,
    root: &str,
    dialect: Dialect,
    submission: &Submission,
) -> anyhow::Result<String> {
    let boundary = format!("---------------------------{}", hex(rand::random()));
    let mut body = body(dialect, &boundary, submission);
    let url = format!("{}/submit", root.trim_end_matches('/'));
    let mut request = client.post(&url).header(
        header::CONTENT_TYPE,
        format!("multipart/form-data; boundary={boundary}"),
    );
    if matches!(dialect, Dialect::Fenix | Dialect::Crashpad) {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&body)?;
        body = gzip.finish()?;
        request = request.header(header::CONTENT_ENCODING, "gzip");
    }
    let request = if dialect == Dialect::Crashpad {
        // A body of unknown length is sent in chunks.
        let stream = futures::stream::once(async move { Ok::<_, std::io::Error>(body) });
        request.body(reqwest::Body::wrap_stream(stream))
    } else {
        request.body(body)
    };
    let response = request.send().await.with_context(|| format!("sending to {url}"))?;
    let status = response.status();
    let answer = response.text().await?;
    match answer.trim_end().strip_prefix("CrashID=bp-") {
        Some(id) if status.is_success() => Ok(id.to_owned()),
        _ if status.is_success() => bail!("the collector does not want it: {}", answer.trim_end()),
        _ => bail!("the collector refuses it: {status} {}", answer.trim_end()),
    }
}

fn hex(number: u64) -> String {
    format!("{number:016x}")
}

fn body(dialect: Dialect, boundary: &str, submission: &Submission) -> Vec<u8> {
    let mut body = Vec::new();
    let mut part = |head: &str, content: &[u8]| {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    if dialect == Dialect::Firefox {
        // A map of strings always has a JSON form.
        let extra = serde_json::to_vec(&submission.annotations).unwrap_or_default();
        part(
            "Content-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\nContent-Type: application/json",
            &extra,
        );
    } else {
        for (name, value) in &submission.annotations {
            let name = if dialect == Dialect::Fenix {
                name.clone()
            } else {
                format!("\"{name}\"")
            };
            part(
                &format!("Content-Disposition: form-data; name={name}"),
                value.as_bytes(),
            );
        }
    }
    for (name, dump) in &submission.dumps {
        part(
            &format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"{name}.dmp\"\r\nContent-Type: \
                 application/octet-stream"
            ),
            dump,
        );
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
