use super::*;

const TEXTS: [&str; 4] = ["# comment\nzebra\n", "horse", "", "gate"];

fn siglists(data: &Path) -> Siglists {
    Siglists::of(&Settings::default(), data)
}

fn in_force(siglists: &Siglists) -> String {
    let (lists, _) = siglists.load().unwrap();
    assert_eq!(siglists.sha256().unwrap(), lists.sha256());
    lists.sha256().to_owned()
}

#[test]
fn lists_are_stored_switched_on_and_off() {
    let data = tempfile::tempdir().unwrap();
    let siglists = siglists(data.path());
    let built_in = Lists::built_in().sha256().to_owned();
    assert_eq!(in_force(&siglists), built_in);
    assert!(siglists.installed().is_empty());

    let sha256 = siglists.install(TEXTS).unwrap();
    assert_eq!(in_force(&siglists), built_in, "stored is not switched on");
    let folder = siglists.folder_of(&sha256);
    let kept = fs::read_to_string(folder.join(LIST_FILES[0])).unwrap();
    assert_eq!(kept, TEXTS[0], "comments are kept");

    siglists.activate(&sha256).unwrap();
    assert_eq!(in_force(&siglists), sha256);
    assert_eq!(siglists.origin().unwrap(), Origin::SwitchedOn(folder));
    siglists.activate(&sha256).unwrap();
    assert_eq!(siglists.install(TEXTS).unwrap(), sha256);

    let setting = Siglists {
        setting: Some(siglists.folder_of(&sha256)),
        ..siglists.clone()
    };
    assert!(matches!(setting.origin().unwrap(), Origin::Setting(_)));

    siglists.deactivate().unwrap();
    siglists.deactivate().unwrap();
    assert_eq!(in_force(&siglists), built_in);
    assert_eq!(siglists.installed(), [sha256]);
    let left = fs::read_dir(data.path().join("siglists")).unwrap().count();
    assert_eq!(left, 1, "nothing half-made is left");
}

#[test]
fn lists_are_found_by_the_beginning_of_their_digest() {
    let data = tempfile::tempdir().unwrap();
    let siglists = siglists(data.path());
    let sha256 = siglists.install(TEXTS).unwrap();
    assert_eq!(siglists.find(&sha256[..8].to_uppercase()).unwrap(), sha256);
    for start in ["", "zz", "../../etc"] {
        let error = siglists.find(start).unwrap_err();
        assert!(matches!(error, SiglistsError::Unknown { .. }), "{error}");
    }
    let twin = format!("{}{}", &sha256[..60], "0000");
    fs::create_dir(siglists.folder_of(&twin)).unwrap();
    let error = siglists.find(&sha256[..60]).unwrap_err();
    assert!(matches!(error, SiglistsError::Ambiguous(_)), "{error}");
}

#[test]
fn what_is_damaged_is_an_error_and_never_other_lists() {
    let data = tempfile::tempdir().unwrap();
    let siglists = siglists(data.path());
    let sha256 = siglists.install(TEXTS).unwrap();
    siglists.activate(&sha256).unwrap();
    let list = siglists.folder_of(&sha256).join(LIST_FILES[0]);

    fs::write(&list, "zebra\nanother\n").unwrap();
    let error = siglists.load().unwrap_err().to_string();
    assert!(
        error.contains("they were changed") && error.contains("activate built-in"),
        "{error}"
    );
    fs::write(&list, "zebra(").unwrap();
    let error = siglists.load().unwrap_err().to_string();
    assert!(
        error.contains("irrelevant_signature_re.txt:1: `zebra(` cannot be used"),
        "{error}"
    );
    fs::remove_dir_all(siglists.folder_of(&sha256)).unwrap();
    let error = siglists.load().unwrap_err().to_string();
    assert!(
        error.contains("cannot be read") && error.contains("activate built-in"),
        "{error}"
    );
    assert!(siglists.activate(&sha256).is_err());

    // Fetched again, they are whole.
    assert_eq!(siglists.install(TEXTS).unwrap(), sha256);
    assert_eq!(in_force(&siglists), sha256);
    fs::write(&list, "damaged").unwrap();
    assert_eq!(siglists.install(TEXTS).unwrap(), sha256);
    assert_eq!(in_force(&siglists), sha256);

    for text in ["", "abc", "../../../etc", &"x".repeat(5000)] {
        fs::write(data.path().join("siglists").join(CURRENT), text).unwrap();
        let error = siglists.load().unwrap_err();
        assert!(matches!(error, SiglistsError::NamesNothing(_)), "{error}");
    }
}

#[test]
fn what_killed_processes_left_is_removed_after_an_hour() {
    let data = tempfile::tempdir().unwrap();
    let siglists = siglists(data.path());
    let folder = data.path().join("siglists");
    let old = std::time::SystemTime::UNIX_EPOCH;
    let left = |name: &str, is_old: bool| {
        let path = folder.join(name);
        let file = if name.contains("new") {
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(LIST_FILES[0]), "half").unwrap();
            File::open(&path).unwrap()
        } else {
            File::create(&path).unwrap()
        };
        if is_old {
            file.set_modified(old).unwrap();
        }
    };
    for (name, is_old) in [
        (".new-old", true),
        (".new-young", false),
        (".tmpold", true),
        (".tmpyoung", false),
        ("notes", true),
    ] {
        left(name, is_old);
    }
    let sha256 = siglists.install(TEXTS).unwrap();
    let names = fs::read_dir(&folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let mut expected = [".new-young", ".tmpyoung", "notes", &sha256];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn lists_that_cannot_be_used_are_not_stored() {
    let data = tempfile::tempdir().unwrap();
    let siglists = siglists(data.path());
    let error = siglists.install(["fine", "a\nb(", "", ""]).unwrap_err().to_string();
    assert!(error.starts_with("prefix_signature_re.txt:2: "), "{error}");
    assert!(siglists.installed().is_empty());
}
