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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{AnnouncedName, Announcement, channel_in};
    use crate::names::product::Product;

    const NOW: i64 = 1_790_000_000_000_000;

    fn read(value: &serde_json::Value) -> Result<Announcement, Vec<String>> {
        Announcement::read(value.to_string().as_bytes(), NOW).map_err(|wrong| {
            let wrong = wrong.into_iter();
            wrong.map(|bad| format!("{} {}", bad.member, bad.why)).collect()
        })
    }

    /// An announcement with other members in place of some.
    fn with(others: &serde_json::Value) -> serde_json::Value {
        let mut value = json!({
            "product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
        });
        for (member, other) in others.as_object().unwrap() {
            value[member] = other.clone();
        }
        value
    }

    #[test]
    fn what_is_stated_is_what_is_understood() {
        for (others, stated, subject) in [
            (
                json!({}),
                json!({"product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
                    "status": "published"}),
                "Firefox beta 20260810093000",
            ),
            (
                json!({"product": " FIREFOX ", "channel": "Beta", "platform": "macosx64", "status": "candidate",
                    "build_number": 2, "published_at": "2026-08-10T11:00:00.500+00:00", "revision": "abc",
                    "repository": "https://Example.org/x", "archive_url": null}),
                json!({"product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
                    "platform": "mac", "status": "candidate", "build_number": 2,
                    "published_at": "2026-08-10T11:00:00.500Z", "revision": "abc",
                    "repository": "https://example.org/x"}),
                "Firefox beta 20260810093000 mac",
            ),
            (
                json!({"product": "devedition", "channel": null}),
                json!({"product": "Firefox", "channel": "aurora", "version": "154.0b2",
                    "build_id": "20260810093000", "status": "published"}),
                "Firefox aurora 20260810093000",
            ),
            (
                json!({"product": "Thunderbird", "channel": "default-distribution"}),
                json!({"product": "Thunderbird", "channel": "default-distribution", "version": "154.0b2",
                    "build_id": "20260810093000", "status": "published"}),
                "Thunderbird default-distribution 20260810093000",
            ),
        ] {
            let announcement = read(&with(&others)).unwrap();
            assert_eq!(json!(announcement.stated()), stated);
            let observation = announcement.observation();
            assert_eq!(observation.subject, subject);
            assert_eq!(observation.body, stated);
            assert_eq!(observation.url, announcement.name.place());
            let product: Product = stated["product"].as_str().unwrap().parse().unwrap();
            assert_eq!(channel_in(product, subject), stated["channel"].as_str());
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        let channels = "there are nightly, aurora, beta, release, esr, default, unofficial, nightly-try, lts";
        let whole = json!({"product": 1, "channel": [], "version": true, "build_id": 20_260_810_093_000_u64,
            "platform": {}, "status": 0, "revision": 7, "repository": 7, "archive_url": 7, "published_at": 7,
            "build_number": "1"});
        assert_eq!(
            read(&whole).unwrap_err().len(),
            10,
            "a channel is read with its product"
        );
        for (others, wrong) in [
            (
                json!({"product": "Waterfowl"}),
                "product “Waterfowl” is none that builds are known of: Firefox, Th",
            ),
            (json!({"product": null}), "product is missing"),
            (json!({"channel": null}), &format!("channel is missing: {channels}")),
            (
                json!({"channel": "wolf"}),
                &format!("channel “wolf” is no channel of the product: {channels}"),
            ),
            (json!({"channel": "default-a b"}), "channel “default-a b” is no channel"),
            (
                json!({"product": "devedition", "channel": "wolf"}),
                "channel “wolf” is no channel of the product: ther",
            ),
            (json!({"version": "new"}), "version “new” is not a version"),
            (
                json!({"build_id": "2026081009"}),
                "build_id “2026081009” is not a build id",
            ),
            (
                json!({"build_id": "20260835093000"}),
                "build_id “20260835093000” is not a build id",
            ),
            (
                json!({"build_id": "20990810093000"}),
                "build_id “20990810093000” lies in the future",
            ),
            (json!({"platform": "a b"}), "platform “a b” is no platform"),
            (json!({"platform": ""}), "platform “” is no platform"),
            (json!({"status": "aborted"}), "status “aborted” cannot be announced"),
            (json!({"revision": "a\"b"}), "revision “a\"b” is no revision"),
            (
                json!({"repository": "git@example.org:x"}),
                "repository “git@example.org:x” is no address",
            ),
            (
                json!({"archive_url": "https://a:b@example.org/"}),
                "archive_url “https://a:b@example.org/” is no addre",
            ),
            (
                json!({"archive_url": format!("https://example.org/{}", "x".repeat(2048))}),
                "archive_url “https://ex",
            ),
            (
                json!({"published_at": "2026-08-10"}),
                "published_at “2026-08-10” is no time in UTC",
            ),
            (
                json!({"published_at": "2026-08-10T11:00:00+02:00"}),
                "published_at “2026-08-10T11:00:00+02:00” is no",
            ),
            (
                json!({"published_at": "1997-12-31T23:59:59Z"}),
                "published_at “1997-12-31T23:59:59Z” lies before 1998",
            ),
            (
                json!({"published_at": "2026-09-23T00:00:00Z"}),
                "published_at “2026-09-23T00:00:00Z” lies in the future",
            ),
            (
                json!({"published_at": "9999-12-31T23:59:59Z"}),
                "published_at “9999-12-31T23:59:59Z” lies in the future",
            ),
            (
                json!({"build_number": 0}),
                "build_number must be a whole number from 1 to 4294967295",
            ),
            (
                json!({"build_number": 4_294_967_296_u64}),
                "build_number must be a whole number",
            ),
            (
                json!({"buildid": "x"}),
                "buildid is no member of a build: there are product, channel, version",
            ),
            (json!({"a\u{0}b": "x"}), "a\u{fffd}b is no member of a build"),
        ] {
            let found = read(&with(&others)).unwrap_err();
            assert!(found.len() == 1 && found[0].starts_with(wrong), "{others}: {found:?}");
        }
        for (json, wrong) in [
            ("", "is no JSON"),
            ("{", "is no JSON"),
            ("[]", "is no JSON object"),
            ("7", "is no JSON object"),
            ("[\"Firefox\",\"beta\"]", "is no JSON object"),
            ("{\"version\": \"1.0\", \"version\": null}", "has a member twice"),
        ] {
            let found = Announcement::read(json.as_bytes(), NOW).unwrap_err();
            assert_eq!((found[0].member.as_str(), found[0].why.as_str()), ("", wrong), "{json}");
        }
    }

    #[test]
    fn a_withdrawal_names_a_build_as_its_announcement_did() {
        let announcement = read(&with(&json!({"platform": "win64"}))).unwrap();
        let named = |channel, platform| AnnouncedName::read("firefox", channel, "20260810093000", platform);
        let name = named(Some("beta"), Some("win64")).unwrap();
        assert_eq!(name, announcement.name);
        assert_eq!(name.said_under(), [(name.place(), Some(name.subject()))]);
        let all = named(Some("beta"), None).unwrap();
        assert_eq!(all.said_under(), [(name.place(), None)]);
        assert_ne!(named(Some("release"), None).unwrap().place(), name.place());
        assert_eq!(named(None, None).unwrap_err()[0].member, "channel");
        let wrong = AnnouncedName::read("x", None, "y", Some(" ")).unwrap_err();
        let wrong: Vec<&str> = wrong.iter().map(|bad| bad.member.as_str()).collect();
        assert_eq!(wrong, ["product", "build_id", "platform"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}", member in "[a-z_]{1,12}", value in "\\PC{0,30}") {
            prop_assert!(Announcement::read(text.as_bytes(), NOW).is_err());
            if let Ok(announcement) = read(&with(&json!({member: value}))) {
                let observation = announcement.observation();
                prop_assert!(crate::group_of(&observation).is_ok());
                prop_assert_eq!(Announcement::read(observation.body.to_string().as_bytes(), NOW), Ok(announcement));
            }
        }
    }
}
