//! The section `collector` of the settings.

use platform::config::{ConfigError, check_within};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::throttle::{Rules, Supported};

/// The section `collector` of the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Which crashes are accepted: `accept-all`, `mozilla`, or the path of a rules file (TOML or JSON, in the form of
    /// [`crate::throttle::Rules`]).
    pub throttle: String,
    /// Maximum size of a body as sent, in bytes; one byte more is refused.
    pub max_payload: u64,
    /// Maximum size of a body after inflating, in bytes.
    pub max_inflated: u64,
    /// A body that inflates to more than `max_payload` must not grow by more than this factor.
    pub max_ratio: u64,
    /// Maximum bytes of reports held in memory at once, over all requests. Any more are refused with 503.
    pub max_in_flight: u64,
    /// Maximum number of parts in a report.
    pub max_parts: usize,
    /// Maximum number of dumps in a report.
    pub max_dumps: usize,
    /// Maximum size of an annotation sent as text, and of a JSON part, in bytes.
    pub max_annotation: usize,
    /// How long a client may take to send the whole body, in seconds.
    pub body_seconds: u64,
    /// How long a client may pause while it sends the body, in seconds.
    pub idle_seconds: u64,
    /// Maximum number of reports written to the blob store at once.
    pub max_stores: usize,
    /// How long a second copy of a report gets the first one's id, in seconds.
    pub duplicate_window_seconds: u64,
    /// A client that sends this token (`Authorization: Bearer …`) may choose crash ids. Without a token set, no client
    /// may.
    #[serde(serialize_with = "hidden")]
    pub submitter_token: Option<SecretString>,
}

/// 25 MiB, the limit that clients know from earlier systems.
const MAX_PAYLOAD: u64 = 26_214_400;

impl Default for Settings {
    fn default() -> Self {
        Self {
            throttle: "accept-all".to_owned(),
            max_payload: MAX_PAYLOAD,
            // Stored dumps must be readable: the crash store reads dumps of up to 256 MiB.
            max_inflated: 10 * MAX_PAYLOAD,
            max_ratio: 100,
            max_in_flight: 1 << 30,
            max_parts: 10_000,
            max_dumps: 64,
            max_annotation: 20 << 20,
            body_seconds: 300,
            idle_seconds: 30,
            max_stores: 32,
            duplicate_window_seconds: 600,
            submitter_token: None,
        }
    }
}

impl Settings {
    /// Checks that every value can be used; reads the rules.
    ///
    /// # Errors
    /// The first setting that cannot be used, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Err(error) = Rules::open(&self.throttle, Supported::default()) {
            let error = anyhow::Error::from(error);
            return Err(ConfigError::setting(
                "collector.throttle",
                format!(
                    "{} (accept-all, mozilla, or a file with rules)",
                    platform::causes::line(&error)
                ),
            ));
        }
        const YEAR: u64 = 31_536_000;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        for (name, value, allowed) in [
            ("collector.max_payload", self.max_payload, 1..=u64::MAX),
            ("collector.max_inflated", self.max_inflated, 1..=u64::MAX),
            ("collector.max_ratio", self.max_ratio, 1..=u64::MAX),
            ("collector.max_in_flight", self.max_in_flight, 1..=u64::MAX),
            ("collector.max_parts", count(self.max_parts), 1..=u64::MAX),
            ("collector.max_dumps", count(self.max_dumps), 1..=u64::MAX),
            ("collector.max_annotation", count(self.max_annotation), 1..=u64::MAX),
            ("collector.body_seconds", self.body_seconds, 1..=YEAR),
            ("collector.idle_seconds", self.idle_seconds, 1..=YEAR),
            ("collector.max_stores", count(self.max_stores), 1..=65_536),
            (
                "collector.duplicate_window_seconds",
                self.duplicate_window_seconds,
                0..=YEAR,
            ),
        ] {
            check_within(name, value, allowed)?;
        }
        Ok(())
    }
}

/// Shows that there is a secret, but not the secret itself.
fn hidden<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "***").serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_never_shown() {
        let settings = Settings {
            submitter_token: Some("hunter2".into()),
            ..Settings::default()
        };
        let shown = serde_json::to_string(&settings).unwrap();
        assert!(shown.contains("***"), "{shown}");
        for text in [shown, format!("{settings:?}")] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert!(Settings::default().check().is_ok());
        for (json, name) in [
            (r#"{"throttle": "/nowhere/rules.toml"}"#, "collector.throttle"),
            (r#"{"max_stores": 0}"#, "collector.max_stores"),
            (r#"{"idle_seconds": 0}"#, "collector.idle_seconds"),
            (
                r#"{"duplicate_window_seconds": 18446744073709551615}"#,
                "collector.duplicate_window_seconds",
            ),
        ] {
            let settings: Settings = serde_json::from_str(json).unwrap();
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<Settings>(r#"{"max_payload": 1}"#).is_ok());
        assert!(serde_json::from_str::<Settings>(r#"{"max_payloads": 1}"#).is_err());
    }
}
