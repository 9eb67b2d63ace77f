//! The section `processor` of the settings.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How crashes are processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many crashes are worked on at the same time.
    pub workers: usize,
    /// How many child processes walk minidumps.
    pub walkers: usize,
    /// Where symbols come from: `file://` folders or `https://` servers, asked in this order.
    pub symbols_urls: Vec<String>,
    /// How many bytes fetched symbols may take on the disk.
    pub symbols_cache_max: u64,
    /// How many bytes of memory a walker may use.
    pub walker_memory: u64,
    /// How long one minidump may be walked, in seconds.
    pub walker_timeout_seconds: u64,
    /// A folder with signature lists to use instead of the built-in ones.
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
