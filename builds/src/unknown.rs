//! Build ids that were asked for and that no source knows: what they are, how often they are asked for, and where
//! such a build would lie.
//!
//! Counting never writes for a single look-up: it is kept in memory ([`Tally`]), and the service writes it every few
//! seconds. What is stored is bounded: what is no build id is counted by its kind and never by its text; each product
//! keeps a limited number of ids, the newest asked for, and none for longer than 90 days.

mod install;
mod plan;
mod tally;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use text::cursor;

use crate::build::Reason;
use crate::names::build_id::{BuildId, NotABuildId};
use crate::names::product::{OFFICIAL_CHANNELS, Product, is_unofficial_channel};
use crate::resolve::Answer;

pub use install::InstallHash;
pub use plan::{FetchPlan, fetch_plan, stands_for_betas};
pub use tally::{Asked, Sighting, Tally};

/// Most characters of a name that is not one of ours.
const MAX_NAME: usize = 32;
/// Stands for a name that is too long, or that is not made of letters, digits, `-`, `_` and `.`.
const OTHER: &str = "other";

/// Why no source knows a build id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is no build id, or lies in the future.
    Junk,
    /// Its channel is none of a release process.
    Unofficial,
    /// No source that we read knows builds of the product.
    NoSource,
    /// It could be a build that no source has listed so far.
    NotSeen,
}

impl Verdict {
    /// Every verdict, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Junk, Self::Unofficial, Self::NoSource, Self::NotSeen];

    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Unofficial => "unofficial",
            Self::NoSource => "no_source",
            Self::NotSeen => "not_seen",
        }
    }

    /// The verdict with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }

    /// What an answer says of an id that is unknown; none of one that is known, or of the beginning
    /// of an id.
    pub fn of(answer: &Answer) -> Option<Self> {
        match answer.reason {
            Reason::Junk | Reason::InTheFuture => Some(Self::Junk),
            Reason::NotAnOfficialBuild => Some(Self::Unofficial),
            Reason::NoSourceForProduct | Reason::VersionCode | Reason::GeckoSibling => Some(Self::NoSource),
            Reason::NotSeen => Some(Self::NotSeen),
            _ => None,
        }
    }
}

/// Under what an unknown build id is counted. Written `<build id>~<product>~<channel>`, each percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownKey {
    /// The product's canonical name, or a short foreign one.
    pub product: String,
    /// The channel, normalised and short.
    pub channel: String,
    /// The id; for what is no id, the kind of junk: its text never gets here.
    pub build_id: String,
}

impl UnknownKey {
    /// The key of an answer with this verdict. What is asked is foreign text: it is shown to
    /// everyone, so only short names and digits get through.
    pub fn of(answer: &Answer, verdict: Verdict) -> Self {
        let junk = verdict == Verdict::Junk;
        let known = answer.product.parse::<Product>().is_ok();
        let channel = answer.channel.as_str();
        let named = OFFICIAL_CHANNELS.contains(&channel) || is_unofficial_channel(channel);
        Self {
            // Of junk all that counts is how much there is of it.
            product: if junk && !known {
                OTHER.to_owned()
            } else {
                short_name(&answer.product)
            },
            channel: if junk && !named && !channel.is_empty() {
                OTHER.to_owned()
            } else {
                short_name(channel)
            },
            build_id: match answer.build_id.parse::<BuildId>() {
                Ok(_) if answer.reason == Reason::InTheFuture => "in the future".to_owned(),
                Ok(id) => id.to_string(),
                Err(NotABuildId::Empty) => "empty".to_owned(),
                Err(NotABuildId::NotDigits) => "not digits".to_owned(),
                Err(NotABuildId::Length) => "wrong length".to_owned(),
                Err(NotABuildId::NotADate) => "not a date".to_owned(),
            },
        }
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&cursor::write([&self.build_id, &self.product, &self.channel]))
    }
}

impl FromStr for UnknownKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let [build_id, product, channel] = cursor::read(text).ok_or(())?;
        Ok(Self {
            product,
            channel,
            build_id,
        })
    }
}

/// The name under which a product is counted, however it is spelt.
pub fn counted_product(name: &str) -> String {
    let known = name.parse::<Product>();
    known.map_or_else(|_| short_name(name), |product| product.as_str().to_owned())
}

/// A name as it is stored: itself, or `other` if it is long or has other characters.
pub fn short_name(name: &str) -> String {
    let fits = name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' '));
    if fits { name.to_owned() } else { OTHER.to_owned() }
}

#[cfg(test)]
mod tests;
