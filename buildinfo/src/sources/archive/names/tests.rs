use proptest::prelude::*;

use super::{
    FileKind, MetadataFiles, build_number, candidate_files, candidate_version, info_platform, month, nightly_folder,
    packages, platform, release_version, year,
};

#[test]
fn folders_of_candidates_name_versions() {
    for (folder, expected) in [
        ("65.0-candidates", Some("65.0")),
        ("65.0b4-candidates", Some("65.0b4")),
        ("60.3.0esr-candidates", Some("60.3.0esr")),
        ("38.0.5b1-candidates", Some("38.0.5b1")),
        ("None-candidates", None),
        ("-candidates", None),
        (" 65.0-candidates", None),
        ("archived", None),
        ("latest-3.6", None),
        ("4.0b13pre", None),
        ("65.0", None),
    ] {
        let version = candidate_version(folder);
        assert_eq!(version.as_ref().map(|version| version.as_str()), expected, "{folder}");
    }
}

#[test]
fn folders_of_releases_name_versions_that_have_shipped() {
    for (folder, expected) in [
        ("65.0", Some("65.0")),
        ("60.3.0esr", Some("60.3.0esr")),
        ("1.5.0.1rc1", Some("1.5.0.1rc1")),
        ("0.10.1", Some("0.10.1")),
        ("3.1b3", Some("3.1b3")),
        ("3.6.3plugin1", None),
        ("3.0.19-real-real", None),
        ("13.0.1-funnelcake11", None),
        ("56.0.1-funnelcake131", None),
        ("latest", None),
        ("latest-beta", None),
        ("partners", None),
        ("shims", None),
        ("stub", None),
        ("win32-sha1", None),
        ("KEY", None),
        ("README.html", None),
    ] {
        let version = release_version(folder);
        assert_eq!(version.as_ref().map(|version| version.as_str()), expected, "{folder}");
    }
}

#[test]
fn build_numbers_sort_as_numbers() {
    let mut numbers: Vec<u32> = ["build10", "build2", "build1"]
        .into_iter()
        .filter_map(build_number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 10]);
    for folder in [
        "build",
        "build0",
        "build01",
        "build+1",
        "build-1",
        "buildx",
        "build1/",
        "1",
        "build99999999999",
    ] {
        assert_eq!(build_number(folder), None, "{folder}");
    }
}

#[test]
fn folders_of_a_build_that_are_platforms() {
    for (folder, expected, variant) in [
        ("linux-i686", "linux-i686", None),
        ("linux-x86_64", "linux-x86_64", None),
        ("linux-aarch64", "linux-aarch64", None),
        ("linux-riscv64", "linux-riscv64", None),
        ("mac", "mac", None),
        ("macosx", "mac", None),
        ("win32", "win32", None),
        ("win64", "win64", None),
        ("win64-aarch64", "win64-aarch64", None),
        ("android-api-16", "android-api-16", None),
        ("android-x86_64", "android-x86_64", None),
        ("maemo5-gtk", "maemo5-gtk", None),
        ("mac-EME-free", "mac", Some("eme-free")),
        ("win32-EME-free", "win32", Some("eme-free")),
        ("win32-sha1", "win32", Some("sha1")),
    ] {
        let expected = (expected.to_owned(), variant.map(str::to_owned));
        assert_eq!(platform(folder), Some(expected), "{folder}");
    }
    for folder in [
        "beetmover-checksums",
        "contrib",
        "funnelcake140",
        "jsshell",
        "logs",
        "mar-tools",
        "partner-repacks",
        "source",
        "update",
        "xpi",
        "multi",
        "deb-l10n",
        "linux-x86_64-add-on-devel",
        "linux-x86_64-debug",
        "win64-asan-reporter",
        "windows.old",
        "win64/x",
        "",
    ] {
        assert_eq!(platform(folder), None, "{folder}");
    }
}

#[test]
fn info_files_name_platforms_in_their_own_way() {
    for (file, expected, variant) in [
        ("linux_info.txt", "linux-i686", None),
        ("linux64_info.txt", "linux-x86_64", None),
        ("linux64-aarch64_info.txt", "linux-aarch64", None),
        ("linux64-riscv64_info.txt", "linux-riscv64", None),
        ("macosx64_info.txt", "mac", None),
        ("win32_info.txt", "win32", None),
        ("win64_info.txt", "win64", None),
        ("win64_aarch64_info.txt", "win64-aarch64", None),
        ("win64-aarch64_info.txt", "win64-aarch64", None),
        ("android-api-16_info.txt", "android-api-16", None),
        ("macosx64-eme-free_info.txt", "mac", Some("eme-free")),
    ] {
        let expected = (expected.to_owned(), variant.map(str::to_owned));
        assert_eq!(info_platform(file), Some(expected), "{file}");
    }
    for file in [
        "_info.txt",
        "source_info.txt",
        "linux64.txt",
        "linux64-asan-reporter_info.txt",
        "firefox-67.0a1.en-US.win64_info.txt",
    ] {
        assert_eq!(info_platform(file), None, "{file}");
    }
}

#[test]
fn years_and_months_are_numbers() {
    assert_eq!(
        (year("2018"), month("01"), month("12")),
        (Some(2018), Some(1), Some(12))
    );
    for folder in [
        "latest-mozilla-central",
        "0018",
        "1997",
        "20181",
        "+201",
        "experimental",
    ] {
        assert_eq!(year(folder), None, "{folder}");
    }
    for folder in ["00", "13", "1", "+1", "001"] {
        assert_eq!(month(folder), None, "{folder}");
    }
}

#[test]
fn folders_of_nightlies_name_moment_and_branch() {
    for (folder, moment, branch) in [
        (
            "2018-11-20-10-02-38-mozilla-central",
            "20181120100238",
            "mozilla-central",
        ),
        ("2016-05-01-00-40-02-mozilla-aurora", "20160501004002", "mozilla-aurora"),
        ("2018-11-20-10-02-38-comm-central", "20181120100238", "comm-central"),
        ("2010-11-27-03-mozilla-central", "2010112703", "mozilla-central"),
        ("2009-05-18-13-30-mozilla-1.9.1", "200905181330", "mozilla-1.9.1"),
        ("2009-05-18-03-comm-central-trunk", "2009051803", "comm-central-trunk"),
        ("2007-05-18-03-trunk", "2007051803", "trunk"),
        (
            "2015-10-21-03-09-19-mozilla-central-android-api-11",
            "20151021030919",
            "mozilla-central-android-api-11",
        ),
        (
            "2015-10-21-03-09-19-mozilla-aurora-android-x86",
            "20151021030919",
            "mozilla-aurora-android-x86",
        ),
    ] {
        let found = nightly_folder(folder).unwrap_or_else(|| panic!("{folder}"));
        assert_eq!(
            (found.moment.to_string().as_str(), found.branch),
            (moment, branch),
            "{folder}"
        );
    }
    for folder in [
        "2018-11-20-10-02-38-mozilla-central-l10n",
        "2018-11-20-10-02-38-maple",
        "2018-11-20-10-02-38-ash-mozilla-central",
        "2018-11-20-10-02-38-mozilla-esr60",
        "2018-13-20-10-02-38-mozilla-central",
        "2018-11-mozilla-central",
        "2018-11-20-mozilla-central",
        "2018-11-20-10-02-38",
        "latest-mozilla-central",
        "mozilla-central",
        "",
        "2018-11-20-10-02-38-",
        "2018-11-20-10-02-38-44-mozilla-central",
        "2020-10-30-03-48-30-fenix-84.0-android-x86",
    ] {
        assert_eq!(nightly_folder(folder), None, "{folder}");
    }
}

#[test]
fn metadata_files_are_known_by_their_endings() {
    for (name, expected) in [
        ("buildhub.json", Some((FileKind::Buildhub, ""))),
        (
            "firefox-67.0a1.en-US.win64.buildhub.json",
            Some((FileKind::Buildhub, "firefox-67.0a1.en-US.win64")),
        ),
        ("win64_info.txt", Some((FileKind::Info, "win64"))),
        ("firefox-70.0.json", Some((FileKind::Flat, "firefox-70.0"))),
        (
            "firefox-67.0a1.en-US.win64.txt",
            Some((FileKind::Text, "firefox-67.0a1.en-US.win64")),
        ),
        ("firefox-70.0.mozinfo.json", None),
        ("firefox-67.0a1.en-US.win64.test_packages.json", None),
        ("firefox-67.0a1.en-US.win64.checksums", None),
        ("SHA256SUMS", None),
        ("", None),
    ] {
        assert_eq!(FileKind::of(name), expected, "{name}");
    }
}

#[test]
fn files_of_a_nightly_are_grouped_by_package() {
    let files = [
        "firefox-67.0a1.en-US.linux-x86_64.buildhub.json",
        "firefox-67.0a1.en-US.linux-x86_64.json",
        "firefox-67.0a1.en-US.linux-x86_64.mozinfo.json",
        "firefox-67.0a1.en-US.linux-x86_64.test_packages.json",
        "firefox-67.0a1.en-US.linux-x86_64.txt",
        "firefox-67.0a1.en-US.linux-x86_64_info.txt",
        "firefox-67.0a1.en-US.linux-x86_64.tar.bz2",
        "firefox-67.0a1.en-US.linux-x86_64-debug.txt",
        "firefox-67.0a1.en-US.win64-asan-reporter.buildhub.json",
        "firefox-67.0a1.en-US.mac.txt",
        "firefox-68.0a1.en-US.mac.txt",
        "firefox-67.0a1.de.mac.txt",
        "firefox-67.0a1.multi.mac.txt",
        "firefox-x.en-US.mac.txt",
        "mozharness.zip",
        "README.txt",
    ];
    let found: Vec<(String, String, Vec<String>)> = packages(files)
        .into_iter()
        .map(|package| {
            let files = package.files.in_order().map(str::to_owned).collect();
            (package.platform, package.version.to_string(), files)
        })
        .collect();
    let package = |platform: &str, version: &str, endings: &[&str]| {
        let files = endings
            .iter()
            .map(|ending| format!("firefox-{version}.en-US.{platform}{ending}"));
        (platform.to_owned(), version.to_owned(), files.collect::<Vec<_>>())
    };
    let expected = [
        package(
            "linux-x86_64",
            "67.0a1",
            &[".buildhub.json", "_info.txt", ".json", ".txt"],
        ),
        package("mac", "67.0a1", &[".txt"]),
        package("mac", "68.0a1", &[".txt"]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn android_builds_are_multilingual() {
    let files = [
        "fennec-42.0a1.en-US.android-arm.txt",
        "fennec-42.0a1.multi.android-arm.json",
        "fennec-42.0a1.multi.android-arm.txt",
    ];
    let [package] = packages(files).try_into().unwrap();
    assert_eq!(package.platform, "android-arm");
    assert_eq!(package.files.text.as_deref(), Some(files[0]));
    assert_eq!(package.files.flat.as_deref(), Some(files[1]));
}

#[test]
fn a_candidate_has_a_record_and_a_flat_file() {
    let files = [
        "Firefox 70.0.dmg",
        "buildhub.json",
        "firefox-70.0.checksums",
        "firefox-70.0.json",
        "firefox-70.0.mozinfo.json",
        "firefox-70.0.test_packages.json",
        "target.json",
        "SHA256SUMS",
    ];
    let found = candidate_files(files);
    assert_eq!(
        found.in_order().collect::<Vec<_>>(),
        ["buildhub.json", "firefox-70.0.json"]
    );
    assert!(candidate_files(["KEY"]).is_empty());
    assert_eq!(candidate_files([]), MetadataFiles::default());
}

proptest! {
    #[test]
    fn any_name_is_read_or_ignored(name in "\\PC*|[a-z0-9.-]*(-candidates|_info.txt|.buildhub.json|.txt)") {
        let _ = (candidate_version(&name), build_number(&name), release_version(&name));
        let _ = (platform(&name), info_platform(&name));
        let _ = (year(&name), month(&name), nightly_folder(&name), FileKind::of(&name));
        let _ = (packages([name.as_str()]), candidate_files([name.as_str()]));
    }

    #[test]
    fn names_that_we_would_write_are_read(
        major in 1u32..200,
        beta in 1u32..20,
        number in 1u32..100,
        month in 1u32..13,
        day in 1u32..29,
    ) {
        let version = format!("{major}.0b{beta}");
        prop_assert_eq!(candidate_version(&format!("{version}-candidates")), version.parse().ok());
        prop_assert_eq!(build_number(&format!("build{number}")), Some(number));
        let name = format!("2026-{month:02}-{day:02}-09-30-00-comm-central");
        let folder = nightly_folder(&name).unwrap();
        prop_assert_eq!(folder.moment.to_string(), format!("2026{month:02}{day:02}093000"));
        prop_assert_eq!(folder.branch, "comm-central");
    }
}
