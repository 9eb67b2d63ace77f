//! What is particular to a product: one row each, and the rows of the products that are built in.
//!
//! A row names every fact, without defaults: one that lacks a fact does not compile. A site's own products are rows of
//! the same kind, see [`super::stated`].

use crate::names::channel::{self, Channel, Lines, Publisher, Versions};

/// A product whose builds are looked up: the position of its row, by which products are ordered.
///
/// A position is small, and constants of it can stand in patterns and in the rows themselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product(u8);

impl Product {
    /// Firefox for desktop, with Developer Edition on channel `aurora`.
    pub const FIREFOX: Self = Self(0);
    /// Thunderbird for desktop.
    pub const THUNDERBIRD: Self = Self(1);
    /// Firefox for Android until 68.
    pub const FENNEC: Self = Self(2);
    /// Firefox for Android since 79.
    pub const FENIX: Self = Self(3);
    /// Firefox Focus and Klar.
    pub const FOCUS: Self = Self(4);

    /// The product whose row is at this position.
    pub(super) fn at(position: u8) -> Self {
        Self(position)
    }

    /// Where it stands in the order of products.
    pub(crate) fn position(self) -> u8 {
        self.0
    }
}

/// All that is particular to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The name that its crash reports carry.
    pub name: &'static str,
    /// Other names that crash reports, questions and sources may use, in any case.
    pub aliases: &'static [&'static str],
    /// What people call it beside that and the spellings of its folders.
    pub also_called: &'static [&'static str],
    /// Whether its builds are looked up. A product without is known by its crashes only: its names are understood.
    pub look_up: bool,
    /// The folders that it is released under, the main one first; at least one if its builds are looked up.
    pub folders: &'static [Folder],
    /// Its channels, in the order of lists.
    pub channels: &'static [Channel],
    /// The Android packages that it is; a crash report that names another is of a copy. None: any.
    pub packages: &'static [&'static str],
    /// Where its source and its changes can be read: of those whose repository fits, the first.
    pub links: &'static [Links],
    /// Where a bug about a crash is entered: a template as in [`Links`], of `{product}`, `{version}`, `{signature}` and
    /// `{crash_id}`.
    pub bugs: Option<&'static str>,
    /// The servers that are asked for the symbols of its crashes. They learn the names of its modules.
    pub symbols: &'static [&'static str],
    /// Whether throttling rules that take the reports of certain products only, and name none, take its.
    pub supported: bool,
    /// Whether it is a site's own: a row of a file, and not one that is built in.
    pub is_own: bool,
    /// Whether any source that we read knows its build ids.
    pub has_source: bool,
    /// Whether its betas report their version without the number of the beta.
    pub numbered_betas: bool,
    /// The product whose build ids its crash reports carry, because both are made of one Gecko, built once for a push.
    pub ids_of: Option<Product>,
    /// Whether its crash reports can carry an Android version code in place of a build id.
    pub version_codes: bool,
    /// Whether its ESR builds can follow the channel `release`.
    pub esr_on_release: bool,
    /// What its nightlies are made of.
    pub nightlies: Nightlies,
    /// The files about it in product-details.
    pub details: Details,
}

/// Templates of links about what lies in some repositories. In braces stand the names of what is filled in; where one
/// of these is not known, there is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Links {
    /// What the addresses of these repositories begin with, as `https://hg.mozilla.org/`.
    pub repository: &'static str,
    /// The folder that the source lay in when it was built, if symbols name files by it: what comes after is the path.
    pub source_folder: Option<&'static str>,
    /// A line of a source file: `{repository}`, `{tree}` (its last segment), `{revision}`, `{path}`, `{line}`.
    pub source: Option<&'static str>,
    /// A revision: `{repository}`, `{tree}`, `{revision}`.
    pub revision: Option<&'static str>,
    /// The changes from one revision to another: `{repository}`, `{tree}`, `{from}`, `{to}`.
    pub changes: Option<&'static str>,
}

/// A folder under `/pub/` in the archive, and what release engineering calls what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// The folder's name.
    pub name: &'static str,
    /// The name in Buildhub, and in product-details the prefix of a release.
    pub source_name: &'static str,
    /// Further names that sources and clients use, in any case.
    pub spellings: &'static [&'static str],
    /// What people call it, for showing.
    pub spoken: &'static str,
    /// What people call it beside that.
    pub also_called: &'static [&'static str],
    /// The product's name in Crash Stats' table of versions, and in exports of ours.
    pub table_name: &'static str,
    /// The one channel of what lies in it, if it has only one.
    pub only_channel: Option<&'static str>,
    /// Whether there is such a folder in an archive. If not, it is a name only.
    pub in_archive: bool,
}

/// The branches that a product's nightlies are made of. They stand in the names of the builds' folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nightlies {
    /// For each channel that is made of nightlies its present branches: none where the name of a build's folder does
    /// not tell the build's id.
    pub present: &'static [(&'static str, &'static [&'static str])],
    /// Every branch, past and present, whose builds users got by default.
    pub branches: &'static [&'static str],
    /// What further branches begin with.
    pub prefixes: &'static [&'static str],
}

/// The names of a product's files under `/1.0/` in product-details. Products can share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Details {
    /// Those that list releases.
    pub releases: &'static [&'static str],
    /// Those of current versions.
    pub versions: &'static [&'static str],
    /// The histories: version and day, without build number.
    pub histories: &'static [&'static str],
}

const NO_NIGHTLIES: Nightlies = Nightlies {
    present: &[],
    branches: &[],
    prefixes: &[],
};

const NO_DETAILS: Details = Details {
    releases: &[],
    versions: &[],
    histories: &[],
};

/// What product-details says of products for Android. Its histories mix two of them, and are not read.
const ANDROID_DETAILS: Details = Details {
    releases: &["mobile_android.json"],
    versions: &["mobile_versions.json"],
    histories: &[],
};

/// The channel `nightly` of products whose folders carry the time of their own build, not the id of the Gecko in it.
const ANDROID_NIGHTLIES: Nightlies = Nightlies {
    present: &[("nightly", &[])],
    branches: &[],
    prefixes: &[],
};

/// What repositories on GitHub look like.
pub(crate) const GITHUB: Links = Links {
    repository: "https://github.com/",
    source_folder: None,
    source: Some("{repository}/blob/{revision}/{path}#L{line}"),
    revision: Some("{repository}/commit/{revision}"),
    changes: Some("{repository}/compare/{from}...{to}"),
};

/// What repositories on a server of Mercurial look like.
pub(crate) const MERCURIAL: Links = Links {
    repository: "https://hg.mozilla.org/",
    source_folder: None,
    // Searchfox knows the revisions of Git only.
    source: Some("{repository}/file/{revision}/{path}#l{line}"),
    revision: Some("{repository}/rev/{revision}"),
    changes: Some("{repository}/pushloghtml?fromchange={from}&tochange={to}"),
};

/// The links of Mozilla's products.
pub(crate) const MOZILLAS_LINKS: &[Links] = &[MERCURIAL, GITHUB];

/// Where bugs about crashes of Mozilla's products are entered.
const MOZILLAS_BUGS: Option<&str> = Some(
    "https://bugzilla.mozilla.org/enter_bug.cgi?bug_type=defect&keywords=crash\
     &cf_crash_signature=%5B%40%20{signature}%5D&short_desc=Crash%20in%20%5B%40%20{signature}%5D",
);

/// The symbol server of Mozilla's products.
const MOZILLAS_SYMBOLS: &[&str] = &["https://symbols.mozilla.org/"];

/// A product on GeckoView that is no folder's: it is known by its crashes only.
const fn on_geckoview(name: &'static str, also_called: &'static [&'static str]) -> Row {
    Row {
        name,
        aliases: &[],
        also_called,
        look_up: false,
        folders: &[],
        channels: channel::MOZILLAS,
        packages: &[],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: false,
        is_own: false,
        has_source: false,
        numbered_betas: false,
        ids_of: Some(Product::FIREFOX),
        version_codes: false,
        esr_on_release: false,
        nightlies: NO_NIGHTLIES,
        details: NO_DETAILS,
    }
}

/// The channel of a product of which nobody says that it has any.
pub(super) const ONLY_CHANNEL: &str = "release";

/// The channels of such a product.
static ONLY_CHANNELS: &[Channel] = &[Channel {
    name: ONLY_CHANNEL,
    publisher: Publisher::Process,
    lines: Lines::One,
    versions: Versions::Any,
    tries: None,
}];

/// A product of a site's own of which only the name is known.
pub(super) fn own(name: &'static str) -> Row {
    Row {
        name,
        aliases: &[],
        also_called: &[],
        look_up: true,
        folders: vec![no_folder(name)].leak(),
        channels: ONLY_CHANNELS,
        packages: &[],
        links: &[GITHUB],
        bugs: None,
        symbols: &[],
        supported: true,
        is_own: true,
        has_source: true,
        numbered_betas: false,
        ids_of: None,
        version_codes: false,
        esr_on_release: false,
        nightlies: NO_NIGHTLIES,
        details: NO_DETAILS,
    }
}

/// A product's name as folders have names: in small letters, without blanks.
pub(super) fn folder_name(product: &str) -> String {
    product.to_lowercase().replace(' ', "-")
}

/// What a product without a folder in an archive is named by where folders are.
pub(super) fn no_folder(product: &'static str) -> Folder {
    let name = folder_name(product).leak();
    Folder {
        name,
        source_name: name,
        spellings: &[],
        spoken: product,
        also_called: &[],
        table_name: product,
        only_channel: None,
        in_archive: false,
    }
}

/// A product that is known by its crashes only, with build ids that no source tells.
const fn by_crashes_only(name: &'static str, also_called: &'static [&'static str]) -> Row {
    Row {
        ids_of: None,
        supported: true,
        ..on_geckoview(name, also_called)
    }
}

/// Every product that is built in, in the order of lists. A new one goes to the end: the constants of [`Product`] are
/// positions.
pub(super) static BUILT_IN: &[Row] = &[
    // Firefox for desktop. Developer Edition is released on its own, with build numbers of its own, while everyone
    // else calls it (`Firefox`, `aurora`).
    Row {
        name: "Firefox",
        aliases: &[],
        also_called: &["mozilla firefox"],
        look_up: true,
        folders: &[
            Folder {
                name: "firefox",
                source_name: "firefox",
                spellings: &[],
                spoken: "Firefox",
                also_called: &[],
                table_name: "Firefox",
                only_channel: None,
                in_archive: true,
            },
            Folder {
                name: "devedition",
                source_name: "devedition",
                spellings: &[],
                spoken: "Developer Edition",
                also_called: &["firefox developer edition"],
                table_name: "DevEdition",
                only_channel: Some("aurora"),
                in_archive: true,
            },
        ],
        channels: channel::MOZILLAS,
        packages: &[],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: true,
        is_own: false,
        has_source: true,
        numbered_betas: true,
        ids_of: None,
        version_codes: false,
        esr_on_release: false,
        nightlies: Nightlies {
            present: &[("nightly", &["mozilla-central"]), ("aurora", &["mozilla-aurora"])],
            branches: &["mozilla-aurora", "mozilla-central", "trunk"],
            prefixes: &["mozilla-1.9."],
        },
        details: Details {
            releases: &["firefox.json", "devedition.json"],
            versions: &["firefox_versions.json"],
            histories: &[
                "firefox_history_major_releases.json",
                "firefox_history_stability_releases.json",
                "firefox_history_development_releases.json",
            ],
        },
    },
    // Thunderbird for desktop. It has ids of its own, although it is made of Gecko, and its ESR long followed the
    // channel `release`.
    Row {
        name: "Thunderbird",
        aliases: &[],
        also_called: &["mozilla thunderbird"],
        look_up: true,
        folders: &[Folder {
            name: "thunderbird",
            source_name: "thunderbird",
            spellings: &[],
            spoken: "Thunderbird",
            also_called: &[],
            table_name: "Thunderbird",
            only_channel: None,
            in_archive: true,
        }],
        channels: channel::MOZILLAS,
        packages: &[],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: true,
        is_own: false,
        has_source: true,
        numbered_betas: true,
        ids_of: None,
        version_codes: false,
        esr_on_release: true,
        nightlies: Nightlies {
            present: &[("nightly", &["comm-central"]), ("aurora", &["comm-aurora"])],
            branches: &["comm-aurora", "comm-central", "comm-central-trunk"],
            prefixes: &["comm-1.9."],
        },
        details: Details {
            releases: &["thunderbird.json"],
            versions: &["thunderbird_versions.json"],
            histories: &[
                "thunderbird_history_major_releases.json",
                "thunderbird_history_stability_releases.json",
                "thunderbird_history_development_releases.json",
            ],
        },
    },
    // Firefox for Android until 68.
    Row {
        name: "Fennec",
        aliases: &[],
        also_called: &[],
        look_up: true,
        folders: &[Folder {
            name: "mobile",
            source_name: "fennec",
            spellings: &["fennecandroid"],
            spoken: "Fennec",
            also_called: &[],
            table_name: "Fennec",
            only_channel: None,
            in_archive: true,
        }],
        channels: channel::MOZILLAS,
        packages: &[],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: false,
        is_own: false,
        has_source: true,
        numbered_betas: false,
        ids_of: None,
        version_codes: false,
        esr_on_release: false,
        nightlies: Nightlies {
            present: &[(
                "nightly",
                &[
                    "mozilla-central-android-api-16",
                    "mozilla-central-android-aarch64",
                    "mozilla-central-android-x86",
                    "mozilla-central-android-x86_64",
                ],
            )],
            branches: &[],
            prefixes: &["mozilla-aurora-android", "mozilla-central-android"],
        },
        details: ANDROID_DETAILS,
    },
    // Firefox for Android since 79, built without a public record of its ids; `firefox-android` in product-details
    // from 109.0b1 to today.
    Row {
        name: "Fenix",
        aliases: &[],
        also_called: &["firefox for android", "firefox android"],
        look_up: true,
        folders: &[Folder {
            name: "fenix",
            source_name: "fenix",
            spellings: &["firefox-android"],
            spoken: "Fenix",
            also_called: &[],
            table_name: "Fenix",
            only_channel: None,
            in_archive: true,
        }],
        channels: channel::MOZILLAS,
        packages: &["org.mozilla.firefox", "org.mozilla.firefox_beta", "org.mozilla.fenix"],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: true,
        is_own: false,
        has_source: false,
        numbered_betas: false,
        ids_of: Some(Product::FIREFOX),
        version_codes: true,
        esr_on_release: false,
        nightlies: ANDROID_NIGHTLIES,
        details: ANDROID_DETAILS,
    },
    // Firefox Focus and Klar, likewise.
    Row {
        name: "Focus",
        aliases: &[],
        also_called: &["firefox focus", "firefox klar"],
        look_up: true,
        folders: &[Folder {
            name: "focus",
            source_name: "focus",
            spellings: &["focus-android", "klar"],
            spoken: "Focus",
            also_called: &[],
            table_name: "Focus",
            only_channel: None,
            in_archive: true,
        }],
        channels: channel::MOZILLAS,
        packages: &[
            "org.mozilla.focus",
            "org.mozilla.focus.beta",
            "org.mozilla.focus.nightly",
            "org.mozilla.klar",
        ],
        links: MOZILLAS_LINKS,
        bugs: MOZILLAS_BUGS,
        symbols: MOZILLAS_SYMBOLS,
        supported: true,
        is_own: false,
        has_source: false,
        numbered_betas: false,
        ids_of: Some(Product::FIREFOX),
        version_codes: false,
        esr_on_release: false,
        nightlies: ANDROID_NIGHTLIES,
        details: ANDROID_DETAILS,
    },
    Row {
        packages: &["org.mozilla.reference.browser"],
        supported: true,
        ..on_geckoview("ReferenceBrowser", &["reference-browser", "reference browser"])
    },
    on_geckoview("GeckoViewExample", &["geckoview_example"]),
    on_geckoview("GeckoViewTestRunner", &[]),
    by_crashes_only("MozillaVPN", &["mozilla vpn", "vpn"]),
    by_crashes_only("Firefox Enterprise", &[]),
    #[cfg(test)]
    super::tests::ONE_MORE,
];
