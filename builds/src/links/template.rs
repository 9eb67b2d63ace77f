//! Filling in the templates of links. Whatever is filled in, the address that comes out is at the template's own host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Origin, Url};

/// Longer addresses are none.
const LONGEST: usize = 8_000;

/// What stays as it is in a value.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value that is filled in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    /// The address of a repository.
    Address(&'v str),
    /// The parts of a path, with slashes between them.
    Path(&'v str),
    /// One text, whatever is in it.
    Text(&'v str),
}

impl Value<'_> {
    /// How it stands in an address; `None` if it is empty or would be a step to another folder.
    fn encoded(self) -> Option<String> {
        let encode = |text: &str| (text != "." && text != "..").then(|| utf8_percent_encode(text, ENCODED).to_string());
        match self {
            Self::Address("") | Self::Path("") | Self::Text("") => None,
            Self::Address(address) => is_plain(address).then(|| address.trim_end_matches('/').to_owned()),
            Self::Text(text) => encode(text),
            Self::Path(path) => {
                let parts: Option<Vec<String>> = path.split('/').map(encode).collect();
                parts.map(|parts| parts.join("/"))
            }
        }
    }
}

/// Whether nothing of an address needs to be encoded, or leads back.
fn is_plain(address: &str) -> bool {
    let of_its_kind = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/+@%".contains(&byte);
    address.bytes().all(of_its_kind) && !address.split('/').any(|part| part == "." || part == "..")
}

/// The address that a template and these values make; `None` if it wants another value, or if one of them cannot be
/// filled in. `repository` is where the repositories lie that the template is for.
pub(super) fn fill(template: &str, values: &[(&str, Value<'_>)], repository: &str) -> Option<String> {
    let value = |name: &str| values.iter().find(|(known, _)| *known == name);
    let filled = written(template, |name| value(name)?.1.encoded())?;
    let sound = filled.len() <= LONGEST && place_of(&filled)? == home(template, repository)?;
    sound.then_some(filled)
}

/// Where the addresses of a template are, with what is for these repositories; `None` if that depends on a value.
pub(super) fn home(template: &str, repository: &str) -> Option<Origin> {
    let with = |value: &str| {
        let filled = written(template, |name| match name {
            "repository" => Some(repository.trim_end_matches('/').to_owned()),
            _ => Some(value.to_owned()),
        });
        place_of(&filled?)
    };
    with("0").filter(|home| with("1").as_ref() == Some(home))
}

/// Where a web address leads, if it is one.
pub(super) fn place_of(address: &str) -> Option<Origin> {
    let url = Url::parse(address).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    is_web.then(|| url.origin())
}

/// The template with something in place of each name in braces.
fn written(template: &str, of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut parts = template.split('{');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        written += &of(name)?;
        written += rest;
    }
    Some(written)
}
