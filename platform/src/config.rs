//! Settings: built-in defaults, then a TOML file, then the environment; the last wins.
//!
//! Environment variables are `DATIL__SECTION__KEY`, for example `DATIL__HTTP__BIND=0.0.0.0:80`. The sections belong to
//! the parts that use them; the program combines them in one struct.

mod words;

use std::ops::RangeInclusive;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

pub use words::{from_json, from_toml, from_value};

/// The file read if none is named, if it exists.
pub const DEFAULT_FILE: &str = "datil.toml";

/// An error in reading or checking settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file does not exist.
    #[error("the settings file {0} does not exist")]
    NoSuchFile(String),
    /// A value is missing, of the wrong type, or its name is unknown.
    #[error("the settings cannot be used: {0}")]
    Invalid(String),
    /// The setting cannot have this value.
    #[error("the setting {name} cannot be used: {problem}")]
    Setting {
        /// Its section and name.
        name: &'static str,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
}

impl ConfigError {
    /// Creates the error for a setting, named with its section, whose value cannot be used.
    pub fn setting(name: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::Setting {
            name,
            problem: problem.to_string(),
        }
    }
}

/// Checks that a setting's number is allowed.
///
/// # Errors
/// It is not.
pub fn check_within(name: &'static str, value: u64, allowed: RangeInclusive<u64>) -> Result<(), ConfigError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    Err(ConfigError::setting(
        name,
        match most {
            u64::MAX => format!("{value} is less than {least}"),
            most => format!("{value} is not within {least} and {most}"),
        },
    ))
}

/// Reads a list setting, given as a list or, as in the environment, one text of comma-separated values. For
/// `#[serde(deserialize_with)]`.
///
/// # Errors
/// It is neither.
pub fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of texts is wanted, or one text with commas between")]
    enum Values {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Values::deserialize(deserializer)? {
        Values::Many(values) => values,
        Values::One(text) => {
            let values = text.split(',').map(str::trim);
            let values = values.filter(|value| !value.is_empty());
            values.map(str::to_owned).collect()
        }
    })
}

/// Reads settings of type `T`, whose `Default` must work on a laptop with nothing set.
///
/// # Errors
/// The named file is missing, or a value has an unknown name or the wrong type.
pub fn load<T>(file: Option<&Path>) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned + Default,
{
    let defaults = Figment::from(Serialized::defaults(T::default()));
    let mut figment = defaults.clone();
    match file {
        Some(path) if !path.is_file() => {
            return Err(ConfigError::NoSuchFile(path.display().to_string()));
        }
        Some(path) => figment = with_file(figment, path)?,
        // Only a missing file means no settings. A file we may not access is an error.
        None => match std::fs::metadata(DEFAULT_FILE) {
            Ok(_) => figment = with_file(figment, Path::new(DEFAULT_FILE))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ConfigError::Invalid(format!("{DEFAULT_FILE}: {error}"))),
        },
    }
    let figment = figment.merge(Env::prefixed("DATIL__").split("__"));
    if let (Ok(given), Ok(known)) = (figment.extract::<Dict>(), defaults.extract::<Dict>()) {
        let unknown = words::unknown_names(&figment, &given, &known, "");
        if !unknown.is_empty() {
            return Err(ConfigError::Invalid(unknown.join("; ")));
        }
    }
    figment.extract().map_err(|error: figment::Error| {
        let value = figment.find_value(&error.path.join(".")).ok();
        let place = value.as_ref().map(Value::tag).and_then(|tag| figment.get_metadata(tag));
        ConfigError::Invalid(words::sentence(&error, place))
    })
}

/// Adds the settings of a file, which override earlier ones.
/// A file of settings, read by the crate that says what is wrong with one: figment's own feature brings an older one.
struct Toml;

impl Format for Toml {
    type Error = toml::de::Error;

    const NAME: &'static str = "TOML";

    fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Self::Error> {
        toml::from_str(text)
    }
}

/// The settings of a file above those of before.
fn with_file(figment: Figment, path: &Path) -> Result<Figment, ConfigError> {
    let unusable = |why: String| ConfigError::Invalid(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| unusable(format!("it cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable("it is no text in UTF-8".to_owned()))?;
    match toml::from_str::<toml::Table>(&text) {
        Ok(_) => Ok(figment.merge(Toml::file_exact(path))),
        Err(error) => Err(unusable(words::no_toml(&text, &error))),
    }
}

/// Returns a URL with any password replaced by `***`, safe for logs and `config show`.
pub fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if url.contains("://") => {
            if parsed.password().is_some() {
                // This cannot fail for a URL that already has a password.
                let _ = parsed.set_password(Some("***"));
            }
            parsed.to_string()
        }
        _ if url.contains('@') => "(hidden: not a URL, may hold a password)".to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Serialized};
    use serde::{Deserialize, Serialize};

    use super::{Toml, check_within, one_or_many, without_password};

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Section {
        #[serde(deserialize_with = "one_or_many")]
        urls: Vec<String>,
    }

    #[test]
    fn a_list_may_be_one_text() {
        let defaults = || Figment::from(Serialized::defaults(Section::default()));
        for (given, expected) in [
            ("", &[][..]),
            ("file:///x", &["file:///x"]),
            ("file:///x,https://y", &["file:///x", "https://y"]),
            (" file:///x , https://y ,", &["file:///x", "https://y"]),
            ("[file:///x, https://y]", &["file:///x", "https://y"]),
            ("[\"file:///x\"]", &["file:///x"]),
            ("[]", &[]),
        ] {
            // This is how the environment provider reads a variable.
            let value: figment::value::Value = given.parse().unwrap();
            let figment = defaults().merge(("urls", value));
            assert_eq!(figment.extract::<Section>().unwrap().urls, expected, "{given}");
        }
        for (toml, expected) in [
            ("urls = [\"a,b\"]", Some(vec!["a,b"])),
            ("urls = \"a,b\"", Some(vec!["a", "b"])),
            ("urls = 7", None),
            ("urls = [7]", None),
        ] {
            let read = defaults().merge(Toml::string(toml)).extract::<Section>();
            match expected {
                Some(expected) => assert_eq!(read.unwrap().urls, expected, "{toml}"),
                None => assert!(read.unwrap_err().to_string().contains("a list of texts"), "{toml}"),
            }
        }
    }

    /// The defaults of a program's settings.
    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        http: Http,
        name: String,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Http {
        bind: String,
        limit: u32,
    }

    /// Every unknown name is reported with its file; a wrong value is reported without being repeated.
    #[test]
    fn what_is_wrong_with_a_file_is_said_in_our_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        for (text, expected) in [
            ("name = \"x\"\n[http]\nlimit = 7\n", &[][..]),
            (
                "nmae = 1\n[http]\nbnd = \"secret\"\n[htp]\n",
                &[
                    "there is no nmae (in site.toml); there are http, name",
                    "there is no http.bnd (in site.toml); there are bind, limit",
                    "there is no htp (in site.toml)",
                ],
            ),
            (
                "[http]\nlimit = \"secret\"",
                &["http.limit (in site.toml) must be a whole number from 0 to 4294967295, not a text"],
            ),
            (
                "http = \"secret\"",
                &["http (in site.toml) must be names with values, not a text"],
            ),
            (
                "[http]\nbind = secret:80",
                &["site.toml: line 2, column 8: this is no TOML"],
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            match super::load::<Settings>(Some(&path)) {
                Ok(_) => assert!(expected.is_empty(), "{text}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(!expected.is_empty() && !error.contains("secret"), "{text}: {error}");
                    for part in expected {
                        assert!(error.contains(part), "{text}: {error}");
                    }
                }
            }
        }
        std::fs::write(&path, b"\xff").unwrap();
        let error = super::load::<Settings>(Some(&path)).unwrap_err().to_string();
        assert!(error.ends_with("it is no text in UTF-8"), "{error}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        assert!(check_within("a.b", 1, 1..=u64::MAX).is_ok());
        let error = check_within("a.b", 0, 1..=9).unwrap_err().to_string();
        assert_eq!(error, "the setting a.b cannot be used: 0 is not within 1 and 9");
        let error = check_within("a.b", 0, 1..=u64::MAX).unwrap_err().to_string();
        assert_eq!(error, "the setting a.b cannot be used: 0 is less than 1");
    }

    #[test]
    fn passwords_are_hidden() {
        for (given, shown) in [
            ("postgres://u:secret@h:5/db?x=1", "postgres://u:***@h:5/db?x=1"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("sqlite:///data/a.db", "sqlite:///data/a.db"),
            ("u:secret@h", "(hidden: not a URL, may hold a password)"),
        ] {
            assert_eq!(without_password(given), shown, "{given}");
        }
    }
}
