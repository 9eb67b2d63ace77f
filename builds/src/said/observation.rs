//! What a source said, exactly as it said it.
//!
//! An [`Observation`] concludes nothing: it keeps the source's words in `body` and is named by the digest of its
//! content, so that seeing the same thing twice changes nothing and every conclusion can point at what it rests on.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::canonical::{canonical_json, write_scalar};
use crate::names::UnknownName;

pub use super::source::SourceName;

/// What an observation is about, and so how its body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A record of the form of `buildhub.json`: `build`, `source`, `target`, `download`.
    BuildhubRecord,
    /// One entry of product-details' list of releases.
    ShippedRelease,
    /// One of product-details' files of current versions, a flat map of strings.
    CurrentVersions,
    /// A version's folder exists in the archive under `releases/`.
    ReleaseDirectory,
    /// A version and its day in one of product-details' histories, which know no build numbers and no `esr`.
    ReleaseHistory,
    /// A metadata file of the archive beside a build (flat JSON, `_info.txt`, nightly `.txt`).
    ArchiveFile,
    /// A row of product, channel, version and build id.
    CsvRow,
    /// A build as the site's own pipeline announces it.
    Announced,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 8] = [
        Self::BuildhubRecord,
        Self::ShippedRelease,
        Self::CurrentVersions,
        Self::ReleaseDirectory,
        Self::ReleaseHistory,
        Self::ArchiveFile,
        Self::CsvRow,
        Self::Announced,
    ];

    /// The stored and displayed name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuildhubRecord => "buildhub_record",
            Self::ShippedRelease => "shipped_release",
            Self::CurrentVersions => "current_versions",
            Self::ReleaseDirectory => "release_directory",
            Self::ReleaseHistory => "release_history",
            Self::ArchiveFile => "archive_file",
            Self::CsvRow => "csv_row",
            Self::Announced => "announced",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownName {
                what: "kind of observation",
                text: text.to_owned(),
            })
    }
}

/// SHA-256 of canonical content: the name of an observation, or of an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `value` in canonical JSON.
    pub fn of(value: &Value) -> Self {
        Self(Sha256::digest(canonical_json(value).as_bytes()).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        formatter.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName {
            what: "digest",
            text: text::cut(text, 80).to_owned(),
        };
        // One text for one digest: upper-case digits are none.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(unknown());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| unknown())?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// One statement of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Who said it.
    pub source: SourceName,
    /// How the body is read.
    pub kind: Kind,
    /// What it is about: two observations of one source and kind with the same subject are two states of the same
    /// thing.
    pub subject: String,
    /// Where it was read. Not part of the content: a mirror says the same.
    pub url: String,
    /// What was said.
    pub body: Value,
}

/// Why an observation cannot be made or used. It stays stored; the reason is shown in the audit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A member that the kind needs is missing or has another type.
    #[error("member {0} is missing or has the wrong type")]
    Malformed(&'static str),
    /// The product is none that we know.
    #[error("unknown product {0:?}")]
    UnknownProduct(String),
    /// The version follows no grammar that we know.
    #[error("not a version: {0:?}")]
    NotAVersion(String),
    /// The build id is no date.
    #[error("not a build id: {0:?}")]
    NotABuildId(String),
    /// A beta that is called by its release's number only, at a place that does not tell which beta it is.
    #[error("no exact version: a beta under its release's number")]
    NoExactVersion,
    /// A moving copy (`latest…`): what it holds changes under the same name.
    #[error("a moving copy, not a build")]
    MovingCopy,
}

impl Observation {
    /// A record as Buildhub gives it, or a `buildhub.json` of the archive. Buildhub's own row `id` is left out: it
    /// says nothing about the build.
    ///
    /// The subject is (channel, platform, locale, url): Buildhub gives a release file and its copy for beta the same
    /// URL.
    ///
    /// # Errors
    /// [`Why::Malformed`] when the record lacks what the subject is made of.
    pub fn buildhub_record(source: SourceName, url: &str, mut record: Value) -> Result<Self, Why> {
        let text = |pointer: &'static str| {
            member(&record, pointer)
                .and_then(Value::as_str)
                .ok_or(Why::Malformed(pointer))
        };
        let subject = format!(
            "{} {} {} {}",
            text("/target/channel")?,
            text("/target/platform")?,
            text("/target/locale")?,
            text("/download/url")?
        );
        let body: Map<String, Value> = ["build", "source", "target", "download"]
            .into_iter()
            .filter_map(|member| Some((member.to_owned(), record.get_mut(member)?.take())))
            .collect();
        Ok(Self {
            source,
            kind: Kind::BuildhubRecord,
            subject,
            url: url.to_owned(),
            body: Value::Object(body),
        })
    }

    /// One entry of product-details' `releases` object. The key is kept because only it says `esr`; the description is
    /// left out.
    ///
    /// # Errors
    /// [`Why::Malformed`] when the entry has no build number.
    pub fn shipped_release(url: &str, key: &str, entry: &Value) -> Result<Self, Why> {
        if entry.get("build_number").and_then(Value::as_u64).is_none() {
            return Err(Why::Malformed("/build_number"));
        }
        let mut body = Map::new();
        for member in ["product", "version", "build_number", "date", "category"] {
            if let Some(value) = entry.get(member) {
                body.insert(member.to_owned(), value.clone());
            }
        }
        Ok(Self {
            source: SourceName::PRODUCT_DETAILS,
            kind: Kind::ShippedRelease,
            subject: key.to_owned(),
            url: url.to_owned(),
            body: Value::Object(body),
        })
    }

    /// One of product-details' flat files of current versions; `file` is its name without folder, as
    /// `firefox_versions.json`.
    pub fn current_versions(url: &str, file: &str, versions: Value) -> Self {
        Self {
            source: SourceName::PRODUCT_DETAILS,
            kind: Kind::CurrentVersions,
            subject: file.to_owned(),
            url: url.to_owned(),
            body: versions,
        }
    }

    /// The archive holds `/pub/<directory>/releases/<version>/`.
    pub fn release_directory(url: &str, directory: &str, version: &str) -> Self {
        Self {
            source: SourceName::ARCHIVE,
            kind: Kind::ReleaseDirectory,
            subject: format!("{directory} {version}"),
            url: url.to_owned(),
            body: json!({ "directory": directory, "version": version }),
        }
    }

    /// One of product-details' histories says on which day a version shipped, and whether it was a major release.
    pub fn release_history(url: &str, directory: &str, version: &str, day: &str, is_major: bool) -> Self {
        let mut body = json!({ "directory": directory, "version": version, "date": day });
        if is_major {
            body["category"] = json!("major");
        }
        Self {
            source: SourceName::PRODUCT_DETAILS,
            kind: Kind::ReleaseHistory,
            subject: format!("{directory} {version}"),
            url: url.to_owned(),
            body,
        }
    }

    /// A metadata file of the archive. `file_url` names the file on the public host (version, build number and
    /// platform are read from its path); the members of `body` are all optional but `build_id`: `build_id`, `channel`,
    /// `version`, `platform`, `revision`, `repository`, `published` (RFC 3339).
    pub fn archive_file(url: &str, file_url: &str, body: Value) -> Self {
        Self {
            source: SourceName::ARCHIVE,
            kind: Kind::ArchiveFile,
            subject: file_url.to_owned(),
            url: url.to_owned(),
            body,
        }
    }

    /// A row with the columns `product_name`, `release_channel`, `version_string`, `build_id` and, if known,
    /// `archive_url`.
    pub fn csv_row(
        url: &str,
        product: &str,
        channel: &str,
        version: &str,
        build_id: &str,
        archive_url: Option<&str>,
    ) -> Self {
        Self {
            source: SourceName::CSV,
            kind: Kind::CsvRow,
            subject: format!("{product} {channel} {build_id} {version}"),
            url: url.to_owned(),
            body: json!({
                "product_name": product,
                "release_channel": channel,
                "version_string": version,
                "build_id": build_id,
                "archive_url": archive_url,
            }),
        }
    }

    /// A build as it was announced. Place, subject and body are those of an
    /// [`Announcement`](super::announcement::Announcement).
    pub fn announced(place: &str, subject: &str, body: Value) -> Self {
        Self {
            source: SourceName::OWN,
            kind: Kind::Announced,
            subject: subject.to_owned(),
            url: place.to_owned(),
            body,
        }
    }

    /// The observation's name: the digest of its content, wherever it was read. What is personal is no part of it.
    pub fn digest(&self) -> Digest {
        self.digest_with(&canonical_json(&self.source.row().public(&self.body)))
    }

    /// The same observation without what is personal: what is stored of it.
    #[must_use]
    pub fn public(mut self) -> Self {
        if let Cow::Owned(body) = self.source.row().public(&self.body) {
            self.body = body;
        }
        self
    }

    /// [`Self::digest`], for a caller that has the public body in canonical JSON already.
    pub fn digest_with(&self, body: &str) -> Digest {
        // Canonical JSON of the four members, in the order of their names.
        let mut text = Vec::with_capacity(body.len() + self.subject.len() + 80);
        text.extend_from_slice(br#"{"body":"#);
        text.extend_from_slice(body.as_bytes());
        text.extend_from_slice(br#","kind":"#);
        write_scalar(self.kind.as_str(), &mut text);
        text.extend_from_slice(br#","source":"#);
        write_scalar(self.source.as_str(), &mut text);
        text.extend_from_slice(br#","subject":"#);
        write_scalar(&self.subject, &mut text);
        text.push(b'}');
        Digest(Sha256::digest(&text).into())
    }
}

/// The member at a path of plain names, as `/build/id`. A JSON pointer for names without `~`, which
/// need not be unescaped: it is asked for a dozen times for every record.
pub fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Digest, Observation, SourceName, canonical_json};

    fn record(id: u64, date: &str) -> serde_json::Value {
        json!({
            "id": id,
            "target": {"channel": "beta", "platform": "win64", "locale": "en-US", "version": "64.0"},
            "download": {"url": "https://archive.example/f", "date": date},
        })
    }

    fn digest(id: u64, date: &str) -> Digest {
        Observation::buildhub_record(SourceName::BUILDHUB, "u", record(id, date))
            .expect("a whole record")
            .digest()
    }

    #[test]
    fn canonical_json_sorts_members_at_every_depth() {
        let value = json!({"b": [1, {"z": null, "a": "\"x\""}], "a": true});
        assert_eq!(canonical_json(&value), r#"{"a":true,"b":[1,{"a":"\"x\"","z":null}]}"#);
    }

    #[test]
    fn digest_depends_on_content_and_not_on_row_id() {
        assert_eq!(digest(1, "2018"), digest(2, "2018"));
        assert_ne!(digest(1, "2018"), digest(1, "2019"));
    }

    #[test]
    fn digest_is_that_of_the_four_members_in_canonical_json() {
        let mut observation =
            Observation::buildhub_record(SourceName::ARCHIVE, "u", record(1, "2018 \"\u{1}é")).expect("a whole record");
        observation.subject.push_str("\\ \n\u{1f}ä");
        let whole = json!({
            "source": "archive",
            "kind": "buildhub_record",
            "subject": observation.subject,
            "body": observation.body,
        });
        assert_eq!(observation.digest(), Digest::of(&whole));
    }

    #[test]
    fn digest_text_round_trips() {
        let digest = digest(1, "2018");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("12".parse::<Digest>().is_err());
    }
}
