//! What a path in the archive says about its file.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::names::product::Directory;
use crate::names::version::Version;

/// A place in the archive, read from a URL or a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The product's folder under `/pub/`.
    pub directory: Directory,
    /// The tree below it.
    pub area: Area,
    /// The platform's folder, normalised.
    pub platform: Option<String>,
    /// A variant not meant for everyone: `funnelcake131`, `partner-repacks`, `eme-free`, `sha1`.
    pub variant: Option<String>,
}

/// The trees of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Area {
    /// `candidates/<version>-candidates/build<N>/`
    Candidates(Version, u32),
    /// `releases/<version>/`
    Releases(Version),
    /// `nightly/<year>/<month>/<moment>-<branch>/`
    Nightly,
    /// `latest…`, whose content changes under one name.
    Moving,
    /// `try-builds`, `tinderbox-builds`: outside any release process.
    Unofficial,
}

impl Location {
    /// Parses an absolute URL, or a path that contains `/pub/`. `None` if it leads to no tree of builds.
    pub fn parse(url: &str) -> Option<Self> {
        let base = Url::parse("https://archive.invalid/").expect("a constant that is a URL");
        let url = base.join(url).ok()?;
        let segments: Vec<Cow<'_, str>> = url
            .path_segments()?
            .map(|segment| percent_decode_str(segment).decode_utf8())
            .collect::<Result<_, _>>()
            .ok()?;
        let start = segments.iter().position(|segment| segment == "pub")?;
        let segments: Vec<&str> = segments.iter().skip(start + 1).map(AsRef::as_ref).collect();
        let [directory, tree, rest @ ..] = segments.as_slice() else {
            return None;
        };
        let directory: Directory = directory.parse().ok()?;
        match *tree {
            "candidates" => candidates(directory, rest),
            "releases" => releases(directory, rest),
            "nightly" => nightly(directory, rest),
            "try-builds" | "tinderbox-builds" => Some(Self {
                directory,
                area: Area::Unofficial,
                platform: None,
                variant: None,
            }),
            _ => None,
        }
    }
}

fn candidates(directory: Directory, rest: &[&str]) -> Option<Location> {
    let [version, build, rest @ ..] = rest else {
        return None;
    };
    let version: Version = version.strip_suffix("-candidates")?.parse().ok()?;
    let number: u32 = build.strip_prefix("build")?.parse().ok()?;
    let (platform, variant) = platform_and_variant(rest);
    Some(Location {
        directory,
        area: Area::Candidates(version, number),
        platform,
        variant,
    })
}

fn releases(directory: Directory, rest: &[&str]) -> Option<Location> {
    let [folder, rest @ ..] = rest else {
        return None;
    };
    if folder.starts_with("latest") {
        return Some(Location {
            directory,
            area: Area::Moving,
            platform: None,
            variant: None,
        });
    }
    let (version, funnelcake) = match folder.find("-funnelcake") {
        Some(at) => (&folder[..at], Some(folder[at + 1..].to_owned())),
        None => (*folder, None),
    };
    let version: Version = version.parse().ok()?;
    // Funnelcakes of several generations lie in `v1`, `v2`, … below their folder.
    let rest = match rest {
        [first, below @ ..]
            if first
                .strip_prefix('v')
                .is_some_and(|digits| digits.parse::<u32>().is_ok()) =>
        {
            below
        }
        _ => rest,
    };
    let (platform, variant) = platform_and_variant(rest);
    Some(Location {
        directory,
        area: Area::Releases(version),
        platform,
        variant: funnelcake.or(variant),
    })
}

fn nightly(directory: Directory, rest: &[&str]) -> Option<Location> {
    let area = if rest.first()?.starts_with("latest") {
        Area::Moving
    } else {
        Area::Nightly
    };
    Some(Location {
        directory,
        area,
        platform: None,
        variant: None,
    })
}

fn platform_and_variant(rest: &[&str]) -> (Option<String>, Option<String>) {
    match rest {
        [first, below @ ..] if first.starts_with("funnelcake") || *first == "partner-repacks" => {
            (platform_and_variant(below).0, Some((*first).to_owned()))
        }
        // The last segment is the file itself.
        [first, _, ..] => {
            let (platform, variant) = normalise_platform(first);
            (Some(platform), variant)
        }
        _ => (None, None),
    }
}

/// The folder that holds a build for all its platforms, from the URL of one of its files; `None` if it cannot be
/// determined.
pub fn build_folder(url: &str) -> Option<String> {
    let mut folder = Url::parse(url).ok()?;
    let segments: Vec<&str> = folder.path_segments()?.collect();
    let start = segments.iter().position(|segment| *segment == "pub")?;
    // The product and the tree, and the segments that identify the build in it.
    let names = match *segments.get(start + 2)? {
        "candidates" => 2,
        "releases" => 1,
        "nightly" => 3,
        _ => return None,
    };
    let end = start + 3 + names;
    let path = format!("/{}/", segments.get(..end)?.join("/"));
    // The last segment is the file.
    if segments.len() <= end || segments.get(start + 3..end)?.contains(&"") {
        return None;
    }
    folder.set_path(&path);
    folder.set_query(None);
    folder.set_fragment(None);
    Some(folder.to_string())
}

/// A platform under its current name, and the variant that older names included: `macosx-eme-free` is (`mac`,
/// `eme-free`).
pub fn normalise_platform(raw: &str) -> (String, Option<String>) {
    let lower = raw.trim().to_lowercase();
    let (base, variant) = ["eme-free", "sha1"]
        .into_iter()
        .find_map(|variant| {
            let base = lower.strip_suffix(variant)?.strip_suffix('-')?;
            Some((base, Some(variant.to_owned())))
        })
        .unwrap_or((&lower, None));
    let platform = match base {
        "macosx" | "macosx64" | "mac64" => "mac",
        "linux" | "linux32" => "linux-i686",
        "linux64" => "linux-x86_64",
        "linux64-aarch64" => "linux-aarch64",
        "win64_aarch64" => "win64-aarch64",
        other => other,
    };
    (platform.to_owned(), variant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Area, Location, build_folder, normalise_platform};
    use crate::names::product::Directory;

    fn check(url: &str, directory: Directory, area: &Area, platform: Option<&str>, variant: Option<&str>) {
        let location = Location::parse(url).unwrap_or_else(|| panic!("{url} is a location"));
        assert_eq!(location.directory, directory, "{url}");
        assert_eq!(&location.area, area, "{url}");
        assert_eq!(location.platform.as_deref(), platform, "{url}");
        assert_eq!(location.variant.as_deref(), variant, "{url}");
    }

    #[test]
    fn paths_say_what_lies_there() {
        let candidate = |version: &str, number| Area::Candidates(version.parse().unwrap(), number);
        let release = |version: &str| Area::Releases(version.parse().unwrap());
        let host = "https://archive.mozilla.org/pub";
        let check = |path: &str, directory, area: Area, platform, variant| {
            check(&format!("{host}{path}"), directory, &area, platform, variant);
        };
        check(
            "/firefox/candidates/70.0-candidates/build2/win64/en-US/Firefox%20Setup%2070.0.exe",
            Directory::FIREFOX,
            candidate("70.0", 2),
            Some("win64"),
            None,
        );
        check(
            "/devedition/candidates/61.0b4-candidates/build10/mac/ca/Firefox 61.0b4.dmg",
            Directory::DEVEDITION,
            candidate("61.0b4", 10),
            Some("mac"),
            None,
        );
        check(
            "/mobile/candidates/68.1-candidates/build1/android-x86_64/en-US/f.apk",
            Directory::FENNEC,
            candidate("68.1", 1),
            Some("android-x86_64"),
            None,
        );
        check(
            "/firefox/candidates/65.0-candidates/build1/mac-EME-free/en-US/Firefox.dmg",
            Directory::FIREFOX,
            candidate("65.0", 1),
            Some("mac"),
            Some("eme-free"),
        );
        check(
            "/firefox/candidates/65.0-candidates/build1/funnelcake140/win32/en-US/f.exe",
            Directory::FIREFOX,
            candidate("65.0", 1),
            Some("win32"),
            Some("funnelcake140"),
        );
        check(
            "/firefox/releases/56.0.1-funnelcake131/v1/win32/en-US/f.exe",
            Directory::FIREFOX,
            release("56.0.1"),
            Some("win32"),
            Some("funnelcake131"),
        );
        check(
            "/firefox/releases/60.3.0esr/linux-x86_64/fr/f.tar.bz2",
            Directory::FIREFOX,
            release("60.3.0esr"),
            Some("linux-x86_64"),
            None,
        );
        check(
            "/firefox/releases/latest-beta/x",
            Directory::FIREFOX,
            Area::Moving,
            None,
            None,
        );
        check(
            "/firefox/nightly/2018/11/2018-11-20-10-02-38-mozilla-central/f.dmg",
            Directory::FIREFOX,
            Area::Nightly,
            None,
            None,
        );
        check(
            "/firefox/nightly/latest-mozilla-central/f.dmg",
            Directory::FIREFOX,
            Area::Moving,
            None,
            None,
        );
        check(
            "/firefox/try-builds/a@b/f",
            Directory::FIREFOX,
            Area::Unofficial,
            None,
            None,
        );
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for url in [
            "",
            "https://archive.mozilla.org/",
            "https://archive.mozilla.org/pub/firefox/candidates/None-candidates/build1/",
            "https://archive.mozilla.org/pub/firefox/candidates/archived/x",
            "https://archive.mozilla.org/pub/firefox/candidates/65.0-candidates/beetmover-checksums/x",
            "https://archive.mozilla.org/pub/firefox/releases/partners/x",
            "https://archive.mozilla.org/pub/vpn/releases/2.0/x",
            "https://archive.mozilla.org/pub/firefox/candidates/65.0-candidates/build99999999999/x",
        ] {
            assert_eq!(Location::parse(url), None, "{url}");
        }
    }

    #[test]
    fn a_build_has_a_folder_of_its_own() {
        const HOST: &str = "https://archive.mozilla.org/pub/firefox";
        for (file, expected) in [
            (
                "/candidates/70.0-candidates/build2/win64/en-US/Firefox%20Setup.exe",
                Some("/candidates/70.0-candidates/build2/"),
            ),
            (
                "/releases/60.3.0esr/linux-x86_64/fr/f.tar.bz2",
                Some("/releases/60.3.0esr/"),
            ),
            (
                "/nightly/2018/11/2018-11-20-10-02-38-mozilla-central/f.dmg?x",
                Some("/nightly/2018/11/2018-11-20-10-02-38-mozilla-central/"),
            ),
            ("/nightly/2018/11", None),
            ("/nightly///a/f.dmg", None),
            ("/try-builds/a/f", None),
        ] {
            let found = build_folder(&format!("{HOST}{file}"));
            assert_eq!(found, expected.map(|folder| format!("{HOST}{folder}")), "{file}");
        }
        assert_eq!(build_folder("no url"), None);
    }

    #[test]
    fn platforms_have_one_name() {
        for (raw, platform, variant) in [
            ("macosx", "mac", None),
            ("macosx-eme-free", "mac", Some("eme-free")),
            ("win32-sha1", "win32", Some("sha1")),
            ("linux64", "linux-x86_64", None),
            ("android-api-16", "android-api-16", None),
        ] {
            assert_eq!(
                normalise_platform(raw),
                (platform.to_owned(), variant.map(str::to_owned))
            );
        }
    }

    proptest! {
        #[test]
        fn any_url_is_read_or_refused(
            text in "\\PC*",
            path in "/pub/(firefox|mobile)/(candidates|releases|nightly)(/[a-z0-9.%-]{0,12}){0,6}",
        ) {
            let _ = Location::parse(&text);
            let _ = Location::parse(&path);
        }
    }
}
