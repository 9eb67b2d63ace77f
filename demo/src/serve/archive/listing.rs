//! One folder of the archive, as JSON and as HTML.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::world::Package;

/// What an installer of the archive holds.
const INSTALLER: &[u8] = b"not an installer\n";

/// No folders in a folder.
pub(super) const NONE: [&str; 0] = [];

/// A file of the archive.
pub(super) struct File {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) modified: DateTime<Utc>,
    pub(super) content: Vec<u8>,
}

impl File {
    pub(super) fn new(
        name: impl Into<String>,
        modified: DateTime<Utc>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        let content = content.into();
        Self {
            name: name.into(),
            size: u64::try_from(content.len()).unwrap_or(u64::MAX),
            modified,
            content,
        }
    }

    pub(super) fn installer(name: String, package: &Package) -> Self {
        Self {
            size: u64::from(package.size),
            ..Self::new(name, package.uploaded, INSTALLER)
        }
    }
}

/// A folder: what is directly in it.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) path: String,
    pub(super) folders: Vec<String>,
    pub(super) files: Vec<File>,
}

impl Listing {
    pub(super) fn of(
        folders: impl IntoIterator<Item = impl Into<String>>,
        files: Vec<File>,
    ) -> Self {
        let mut folders: Vec<String> = folders.into_iter().map(Into::into).collect();
        folders.sort();
        folders.dedup();
        Self {
            path: String::new(),
            folders,
            files,
        }
    }

    pub(super) fn json(&self) -> Value {
        let files = self.files.iter().map(|file| {
            let size = if file.size < 1024 { json!(file.size) } else { json!(rounded(file.size)) };
            json!({ "name": file.name, "last_modified": file.modified.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "size": size })
        });
        json!({
            "prefixes": self.folders.iter().map(|name| format!("{name}/")).collect::<Vec<_>>(),
            "files": files.collect::<Vec<_>>(),
        })
    }

    pub(super) fn html(&self) -> String {
        let title = escaped(&self.path);
        let mut rows = String::new();
        if let Some((parent, _)) = self.path.trim_end_matches('/').rsplit_once('/') {
            rows.push_str(&row("Dir", &format!("{parent}/"), "..", "", ""));
        }
        for name in &self.folders {
            rows.push_str(&row(
                "Dir",
                &format!("{}{name}/", self.path),
                &format!("{name}/"),
                "",
                "",
            ));
        }
        for file in &self.files {
            let modified = file.modified.format("%d-%b-%Y %H:%M").to_string();
            rows.push_str(&row(
                "File",
                &format!("{}{}", self.path, file.name),
                &file.name,
                &rounded(file.size),
                &modified,
            ));
        }
        format!(
            "<!DOCTYPE html>\n<html>\n    <head>\n        <meta charset=\"UTF-8\">\n        <title>Directory Listing: {title}</title>\n    \
             </head>\n    <body>\n        <h1>Index of {title}</h1>\n        <table>\n            <tr>\n                <th>Type</th>\n                \
             <th>Name</th>\n                <th>Size</th>\n                <th>Last Modified</th>\n            </tr>\n            \n\
             {rows}\n        </table>\n    </body>\n</html>\n"
        )
    }
}

/// One row; addresses are escaped for HTML only, so blanks and `+` stand in them as they are.
fn row(kind: &str, address: &str, name: &str, size: &str, modified: &str) -> String {
    format!(
        "            <tr>\n                <td>{kind}</td>\n                <td><a href=\"{}\">{}</a></td>\n                \
         <td>{size}</td>\n                <td>{modified}</td>\n            </tr>\n            \n",
        escaped(address),
        escaped(name),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

/// A size as listings show it: rounded to the nearest, never exact from a kibibyte on.
fn rounded(size: u64) -> String {
    const KIBI: u64 = 1024;
    const MEBI: u64 = 1024 * 1024;
    match size {
        0..KIBI => size.to_string(),
        KIBI..MEBI => format!("{}K", size.saturating_add(KIBI / 2) / KIBI),
        _ => format!("{}M", size.saturating_add(MEBI / 2) / MEBI),
    }
}
