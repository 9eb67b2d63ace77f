//! The section `processor` of the settings.

use std::path::{Path, PathBuf};

use platform::config::{ConfigError, check_within, one_or_many};
use serde::{Deserialize, Deserializer, Serialize};
use signature::Lists;

use crate::symbols::Roots;

/// How crashes are processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many crashes are processed at the same time.
    pub workers: usize,
    /// How many child processes walk minidumps.
    pub walkers: usize,
    /// Sources of symbols: `file://` folders for every crash, and `https://` servers, which are asked for crashes of
    /// the products that are built in, in this order. Left out, the servers in these products' rows are asked; empty,
    /// none. A site's own products have servers in their rows only.
    #[serde(deserialize_with = "some_or_many")]
    pub symbols_urls: Option<Vec<String>>,
    /// Maximum bytes of fetched symbols on disk.
    pub symbols_cache_max: u64,
    /// Maximum bytes of memory of a walker.
    pub walker_memory: u64,
    /// Time limit for walking one minidump, in seconds.
    pub walker_timeout_seconds: u64,
    /// A folder of signature lists to use, whatever is switched on in the data folder; see [`crate::siglists`].
    pub siglists: Option<PathBuf>,
}

/// A list, or none.
fn some_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Many(#[serde(deserialize_with = "one_or_many")] Vec<String>);
    Ok(Option::<Many>::deserialize(deserializer)?.map(|Many(texts)| texts))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            walkers: 1,
            symbols_urls: None,
            symbols_cache_max: 40 << 30,
            walker_memory: 3 << 30,
            walker_timeout_seconds: 120,
            siglists: None,
        }
    }
}

impl Settings {
    /// The configured folder of signature lists, if any; an empty text means none.
    pub fn siglists_folder(&self) -> Option<&Path> {
        let folder = self.siglists.as_deref();
        folder.filter(|folder| !folder.as_os_str().is_empty())
    }

    /// Checks that every value is usable; reads the signature lists.
    ///
    /// # Errors
    /// The first unusable setting, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        for (name, value, allowed) in [
            ("processor.workers", count(self.workers), 1..=1024),
            ("processor.walkers", count(self.walkers), 1..=256),
            ("processor.walker_memory", self.walker_memory, 256 << 20..=u64::MAX),
            (
                "processor.walker_timeout_seconds",
                self.walker_timeout_seconds,
                1..=86_400,
            ),
        ] {
            check_within(name, value, allowed)?;
        }
        for text in self.symbols_urls.iter().flatten() {
            if let Err(problem) = Roots::read(std::slice::from_ref(text)) {
                return Err(ConfigError::setting(
                    "processor.symbols_urls",
                    format!("{text:?}: {problem} (file:///folder and https://server are allowed)"),
                ));
            }
        }
        if let Some(folder) = self.siglists_folder()
            && let Err(error) = Lists::load(folder)
        {
            return Err(ConfigError::setting(
                "processor.siglists",
                platform::causes::line(&error.into()),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_of_symbols_is_not_one_that_is_left_out() {
        for (json, expected) in [
            ("{}", None),
            (r#"{"symbols_urls": null}"#, None),
            (r#"{"symbols_urls": ""}"#, Some(0)),
            (r#"{"symbols_urls": []}"#, Some(0)),
            (r#"{"symbols_urls": "file:///a,https://b"}"#, Some(2)),
        ] {
            let settings: Settings = serde_json::from_str(json).unwrap();
            assert_eq!(settings.symbols_urls.as_ref().map(Vec::len), expected, "{json}");
            // What is written can be read again.
            let shown = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<Settings>(&shown).unwrap(), settings);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert!(Settings::default().check().is_ok());
        let none = Settings {
            siglists: Some("".into()),
            ..Settings::default()
        };
        assert!(none.check().is_ok());
        let urls = |url: &str| Settings {
            symbols_urls: Some(vec!["file:///symbols".to_owned(), url.to_owned()]),
            ..Settings::default()
        };
        assert!(urls("https://symbols.example.org").check().is_ok());
        for (settings, name) in [
            (urls("ftp://x/"), "processor.symbols_urls"),
            (urls("symbols"), "processor.symbols_urls"),
            (urls("file://host/folder"), "processor.symbols_urls"),
            (
                Settings {
                    workers: 0,
                    ..Settings::default()
                },
                "processor.workers",
            ),
            (
                Settings {
                    walker_memory: 1,
                    ..Settings::default()
                },
                "processor.walker_memory",
            ),
            (
                Settings {
                    siglists: Some("/nowhere".into()),
                    ..Settings::default()
                },
                "processor.siglists",
            ),
        ] {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
