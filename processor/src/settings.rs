//! The section `processor` of the settings.

use std::path::{Path, PathBuf};

use platform::config::{ConfigError, check_within, one_or_many};
use serde::{Deserialize, Serialize};
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
    /// Sources of symbols: `file://` folders or `https://` servers, tried in this order.
    #[serde(deserialize_with = "one_or_many")]
    pub symbols_urls: Vec<String>,
    /// Maximum bytes of fetched symbols on disk.
    pub symbols_cache_max: u64,
    /// Maximum bytes of memory of a walker.
    pub walker_memory: u64,
    /// Time limit for walking one minidump, in seconds.
    pub walker_timeout_seconds: u64,
    /// A folder of signature lists to use, whatever is switched on in the data folder; see [`crate::siglists`].
    pub siglists: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            walkers: 1,
            symbols_urls: Vec::new(),
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
        for text in &self.symbols_urls {
            let problem = match text.parse::<url::Url>() {
                Err(error) => error.to_string(),
                Ok(url) => match Roots::of(std::slice::from_ref(&url)) {
                    Err(error) => error.to_string(),
                    Ok(_) => continue,
                },
            };
            return Err(ConfigError::setting(
                "processor.symbols_urls",
                format!("{text:?}: {problem} (file:///folder and https://server are allowed)"),
            ));
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
    fn what_cannot_be_used_is_named() {
        assert!(Settings::default().check().is_ok());
        let none = Settings {
            siglists: Some("".into()),
            ..Settings::default()
        };
        assert!(none.check().is_ok());
        let urls = |url: &str| Settings {
            symbols_urls: vec!["file:///symbols".to_owned(), url.to_owned()],
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
