//! The origins of crashes: the standard input, files, our own store, or a Crash Stats host.

use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::str::FromStr;

use crash::{CrashId, ProcessedCrash};
use crashstore::output::{self, Stored};
use platform::blobs::Blobs;
use platform::db::Db;
use reqwest::{StatusCode, Url};
use serde::de::IgnoredAny;

use crate::commands::lines::MAX_LINE;
use crate::parts::{http_client, open_db};
use crate::settings::Settings;

/// Maximum size of a processed crash that a host may send, in bytes.
const MAX_PROCESSED: usize = 128 << 20;

/// What one argument of the command names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// JSON lines on the standard input.
    StandardInput,
    /// A file of JSON lines, or with one JSON document.
    File(PathBuf),
    /// A crash report, by its id.
    Crash {
        /// The id.
        id: CrashId,
        /// The host to ask, from the argument's URL.
        host: Option<Url>,
    },
}

impl FromStr for Source {
    type Err = Infallible;

    /// `-`, a crash id with or without `bp-`, the URL of a report's page, or else a path.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if text == "-" {
            return Ok(Self::StandardInput);
        }
        let bare = text.strip_prefix("bp-").unwrap_or(text);
        if let Ok(id) = bare.parse() {
            return Ok(Self::Crash { id, host: None });
        }
        Ok(report_page(text).unwrap_or_else(|| Self::File(text.into())))
    }
}

/// The crash of a page such as `https://host/report/index/<id>`.
fn report_page(text: &str) -> Option<Source> {
    let mut url = Url::parse(text).ok()?;
    let id = url.path().strip_prefix("/report/index/")?;
    let id = id.strip_prefix("bp-").unwrap_or(id).parse().ok()?;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    url.has_host().then_some(Source::Crash { id, host: Some(url) })
}

/// The contents of a file.
pub(super) enum Contents {
    /// One document.
    Document(Vec<u8>),
    /// Many documents, one per line.
    Lines(Box<dyn Read + Send>),
}

/// Opens a file. If its first line is not JSON but the whole file is, it holds one document.
pub(super) fn open(path: &PathBuf) -> std::io::Result<Contents> {
    let mut input = BufReader::new(File::open(path)?);
    let mut text = Vec::new();
    let limit = MAX_LINE as u64;
    (&mut input).take(limit).read_until(b'\n', &mut text)?;
    let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    if !is_json(&text) {
        let left = limit.saturating_sub(text.len() as u64);
        (&mut input).take(left).read_to_end(&mut text)?;
        if is_json(&text) {
            return Ok(Contents::Document(text));
        }
    }
    Ok(Contents::Lines(Box::new(Cursor::new(text).chain(input))))
}

/// Why a crash report is not available.
#[derive(Debug, PartialEq)]
pub(super) enum Missing {
    /// It does not exist: this is an answer.
    Unknown(String),
    /// The store or host could not be asked.
    Failed(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unknown(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

/// Gets processed crashes by id.
pub(super) enum Store {
    /// Our own data folder.
    Own { db: Db, blobs: Blobs },
    /// A host that answers like Crash Stats.
    Host { client: reqwest::Client, root: Url },
}

impl Store {
    pub(super) async fn own(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self::Own {
            db: open_db(settings).await?,
            blobs: Blobs::open(&settings.blobs, &settings.data_dir)?,
        })
    }

    pub(super) fn host(root: Url) -> anyhow::Result<Self> {
        let client = http_client()?;
        Ok(Self::Host { client, root })
    }

    pub(super) async fn processed(&self, id: &CrashId) -> Result<ProcessedCrash, Missing> {
        match self {
            Self::Own { db, blobs } => own(db, blobs, id).await,
            Self::Host { client, root } => from_host(client, root, id).await,
        }
    }
}

async fn own(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<ProcessedCrash, Missing> {
    let failed = |error: &dyn fmt::Display| Missing::Failed(error.to_string());
    let found = output::load(db, blobs, id).await;
    if let Stored::Valid(crash) = found.map_err(|error| failed(&error))? {
        return Ok(*crash);
    }
    let row = crashstore::db::get(db, id).await;
    Err(match row.map_err(|error| failed(&error))? {
        Some(row) => Missing::Unknown(format!("not processed: it is {}", row.state.name())),
        None => Missing::Unknown("no such crash in the data folder".to_owned()),
    })
}

async fn from_host(client: &reqwest::Client, root: &Url, id: &CrashId) -> Result<ProcessedCrash, Missing> {
    let failed = |error: reqwest::Error| Missing::Failed(format!("{root} cannot be asked: {error}"));
    let address = format!(
        "{}/api/ProcessedCrash/?crash_id={id}",
        root.as_str().trim_end_matches('/')
    );
    let mut response = client.get(address).send().await.map_err(failed)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => {
            return Err(Missing::Unknown(format!("no such crash at {root}")));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(Missing::Failed(format!("{root} was asked too often")));
        }
        status => return Err(Missing::Failed(format!("{root} answers {status}"))),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_PROCESSED {
            let text = format!("{root} sends more than {MAX_PROCESSED} bytes");
            return Err(Missing::Failed(text));
        }
    }
    let not_a_crash = || Missing::Failed(format!("{root} answers something that is no crash"));
    let crash = ProcessedCrash::from_json(&body).ok_or_else(not_a_crash)?;
    // Crash Stats sends some refusals with status 200.
    match crash.text("error") {
        Some(error) => Err(Missing::Failed(format!("{root} refuses: {error}"))),
        None => Ok(crash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "de1bb258-cbbf-4589-a673-34f800160918";

    #[test]
    fn arguments_name_crashes_or_files() {
        let crash = |host: Option<&str>| Source::Crash {
            id: ID.parse().unwrap(),
            host: host.map(|host| host.parse().unwrap()),
        };
        let cases = [
            ("-".to_owned(), Source::StandardInput),
            (ID.to_owned(), crash(None)),
            (format!("bp-{ID}"), crash(None)),
            (
                format!("https://crash.example.org/report/index/{ID}#tab-details"),
                crash(Some("https://crash.example.org/")),
            ),
            (
                format!("http://127.0.0.1:8002/report/index/bp-{ID}?x=1"),
                crash(Some("http://127.0.0.1:8002/")),
            ),
            (format!("./{ID}"), Source::File(format!("./{ID}").into())),
            (
                "https://crash.example.org/".to_owned(),
                Source::File("https://crash.example.org/".into()),
            ),
            ("crashes.jsonl".to_owned(), Source::File("crashes.jsonl".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_file_holds_one_document_or_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let cases: [(&str, Option<&str>); 5] = [
            ("{\n \"threads\": []\n}\n", Some("{\n \"threads\": []\n}\n")),
            ("{}\n{}\n", None),
            ("{}", None),
            ("garbage\n{}\n", None),
            ("", None),
        ];
        for (text, document) in cases {
            std::fs::write(&path, text).unwrap();
            match (open(&path).unwrap(), document) {
                (Contents::Document(got), Some(expected)) => {
                    assert_eq!(got, expected.as_bytes());
                }
                (Contents::Lines(mut lines), None) => {
                    let mut got = String::new();
                    lines.read_to_string(&mut got).unwrap();
                    assert_eq!(got, text);
                }
                _ => panic!("{text:?} is taken for the other kind"),
            }
        }
        assert!(open(&folder.path().join("none")).is_err());
    }
}
