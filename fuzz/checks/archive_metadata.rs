//! A metadata file of the archive: a line with its path, and its content.

use buildinfo::sources::archive::read;
use builds::{derive_all, group_of};

/// It is read or refused in few words, and what was read can be interpreted.
pub(crate) fn check(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (path, content) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
    let path = String::from_utf8_lossy(path);
    let public = format!("https://archive.mozilla.org{}", path.trim_end());
    match read("http://mirror.example/", &public, content) {
        Ok(observation) => {
            let builds = derive_all(std::slice::from_ref(&observation), &[]).builds;
            assert!(builds.is_empty() || group_of(&observation).is_ok());
        }
        Err(error) => assert!(error.to_string().len() < 2500, "{error}"),
    }
}
