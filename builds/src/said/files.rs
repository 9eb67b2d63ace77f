//! Choosing the file of a build for the machine that crashed.

use serde::Serialize;

use crate::said::location::{build_folder, normalise_platform};

/// A file of a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BuildFile {
    /// The platform, such as `win64`; empty if no source says.
    pub platform: String,
    /// Where it lies.
    pub url: String,
}

/// The file for a machine, or the closest match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileForMachine {
    /// Where it lies: a file, or the folder of the whole build.
    pub url: String,
    /// The platform of the file; `None` for the folder that holds all of them.
    pub platform: Option<String>,
}

/// The platforms that run on a machine, under the sources' names, the usual one first; none if no builds are made for
/// such a machine. With an unknown processor, those of every processor.
///
/// `os` and `cpu` are as in processed crashes: the names of the stack walker (`Windows NT`, `amd64`) or of the system
/// itself (`Darwin`, `x86_64`). The processor is the one that the program was built for, so a 32-bit program on 64-bit
/// Windows is `win32`.
pub fn platforms_of(os: &str, cpu: &str) -> &'static [&'static str] {
    let os = os.trim().to_lowercase();
    match (os.as_str(), family(cpu)) {
        (os, "x86") if os.starts_with("windows") => &["win32"],
        (os, "amd64") if os.starts_with("windows") => &["win64"],
        (os, "arm64") if os.starts_with("windows") => &["win64-aarch64"],
        (os, "") if os.starts_with("windows") => &["win64", "win32", "win64-aarch64"],
        // One universal file for both processors.
        ("mac os x" | "macos" | "darwin", _) => &["mac"],
        ("linux", "x86") => &["linux-i686"],
        ("linux", "amd64") => &["linux-x86_64"],
        ("linux", "arm64") => &["linux-aarch64"],
        ("linux", "") => &["linux-x86_64", "linux-i686", "linux-aarch64"],
        ("android", "arm") => &[
            "android-arm",
            "android-armv7",
            "android-armeabi-v7a",
            "android-api-16",
            "android-api-15",
            "android-api-11",
            "android-api-9",
            "android",
        ],
        ("android", "arm64") => &["android-aarch64", "android-arm64-v8a"],
        ("android", "amd64") => &["android-x86_64"],
        ("android", "x86") => &["android-x86", "android-i386"],
        _ => &[],
    }
}

/// The processor under a canonical name; empty if unknown, `other` if no builds are made for it.
fn family(cpu: &str) -> &'static str {
    match cpu.trim().to_lowercase().as_str() {
        "x86" | "i386" | "i486" | "i586" | "i686" => "x86",
        "amd64" | "x86_64" | "x86-64" | "x64" => "amd64",
        "arm64" | "aarch64" | "arm64-v8a" => "arm64",
        "arm" | "armv7" | "armv7l" | "armeabi-v7a" | "armeabi" => "arm",
        "" | "unknown" => "",
        _ => "other",
    }
}

/// Why a file for another platform than the machine's own was chosen.
pub fn why_not_own(os: &str, cpu: &str) -> String {
    let said = |text: &str| !matches!(text.trim().to_lowercase().as_str(), "" | "unknown");
    match platform_of(os, cpu) {
        Some(machine) => format!("no file is known for {machine}"),
        None if !said(os) => "the crash does not say for which platform".to_owned(),
        None if family(cpu).is_empty() => "the crash does not say for which processor".to_owned(),
        None => format!("no file is known for {} on {}", os.trim(), cpu.trim()),
    }
}

/// The one platform of a machine under its usual name; `None` if its processor does not determine one.
pub fn platform_of(os: &str, cpu: &str) -> Option<&'static str> {
    match platforms_of(os, cpu) {
        [only] => Some(only),
        [usual, ..] if !family(cpu).is_empty() => Some(usual),
        _ => None,
    }
}

/// The file for a machine. If there is none, the folder of the build, which shows what exists; if that is unknown too,
/// a file of another platform, which is named.
pub fn file_for_machine(files: &[BuildFile], os: &str, cpu: &str) -> Option<FileForMachine> {
    let wanted = platforms_of(os, cpu);
    let own = wanted.iter().find_map(|platform| {
        files
            .iter()
            .find(|file| normalise_platform(&file.platform).0 == *platform)
    });
    if let Some(own) = own {
        return Some(FileForMachine {
            url: own.url.clone(),
            platform: Some(own.platform.clone()),
        });
    }
    if let Some(url) = files.iter().find_map(|file| build_folder(&file.url)) {
        return Some(FileForMachine { url, platform: None });
    }
    files.first().map(|file| FileForMachine {
        url: file.url.clone(),
        platform: Some(file.platform.clone()).filter(|platform| !platform.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_the_platforms_that_builds_are_made_for() {
        for (os, cpu, expected) in [
            ("Windows NT", "x86", "win32"),
            ("Windows NT", "amd64", "win64"),
            ("Windows", "arm64", "win64-aarch64"),
            ("Mac OS X", "amd64", "mac"),
            ("Mac OS X", "arm64", "mac"),
            ("Darwin", "unknown", "mac"),
            ("Linux", "amd64", "linux-x86_64"),
            ("Linux", "x86", "linux-i686"),
            ("Linux", "arm64", "linux-aarch64"),
            ("Linux", "unknown", "linux-x86_64 linux-i686 linux-aarch64"),
            ("Android", "arm64", "android-aarch64 android-arm64-v8a"),
            ("Android", "amd64", "android-x86_64"),
            ("Linux", "", "linux-x86_64 linux-i686 linux-aarch64"),
            ("Linux", "ppc64", ""),
            ("Linux", "riscv64", ""),
            ("Linux", "s390x", ""),
            ("Windows NT", "mips", ""),
            ("Windows NT", "", "win64 win32 win64-aarch64"),
            ("Unknown", "amd64", ""),
            ("", "", ""),
        ] {
            assert_eq!(platforms_of(os, cpu).join(" "), expected, "{os} {cpu}");
        }
    }

    #[test]
    fn a_machine_gets_its_own_file_or_what_is_next_to_it() {
        const BUILD: &str = "https://a.example/pub/firefox/candidates/64.0b4-candidates/build1/";
        let file = |platform: &str, url: String| BuildFile {
            platform: platform.to_owned(),
            url,
        };
        let files = [
            file("linux-x86_64", format!("{BUILD}linux-x86_64/en-US/f.tar.xz")),
            file("macosx", format!("{BUILD}mac/en-US/F.dmg")),
            file("win64", format!("{BUILD}win64/en-US/F.exe")),
        ];
        let elsewhere = [file("win64", "https://a.example/f.exe".to_owned())];
        for (files, os, cpu, url, platform) in [
            (
                &files[..],
                "Windows NT",
                "amd64",
                format!("{BUILD}win64/en-US/F.exe"),
                Some("win64"),
            ),
            (
                &files,
                "Mac OS X",
                "arm64",
                format!("{BUILD}mac/en-US/F.dmg"),
                Some("macosx"),
            ),
            (
                &files,
                "Linux",
                "unknown",
                format!("{BUILD}linux-x86_64/en-US/f.tar.xz"),
                Some("linux-x86_64"),
            ),
            (&files, "Windows NT", "x86", BUILD.to_owned(), None),
            (&files, "Linux", "ppc64", BUILD.to_owned(), None),
            (&files, "Unknown", "unknown", BUILD.to_owned(), None),
            (
                &elsewhere,
                "Linux",
                "amd64",
                "https://a.example/f.exe".to_owned(),
                Some("win64"),
            ),
        ] {
            let expected = FileForMachine {
                url,
                platform: platform.map(str::to_owned),
            };
            assert_eq!(file_for_machine(files, os, cpu), Some(expected), "{os} {cpu}");
        }
        assert_eq!(file_for_machine(&[], "Linux", "amd64"), None);
    }
}
