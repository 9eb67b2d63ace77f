//! The section `buildinfo` of the settings.

use std::time::Duration;

use platform::config::{ConfigError, check_within};
use serde::{Deserialize, Deserializer, Serialize};

pub use addresses::Addresses;
use addresses::WithAddresses;

mod addresses;

/// Where the sources are and when they are read.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Where the sources are: a setting for each source that imports read, as its row names it.
    #[serde(flatten)]
    pub addresses: Addresses,
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
        Self::of(Addresses::default(), Rest::default())
    }
}

/// The settings but for the addresses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rest {
    schedule: String,
    retry_pause_ms: u16,
    keep_responses_days: u16,
    alarm_installs: u32,
    alarm_days: u32,
    keep_history_days: u32,
}

impl Default for Rest {
    fn default() -> Self {
        Self {
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
    fn of(addresses: Addresses, rest: Rest) -> Self {
        let Rest {
            schedule,
            retry_pause_ms,
            keep_responses_days,
            alarm_installs,
            alarm_days,
            keep_history_days,
        } = rest;
        Self {
            addresses,
            schedule,
            retry_pause_ms,
            keep_responses_days,
            alarm_installs,
            alarm_days,
            keep_history_days,
        }
    }

    /// Whether every value can be used. The schedule is checked by who keeps it.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (name, url) in self.addresses.each() {
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

/// The addresses have names of their own in the settings; all else is `Rest`.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WithAddresses { addresses, rest } = WithAddresses::deserialize(deserializer)?;
        Ok(Self::of(addresses, rest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Settings;
    use builds::SourceName;
    use url::Url;

    #[test]
    fn a_source_is_where_everybodys_are_however_its_address_is_written() {
        for (address, expected) in [
            ("https://archive.mozilla.org/", true),
            ("http://archive.mozilla.org/", true),
            ("https://archive.mozilla.org:8443/mirror/", true),
            ("https://ARCHIVE.Mozilla.org./pub", true),
            ("HTTPS://user@archive.mozilla.org/?x", true),
            ("https://buildhub.moz.tools/", true),
            ("https://mozilla.net", true),
            ("https://download-installer.cdn.mozilla.net/", true),
            ("https://product-details.mozilla.com/", true),
            ("https://notmozilla.org/", false),
            ("https://archive.mozilla.org.example/", false),
            ("https://example.org/archive.mozilla.org/", false),
            ("http://localhost:1/", false),
            ("http://127.0.0.1/", false),
        ] {
            let mut addresses = Settings::default().addresses;
            addresses.set(SourceName::ARCHIVE, Url::parse(address).unwrap());
            assert_eq!(addresses.is_usual(SourceName::ARCHIVE), expected, "{address}");
            assert!(addresses.is_usual(SourceName::BUILDHUB));
        }
    }

    #[test]
    fn addresses_are_settings_like_all_others() {
        let written = serde_json::to_value(Settings::default()).unwrap();
        let names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["archive_url", "buildhub_url", "product_details_url", "schedule"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let given = json!({"buildhub_url": "http://localhost:1/", "alarm_days": 3});
        let read: Settings = serde_json::from_value(given).unwrap();
        let address = |source| read.addresses.of(source).map(ToString::to_string);
        assert_eq!(address(SourceName::BUILDHUB).as_deref(), Some("http://localhost:1/"));
        assert_eq!(
            address(SourceName::ARCHIVE).as_deref(),
            Some("https://archive.mozilla.org/")
        );
        assert_eq!(address(SourceName::CSV), None);
        assert_eq!((read.alarm_days, read.alarm_installs), (3, 3));
        for wrong in [json!({"buildhub": "http://localhost"}), json!({"buildhub_url": 1})] {
            assert!(serde_json::from_value::<Settings>(wrong).is_err());
        }
    }
}
