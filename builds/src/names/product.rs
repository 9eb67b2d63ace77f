//! Products, the folders they are released under, channels and lines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::unknown_name::UnknownName;
use crate::names::version::Version;

/// A product, under the name that its crash reports carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Product {
    /// Firefox for desktop, with Developer Edition on channel `aurora`.
    Firefox,
    /// Thunderbird for desktop.
    Thunderbird,
    /// Firefox for Android until 68.
    Fennec,
    /// Firefox for Android since 79.
    Fenix,
    /// Firefox Focus and Klar.
    Focus,
}

impl Product {
    /// Every known product.
    pub const ALL: [Self; 5] = [Self::Firefox, Self::Thunderbird, Self::Fennec, Self::Fenix, Self::Focus];

    /// The canonical name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firefox => "Firefox",
            Self::Thunderbird => "Thunderbird",
            Self::Fennec => "Fennec",
            Self::Fenix => "Fenix",
            Self::Focus => "Focus",
        }
    }

    /// Whether any source that we read knows build ids of this product. The Android products since Fenix are built
    /// without a public record of their ids.
    pub fn has_source(self) -> bool {
        matches!(self, Self::Firefox | Self::Thunderbird | Self::Fennec)
    }
}

impl fmt::Display for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Product {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Directory::from_str(text).map(Directory::product)
    }
}

/// A product as release engineering names it: the folder under `/pub/` and the prefix in product-details.
///
/// Developer Edition is released on its own here, with build numbers of its own, while everyone else calls it
/// (`Firefox`, `aurora`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// `firefox`
    Firefox,
    /// `devedition`
    DevEdition,
    /// `thunderbird`
    Thunderbird,
    /// `mobile`; `fennec` in product-details
    Fennec,
    /// `fenix`; `firefox-android` in product-details from 109.0b1 to today
    Fenix,
    /// `focus`
    Focus,
}

impl Directory {
    /// Every folder that holds builds.
    pub const ALL: [Self; 6] = [
        Self::Firefox,
        Self::DevEdition,
        Self::Thunderbird,
        Self::Fennec,
        Self::Fenix,
        Self::Focus,
    ];

    /// The product that is released here.
    pub fn product(self) -> Product {
        match self {
            Self::Firefox | Self::DevEdition => Product::Firefox,
            Self::Thunderbird => Product::Thunderbird,
            Self::Fennec => Product::Fennec,
            Self::Fenix => Product::Fenix,
            Self::Focus => Product::Focus,
        }
    }

    /// The one channel of this folder's builds, if it has only one.
    pub fn only_channel(self) -> Option<&'static str> {
        (self == Self::DevEdition).then_some("aurora")
    }

    /// The channel to look in: the folder's only one, or else the one asked for as builds name it.
    pub fn channel(self, asked: Option<&str>) -> Option<String> {
        let only = self.only_channel().map(str::to_owned);
        only.or_else(|| asked.map(normalise_channel))
    }

    /// What people call what lies in it.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::DevEdition => "Developer Edition",
            _ => self.product().as_str(),
        }
    }

    /// The folder's name under `/pub/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firefox => "firefox",
            Self::DevEdition => "devedition",
            Self::Thunderbird => "thunderbird",
            Self::Fennec => "mobile",
            Self::Fenix => "fenix",
            Self::Focus => "focus",
        }
    }

    /// The folder that a build of `product` on `channel` is released under, when nothing else tells. Aurora before
    /// Developer Edition (`a2`) was made of nightlies.
    pub fn of(product: Product, channel: &str) -> Self {
        match product {
            Product::Firefox if channel == "aurora" => Self::DevEdition,
            Product::Firefox => Self::Firefox,
            Product::Thunderbird => Self::Thunderbird,
            Product::Fennec => Self::Fennec,
            Product::Fenix => Self::Fenix,
            Product::Focus => Self::Focus,
        }
    }
}

/// Every spelling that the sources and the clients use.
const SPELLINGS: [(&str, Directory); 11] = [
    ("firefox", Directory::Firefox),
    ("devedition", Directory::DevEdition),
    ("thunderbird", Directory::Thunderbird),
    ("fennec", Directory::Fennec),
    ("mobile", Directory::Fennec),
    ("fennecandroid", Directory::Fennec),
    ("fenix", Directory::Fenix),
    ("firefox-android", Directory::Fenix),
    ("focus", Directory::Focus),
    ("focus-android", Directory::Focus),
    ("klar", Directory::Focus),
];

impl FromStr for Directory {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let name = text.trim();
        SPELLINGS
            .iter()
            .find(|(spelling, _)| spelling.eq_ignore_ascii_case(name))
            .map(|(_, directory)| *directory)
            .ok_or_else(|| UnknownName {
                what: "product",
                text: text::cut(name, 80).to_owned(),
            })
    }
}

/// What people call products that have other names in sources and reports, with the channel that may be all it is.
const SPOKEN: [(&str, &str, &str); 11] = [
    ("mozilla firefox", "Firefox", ""),
    ("firefox developer edition", "Firefox", "aurora"),
    ("developer edition", "Firefox", "aurora"),
    ("mozilla thunderbird", "Thunderbird", ""),
    ("firefox for android", "Fenix", ""),
    ("firefox android", "Fenix", ""),
    ("firefox focus", "Focus", ""),
    ("firefox klar", "Focus", ""),
    ("mozilla vpn", "MozillaVPN", ""),
    ("mozillavpn", "MozillaVPN", ""),
    ("vpn", "MozillaVPN", ""),
];

/// Products beside Fenix and Focus that are built around GeckoView: every spelling, and the product's name.
const ON_GECKOVIEW: [(&str, &str); 6] = [
    ("ReferenceBrowser", "ReferenceBrowser"),
    ("reference-browser", "ReferenceBrowser"),
    ("reference browser", "ReferenceBrowser"),
    ("GeckoViewExample", "GeckoViewExample"),
    ("geckoview_example", "GeckoViewExample"),
    ("GeckoViewTestRunner", "GeckoViewTestRunner"),
];

/// The name of a product around GeckoView that has no builds in any source, from any spelling.
pub fn on_geckoview(name: &str) -> Option<&'static str> {
    ON_GECKOVIEW
        .iter()
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(name.trim()))
        .map(|(_, product)| *product)
}

/// The product with this name, in any spelling that sources, reports and people use, and the channel that may be all
/// it has.
pub fn named(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim();
    if let Ok(directory) = text.parse::<Directory>() {
        let channel = directory.only_channel().unwrap_or_default();
        return Some((directory.product().as_str(), channel));
    }
    let spoken = SPOKEN
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(text))
        .map(|(_, product, channel)| (*product, *channel));
    spoken.or_else(|| Some((on_geckoview(text)?, "")))
}

/// Whether crash reports of a product, in any known spelling, carry the build id of the Gecko in it, which Firefox's
/// build of the same push carries too. Thunderbird has ids of its own, although it is made of Gecko.
pub fn shares_gecko_ids(name: &str) -> bool {
    match name.parse::<Product>() {
        Ok(product) => matches!(product, Product::Fenix | Product::Focus),
        Err(_) => on_geckoview(name).is_some(),
    }
}

/// The names of the answers about crashes under which a change of a product's build may concern crashes: its own, and
/// for Firefox those of the products that share its Gecko's ids.
pub fn concerned_by(product: &str) -> impl Iterator<Item = &str> {
    let siblings = (product == Product::Firefox.as_str()).then(|| {
        [Product::Fenix.as_str(), Product::Focus.as_str()]
            .into_iter()
            .chain(ON_GECKOVIEW.map(|(spelling, _)| spelling))
    });
    std::iter::once(product).chain(siblings.into_iter().flatten())
}

/// A channel in lower case, without blanks and without what is appended for partners (`-cck-…`) and for tests
/// (`-localtest`, `-cdntest`).
pub fn normalise_channel(raw: &str) -> String {
    let lower = raw.trim().to_lowercase();
    let end = ["-cck", "-localtest", "-cdntest"]
        .iter()
        .filter_map(|suffix| lower.find(suffix))
        .min()
        .unwrap_or(lower.len());
    lower[..end].to_owned()
}

/// The channels that a release process publishes builds on.
pub const OFFICIAL_CHANNELS: [&str; 5] = ["nightly", "aurora", "beta", "release", "esr"];

/// Whether builds with this (normalised) channel come from no release process: local builds, try pushes, distributions.
pub fn is_unofficial_channel(channel: &str) -> bool {
    matches!(channel, "default" | "unofficial" | "nightly-try") || channel.starts_with("default-")
}

/// What previous, next, latest and "builds behind" are counted in, within one product and channel: one line per major
/// on esr, one elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Line(Option<u32>);

impl Line {
    /// The line of `version` on `channel`.
    pub fn of(channel: &str, version: &Version) -> Self {
        Self((channel == "esr" || version.is_esr()).then(|| version.major()))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(major) => fmt::Display::fmt(&major, formatter),
            None => formatter.write_str("main"),
        }
    }
}

impl FromStr for Line {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "main" => Ok(Self(None)),
            major => major.parse().map(|major| Self(Some(major))).map_err(|_| UnknownName {
                what: "line",
                text: text.to_owned(),
            }),
        }
    }
}

impl From<Line> for String {
    fn from(line: Line) -> Self {
        line.to_string()
    }
}

impl TryFrom<String> for Line {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Directory, Line, Product, concerned_by, named, normalise_channel, on_geckoview, shares_gecko_ids};

    #[test]
    fn every_spelling_names_one_product() {
        for (text, product, channel) in [
            ("Firefox", Product::Firefox, None),
            ("firefox", Product::Firefox, None),
            ("DevEdition", Product::Firefox, Some("aurora")),
            ("devedition", Product::Firefox, Some("aurora")),
            ("firefox-android", Product::Fenix, None),
            ("FennecAndroid", Product::Fennec, None),
            ("mobile", Product::Fennec, None),
            ("Klar", Product::Focus, None),
        ] {
            let directory: Directory = text.parse().unwrap();
            assert_eq!(
                (directory.product(), directory.only_channel()),
                (product, channel),
                "{text}"
            );
        }
        assert!("Firefox Enterprise".parse::<Product>().is_err());
    }

    #[test]
    fn products_around_gecko_share_its_ids() {
        for (name, expected) in [
            ("Fenix", true),
            ("firefox-android", true),
            ("Focus", true),
            ("klar", true),
            (" referencebrowser ", true),
            ("geckoview_example", true),
            ("Firefox", false),
            ("Thunderbird", false),
            ("Fennec", false),
            ("Waterfowl", false),
        ] {
            assert_eq!(shares_gecko_ids(name), expected, "{name}");
        }
        assert!(concerned_by("Firefox").any(|name| name == "Fenix"));
        assert_eq!(concerned_by("Thunderbird").count(), 1);
    }

    #[test]
    fn what_people_call_a_product_is_its_name() {
        for (text, expected) in [
            ("Firefox", Some(("Firefox", ""))),
            (" devedition ", Some(("Firefox", "aurora"))),
            ("Firefox Developer Edition", Some(("Firefox", "aurora"))),
            ("Firefox for Android", Some(("Fenix", ""))),
            ("Klar", Some(("Focus", ""))),
            ("VPN", Some(("MozillaVPN", ""))),
            ("Reference Browser", Some(("ReferenceBrowser", ""))),
            ("geckoviewexample", Some(("GeckoViewExample", ""))),
            ("Waterfowl", None),
            ("", None),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn whoever_shares_ids_is_concerned_under_the_name_of_its_answers() {
        for name in ["REFERENCEBROWSER", "reference-browser", "geckoview_Example"] {
            assert!(shares_gecko_ids(name), "{name}");
            let name = on_geckoview(name).unwrap();
            assert!(concerned_by("Firefox").any(|one| one == name), "{name}");
        }
    }

    #[test]
    fn names_read_back() {
        for product in Product::ALL {
            assert_eq!(product.as_str().parse(), Ok(product));
        }
    }

    #[test]
    fn channels_lose_case_and_test_suffixes() {
        for (raw, expected) in [
            (" Beta ", "beta"),
            ("release-cck-yahoo", "release"),
            ("esr-localtest", "esr"),
            ("release-cdntest", "release"),
            ("nightly-maple", "nightly-maple"),
            ("", ""),
        ] {
            assert_eq!(normalise_channel(raw), expected, "{raw}");
        }
    }

    #[test]
    fn esr_has_a_line_for_each_major() {
        for (channel, version, expected) in [
            ("esr", "140.12.0esr", "140"),
            ("release", "128.3.0esr", "128"),
            ("release", "128.0", "main"),
            ("beta", "65.0b4", "main"),
        ] {
            let line = Line::of(channel, &version.parse().unwrap());
            assert_eq!(line.to_string(), expected);
            assert_eq!(expected.parse(), Ok(line));
        }
    }
}
