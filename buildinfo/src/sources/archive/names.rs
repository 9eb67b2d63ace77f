//! What the names of folders and files in the archive mean. Names without a meaning for us yield `None`: the archive
//! has many.

use std::collections::BTreeMap;

use builds::names::build_id::BuildId;
use builds::names::product::is_nightly_branch;
use builds::names::version::Version;
use builds::said::location::normalise_platform;

/// Prefixes of platform names.
const PLATFORMS: [&str; 6] = ["android-", "linux-", "mac", "maemo", "win32", "win64"];
/// Parts of platform names whose builds are not made for users.
const NOT_FOR_USERS: [&str; 8] = [
    "-add-on-devel",
    "-asan",
    "-ccov",
    "-debug",
    "-fuzzing",
    "-l10n",
    "-mingw",
    "-tsan",
];

/// The version of a folder of `candidates/`, such as `65.0-candidates`.
pub fn candidate_version(folder: &str) -> Option<Version> {
    version(folder.strip_suffix("-candidates")?)
}

/// The number of a folder below a version's candidates, such as `build10`. Sort by it, not by the text; gaps are
/// normal.
pub fn build_number(folder: &str) -> Option<u32> {
    let digits = folder.strip_prefix("build")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// The version of a folder of `releases/`, which has shipped. Variants such as `56.0.1-funnelcake131` are not versions
/// of their own, and moving copies (`latest…`) are not versions at all.
pub fn release_version(folder: &str) -> Option<Version> {
    version(folder)
}

/// A version without surrounding whitespace.
fn version(text: &str) -> Option<Version> {
    text.parse().ok().filter(|version: &Version| version.as_str() == text)
}

/// The platform that a folder of `buildN/` is named after, under its current name, and its variant: `mac-EME-free` is
/// (`mac`, `eme-free`). New platforms are recognized by their prefixes.
pub fn platform(folder: &str) -> Option<(String, Option<String>)> {
    let is_plain = folder
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let (name, variant) = normalise_platform(folder);
    let is_platform =
        PLATFORMS.iter().any(|start| name.starts_with(start)) && !NOT_FOR_USERS.iter().any(|part| name.contains(part));
    (is_plain && is_platform).then_some((name, variant))
}

/// The platform of a `…_info.txt` file in `buildN/`: (`linux-x86_64`, none) for `linux64_info.txt`.
pub fn info_platform(file: &str) -> Option<(String, Option<String>)> {
    let stem = file.strip_suffix("_info.txt")?;
    // `linux64-aarch64` is `linux-aarch64`; likewise for any other processor.
    if let Some(processor) = stem.strip_prefix("linux64-") {
        return platform(&format!("linux-{processor}"));
    }
    if let Some(processor) = stem.strip_prefix("win64_") {
        return platform(&format!("win64-{processor}"));
    }
    platform(stem)
}

/// The year of a folder of `nightly/`.
pub fn year(folder: &str) -> Option<u32> {
    number(folder, 4).filter(|year| (1998..=2199).contains(year))
}

/// The month of a folder of `nightly/<year>/`.
pub fn month(folder: &str) -> Option<u32> {
    number(folder, 2).filter(|month| (1..=12).contains(month))
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// A folder of `nightly/<year>/<month>/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NightlyFolder<'a> {
    /// When it was made, with the digits given in the name. On desktop this is usually the build id, but only a
    /// metadata file can confirm it.
    pub moment: BuildId,
    /// The branch built, such as `mozilla-central`.
    pub branch: &'a str,
}

/// Parses `<year>-<month>-<day>-<hour>[-<minute>[-<second>]]-<branch>`. `None` also for repacks (`…-l10n`) and for
/// branches whose builds no user got by default.
pub fn nightly_folder(name: &str) -> Option<NightlyFolder<'_>> {
    let mut digits = String::new();
    let mut branch = name;
    while digits.len() < 14 {
        let length = if digits.is_empty() { 4 } else { 2 };
        let Some((part, rest)) = branch.split_once('-') else {
            break;
        };
        if number(part, length).is_none() {
            break;
        }
        digits.push_str(part);
        branch = rest;
    }
    let moment = digits.parse().ok()?;
    (is_nightly_branch(branch) && !branch.ends_with("-l10n")).then_some(NightlyFolder { moment, branch })
}

/// The files beside a build that describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `buildhub.json`: the whole record.
    Buildhub,
    /// `…_info.txt`: the build id.
    Info,
    /// A flat JSON file with the settings of the build.
    Flat,
    /// A `.txt` with build id and revision, in one of several dialects.
    Text,
}

impl FileKind {
    /// The kind of file with this name, and the name without its suffix. `None` for all other files, including the JSON
    /// files that describe tests.
    pub fn of(name: &str) -> Option<(Self, &str)> {
        if name == "buildhub.json" {
            return Some((Self::Buildhub, ""));
        }
        [
            (".buildhub.json", Self::Buildhub),
            ("_info.txt", Self::Info),
            (".mozinfo.json", Self::Flat),
            (".test_packages.json", Self::Flat),
            (".json", Self::Flat),
            (".txt", Self::Text),
        ]
        .into_iter()
        .find_map(|(ending, kind)| Some((kind, ending, name.strip_suffix(ending)?)))
        .filter(|(_, ending, _)| !matches!(*ending, ".mozinfo.json" | ".test_packages.json"))
        .map(|(kind, _, stem)| (kind, stem))
    }
}

/// The names of the metadata files of one build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataFiles {
    /// See [`FileKind::Buildhub`].
    pub buildhub: Option<String>,
    /// See [`FileKind::Info`].
    pub info: Option<String>,
    /// See [`FileKind::Flat`].
    pub flat: Option<String>,
    /// See [`FileKind::Text`].
    pub text: Option<String>,
}

impl MetadataFiles {
    /// The files in the order to try them: the next one only if the previous is missing or bad.
    pub fn in_order(&self) -> impl Iterator<Item = &str> {
        [&self.buildhub, &self.info, &self.flat, &self.text]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.in_order().next().is_none()
    }

    /// Adds a file, unless there already is one of its kind.
    fn add(&mut self, kind: FileKind, name: &str) {
        let place = match kind {
            FileKind::Buildhub => &mut self.buildhub,
            FileKind::Info => &mut self.info,
            FileKind::Flat => &mut self.flat,
            FileKind::Text => &mut self.text,
        };
        place.get_or_insert_with(|| name.to_owned());
    }
}

/// One build of a nightly's folder, which holds the builds of all platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// From the file's name, under its current name.
    pub platform: String,
    /// From the file's name.
    pub version: Version,
    /// Its metadata files; never empty.
    pub files: MetadataFiles,
}

/// The builds of a nightly's folder, by version and platform: `firefox-67.0a1.en-US.linux-x86_64.txt` and its
/// neighbours. Only `en-US` and Android's `multi` count as builds of their own.
pub fn packages<'a>(files: impl IntoIterator<Item = &'a str>) -> Vec<Package> {
    let mut packages: BTreeMap<(Version, String), MetadataFiles> = BTreeMap::new();
    for file in files {
        if let Some((kind, version, platform)) = package_file(file) {
            packages.entry((version, platform)).or_default().add(kind, file);
        }
    }
    packages
        .into_iter()
        .map(|((version, platform), files)| Package {
            platform,
            version,
            files,
        })
        .collect()
}

/// The kind, version and platform of a metadata file in a nightly's folder.
pub(super) fn package_file(file: &str) -> Option<(FileKind, Version, String)> {
    let (kind, stem) = FileKind::of(file)?;
    let (name, rest) = stem.split_once(".en-US.").or_else(|| {
        stem.split_once(".multi.")
            .filter(|(_, rest)| rest.starts_with("android-"))
    })?;
    let (_, text) = name.split_once('-')?;
    Some((kind, version(text)?, platform(rest)?.0))
}

/// The metadata files of a candidate's `<platform>/en-US/`, such as `buildhub.json` and `firefox-70.0.json`.
pub fn candidate_files<'a>(files: impl IntoIterator<Item = &'a str>) -> MetadataFiles {
    let mut found = MetadataFiles::default();
    for file in files {
        match FileKind::of(file) {
            Some((FileKind::Buildhub, "")) => found.add(FileKind::Buildhub, file),
            Some((FileKind::Flat, stem)) if is_package_stem(stem) => {
                found.add(FileKind::Flat, file);
            }
            _ => {}
        }
    }
    found
}

/// Whether a name without its suffix is `<program>-<version>`, or the longer form of a nightly's folder.
fn is_package_stem(stem: &str) -> bool {
    let name = stem.split_once(".en-US.").map_or(stem, |(name, _)| name);
    name.split_once('-').is_some_and(|(_, text)| version(text).is_some())
}

#[cfg(test)]
mod tests;
