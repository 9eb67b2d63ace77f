//! A build, and the closed sets that describe it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

/// A product as the archive knows it. Buildhub and crash reports call Developer Edition Firefox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Firefox for desktops.
    Firefox,
    /// Firefox Developer Edition: channel `aurora`, a directory of its own.
    DevEdition,
    /// Thunderbird.
    Thunderbird,
    /// Firefox for Android up to 68.
    Fennec,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 4] = [Self::Firefox, Self::DevEdition, Self::Thunderbird, Self::Fennec];

    /// The products that are still built.
    pub const DESKTOP: [Self; 3] = [Self::Firefox, Self::DevEdition, Self::Thunderbird];

    /// Returns its name in a path of the archive and, except for Fennec, in product-details.
    pub fn directory(self) -> &'static str {
        match self {
            Self::Fennec => "mobile",
            Self::Firefox => "firefox",
            Self::DevEdition => "devedition",
            Self::Thunderbird => "thunderbird",
        }
    }

    /// Returns its name in `source.product`.
    pub fn app_name(self) -> &'static str {
        match self {
            Self::Firefox | Self::DevEdition => "firefox",
            Self::Thunderbird => "thunderbird",
            Self::Fennec => "fennec",
        }
    }

    /// Returns its name in a crash report.
    pub fn canonical(self) -> &'static str {
        match self {
            Self::Firefox | Self::DevEdition => "Firefox",
            Self::Thunderbird => "Thunderbird",
            Self::Fennec => "Fennec",
        }
    }
}

/// An update channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Built every day from the central repository.
    Nightly,
    /// Developer Edition.
    Aurora,
    /// Betas; its users get the release candidates too.
    Beta,
    /// Releases.
    Release,
    /// Extended support releases.
    Esr,
}

impl Channel {
    /// Returns the channel as clients and sources write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nightly => "nightly",
            Self::Aurora => "aurora",
            Self::Beta => "beta",
            Self::Release => "release",
            Self::Esr => "esr",
        }
    }
}

/// A platform that builds are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Android on `aarch64`.
    AndroidAarch64,
    /// Android on `x86_64`.
    AndroidX86_64,
    /// Linux on `aarch64`.
    LinuxAarch64,
    /// Linux on `x86`, for which only old lines are still built.
    LinuxI686,
    /// Linux on `x86_64`.
    LinuxX86_64,
    /// macOS, one build for both processors.
    Mac,
    /// Windows on `x86`.
    Win32,
    /// Windows on `x86_64`.
    Win64,
    /// Windows on `aarch64`.
    Win64Aarch64,
}

impl Platform {
    /// Every platform of Fennec, sorted by name.
    pub const ANDROID: [Self; 2] = [Self::AndroidAarch64, Self::AndroidX86_64];

    /// Every platform of the other products today, sorted by name.
    pub const ALL: [Self; 6] = [
        Self::LinuxAarch64,
        Self::LinuxX86_64,
        Self::Mac,
        Self::Win32,
        Self::Win64,
        Self::Win64Aarch64,
    ];

    /// Returns its name in `target.platform` and in paths of the archive.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AndroidAarch64 => "android-aarch64",
            Self::AndroidX86_64 => "android-x86_64",
            Self::LinuxAarch64 => "linux-aarch64",
            Self::LinuxI686 => "linux-i686",
            Self::LinuxX86_64 => "linux-x86_64",
            Self::Mac => "mac",
            Self::Win32 => "win32",
            Self::Win64 => "win64",
            Self::Win64Aarch64 => "win64-aarch64",
        }
    }

    /// Returns the platform with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .chain(Self::ANDROID)
            .chain([Self::LinuxI686])
            .find(|platform| platform.as_str() == name)
    }

    /// Returns its name in `target.os`.
    pub fn os(self) -> &'static str {
        match self {
            Self::AndroidAarch64 | Self::AndroidX86_64 => "android",
            Self::LinuxAarch64 | Self::LinuxI686 | Self::LinuxX86_64 => "linux",
            Self::Mac => "mac",
            Self::Win32 | Self::Win64 | Self::Win64Aarch64 => "win",
        }
    }

    /// Returns the file in a candidate's folder that holds this platform's build id.
    pub fn info_file(self) -> &'static str {
        match self {
            Self::AndroidAarch64 => "android-aarch64_info.txt",
            Self::AndroidX86_64 => "android-x86_64_info.txt",
            Self::LinuxAarch64 => "linux64-aarch64_info.txt",
            Self::LinuxI686 => "linux_info.txt",
            Self::LinuxX86_64 => "linux64_info.txt",
            Self::Mac => "macosx64_info.txt",
            Self::Win32 => "win32_info.txt",
            Self::Win64 => "win64_info.txt",
            Self::Win64Aarch64 => "win64_aarch64_info.txt",
        }
    }

    /// Returns the compiler's name for the platform.
    pub fn triplet(self) -> &'static str {
        match self {
            Self::AndroidAarch64 => "aarch64-unknown-linux-android",
            Self::AndroidX86_64 => "x86_64-pc-linux-android",
            Self::LinuxAarch64 => "aarch64-linux-gnu",
            Self::LinuxI686 => "i686-pc-linux-gnu",
            Self::LinuxX86_64 => "x86_64-pc-linux-gnu",
            Self::Mac => "x86_64-apple-darwin",
            Self::Win32 => "i686-pc-windows-msvc",
            Self::Win64 => "x86_64-pc-windows-msvc",
            Self::Win64Aarch64 => "aarch64-pc-windows-msvc",
        }
    }
}

/// What became of a build, as of the last day of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Offered to the users of its channel, and listed by product-details.
    Shipped,
    /// It may still ship; or it is of a first release (`153.0`) and only beta users got it, as a release candidate.
    Candidate,
    /// It will not ship, because another build of its version did.
    Aborted,
    /// Its version never shipped; only the dot release after it did.
    Pulled,
    /// A nightly: out as soon as it is built.
    Published,
}

impl Status {
    /// Returns the status in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Candidate => "candidate",
            Self::Aborted => "aborted",
            Self::Pulled => "pulled",
            Self::Published => "published",
        }
    }
}

/// The two ways in which Buildhub has written records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Migrated from the first Buildhub. Its candidates are gone from the archive.
    Migrated,
    /// Written as builds are today.
    Native,
}

/// One build of one version: what a candidate's `buildN` folder or a nightly's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The product, as the archive divides them.
    pub product: Product,
    /// The channel that the build was compiled for.
    pub channel: Channel,
    /// The version with its `bN`, `a1` or `esr`.
    pub version: Arc<str>,
    /// N of `buildN`; none for a nightly.
    pub build_number: Option<u32>,
    /// 40 hexadecimal digits.
    pub revision: Arc<str>,
    /// What became of it.
    pub status: Status,
    /// The day it shipped, if it did.
    pub shipped_on: Option<NaiveDate>,
    /// How Buildhub writes it.
    pub generation: Generation,
    /// One per platform, sorted by platform.
    pub packages: Vec<Package>,
    /// What Buildhub says differently from the build's own files.
    pub misread: Option<Misread>,
}

/// A package for which Buildhub names another revision than the package itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// The platform of the package.
    pub platform: Platform,
    /// The revision that Buildhub names: another build's.
    pub revision: Arc<str>,
    /// When Buildhub first said so; until then it had nothing about this package.
    pub told: DateTime<Utc>,
}

impl Build {
    /// Returns the path of the repository under its host, such as `releases/mozilla-beta`.
    pub fn repository_path(&self) -> String {
        let family = match self.product {
            // Its last versions were all built from there.
            Product::Fennec => return "releases/mozilla-esr68".to_owned(),
            Product::Firefox | Product::DevEdition => "mozilla",
            Product::Thunderbird => "comm",
        };
        match self.channel {
            Channel::Nightly => format!("{family}-central"),
            Channel::Beta | Channel::Aurora => format!("releases/{family}-beta"),
            Channel::Release => format!("releases/{family}-release"),
            Channel::Esr => {
                let major = self.version.split('.').next().unwrap_or_default();
                format!("releases/{family}-esr{major}")
            }
        }
    }

    /// Returns the URL of the repository.
    pub fn repository(&self) -> String {
        format!("https://hg.mozilla.org/{}", self.repository_path())
    }

    /// Returns the last part of the repository's path, such as `mozilla-beta`.
    pub fn tree(&self) -> String {
        let path = self.repository_path();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Returns the version that a client of this build reports: no beta number, no `esr`.
    pub fn reported_version(&self) -> &str {
        let version = self.version.strip_suffix("esr").unwrap_or(&self.version);
        version.split('b').next().unwrap_or(version)
    }

    /// Returns whether the version is a first release (`153.0`), whose builds beta users get as release candidates.
    pub fn is_release_candidate(&self) -> bool {
        self.product == Product::Firefox && self.channel == Channel::Release && self.version.matches('.').count() == 1
    }

    /// Returns the version that answers a question on the build's own channel, if the build has this status.
    pub(super) fn version_if(&self, status: Status) -> Arc<str> {
        match (self.channel, status) {
            (Channel::Beta | Channel::Aurora, Status::Candidate | Status::Aborted) => self.candidate_version(),
            _ => Arc::clone(&self.version),
        }
    }

    /// Returns the version with the build number as release candidate number: `153.0rc2`, `153.0b4rc1`.
    pub(super) fn candidate_version(&self) -> Arc<str> {
        format!("{}rc{}", self.version, self.build_number.unwrap_or(1)).into()
    }
}

/// A build's installer for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The platform.
    pub platform: Platform,
    /// 14 digits, UTC. Nearly always the same for all platforms of a build.
    pub build_id: Arc<str>,
    /// When it reached the archive: some hours after the build id.
    pub uploaded: DateTime<Utc>,
    /// The size of the installer, in bytes.
    pub size: u32,
}
