//! Settings: built-in defaults, then a TOML file, then the environment; the last one wins.
//!
//! Environment variables are `DATIL__SECTION__KEY`, for example `DATIL__HTTP__BIND=0.0.0.0:80`.
//! The sections belong to the parts that use them; the program puts them together in one struct.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file that is read when none is named, if it exists.
pub const DEFAULT_FILE: &str = "datil.toml";

/// Settings that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for does not exist.
    #[error("the settings file {0} does not exist")]
    NoSuchFile(String),
    /// A value is missing, of the wrong type, or its name is unknown.
    #[error("the settings cannot be used: {0}")]
    Invalid(String),
}

/// Reads settings of type `T`, whose `Default` must work on a laptop with nothing set.
///
/// # Errors
/// The named file is missing, or a value has an unknown name or the wrong type.
pub fn load<T>(file: Option<&Path>) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned + Default,
{
    let mut figment = Figment::from(Serialized::defaults(T::default()));
    match file {
        Some(path) if !path.is_file() => {
            return Err(ConfigError::NoSuchFile(path.display().to_string()));
        }
        Some(path) => figment = figment.merge(Toml::file_exact(path)),
        None if Path::new(DEFAULT_FILE).is_file() => {
            figment = figment.merge(Toml::file_exact(DEFAULT_FILE));
        }
        None => {}
    }
    figment
        .merge(Env::prefixed("DATIL__").split("__"))
        .extract()
        .map_err(|error| ConfigError::Invalid(error.to_string()))
}

/// A URL with its password, if it has one, replaced by `***`, fit for logs and for `config show`.
pub fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if url.contains("://") => {
            if parsed.password().is_some() {
                // A URL that has a password can have another one, so this cannot fail.
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
    use super::without_password;

    #[test]
    fn passwords_are_hidden() {
        for (given, shown) in [
            (
                "postgres://u:secret@h:5/db?x=1",
                "postgres://u:***@h:5/db?x=1",
            ),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("sqlite:///data/a.db", "sqlite:///data/a.db"),
            ("u:secret@h", "(hidden: not a URL, may hold a password)"),
        ] {
            assert_eq!(without_password(given), shown, "{given}");
        }
    }
}
