//! A listing of the archive, in any form.

use buildinfo::sources::archive::Listing;

/// Every name can be part of an address, and a listing made of its names reads the same.
pub(crate) fn check(bytes: &[u8]) {
    let listing = match Listing::parse(bytes, "/pub/firefox/releases/") {
        Ok(listing) => listing,
        Err(error) => {
            assert!(error.to_string().len() < 200, "{error}");
            return;
        }
    };
    let files = || listing.files.iter().map(|file| &file.name);
    for name in listing.folders.iter().chain(files()) {
        assert!(!name.is_empty() && name.len() <= 1024 && name != "..");
        assert!(!name.chars().any(|c| c == '/' || c.is_control()));
    }
    let again = serde_json::json!({
        "prefixes": listing.folders.iter().map(|name| format!("{name}/")).collect::<Vec<_>>(),
        "files": files().map(|name| serde_json::json!({ "name": name })).collect::<Vec<_>>(),
    });
    let again = Listing::parse_json(again.to_string().as_bytes()).expect("names make a listing");
    assert_eq!(again.folders, listing.folders);
    assert!(again.files.iter().map(|file| &file.name).eq(files()));
    assert_eq!(again.unusable, 0);
}
