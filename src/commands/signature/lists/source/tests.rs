use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

use super::*;

const PLACE: &str = "socorro-main/socorro/signature/siglists";

/// Paths and contents of a complete set of lists in a folder.
fn set(folder: &str) -> Vec<(String, Vec<u8>)> {
    let slash = if folder.is_empty() { "" } else { "/" };
    let files = LIST_FILES.map(|name| (format!("{folder}{slash}{name}"), b"zebra\n".to_vec()));
    files.into()
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        writer.start_file(path, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tarred(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // As in hostile archives: the library refuses to write such names.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn read(files: &[(String, Vec<u8>)]) -> Vec<Result<Named, String>> {
    [zipped(files), tarred(files)]
        .map(|bytes| from_archive("x.zip", &bytes).map_err(|error| format!("{error:#}")))
        .into()
}

#[test]
fn lists_are_found_in_archives_wherever_they_lie() {
    for folder in ["", "siggen/siglists", PLACE, "../../../etc", "/etc"] {
        let mut files = set(folder);
        files.push(("README.md".to_owned(), b"no list".to_vec()));
        files.push(("tests/siglists/test-sig-list.txt".to_owned(), b"(".to_vec()));
        for found in read(&files) {
            let (name, texts) = found.unwrap();
            assert_eq!(name, format!("x.zip, {folder}"));
            assert!(texts.iter().all(|text| text == "zebra\n"));
        }
    }
    // Copies for tests are distinguished from the real ones.
    let files = [set("socorro-main/tests/lists"), set(PLACE)].concat();
    for found in read(&files) {
        assert_eq!(found.unwrap().0, format!("x.zip, {PLACE}"));
    }
}

#[test]
fn archives_that_cannot_be_used_say_why() {
    let mut lacking = set(PLACE);
    lacking.remove(1);
    let mut binary = set(PLACE);
    binary[2].1 = b"a\n\xff".to_vec();
    let mut bomb = set(PLACE);
    bomb[0].1 = vec![b'a'; 40 << 20];
    let many = (0..20).flat_map(|n| set(&format!("f{n}"))).collect();
    let cases = [
        (Vec::new(), "there are no signature lists"),
        (lacking, "has no prefix_signature_re.txt"),
        (binary, "signature_sentinels.txt:2: not UTF-8"),
        (bomb, "irrelevant_signature_re.txt: bigger than 1048576 bytes"),
        ([set("a"), set("b")].concat(), "several sets"),
        (many, "more than 64 files"),
    ];
    for (files, expected) in cases {
        for found in read(&files) {
            let error = found.unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
    for bytes in [&b"PK\x03\x04 no zip"[..], b"\x1f\x8b no gzip"] {
        let error = from_archive("x.zip", bytes).unwrap_err();
        assert!(format!("{error:#}").starts_with("reading x.zip: "), "{error:#}");
    }
    // Truncated anywhere, an archive is an error or complete, and never a panic.
    for whole in [zipped(&set(PLACE)), tarred(&set(PLACE))] {
        for end in 0..whole.len() {
            let _ = from_archive("x.zip", &whole[..end]);
        }
    }
}

#[test]
fn long_paths_in_archives_are_read_whole() {
    let folder = format!("socorro-{}/{PLACE}", "a".repeat(80));
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (number, name) in LIST_FILES.iter().enumerate() {
        let path = format!("{folder}/{name}");
        let mut header = tar::Header::new_gnu();
        header.set_size(6);
        if number % 2 == 0 {
            builder.append_data(&mut header, path, &b"zebra\n"[..]).unwrap();
        } else {
            builder.append_pax_extensions([("path", path.as_bytes())]).unwrap();
            header.set_path("short").unwrap();
            header.set_cksum();
            builder.append(&header, &b"zebra\n"[..]).unwrap();
        }
    }
    let bytes = builder.into_inner().unwrap().finish().unwrap();
    let (name, texts) = from_archive("x", &bytes).unwrap();
    assert_eq!(name, format!("x, {folder}"));
    assert!(texts.iter().all(|text| text == "zebra\n"));
}

#[test]
fn what_unpacks_to_too_much_is_said_to() {
    for (kind, size, expected) in [
        (
            tar::EntryType::Regular,
            UNPACKED_LIMIT + 1,
            "bigger than 134217728 bytes once it is unpacked",
        ),
        (
            tar::EntryType::GNULongName,
            DESCRIPTION_LIMIT + 1,
            "the description of a file is bigger than 65536 bytes",
        ),
        (
            tar::EntryType::XHeader,
            UNPACKED_LIMIT + 1,
            "the description of a file is bigger than 65536 bytes",
        ),
    ] {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        let zeros = std::io::repeat(0).take(size);
        builder.append(&header, zeros).unwrap();
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        let error = format!("{:#}", from_archive("x", &bytes).unwrap_err());
        assert!(error.contains(expected), "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn what_is_no_url_is_not_repeated() {
    for text in [
        "https://user:secret@lists.example:99999/x",
        "https://user:secret@/x",
        "https://user:secret@[::1/x",
    ] {
        let Err(error) = Set::fetched(text).await else {
            panic!("{text} was fetched");
        };
        let error = format!("{error:#}");
        assert!(
            error.starts_with("that is no URL: ") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn lists_are_found_in_folders_that_hold_a_checkout() {
    let root = tempfile::tempdir().unwrap();
    let error = format!("{:#}", from_path(root.path()).unwrap_err());
    assert!(error.contains("holds no signature lists"), "{error}");
    let place = root.path().join("socorro/signature/siglists");
    std::fs::create_dir_all(&place).unwrap();
    for name in &LIST_FILES[1..] {
        std::fs::write(place.join(name), "zebra").unwrap();
    }
    let error = format!("{:#}", from_path(root.path()).unwrap_err());
    assert!(
        error.contains("all four lists are needed") && error.contains(LIST_FILES[0]),
        "{error}"
    );
    std::fs::write(place.join(LIST_FILES[0]), "zebra").unwrap();
    for path in [root.path(), &root.path().join("socorro"), &place] {
        assert_eq!(from_path(path).unwrap().0, place.display().to_string());
    }
    let error = format!("{:#}", from_path(&place.join(LIST_FILES[0])).unwrap_err());
    assert!(error.contains("neither a folder nor a wheel"), "{error}");
}

#[test]
fn addresses_are_shown_without_secrets() {
    let url = Url::parse("https://user:secret@lists.example/a?token=secret#x").unwrap();
    assert_eq!(shown_url(&url), "https://lists.example/a");
}
