//! The searchable members of a record and their values, under Buildhub's names and in its form.

use std::borrow::Cow;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::body::Refused;
use crate::index::BuildRef;
use crate::names::product::Product;

/// A member of a record that can be searched, sorted by and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Id,
    BuildId,
    BuildDate,
    Target,
    Product,
    Repository,
    Tree,
    Revision,
    Platform,
    Os,
    Locale,
    Version,
    Channel,
    Url,
    UploadDate,
}

const NAMES: [(&str, Field); 15] = [
    ("id", Field::Id),
    ("build.id", Field::BuildId),
    ("build.date", Field::BuildDate),
    ("build.target", Field::Target),
    ("source.product", Field::Product),
    ("source.repository", Field::Repository),
    ("source.tree", Field::Tree),
    ("source.revision", Field::Revision),
    ("target.platform", Field::Platform),
    ("target.os", Field::Os),
    ("target.locale", Field::Locale),
    ("target.version", Field::Version),
    ("target.channel", Field::Channel),
    ("download.url", Field::Url),
    ("download.date", Field::UploadDate),
];

impl Field {
    /// The field with this name, with or without `.keyword`.
    pub(super) fn named(name: &str) -> Result<Self, Refused> {
        let plain = name.strip_suffix(".keyword").unwrap_or(name);
        let found = NAMES.iter().find(|(own, _)| *own == plain);
        found.map(|(_, field)| *field).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            let name = text::cut(name, 80);
            Refused(format!(
                "the field [{name}] cannot be searched here; these can: {}",
                names.join(", ")
            ))
        })
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::BuildDate | Self::UploadDate)
    }

    /// The field's value; none if unknown.
    pub(super) fn of(self, build: BuildRef<'_>) -> Option<Scalar<'_>> {
        let text = |text| Some(Scalar::Text(Cow::Borrowed(text)));
        match self {
            Self::Id => Some(Scalar::Text(Cow::Owned(id(build).to_string()))),
            Self::BuildId => Some(Scalar::Text(Cow::Owned(build.build_id().to_string()))),
            Self::BuildDate => Some(Scalar::Date(build.build_id().micros() / 1000)),
            Self::Target => target(build.platform()).and_then(text),
            Self::Product => text(product(build.product())),
            Self::Repository => build.repository().and_then(text),
            Self::Tree => build.repository().map(tree).and_then(text),
            Self::Revision => build.revision().and_then(text),
            Self::Platform => platform(build).map(Scalar::Text),
            Self::Os => os(build.platform()).and_then(text),
            Self::Locale => text(locale(build.platform())),
            Self::Version => Some(Scalar::Text(version(build))),
            Self::Channel => text(build.channel()),
            Self::Url => build.archive_url().map(|url| Scalar::Text(Cow::Owned(url))),
            Self::UploadDate => build.published_at().map(|at| Scalar::Date(at / 1000)),
        }
    }
}

/// A field's value. Dates are in milliseconds UTC, the precision of Elasticsearch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Date(i64),
}

impl Scalar<'_> {
    /// The value in the form used in bucket keys and in places of an order.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Date(millis) => json!(millis),
        }
    }
}

/// The record's number. It stays the same as long as the build's name does, and always has 16 digits, so that it sorts
/// as text as it does as a number; JavaScript can represent it.
pub(super) fn id(build: BuildRef<'_>) -> u64 {
    const FIRST: u64 = 1_000_000_000_000_000;
    let mut hash = Sha256::new();
    for part in [
        build.product().as_str(),
        build.channel(),
        build.version().as_str(),
        build.platform(),
        build.variant(),
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(build.build_id().as_u64().to_be_bytes());
    let digest = hash.finalize();
    let number = digest
        .iter()
        .take(8)
        .fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
    FIRST + number % (8 * FIRST)
}

fn product(product: Product) -> &'static str {
    product.row().folders.first().map_or("", |folder| folder.source_name)
}

fn tree(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

/// A build for a partner or a test has its own platform, as in Buildhub's first version: it must not look like a second
/// build for everyone.
fn platform(build: BuildRef<'_>) -> Option<Cow<'_, str>> {
    match (build.platform(), build.variant()) {
        ("", "") => None,
        (platform, "") => Some(Cow::Borrowed(platform)),
        (platform, variant) => Some(Cow::Owned(format!("{platform}-{variant}"))),
    }
}

fn os(platform: &str) -> Option<&'static str> {
    ["linux", "win", "mac", "android", "maemo"]
        .into_iter()
        .find(|os| platform.starts_with(os))
}

/// The compiler's name for a platform, as current builds have it. Clients query its architecture, which distinguishes
/// the builds of one `target.platform` (whattrainisitnow: `x86_64.*`); the record shows what its source said.
fn target(platform: &str) -> Option<&'static str> {
    Some(match platform {
        "linux-x86_64" => "x86_64-pc-linux-gnu",
        "linux-i686" => "i686-pc-linux-gnu",
        "linux-aarch64" => "aarch64-unknown-linux-gnu",
        "mac" => "x86_64-apple-darwin",
        "win32" => "i686-pc-windows-msvc",
        "win64" => "x86_64-pc-windows-msvc",
        "win64-aarch64" => "aarch64-pc-windows-msvc",
        _ => return None,
    })
}

fn locale(platform: &str) -> &'static str {
    if platform.starts_with("android") {
        "multi"
    } else {
        "en-US"
    }
}

/// The version that the program shows, without a candidate number.
fn version(build: BuildRef<'_>) -> Cow<'_, str> {
    let own = build.version();
    match own.candidate() {
        Some(_) => Cow::Owned(own.without_candidate().to_string()),
        None => Cow::Borrowed(own.as_str()),
    }
}
