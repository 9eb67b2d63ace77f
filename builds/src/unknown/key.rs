//! The key under which an unknown build id is counted.

use std::fmt;
use std::str::FromStr;

use text::cursor;

use crate::build::Reason;
use crate::names::build_id::{BuildId, NotABuildId};
use crate::names::product::{Product, channel_of};
use crate::resolve::Answer;
use crate::unknown::verdict::Verdict;

/// Maximum characters of a name that is not one of ours.
pub(super) const MAX_NAME: usize = 32;
/// Stands for a name that is too long, or contains anything but letters, digits, `-`, `_` and `.`.
const OTHER: &str = "other";

/// The key under which an unknown build id is counted. Written `<build id>~<product>~<channel>`, each percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownKey {
    /// The product's canonical name, or a short foreign one.
    pub product: String,
    /// The channel, normalised and short.
    pub channel: String,
    /// The id; for junk, its kind, never its text.
    pub build_id: String,
}

impl UnknownKey {
    /// The key of an answer with this verdict. Keys are shown to everyone and questions are untrusted text, so only
    /// short names and digits pass.
    pub fn of(answer: &Answer, verdict: Verdict) -> Self {
        let junk = verdict == Verdict::Junk;
        let known = Product::of_name(&answer.product);
        let channel = answer.channel.as_str();
        let asked = channel_of(&answer.product, channel);
        let named = asked.is_official() || asked.is_unofficial();
        Self {
            // For junk, only the amount matters.
            product: match known {
                Some(product) => product.as_str().to_owned(),
                None if junk => OTHER.to_owned(),
                None => short_name(&answer.product),
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

/// The name under which a product is counted, whatever its spelling.
pub fn counted_product(name: &str) -> String {
    let known = name.parse::<Product>();
    known.map_or_else(|_| short_name(name), |product| product.as_str().to_owned())
}

/// A name as stored: itself, or `other` if it is long or has other characters.
pub fn short_name(name: &str) -> String {
    let fits = name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' '));
    if fits { name.to_owned() } else { OTHER.to_owned() }
}
