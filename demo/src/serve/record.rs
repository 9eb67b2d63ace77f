//! A build's metadata in the format of `buildhub.json`, and its fields as Buildhub's search sees them.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::world::{Build, Channel, Form, LOCALE, Package, Platform, Product, Record, World};

/// What stays unescaped in the path of a download URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The value of a field of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar<'a> {
    /// A keyword.
    Text(Cow<'a, str>),
    /// A date in milliseconds; a search drops anything finer.
    Date(i64),
    /// A number.
    Number(i64),
}

/// A field that can be searched. Any other is unmapped: no record has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    BuildId,
    BuildDate,
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
    Mimetype,
    Size,
    Date,
}

impl Field {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "build.id" => Self::BuildId,
            "build.date" => Self::BuildDate,
            "source.product" => Self::Product,
            "source.repository" => Self::Repository,
            "source.tree" => Self::Tree,
            "source.revision" => Self::Revision,
            "target.platform" => Self::Platform,
            "target.os" => Self::Os,
            "target.locale" => Self::Locale,
            "target.version" => Self::Version,
            "target.channel" => Self::Channel,
            "download.url" => Self::Url,
            "download.mimetype" => Self::Mimetype,
            "download.size" => Self::Size,
            "download.date" => Self::Date,
            _ => return None,
        })
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::BuildDate | Self::Date)
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Size)
    }
}

/// Returns the value of one field of a record.
pub(super) fn field<'a>(world: &'a World, record: &Record, field: Field) -> Scalar<'a> {
    let (build, package) = world.package(record);
    let migrated = is_migrated(record.form);
    let text = |text: &'a str| Scalar::Text(Cow::Borrowed(text));
    match field {
        Field::Id => Scalar::Text(Cow::Owned(record.id.to_string())),
        Field::BuildId => text(&package.build_id),
        Field::BuildDate => Scalar::Date(build_date(&package.build_id).timestamp_millis()),
        Field::Product if migrated => text(build.product.directory()),
        Field::Product => text(build.product.app_name()),
        Field::Repository => Scalar::Text(Cow::Owned(build.repository())),
        Field::Tree if migrated => Scalar::Text(Cow::Owned(build.repository_path())),
        Field::Tree => Scalar::Text(Cow::Owned(build.tree())),
        Field::Revision => text(revision(build, record.form)),
        Field::Platform => text(platform(package, record.form)),
        Field::Os => text(package.platform.os()),
        Field::Locale => text(record.locale),
        Field::Version => Scalar::Text(version(build, record.form)),
        Field::Channel => text(channel(build, record.form).as_str()),
        Field::Url => Scalar::Text(Cow::Owned(url(build, package, record.form, record.locale))),
        Field::Mimetype => text(mimetype(package, record.form)),
        Field::Size => Scalar::Number(size(package, record.form)),
        Field::Date => Scalar::Date(world.uploaded(record).timestamp_millis()),
    }
}

/// Returns a record as a search gives it: the file, and Buildhub's id.
pub(super) fn source(world: &World, record: &Record) -> Value {
    let (build, package) = world.package(record);
    let mut source = file(build, package, record.form, world.uploaded(record));
    if record.locale != LOCALE {
        source["target"]["locale"] = json!(record.locale);
        source["download"]["url"] = json!(url(build, package, record.form, record.locale));
    }
    source["id"] = json!(record.id);
    source
}

/// Returns the content of `buildhub.json`.
pub(super) fn file(build: &Build, package: &Package, form: Form, uploaded: DateTime<Utc>) -> Value {
    let migrated = is_migrated(form);
    let mut file = json!({
        "build": {
            "id": *package.build_id,
            "date": build_date(&package.build_id).to_rfc3339_opts(SecondsFormat::Secs, true),
            "as": "clang",
            "cc": "clang -std=gnu17",
            "cxx": "clang++",
            "host": "x86_64-pc-linux-gnu",
            "target": package.platform.triplet(),
        },
        "source": {
            "product": if migrated { build.product.directory() } else { build.product.app_name() },
            "repository": build.repository(),
            "tree": if migrated { build.repository_path() } else { build.tree() },
            "revision": revision(build, form),
        },
        "target": {
            "platform": platform(package, form),
            "os": package.platform.os(),
            "locale": LOCALE,
            "version": version(build, form),
            "channel": channel(build, form).as_str(),
        },
        "download": {
            "url": url(build, package, form, LOCALE),
            "mimetype": mimetype(package, form),
            "size": size(package, form),
            "date": if migrated {
                uploaded.to_rfc3339_opts(SecondsFormat::Secs, true)
            } else {
                uploaded.to_rfc3339_opts(SecondsFormat::Micros, false)
            },
        },
    });
    if migrated && let Some(number) = build.build_number {
        file["build"]["number"] = json!(number);
    }
    file
}

fn revision(build: &Build, form: Form) -> &str {
    match (form, &build.misread) {
        (Form::Misread, Some(misread)) => &misread.revision,
        _ => &build.revision,
    }
}

fn is_migrated(form: Form) -> bool {
    matches!(form, Form::MigratedCandidate | Form::MigratedRelease)
}

fn platform(package: &Package, form: Form) -> &'static str {
    match package.platform {
        Platform::Mac if is_migrated(form) => "macosx",
        platform => platform.as_str(),
    }
}

fn version(build: &Build, form: Form) -> Cow<'_, str> {
    match form {
        Form::MigratedCandidate => Cow::Owned(format!("{}rc{}", build.version, build.build_number.unwrap_or(1))),
        Form::Native | Form::BetaCopy | Form::Superseded | Form::Misread | Form::MigratedRelease => {
            Cow::Borrowed(&build.version)
        }
    }
}

pub(super) fn channel(build: &Build, form: Form) -> Channel {
    match form {
        Form::BetaCopy => Channel::Beta,
        Form::Native | Form::Superseded | Form::Misread | Form::MigratedCandidate | Form::MigratedRelease => {
            build.channel
        }
    }
}

fn mimetype(package: &Package, form: Form) -> &'static str {
    match package.platform {
        Platform::Mac if is_migrated(form) => "application/x-apple-diskimage",
        _ => "application/octet-stream",
    }
}

fn size(package: &Package, form: Form) -> i64 {
    i64::from(package.size) - i64::from(form == Form::Superseded)
}

/// Returns the time that a build id names.
fn build_date(build_id: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(build_id, "%Y%m%d%H%M%S")
        .unwrap_or_default()
        .and_utc()
}

/// Returns the installer's URL on the public host.
fn url(build: &Build, package: &Package, form: Form, locale: &str) -> String {
    let path = match (build.build_number, form) {
        (None, _) => format!(
            "{}{}",
            nightly_folder(build),
            nightly_installer(build, package.platform, LOCALE)
        ),
        (Some(_), Form::MigratedRelease) => format!(
            "/pub/{}/releases/{}/{}/{locale}/{}",
            build.product.directory(),
            build.version,
            package.platform.as_str(),
            installer(build, package.platform, locale),
        ),
        (Some(number), _) => format!(
            "/pub/{}/candidates/{}-candidates/build{number}/{}/{locale}/{}",
            build.product.directory(),
            build.version,
            package.platform.as_str(),
            installer(build, package.platform, locale),
        ),
    };
    format!("https://archive.mozilla.org{}", utf8_percent_encode(&path, PATH))
}

/// Returns the folder of a nightly in the archive.
pub(super) fn nightly_folder(build: &Build) -> String {
    let (year, month, name) = nightly_place(build);
    format!("/pub/{}/nightly/{year}/{month}/{name}/", build.product.directory())
}

/// Returns year, month and folder name of a nightly. The folder carries the build id of the first platform.
pub(super) fn nightly_place(build: &Build) -> (String, String, String) {
    let id = build
        .packages
        .first()
        .map_or(DateTime::UNIX_EPOCH, |package| build_date(&package.build_id));
    let folder = format!("{}-{}", id.format("%Y-%m-%d-%H-%M-%S"), build.tree());
    (id.format("%Y").to_string(), id.format("%m").to_string(), folder)
}

/// Returns the installer's name in a nightly's folder.
pub(super) fn nightly_installer(build: &Build, platform: Platform, locale: &str) -> String {
    let ending = match platform.os() {
        "mac" => "dmg",
        "win" => "installer.exe",
        _ => "tar.xz",
    };
    format!("{}.{ending}", nightly_stem(build, platform, locale))
}

/// Returns the beginning of a nightly's file names.
pub(super) fn nightly_stem(build: &Build, platform: Platform, locale: &str) -> String {
    format!(
        "{}-{}.{locale}.{}",
        build.product.app_name(),
        build.version,
        platform.as_str()
    )
}

/// Returns the installer's name in a candidate's or release's folder.
pub(super) fn installer(build: &Build, platform: Platform, locale: &str) -> String {
    let (title, name) = match build.product {
        Product::Firefox | Product::DevEdition => ("Firefox", "firefox"),
        Product::Thunderbird => ("Thunderbird", "thunderbird"),
        Product::Fennec => ("Fennec", "fennec"),
    };
    let version = &build.version;
    match platform.os() {
        "android" => format!("{name}-{version}.{locale}.{}.apk", platform.as_str()),
        "mac" => format!("{title} {version}.dmg"),
        "win" => format!("{title} Setup {version}.exe"),
        _ => format!("{name}-{version}.tar.xz"),
    }
}
