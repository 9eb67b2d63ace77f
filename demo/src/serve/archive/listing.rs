//! One folder of the archive, as JSON and as HTML, in the words of the live listing service or of the one before it.

use serde_json::{Value, json};

use super::file::File;

/// No folders in a folder.
pub(super) const NONE: [&str; 0] = [];

/// Which listing service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Today's.
    Live,
    /// The one before: exact sizes in JSON, other escapes in HTML.
    Former,
}

/// A folder: what is directly in it.
#[derive(Default)]
pub(super) struct Listing<'a> {
    /// From the root of the host, with the last slash.
    pub(super) path: String,
    folders: Vec<String>,
    pub(super) files: Vec<File<'a>>,
}

impl<'a> Listing<'a> {
    pub(super) fn of(folders: impl IntoIterator<Item = impl Into<String>>, mut files: Vec<File<'a>>) -> Self {
        let mut folders: Vec<String> = folders.into_iter().map(Into::into).collect();
        folders.sort();
        folders.dedup();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            path: String::new(),
            folders,
            files,
        }
    }

    /// The files that a dialect shows: the former one has no objects without a name.
    fn shown(&self, dialect: Dialect) -> impl Iterator<Item = &File<'a>> {
        self.files
            .iter()
            .filter(move |file| dialect == Dialect::Live || !file.name.is_empty())
    }

    pub(super) fn json(&self, dialect: Dialect, has_bad_files: bool) -> Value {
        let files = self.shown(dialect).map(|file| {
            let size = file.size(has_bad_files);
            let size = match dialect {
                Dialect::Live if size >= 1024 => json!(dialect.size(size)),
                Dialect::Live | Dialect::Former => json!(size),
            };
            let modified = file.modified.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            json!({ "name": file.name, "last_modified": modified, "size": size })
        });
        let files: Vec<Value> = files.collect();
        let folders = self.folders.iter().map(|name| format!("{name}/"));
        json!({ "prefixes": folders.collect::<Vec<_>>(), "files": files })
    }

    pub(super) fn html(&self, dialect: Dialect, has_bad_files: bool) -> String {
        let title = dialect.text(&self.path);
        let mut rows = String::new();
        if let Some((parent, _)) = self.path.trim_end_matches('/').rsplit_once('/') {
            let address = dialect.folder_address(&format!("{parent}/"));
            rows.push_str(&row("Dir", &address, "..", "", ""));
        }
        for name in &self.folders {
            let address = dialect.folder_address(&format!("{}{name}/", self.path));
            rows.push_str(&row("Dir", &address, &dialect.text(&format!("{name}/")), "", ""));
        }
        for file in self.shown(dialect) {
            rows.push_str(&row(
                "File",
                &dialect.file_address(&format!("{}{}", self.path, file.name)),
                &dialect.text(&file.name),
                &dialect.size(file.size(has_bad_files)),
                &file.modified.format("%d-%b-%Y %H:%M").to_string(),
            ));
        }
        let page = format!(
            "<!DOCTYPE html>\n<html>\n\t<head>\n\t\t<meta charset=\"UTF-8\">\n\
             \t\t<title>Directory Listing: {title}</title>\n\t</head>\n\t<body>\n\
             \t\t<h1>Index of {title}</h1>\n\t\t<table>\n\t\t\t<tr>\n\t\t\t\t<th>Type</th>\n\t\t\t\t\
             <th>Name</th>\n\t\t\t\t<th>Size</th>\n\t\t\t\t<th>Last Modified</th>\n\t\t\t</tr>\n\t\t\t\n\
             {rows}\n\t\t</table>\n\t</body>\n</html>\n"
        );
        match dialect {
            Dialect::Live => page.replace('\t', "    "),
            Dialect::Former => page,
        }
    }
}

/// One row of words that are escaped already.
fn row(kind: &str, address: &str, name: &str, size: &str, modified: &str) -> String {
    format!(
        "\t\t\t<tr>\n\t\t\t\t<td>{kind}</td>\n\t\t\t\t<td><a href=\"{address}\">{name}</a></td>\n\t\t\t\t\
         <td>{size}</td>\n\t\t\t\t<td>{modified}</td>\n\t\t\t</tr>\n\t\t\t\n"
    )
}

impl Dialect {
    fn text(self, text: &str) -> String {
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;");
        match self {
            Self::Live => escaped,
            Self::Former => escaped.replace('+', "&#43;"),
        }
    }

    /// The live service escapes addresses for HTML only, so blanks and `+` stand in them as they are.
    fn folder_address(self, path: &str) -> String {
        match self {
            Self::Live => self.text(path),
            Self::Former => self.text(&path.replace(':', "%3A")),
        }
    }

    fn file_address(self, path: &str) -> String {
        match self {
            Self::Live => self.text(path),
            Self::Former => self.text(&path.replace('+', "%2B").replace(':', "%3A")),
        }
    }

    /// A size as listings show it: from a kibibyte on never exact, rounded to the nearest or, formerly, down.
    fn size(self, size: u64) -> String {
        const KIBI: u64 = 1024;
        const MEBI: u64 = 1024 * 1024;
        let unit = match size {
            0..KIBI => return size.to_string(),
            KIBI..MEBI => KIBI,
            _ => MEBI,
        };
        let added = match self {
            Self::Live => unit / 2,
            Self::Former => 0,
        };
        let letter = if unit == KIBI { 'K' } else { 'M' };
        format!("{}{letter}", size.saturating_add(added) / unit)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::{Dialect, File, Listing};

    /// A folder with names that need escapes, and a file of 1,600 bytes.
    fn listing() -> Listing<'static> {
        let size = String::leak("x".repeat(1_600));
        let files = vec![
            File::fixed("", DateTime::UNIX_EPOCH, ""),
            File::fixed("it's 1+1 & 2:3", DateTime::UNIX_EPOCH, size),
        ];
        Listing {
            path: "/pub/a:b+c/".to_owned(),
            ..Listing::of(["d:e+f"], files)
        }
    }

    #[test]
    fn each_dialect_escapes_and_rounds_in_its_own_way() {
        let live = listing().html(Dialect::Live, false);
        for expected in [
            "<title>Directory Listing: /pub/a:b+c/</title>",
            "                <td><a href=\"/pub/\">..</a></td>\n",
            "<a href=\"/pub/a:b+c/d:e+f/\">d:e+f/</a>",
            "<a href=\"/pub/a:b+c/\"></a>",
            "<a href=\"/pub/a:b+c/it&#39;s 1+1 &amp; 2:3\">it&#39;s 1+1 &amp; 2:3</a>",
            "<td>2K</td>\n                <td>01-Jan-1970 00:00</td>",
        ] {
            assert!(live.contains(expected), "{expected}\n{live}");
        }
        assert!(!live.contains('\t'));
        let former = listing().html(Dialect::Former, false);
        for expected in [
            "<title>Directory Listing: /pub/a:b&#43;c/</title>",
            "\t\t\t\t<td><a href=\"/pub/\">..</a></td>\n",
            "<a href=\"/pub/a%3Ab&#43;c/d%3Ae&#43;f/\">d:e&#43;f/</a>",
            "<a href=\"/pub/a%3Ab%2Bc/it&#39;s 1%2B1 &amp; 2%3A3\">it&#39;s 1&#43;1 &amp; 2:3</a>",
            "<td>1K</td>\n\t\t\t\t<td>01-Jan-1970 00:00</td>",
        ] {
            assert!(former.contains(expected), "{expected}\n{former}");
        }
        assert!(!former.contains("    ") && !former.contains("></a>"));
    }

    #[test]
    fn only_the_former_dialect_has_exact_sizes() {
        let [live, former] = [Dialect::Live, Dialect::Former].map(|dialect| listing().json(dialect, false));
        assert_eq!(live["prefixes"], json!(["d:e+f/"]));
        assert_eq!(live["files"][0]["name"], "");
        assert_eq!(live["files"][1]["size"], "2K");
        assert_eq!(former["prefixes"], live["prefixes"]);
        assert_eq!(former["files"][0]["size"], 1_600);
        assert_eq!(former["files"].as_array().unwrap().len(), 1);
    }
}
