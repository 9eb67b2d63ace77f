//! The key of a symbol file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Maximum bytes of a debug file's name: file systems allow 255, and `.sym` and the extension of a marker are added.
const NAME_LIMIT: usize = 200;

/// The key of a symbol file: the last part of the module's debug file, and its debug id.
///
/// Both come from dumps, which anybody can send. A value of this type is safe to use in a path: the name has no
/// separator and no leading dot, the id is hexadecimal. Layout and names are those of Breakpad's symbol stores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct SymbolKey {
    debug_file: String,
    debug_id: String,
}

impl SymbolKey {
    /// The key of a module with this debug file (a path of any system; only the last part counts) and debug id
    /// (Breakpad's form: 32 hexadecimal digits and the age); `None` if they cannot name a symbol file.
    pub fn new(debug_file: &str, debug_id: &str) -> Option<Self> {
        let name = leaf(debug_file);
        let name_is_safe = !name.is_empty()
            && !name.starts_with('.')
            && name.len() <= NAME_LIMIT
            && !name.chars().any(char::is_control);
        let id_is_valid = (33..=40).contains(&debug_id.len())
            && debug_id.bytes().all(|byte| byte.is_ascii_hexdigit())
            && debug_id.bytes().any(|byte| byte != b'0');
        (name_is_safe && id_is_valid).then(|| Self {
            debug_file: name.to_owned(),
            debug_id: debug_id.to_ascii_uppercase(),
        })
    }

    /// The debug id: upper-case hexadecimal digits.
    pub fn debug_id(&self) -> &str {
        &self.debug_id
    }

    /// The three parts of the path below a symbol store's root: debug file, debug id, and the file's name, which is the
    /// debug file's with `.pdb` replaced by `.sym`, or with `.sym` added.
    pub fn path_parts(&self) -> [String; 3] {
        let stem = match self.debug_file.rsplit_once('.') {
            Some((stem, extension)) if extension.eq_ignore_ascii_case("pdb") => stem,
            _ => &self.debug_file,
        };
        [self.debug_file.clone(), self.debug_id.clone(), format!("{stem}.sym")]
    }

    /// Whether this is the first line of the symbol file for this key: the id in its `MODULE` record decides, since a
    /// store may hold a file under a wrong name.
    pub fn matches_module_line(&self, line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("MODULE") && words.nth(2).is_some_and(|id| id.eq_ignore_ascii_case(&self.debug_id))
    }
}

impl fmt::Display for SymbolKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.debug_file, self.debug_id)
    }
}

/// The last part of a path of any system.
pub(crate) fn leaf(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A key as written in JSON, before it is checked.
#[derive(Serialize, Deserialize)]
struct Parts {
    debug_file: String,
    debug_id: String,
}

impl TryFrom<Parts> for SymbolKey {
    type Error = &'static str;

    fn try_from(parts: Parts) -> Result<Self, Self::Error> {
        Self::new(&parts.debug_file, &parts.debug_id).ok_or("not the name of a symbol file")
    }
}

impl From<SymbolKey> for Parts {
    fn from(key: SymbolKey) -> Self {
        Self {
            debug_file: key.debug_file,
            debug_id: key.debug_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "ABCD1234F00DBEEF01020304050607081";

    #[test]
    fn paths_are_those_of_a_breakpad_store() {
        for (debug_file, expected) in [
            ("xul.pdb", "xul.pdb/ID/xul.sym"),
            (r"c:\build\obj\xul.PDB", "xul.PDB/ID/xul.sym"),
            ("/usr/lib/libc.so.6", "libc.so.6/ID/libc.so.6.sym"),
            ("XUL", "XUL/ID/XUL.sym"),
            ("two.parts.pdb", "two.parts.pdb/ID/two.parts.sym"),
        ] {
            let key = SymbolKey::new(debug_file, ID).unwrap();
            assert_eq!(key.path_parts().join("/"), expected.replace("ID", ID), "{debug_file}");
        }
    }

    #[test]
    fn names_that_could_leave_the_store_are_refused() {
        let long = "x".repeat(NAME_LIMIT + 1);
        for debug_file in ["", "..", ".hidden", "/etc/", r"c:\dir\..", "a\0b", "a\nb", &long] {
            assert_eq!(SymbolKey::new(debug_file, ID), None, "{debug_file:?}");
        }
        for debug_id in [
            "",
            "../../x",
            "ABCD",
            &"0".repeat(33),
            &"A".repeat(41),
            "ABCD1234F00DBEEF0102030405060708G",
        ] {
            assert_eq!(SymbolKey::new("xul.pdb", debug_id), None, "{debug_id:?}");
        }
    }

    #[test]
    fn keys_read_from_json_are_checked() {
        let good = format!(r#"{{"debug_file":"xul.pdb","debug_id":"{ID}"}}"#);
        let key: SymbolKey = serde_json::from_str(&good).unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), good);
        let bad = format!(r#"{{"debug_file":"..","debug_id":"{ID}"}}"#);
        assert!(serde_json::from_str::<SymbolKey>(&bad).is_err());
    }

    #[test]
    fn the_module_line_decides_whose_symbols_a_file_holds() {
        let key = SymbolKey::new("xul.pdb", ID).unwrap();
        for (line, expected) in [
            (format!("MODULE windows x86_64 {ID} xul.pdb"), true),
            (format!("MODULE windows x86_64 {} xul.pdb", ID.to_lowercase()), true),
            (format!("MODULE windows x86_64 {ID}"), true),
            (
                "MODULE windows x86_64 0BCD1234F00DBEEF01020304050607081 xul.pdb".to_owned(),
                false,
            ),
            (format!("INFO windows x86_64 {ID} xul.pdb"), false),
            ("<html><title>Not found".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(key.matches_module_line(&line), expected, "{line}");
        }
    }
}
