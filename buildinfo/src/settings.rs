//! The section `buildinfo` of the settings.

use std::time::Duration;

use platform::config::{ConfigError, check_within};
use serde::{Deserialize, Serialize};
use url::Url;

/// Where the sources are and when they are read.
///
/// Each address is a service's root: what stands before `/api/search`, `/pub/` and `/1.0/`. What a
/// record says about its own address is stored, never fetched from elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Buildhub.
    pub buildhub_url: Url,
    /// The archive of builds.
    pub archive_url: Url,
    /// product-details.
    pub product_details_url: Url,
    /// When to import, as a cron expression with seconds (UTC); empty: never by itself.
    pub schedule: String,
    /// A request that failed is sent again after so many milliseconds, and each further time after
    /// twice as long, up to eight times this.
    pub retry_pause_ms: u16,
    /// Keep every answer of the sources, word for word, for so many days, so that `capture` can turn
    /// an import into a test; 0: none is kept.
    pub keep_responses_days: u16,
    /// When crashes of so many installs within an hour carry one unknown build id, an alarm is
    /// raised and the build is looked for at once; 0: never.
    pub alarm_installs: u32,
    /// Only for builds that are at most so many days older than the newest known one.
    pub alarm_days: u32,
    /// What was concluded and imported is kept for so many days, which is how far back `--as-of` and the changes
    /// reach; 0: for ever.
    pub keep_history_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let url = |text: &str| Url::parse(text).expect("a constant address is a URL");
        Self {
            buildhub_url: url("https://buildhub.moz.tools"),
            archive_url: url("https://archive.mozilla.org"),
            product_details_url: url("https://product-details.mozilla.org"),
            schedule: "0 */15 * * * *".to_owned(),
            retry_pause_ms: 50,
            keep_responses_days: 0,
            alarm_installs: 3,
            alarm_days: 30,
            keep_history_days: 365,
        }
    }
}

impl Settings {
    /// Whether every value can be used. The schedule is checked by who keeps it.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (name, url) in [
            ("buildinfo.buildhub_url", &self.buildhub_url),
            ("buildinfo.archive_url", &self.archive_url),
            ("buildinfo.product_details_url", &self.product_details_url),
        ] {
            if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
                let problem = "it must begin with https:// or http:// and have a host";
                return Err(ConfigError::setting(name, problem));
            }
        }
        let days = u64::from(self.alarm_days);
        check_within("buildinfo.alarm_days", days, 0..=36_500)
    }

    /// The pause before a request is sent again for the first time.
    pub fn retry_pause(&self) -> Duration {
        Duration::from_millis(u64::from(self.retry_pause_ms))
    }
}
