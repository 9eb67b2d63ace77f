use builds::derive::claim::Claim;
use builds::said::observation::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{BadFile, read};

const HOST: &str = "https://archive.mozilla.org";
const CANDIDATE: &str = "/pub/firefox/candidates/155.0b2-candidates/build1";
const NIGHTLY: &str = "/pub/firefox/nightly/2026/08/2026-08-01-09-30-00-mozilla-central";
const REVISION: &str = "00112233445566778899aabbccddeeff00112233";

/// The claim of the file at `path`, fetched from a mirror.
fn claim(path: &str, content: &str) -> Claim {
    let observation = read(
        &format!("http://127.0.0.1:8001{path}"),
        &format!("{HOST}{path}"),
        content.as_bytes(),
    )
    .unwrap_or_else(|error| panic!("{path}: {error}"));
    Claim::read(&observation, observation.digest())
        .unwrap_or_else(|why| panic!("{path}: {why}"))
        .unwrap()
}

fn bad(path: &str, content: &[u8]) -> BadFile {
    match read("http://127.0.0.1:8001/", &format!("{HOST}{path}"), content) {
        Ok(observation) => panic!("{path} was read: {observation:?}"),
        Err(error) => error,
    }
}

fn record() -> Value {
    json!({
        "build": {"id": "20260803091507", "date": "2026-08-03T09:15:07Z"},
        "source": {
            "product": "firefox", "repository": "https://hg.mozilla.org/releases/mozilla-beta", "revision": REVISION,
        },
        "target": {
            "platform": "linux-x86_64", "os": "linux", "locale": "en-US", "version": "155.0b2", "channel": "beta",
        },
        "download": {
            "url": format!("{HOST}{CANDIDATE}/linux-x86_64/en-US/firefox-155.0b2.tar.xz"),
            "mimetype": "application/octet-stream", "size": 71_234_567, "date": "2026-08-03T11:02:44.120934+00:00",
        },
    })
}

fn flat() -> Value {
    json!({
        "buildid": "20260803091507", "moz_app_name": "firefox", "moz_app_version": "155.0",
        "moz_pkg_platform": "linux-x86_64", "moz_update_channel": "beta",
        "moz_source_repo": "https://hg.mozilla.org/releases/mozilla-beta", "moz_source_stamp": REVISION,
    })
}

#[test]
fn a_record_is_read_where_it_belongs() {
    let claim = claim(
        &format!("{CANDIDATE}/linux-x86_64/en-US/buildhub.json"),
        &record().to_string(),
    );
    assert_eq!(claim.build_id.to_string(), "20260803091507");
    assert_eq!(claim.version.as_str(), "155.0b2");
    assert_eq!((claim.build_number, claim.channel.as_str()), (Some(1), "beta"));
    assert_eq!(claim.source, builds::SourceName::ARCHIVE);
}

#[test]
fn a_record_that_does_not_belong_to_its_place_is_bad() {
    let path = |path: &str| format!("{path}/en-US/buildhub.json");
    for (what, path) in [
        (
            "product",
            path("/pub/thunderbird/candidates/155.0b2-candidates/build1/linux-x86_64"),
        ),
        ("platform", path(&format!("{CANDIDATE}/win64"))),
        (
            "platform",
            format!("{NIGHTLY}/firefox-155.0a1.en-US.win64.buildhub.json"),
        ),
        (
            "download",
            path("/pub/firefox/candidates/155.0b2-candidates/build2/linux-x86_64"),
        ),
        (
            "download",
            path("/pub/firefox/candidates/155.0b3-candidates/build1/linux-x86_64"),
        ),
    ] {
        let error = bad(&path, record().to_string().as_bytes());
        assert!(
            matches!(error, BadFile::Elsewhere { what: found, .. } if found == what),
            "{path}: {error}"
        );
    }
}

#[test]
fn developer_edition_calls_itself_firefox() {
    let place = "/pub/devedition/candidates/155.0b2-candidates/build1";
    let content = record()
        .to_string()
        .replace(CANDIDATE, place)
        .replace("\"beta\"", "\"aurora\"");
    let claim = claim(&format!("{place}/linux-x86_64/en-US/buildhub.json"), &content);
    assert_eq!(
        (claim.directory, claim.channel.as_str()),
        (builds::Directory::DEVEDITION, "aurora")
    );
}

#[test]
fn a_record_without_what_it_needs_is_bad() {
    let path = format!("{CANDIDATE}/linux-x86_64/en-US/buildhub.json");
    for (object, member, pointer) in [
        ("build", "id", "/build/id"),
        ("source", "product", "/source/product"),
        ("target", "platform", "/target/platform"),
        ("target", "channel", "/target/channel"),
        ("target", "locale", "/target/locale"),
        ("target", "version", "/target/version"),
        ("download", "url", "/download/url"),
    ] {
        let mut without = record();
        without[object].as_object_mut().unwrap().remove(member);
        assert_eq!(bad(&path, without.to_string().as_bytes()), BadFile::Malformed(pointer));
    }
    let mut null = record();
    null["build"]["id"] = Value::Null;
    assert_eq!(bad(&path, null.to_string().as_bytes()), BadFile::Null("/build/id"));
    // GeckoView's records have no download.
    let mut without = record();
    without.as_object_mut().unwrap().remove("download");
    assert_eq!(
        bad(&path, without.to_string().as_bytes()),
        BadFile::Malformed("/download/url")
    );
}

#[test]
fn a_flat_file_leaves_the_version_to_its_place() {
    let claim = claim(
        &format!("{CANDIDATE}/linux-x86_64/en-US/firefox-155.0b2.json"),
        &flat().to_string(),
    );
    assert_eq!((claim.version.as_str(), claim.channel.as_str()), ("155.0b2", "beta"));
    assert_eq!((claim.platform.as_str(), claim.build_number), ("linux-x86_64", Some(1)));
    assert_eq!(claim.revision.as_deref(), Some(REVISION));
}

#[test]
fn a_flat_file_of_old_is_read() {
    let mut old = flat();
    old["moz_source_repo"] = json!("MOZ_SOURCE_REPO=https://hg.mozilla.org/mozilla-central");
    old["moz_app_version"] = json!("38.0a1");
    old["moz_source_stamp"] = json!("00112");
    old.as_object_mut().unwrap().remove("moz_update_channel");
    old.as_object_mut().unwrap().remove("moz_pkg_platform");
    let path = format!("{NIGHTLY}/firefox-38.0a1.en-US.linux-i686.json");
    let claim = claim(&path, &old.to_string());
    assert_eq!((claim.version.as_str(), claim.channel.as_str()), ("38.0a1", "nightly"));
    assert_eq!(claim.platform, "linux-i686");
    assert_eq!(
        claim.repository.as_deref(),
        Some("https://hg.mozilla.org/mozilla-central")
    );
    assert_eq!(claim.revision, None);
}

#[test]
fn a_flat_file_with_null_members_is_bad() {
    let path = format!("{CANDIDATE}/linux-x86_64/en-US/firefox-155.0b2.json");
    for (member, pointer) in [
        ("buildid", "/buildid"),
        ("moz_update_channel", "/moz_update_channel"),
        ("moz_app_version", "/moz_app_version"),
        ("moz_source_repo", "/moz_source_repo"),
    ] {
        let mut null = flat();
        null[member] = Value::Null;
        assert_eq!(bad(&path, null.to_string().as_bytes()), BadFile::Null(pointer));
    }
    let mut no_stamp = flat();
    no_stamp["moz_source_stamp"] = Value::Null;
    assert_eq!(claim(&path, &no_stamp.to_string()).revision, None);
    // A test configuration is no info file.
    assert_eq!(
        bad(&path, br#"{"os":"linux","bits":64}"#),
        BadFile::Malformed("/buildid")
    );
}

#[test]
fn an_info_file_says_the_build_id_and_its_name_the_rest() {
    for (file, platform, variant) in [
        ("linux64_info.txt", "linux-x86_64", None),
        ("win64_aarch64_info.txt", "win64-aarch64", None),
        ("macosx64-eme-free_info.txt", "mac", Some("eme-free")),
    ] {
        let claim = claim(&format!("{CANDIDATE}/{file}"), "buildID=20260803091507\n");
        assert_eq!(claim.build_id.to_string(), "20260803091507");
        assert_eq!(
            (claim.version.as_str(), claim.channel.as_str(), claim.build_number),
            ("155.0b2", "beta", Some(1))
        );
        assert_eq!((claim.platform.as_str(), claim.variant.as_deref()), (platform, variant));
    }
    let claim = claim(
        &format!("{NIGHTLY}/firefox-155.0a1.en-US.mac_info.txt"),
        "buildID=20260801093000",
    );
    assert_eq!(
        (claim.version.as_str(), claim.channel.as_str(), claim.platform.as_str()),
        ("155.0a1", "nightly", "mac")
    );
}

#[test]
fn every_dialect_of_text_is_read() {
    let path = format!("{NIGHTLY}/firefox-155.0a1.en-US.win64.txt");
    let repository = Some("https://hg.mozilla.org/mozilla-central");
    for (content, id, revision, stated) in [
        (
            format!("20260801093000\nhttps://hg.mozilla.org/mozilla-central/rev/{REVISION}\n"),
            "20260801093000",
            Some(REVISION),
            repository,
        ),
        (
            format!("20260801093000\r\nhttps://hg.mozilla.org/mozilla-central/rev/{REVISION}\r\n"),
            "20260801093000",
            Some(REVISION),
            repository,
        ),
        (
            format!("20260801093000 {REVISION}"),
            "20260801093000",
            Some(REVISION),
            None,
        ),
        (
            "20260801093000 00112233aabb".to_owned(),
            "20260801093000",
            Some("00112233aabb"),
            None,
        ),
        (
            format!("buildID=20260801093000\nmoz_source_stamp={REVISION}\n"),
            "20260801093000",
            Some(REVISION),
            None,
        ),
        (
            format!(
                "BUILDID=20260801093000\n\
                 moz_source_repo=MOZ_SOURCE_REPO=https://hg.mozilla.org/mozilla-central\n\
                 moz_source_stamp={REVISION}\n"
            ),
            "20260801093000",
            Some(REVISION),
            repository,
        ),
        (
            "buildID=20260801093000\nmoz_source_stamp=None\n".to_owned(),
            "20260801093000",
            None,
            None,
        ),
        (
            format!(
                "20200101093000\n\
                 https://hg.mozilla.org/mozilla-central/rev/{REVISION}\n\
                 https://github.com/mozilla-mobile/fenix/commit/{REVISION}\n"
            ),
            "20200101093000",
            Some(REVISION),
            repository,
        ),
        ("2007051803".to_owned(), "2007051803", None, None),
        ("200905181330\n".to_owned(), "200905181330", None, None),
        ("\u{feff}20260801093000".to_owned(), "20260801093000", None, None),
    ] {
        let claim = claim(&path, &content);
        assert_eq!(claim.build_id.to_string(), id, "{content}");
        assert_eq!(
            (claim.revision.as_deref(), claim.repository.as_deref()),
            (revision, stated),
            "{content}"
        );
        assert_eq!(
            (claim.version.as_str(), claim.platform.as_str()),
            ("155.0a1", "win64"),
            "{content}"
        );
    }
}

#[test]
fn bad_files_are_told_apart() {
    let json = format!("{CANDIDATE}/win64/en-US/buildhub.json");
    let text = format!("{CANDIDATE}/win64_info.txt");
    for path in [&json, &text] {
        assert_eq!(bad(path, b""), BadFile::Empty);
        assert_eq!(bad(path, b" \r\n"), BadFile::Empty);
        assert_eq!(bad(path, b"<!doctype html><title>404</title>"), BadFile::Html);
        assert_eq!(bad(path, b"\xff\xfe"), BadFile::NotText);
        assert_eq!(bad(path, &vec![b' '; (1 << 20) + 1]), BadFile::TooLarge((1 << 20) + 1));
    }
    assert_eq!(
        bad(&json, b"{\n\"build\": {,"),
        BadFile::NotJson { line: 2, column: 11 }
    );
    assert_eq!(bad(&text, b"channel=beta"), BadFile::NoBuildId);
    assert_eq!(bad(&text, b"buildID="), BadFile::NotABuildId(String::new()));
    assert_eq!(bad(&text, b"Not Found"), BadFile::NotABuildId("Not".to_owned()));
    assert_eq!(
        bad("/pub/firefox/releases/65.0/KEY", b"20260801093000"),
        BadFile::Unnamed
    );
}

#[test]
fn an_error_quotes_little() {
    let long = "x".repeat(10_000);
    let error = bad(
        &format!("{CANDIDATE}/win64_info.txt"),
        format!("buildID={long}").as_bytes(),
    );
    assert!(error.to_string().len() < 120, "{error}");
}

#[test]
fn a_file_says_the_same_wherever_it_was_fetched() {
    let public = format!("{HOST}{CANDIDATE}/win64_info.txt");
    let content = b"buildID=20260803091507";
    let here = read(&public, &public, content).unwrap();
    let mirror = read("http://mirror/x", &public, content).unwrap();
    assert_eq!(here.digest(), mirror.digest());
    assert_eq!(here.kind, Kind::ArchiveFile);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes: Vec<u8>,
        text in "\\PC*|[0-9]{10,14}[ \n]\\PC*|[a-zA-Z_]*=\\PC*",
        value in "\\PC*",
    ) {
        for file in ["buildhub.json", "win64_info.txt", "firefox-155.0b2.json", "firefox-155.0a1.en-US.win64.txt"] {
            let url = format!("{HOST}{CANDIDATE}/win64/en-US/{file}");
            let _ = read(&url, &url, &bytes);
            let _ = read(&url, &url, text.as_bytes());
            let document = json!({
                "buildid": value, "build": {"id": "20260803091507"},
                "source": {"product": value}, "moz_app_version": value,
            });
            if let Err(error) = read(&url, &url, document.to_string().as_bytes()) {
                prop_assert!(error.to_string().chars().count() < 1000);
            }
        }
    }
}
