//! A build as the site's own pipeline announces it: a JSON object.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::build::Status;
use crate::names::build_id::{BuildId, FIRST_YEAR};
use crate::names::channel::normalise_channel;
use crate::names::product::{Directory, Product};
use crate::names::version::Version;
use crate::said::location::normalise_platform;
use crate::said::observation::Observation;

/// Maximum length of an address in bytes.
const MAX_URL: usize = 2048;
/// Maximum length of a name or revision in bytes.
const MAX_NAME: usize = 100;
/// Maximum characters of a wrong value that are repeated.
const MAX_ECHO: usize = 40;
/// Maximum unknown members that are named.
const MAX_UNKNOWN: usize = 5;
/// How far a build id and the time of publishing may lie in the future, in microseconds: a day, for time zones. A later
/// id is never looked up.
const FUTURE_TOLERANCE: i64 = 86_400_000_000;
/// The statuses that can be announced; the first is meant if none is given.
const STATUSES: [Status; 3] = [Status::Published, Status::Shipped, Status::Candidate];

/// A build as it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Which build it is.
    pub name: AnnouncedName,
    body: Map<String, Value>,
}

/// Which build is meant: two announcements of one name are two states of the same build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnnouncedName {
    product: Product,
    channel: String,
    build_id: BuildId,
    /// Empty if it is none's in particular.
    platform: String,
}

/// A member that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMember {
    /// Its name; empty if the whole is no announcement.
    pub member: String,
    /// What is wrong, as the end of a sentence that begins with its name.
    pub why: String,
}

impl BadMember {
    fn new(member: &str, why: impl Into<String>) -> Self {
        Self {
            member: member.to_owned(),
            why: why.into(),
        }
    }
}

/// The members, of any type. One that is `null` is not there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Members {
    product: Option<Value>,
    channel: Option<Value>,
    version: Option<Value>,
    build_id: Option<Value>,
    platform: Option<Value>,
    status: Option<Value>,
    revision: Option<Value>,
    repository: Option<Value>,
    archive_url: Option<Value>,
    published_at: Option<Value>,
    build_number: Option<Value>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// The names of all members.
const MEMBERS: &str = "product, channel, version, build_id, platform, status, revision, repository, archive_url, \
    published_at and build_number";

impl Announcement {
    /// Reads a JSON object, at the time `now` (microseconds UTC).
    ///
    /// # Errors
    /// Every member that is missing, unknown or wrong.
    pub fn read(json: &[u8], now: i64) -> Result<Self, Vec<BadMember>> {
        let whole = |why: &str| vec![BadMember::new("", why)];
        // serde would also take a list, with the members in order.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        let members = match serde_json::from_slice::<Members>(json) {
            Ok(members) if is_object => members,
            Err(_) if serde_json::from_slice::<Value>(json).is_err() => return Err(whole("is no JSON")),
            Err(_) if is_object => return Err(whole("has a member twice")),
            _ => return Err(whole("is no JSON object")),
        };
        let mut reader = Reader { now, wrong: Vec::new() };
        let read = reader.read(members);
        match read {
            Some(announcement) if reader.wrong.is_empty() => Ok(announcement),
            _ => Err(reader.wrong),
        }
    }

    /// What is stated: the members as they are understood.
    pub fn stated(&self) -> &Map<String, Value> {
        &self.body
    }

    /// The same, as an owned value.
    pub fn into_stated(self) -> Map<String, Value> {
        self.body
    }

    /// The announcement as an observation.
    pub fn observation(&self) -> Observation {
        Observation::announced(
            &self.name.place(),
            &self.name.subject(),
            Value::Object(self.body.clone()),
        )
    }
}

impl AnnouncedName {
    /// The build that a request to withdraw it means. Without a platform, those of all platforms are meant, which have
    /// one [place](Self::place).
    ///
    /// # Errors
    /// Every parameter that is wrong.
    pub fn read(
        product: &str,
        channel: Option<&str>,
        build_id: &str,
        platform: Option<&str>,
    ) -> Result<Self, Vec<BadMember>> {
        let mut reader = Reader {
            now: i64::MAX,
            wrong: Vec::new(),
        };
        let product = reader.note("product", directory(product));
        // One that the product had once is as good: nothing may be announced there.
        let channel = product.and_then(|directory| match channel.map(normalise_channel) {
            Some(channel) if is_name(&channel) => Some(channel),
            _ => reader.note("channel", channel_of(directory, channel)),
        });
        let build_id = reader.note("build_id", whole_id(build_id));
        let platform = reader.note("platform", platform.map_or(Ok(String::new()), platform_name));
        match (product, channel, build_id, platform) {
            (Some(directory), Some(channel), Some(build_id), Some(platform)) => Ok(Self {
                product: directory.product(),
                channel,
                build_id,
                platform,
            }),
            _ => Err(reader.wrong),
        }
    }

    /// The subject of its observation. Only the product's name can have blanks.
    pub fn subject(&self) -> String {
        self.subject_under(self.product.as_str())
    }

    fn subject_under(&self, product: &str) -> String {
        let Self {
            channel,
            build_id,
            platform,
            ..
        } = self;
        let text = format!("{product} {channel} {build_id} {platform}");
        text.trim_end().to_owned()
    }

    /// Where it may be said, and as which subject: under the product's name, and under others that it may have had when
    /// it was announced. No subject where all platforms are meant.
    pub fn said_under(&self) -> Vec<(String, Option<String>)> {
        let names = self.product.row().spellings();
        let under = |name| {
            let subject = (!self.platform.is_empty()).then(|| self.subject_under(name));
            (self.place_under(name), subject)
        };
        names.map(under).collect()
    }

    /// The address that stands for the build on all its platforms, since announcements have none.
    pub fn place(&self) -> String {
        self.place_under(self.product.as_str())
    }

    fn place_under(&self, product: &str) -> String {
        let mut place = Url::parse("own:/").expect("a constant that is a URL");
        place.set_path(&format!(
            "/{}/{}/{}",
            product.replace('/', "%2F"),
            self.channel,
            self.build_id
        ));
        place.into()
    }
}

/// The channel of an announced build of `product`, from the subject of its observation.
pub fn channel_in(product: Product, subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix(product.as_str())?.strip_prefix(' ')?;
    rest.split(' ').next()
}

/// Whether builds from a folder can be announced on a (normalised) channel.
fn may_be_announced(directory: Directory, channel: &str) -> bool {
    match directory.only_channel() {
        Some(only) => only == channel,
        None => {
            let known = directory.product().channel(channel);
            known.is_official() || known.is_unofficial()
        }
    }
}

/// The channels that builds from a folder can be announced on, for a sentence.
fn announced_channels(directory: Directory) -> String {
    match directory.only_channel() {
        Some(only) => only.to_owned(),
        None => {
            let channels = directory.product().row().channels;
            let names: Vec<&str> = channels.iter().map(|channel| channel.name).collect();
            names.join(", ")
        }
    }
}

/// Reads the members one by one and notes what is wrong with them.
struct Reader {
    now: i64,
    wrong: Vec<BadMember>,
}

impl Reader {
    fn note<T>(&mut self, member: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.wrong.push(BadMember::new(member, why))).ok()
    }

    /// A member that is a text, if it is there; read by `read`.
    fn text<T>(
        &mut self,
        member: &str,
        value: Option<Value>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let read = match value {
            None => return None,
            Some(Value::String(text)) => read(text.trim()),
            Some(_) => Err("must be a text in quotation marks".to_owned()),
        };
        self.note(member, read)
    }

    /// The same for one that must be there.
    fn needed<T>(
        &mut self,
        member: &str,
        value: Option<Value>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if value.is_none() {
            self.wrong.push(BadMember::new(member, "is missing"));
        }
        self.text(member, value, read)
    }

    fn read(&mut self, members: Members) -> Option<Announcement> {
        for unknown in members.others.keys().take(MAX_UNKNOWN) {
            let why = format!("is no member of a build: there are {MEMBERS}");
            self.wrong.push(BadMember::new(&shown(unknown), why));
        }
        let directory = self.needed("product", members.product, directory);
        let channel = directory.and_then(|directory| match members.channel {
            None => self.note("channel", channel_of(directory, None)),
            value => self.text("channel", value, |text| channel_of(directory, Some(text))),
        });
        let version = self.needed("version", members.version, version);
        let now = self.now;
        let build_id = self.needed("build_id", members.build_id, |text| past_id(text, now));
        let platform = self.text("platform", members.platform, platform_name);
        let status = self.text("status", members.status, status);
        let revision = self.text("revision", members.revision, revision);
        let repository = self.text("repository", members.repository, address);
        let archive_url = self.text("archive_url", members.archive_url, address);
        let published_at = self.text("published_at", members.published_at, |text| past_time(text, now));
        let number = members.build_number.map(|value| build_number(&value));
        let number = number.and_then(|number| self.note("build_number", number));
        let name = AnnouncedName {
            product: directory?.product(),
            channel: channel?,
            build_id: build_id?,
            platform: platform.unwrap_or_default(),
        };
        let text = |text: String| Some(Value::from(text));
        let stated = [
            ("product", text(name.product.to_string())),
            ("channel", text(name.channel.clone())),
            ("version", text(version?)),
            ("build_id", text(name.build_id.to_string())),
            (
                "platform",
                Some(name.platform.clone())
                    .filter(|name| !name.is_empty())
                    .and_then(text),
            ),
            ("status", text(status.unwrap_or(STATUSES[0]).to_string())),
            ("revision", revision.and_then(text)),
            ("repository", repository.and_then(text)),
            ("archive_url", archive_url.and_then(text)),
            ("published_at", published_at.and_then(text)),
            ("build_number", number.map(Value::from)),
        ];
        let body = stated
            .into_iter()
            .filter_map(|(member, value)| Some((member.to_owned(), value?)));
        let body = body.collect();
        Some(Announcement { name, body })
    }
}

/// The beginning of a client's text, on one line.
fn shown(text: &str) -> String {
    text::one_line(&text::shortened(text, MAX_ECHO))
}

fn directory(text: &str) -> Result<Directory, String> {
    text.parse().map_err(|_| {
        format!(
            "“{}” is none that builds are known of: {}",
            shown(text),
            Product::names()
        )
    })
}

fn channel_of(directory: Directory, given: Option<&str>) -> Result<String, String> {
    let channels = || announced_channels(directory);
    let Some(given) = given else {
        let only = directory
            .only_channel()
            .or_else(|| match directory.product().row().channels {
                [only] => Some(only.name),
                _ => None,
            });
        return only
            .map(str::to_owned)
            .ok_or_else(|| format!("is missing: there are {}", channels()));
    };
    let channel = normalise_channel(given);
    if is_name(&channel) && may_be_announced(directory, &channel) {
        Ok(channel)
    } else {
        Err(format!(
            "“{}” is no channel of the product: there are {}",
            shown(given),
            channels()
        ))
    }
}

fn version(text: &str) -> Result<String, String> {
    match text.parse::<Version>() {
        Ok(version) => Ok(version.to_string()),
        Err(_) => Err(format!(
            "“{}” is not a version, such as 1.4.2, 2.0.0-beta.3 or 154.0b1",
            shown(text)
        )),
    }
}

fn whole_id(text: &str) -> Result<BuildId, String> {
    let id = text.parse::<BuildId>().ok().filter(|id| !id.is_historic());
    id.ok_or_else(|| format!("“{}” is not a build id, 14 digits YYYYMMDDhhmmss", shown(text)))
}

fn past_id(text: &str, now: i64) -> Result<BuildId, String> {
    let id = whole_id(text)?;
    if id.micros() > now.saturating_add(FUTURE_TOLERANCE) {
        return Err(format!("“{}” lies in the future", shown(text)));
    }
    Ok(id)
}

/// A platform as other builds name it.
fn platform_name(text: &str) -> Result<String, String> {
    let (platform, variant) = normalise_platform(text);
    let name = match variant {
        Some(variant) => format!("{platform}-{variant}"),
        None => platform,
    };
    if is_name(&name) {
        Ok(name)
    } else {
        Err(format!(
            "“{}” is no platform, such as win64 or linux-x86_64: 1 to {MAX_NAME} letters, digits, '.', '_' and '-'",
            shown(text)
        ))
    }
}

fn status(text: &str) -> Result<Status, String> {
    let found = STATUSES.into_iter().find(|status| status.to_string() == text);
    found.ok_or_else(|| {
        format!(
            "“{}” cannot be announced: there are published, shipped and candidate",
            shown(text)
        )
    })
}

/// A revision stands in addresses of pages.
fn revision(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/:@".contains(&byte);
    if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "“{}” is no revision: 1 to {MAX_NAME} letters, digits and any of ._-+/:@",
            shown(text)
        ))
    }
}

fn address(text: &str) -> Result<String, String> {
    let is_public = |url: &Url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_URL);
    match url.filter(is_public).map(String::from) {
        Some(url) if url.len() <= MAX_URL => Ok(url),
        _ => Err(format!(
            "“{}” is no address that begins with https:// or http://, without a user's name, of at most {MAX_URL} \
             bytes",
            shown(text)
        )),
    }
}

fn past_time(text: &str, now: i64) -> Result<String, String> {
    let time = DateTime::parse_from_rfc3339(text).ok();
    let time = time.filter(|time| time.offset().local_minus_utc() == 0);
    let Some(time) = time.map(|time| time.with_timezone(&Utc)) else {
        return Err(format!(
            "“{}” is no time in UTC, such as 2026-08-31T09:15:00Z",
            shown(text)
        ));
    };
    if time.year() < i32::from(FIRST_YEAR) {
        return Err(format!("“{}” lies before {FIRST_YEAR}", shown(text)));
    }
    if time.timestamp_micros() > now.saturating_add(FUTURE_TOLERANCE) {
        return Err(format!("“{}” lies in the future", shown(text)));
    }
    Ok(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn build_number(value: &Value) -> Result<u32, String> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| *number > 0);
    number.ok_or_else(|| format!("must be a whole number from 1 to {}", u32::MAX))
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests;
