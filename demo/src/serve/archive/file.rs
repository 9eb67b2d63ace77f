//! The files of the archive: installers, metadata in its four forms, and neighbours that are neither.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::serve::record;
use crate::world::{Build, Form, Package, Plan};

/// The content of every installer.
const INSTALLER: &str = "not an installer\n";

/// A build's flat JSON files are deleted after a year; `buildhub.json` and `*_info.txt` stay.
const FLAT_FILES_LIVE: TimeDelta = TimeDelta::days(365);

/// What a failing server sends, with status 200.
const ERROR_PAGE: &str =
    "<html><head><title>Error</title></head><body><h1>503 Backend fetch failed</h1></body></html>\n";

/// A file of the archive.
pub(super) struct File<'a> {
    pub(super) name: String,
    pub(super) modified: DateTime<Utc>,
    kind: Kind<'a>,
}

/// What a file holds.
enum Kind<'a> {
    /// The same text at all times.
    Fixed(&'static str),
    Installer(&'a Package),
    Metadata(Metadata, &'a Build, &'a Package),
    /// A neighbour that is named like a flat info file.
    Neighbour(Value),
}

/// The forms of metadata, in the best order to ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metadata {
    /// `buildhub.json`.
    Buildhub,
    /// `*_info.txt`: the build id alone.
    Info,
    /// The flat JSON, which has no beta numbers.
    Flat,
    /// `.txt`: build id and revision.
    Revision,
}

/// What can be wrong with a metadata file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// No bytes at all.
    Empty,
    /// An HTML page from a failing server.
    ErrorPage,
    /// JSON that ends in the middle.
    Truncated,
    /// JSON whose members are null.
    NullKeys,
    /// A build id of ten digits.
    ShortId,
}

impl<'a> File<'a> {
    pub(super) fn fixed(name: &str, modified: DateTime<Utc>, content: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            modified,
            kind: Kind::Fixed(content),
        }
    }

    pub(super) fn installer(name: String, package: &'a Package) -> Self {
        Self {
            name,
            modified: package.uploaded,
            kind: Kind::Installer(package),
        }
    }

    pub(super) fn metadata(name: String, metadata: Metadata, build: &'a Build, package: &'a Package) -> Self {
        Self {
            name,
            modified: package.uploaded,
            kind: Kind::Metadata(metadata, build, package),
        }
    }

    /// Returns the flat info file and two of its neighbours, while they exist.
    pub(super) fn flat(plan: &Plan, stem: &str, build: &'a Build, package: &'a Package) -> Vec<Self> {
        let end = plan.end.and_time(chrono::NaiveTime::MIN).and_utc();
        if package.uploaded + FLAT_FILES_LIVE < end {
            return Vec::new();
        }
        let neighbour = |ending: &str, content| Self {
            name: format!("{stem}{ending}"),
            modified: package.uploaded,
            kind: Kind::Neighbour(content),
        };
        vec![
            Self::metadata(format!("{stem}.json"), Metadata::Flat, build, package),
            neighbour(
                ".mozinfo.json",
                json!({ "os": package.platform.os(), "bits": 64, "debug": false }),
            ),
            neighbour(
                ".test_packages.json",
                json!({ "common": [format!("{stem}.common.tests.tar.gz")] }),
            ),
        ]
    }

    /// Returns its size in listings, in bytes.
    pub(super) fn size(&self, has_bad_files: bool) -> u64 {
        match self.kind {
            Kind::Installer(package) => u64::from(package.size),
            _ => u64::try_from(self.content(has_bad_files).len()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn content(&self, has_bad_files: bool) -> Cow<'static, str> {
        match &self.kind {
            Kind::Fixed(content) => Cow::Borrowed(content),
            Kind::Installer(_) => Cow::Borrowed(INSTALLER),
            Kind::Neighbour(content) => Cow::Owned(content.to_string()),
            Kind::Metadata(metadata, build, package) => {
                match defect(*metadata, build, package).filter(|_| has_bad_files) {
                    None => Cow::Owned(metadata.content(build, package)),
                    Some(defect) => defect.apply(*metadata, build, package),
                }
            }
        }
    }
}

impl Metadata {
    fn is_json(self) -> bool {
        matches!(self, Self::Buildhub | Self::Flat)
    }

    fn content(self, build: &Build, package: &Package) -> String {
        match self {
            Self::Buildhub => record::file(build, package, Form::Native, package.uploaded).to_string(),
            Self::Info => format!("buildID={}\n", package.build_id),
            Self::Flat => flat_info(build, package).to_string(),
            Self::Revision => format!("{}\n{}/rev/{}\n", package.build_id, build.repository(), build.revision),
        }
    }
}

impl Defect {
    fn apply(self, metadata: Metadata, build: &Build, package: &Package) -> Cow<'static, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::ErrorPage => Cow::Borrowed(ERROR_PAGE),
            Self::Truncated => {
                let mut content = metadata.content(build, package);
                // Within a member's name or value, whichever it hits.
                content.truncate(content.floor_char_boundary(content.len() * 2 / 3));
                Cow::Owned(content)
            }
            Self::NullKeys => {
                let content = match metadata {
                    Metadata::Flat => json!({
                        "buildid": null, "moz_app_version": null, "moz_source_repo": null,
                        "moz_source_stamp": null, "moz_update_channel": null,
                    }),
                    Metadata::Buildhub | Metadata::Info | Metadata::Revision => json!({
                        "build": null, "source": null, "target": null, "download": null,
                    }),
                };
                Cow::Owned(content.to_string())
            }
            Self::ShortId => {
                let id = package.build_id.get(..10).unwrap_or_default();
                Cow::Owned(match metadata {
                    Metadata::Info => format!("buildID={id}\n"),
                    Metadata::Buildhub | Metadata::Flat | Metadata::Revision => format!("{id}\n"),
                })
            }
        }
    }
}

/// Returns what is wrong with a metadata file when some are bad: about every seventh, and the same for equal builds.
fn defect(metadata: Metadata, build: &Build, package: &Package) -> Option<Defect> {
    let is_first_of_id = || {
        let first = build.packages.iter().find(|other| other.build_id == package.build_id);
        first.is_some_and(|first| first.platform == package.platform)
    };
    let must_be_good = match metadata {
        Metadata::Buildhub => is_first_of_id(),
        Metadata::Info => defect(Metadata::Buildhub, build, package).is_some(),
        Metadata::Flat | Metadata::Revision => false,
    };
    let dice = dice(metadata, build, package);
    if must_be_good || !dice.is_multiple_of(7) {
        return None;
    }
    let defects = if metadata.is_json() {
        [Defect::Empty, Defect::NullKeys, Defect::Truncated, Defect::ErrorPage]
    } else {
        [Defect::Empty, Defect::ShortId, Defect::ShortId, Defect::ErrorPage]
    };
    defects.get(usize::from(dice / 7 % 4)).copied()
}

/// Returns a number that looks random but depends only on the file.
fn dice(metadata: Metadata, build: &Build, package: &Package) -> u16 {
    let name = format!(
        "{metadata:?} {:?} {} {} {}",
        build.product,
        build.version,
        package.build_id,
        package.platform.as_str()
    );
    let [a, b, ..]: [u8; 32] = Sha256::digest(name).into();
    u16::from_be_bytes([a, b])
}

fn flat_info(build: &Build, package: &Package) -> Value {
    json!({
        "as": "clang",
        "buildid": *package.build_id,
        "cc": "clang -std=gnu17",
        "cxx": "clang++",
        "host": "x86_64-pc-linux-gnu",
        "target": package.platform.triplet(),
        "moz_app_maxversion": format!("{}.*", build.version.split('.').next().unwrap_or_default()),
        "moz_app_name": build.product.app_name(),
        "moz_app_vendor": "Mozilla",
        "moz_app_version": build.reported_version(),
        "moz_pkg_platform": package.platform.as_str(),
        "moz_source_repo": build.repository(),
        "moz_source_stamp": *build.revision,
        "moz_update_channel": build.channel.as_str(),
    })
}
