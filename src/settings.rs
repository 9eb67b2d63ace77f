//! All settings in one struct: the sections of all parts combined.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use platform::blobs::BlobSettings;
use platform::config::{ConfigError, check_within, load, without_password};
use platform::db::DatabaseSettings;
use platform::http::HttpSettings;
use platform::telemetry::LogSettings;
use serde::{Deserialize, Serialize};

use crate::products::Products;

/// The whole of `datil.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The folder of all local data: database, blobs, symbols.
    pub(crate) data_dir: PathBuf,
    /// The HTTP server.
    pub(crate) http: HttpSettings,
    /// The database.
    pub(crate) database: DatabaseSettings,
    /// The blob store.
    pub(crate) blobs: BlobSettings,
    /// The products.
    pub(crate) products: Products,
    /// Sources of builds.
    pub(crate) buildinfo: buildinfo::Settings,
    /// The Bugzilla.
    pub(crate) bugs: bugs::Settings,
    /// Receiving crash reports.
    pub(crate) collector: collector::Settings,
    /// Processing crash reports.
    pub(crate) processor: processor::Settings,
    /// How long things are kept.
    pub(crate) retention: Retention,
    /// Logs.
    pub(crate) log: LogSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("datil-data"),
            http: HttpSettings::default(),
            database: DatabaseSettings::default(),
            blobs: BlobSettings::default(),
            products: Products::default(),
            buildinfo: buildinfo::Settings::default(),
            bugs: bugs::Settings::default(),
            collector: collector::Settings::default(),
            processor: processor::Settings::default(),
            retention: Retention::default(),
            log: LogSettings::default(),
        }
    }
}

/// The section `retention` of the settings: how long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// How many days a deleted crash is remembered as deleted after its last object was removed.
    pub(crate) tombstones_days: u16,
    /// How many days it is remembered who saw what is protected, and who changed what.
    pub(crate) audit_log_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            tombstones_days: 30,
            audit_log_days: 365,
        }
    }
}

impl Retention {
    fn check(&self) -> Result<(), ConfigError> {
        // With 0 the log would be emptied every minute.
        check_within("retention.audit_log_days", u64::from(self.audit_log_days), 1..=36_500)
    }
}

/// A part of the settings that a command uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Http,
    Database,
    Blobs,
    Buildinfo,
    /// Automatic imports.
    Schedule,
    Bugs,
    Collector,
    Processor,
    Retention,
}

impl Settings {
    /// Checks every value in these sections, before anything is opened.
    pub(crate) fn check(&self, used: &[Section]) -> Result<(), ConfigError> {
        for section in used {
            match section {
                Section::Http => self.http.check()?,
                Section::Database => self.database.check()?,
                Section::Blobs => self.blobs.check()?,
                Section::Buildinfo => self.buildinfo.check()?,
                Section::Schedule => {
                    schedule_of(&self.buildinfo)?;
                }
                Section::Bugs => self.bugs.check()?,
                Section::Collector => self.collector.check()?,
                Section::Processor => self.processor.check()?,
                Section::Retention => self.retention.check()?,
            }
        }
        Ok(())
    }

    /// Reads the settings; the command line takes precedence.
    pub(crate) fn read(file: Option<&Path>, data_dir: Option<&Path>, bind: Option<&str>) -> Result<Self, ConfigError> {
        let mut settings: Self = load(file)?;
        settings.products.folder = file.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        if let Some(folder) = data_dir {
            settings.data_dir = folder.to_owned();
        }
        if let Some(bind) = bind {
            bind.clone_into(&mut settings.http.bind);
        }
        Ok(settings)
    }

    /// The address to listen on, with the service's own port if none is set.
    pub(crate) fn bind(&self, port: u16) -> String {
        if self.http.bind.is_empty() {
            format!("127.0.0.1:{port}")
        } else {
            self.http.bind.clone()
        }
    }

    /// Which database it is, as a person is told.
    pub(crate) fn database_named(&self) -> String {
        if self.database.url.is_empty() {
            format!("the data in {}", self.data_dir.display())
        } else {
            format!("the database {}", without_password(&self.database.url))
        }
    }

    /// A part that is not on this machine, if any: the address, the database or the blob store.
    pub(crate) fn remote_part(&self) -> Option<&'static str> {
        let is_loopback = |host: &str| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        };
        let bind = &self.http.bind;
        let bound = bind.rsplit_once(':').map_or(bind.as_str(), |(host, _)| host);
        if !bind.is_empty() && !is_loopback(bound) {
            return Some("http.bind");
        }
        let database = &self.database.url;
        if database.starts_with("postgres") {
            let url = url::Url::parse(database).ok();
            let socket = |url: &url::Url| {
                url.query_pairs()
                    .find(|(key, _)| key == "host")
                    .map(|(_, host)| host.starts_with('/') || is_loopback(&host))
            };
            let local = url
                .as_ref()
                .is_some_and(|url| socket(url).unwrap_or_else(|| url.host_str().is_some_and(is_loopback)));
            if !local {
                return Some("database.url");
            }
        }
        let blobs = &self.blobs.url;
        if !blobs.is_empty() && !blobs.starts_with("file://") {
            return Some("blobs.url");
        }
        None
    }

    /// The effective settings as TOML, without secrets.
    pub(crate) fn shown(&self) -> Result<String, toml::ser::Error> {
        let mut shown = self.clone();
        shown.database.url = without_password(&shown.database.url);
        shown.blobs.url = without_password(&shown.blobs.url);
        toml::to_string_pretty(&shown)
    }
}

/// When to import; `None` means never automatically.
pub(crate) fn schedule_of(settings: &buildinfo::Settings) -> Result<Option<cron::Schedule>, ConfigError> {
    let text = settings.schedule.as_str();
    if text.is_empty() {
        return Ok(None);
    }
    match cron::Schedule::from_str(text) {
        Ok(schedule) => Ok(Some(schedule)),
        Err(_) => Err(ConfigError::setting(
            "buildinfo.schedule",
            format!(
                "{text:?} is no cron expression: seconds minutes hours day-of-month month day-of-week are wanted, \
                 such as 0 */15 * * * *, or nothing"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Settings;

    #[test]
    fn the_file_of_products_is_looked_for_beside_the_file_of_settings() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("datil.toml");
        for (named, tried) in [
            ("mine.toml", folder.path().join("mine.toml")),
            ("a/mine.toml", folder.path().join("a/mine.toml")),
            ("/no-such-folder/mine.toml", "/no-such-folder/mine.toml".into()),
        ] {
            std::fs::write(&config, format!("[products]\nfile = \"{named}\"")).unwrap();
            let settings = Settings::read(Some(&config), None, None).unwrap();
            // As it was written, since it can be written down again.
            assert_eq!(settings.products.file, Path::new(named));
            let why = settings.products.install().unwrap_err().to_string();
            let expected = format!(
                "the setting products.file cannot be used: {}: it cannot be read: ",
                tried.display()
            );
            assert!(why.starts_with(&expected), "{why}");
        }
    }

    #[test]
    fn what_is_not_on_this_machine_is_told() {
        for (bind, database, blobs, expected) in [
            ("", "", "", None),
            ("127.0.0.1:0", "sqlite:///x.db", "file:///x", None),
            ("[::1]:80", "postgres://u@localhost/d", "", None),
            ("", "postgres://u@localhost/d?host=/tmp/x", "", None),
            ("", "postgres://u@127.0.0.1:5/d", "", None),
            ("0.0.0.0:80", "", "", Some("http.bind")),
            ("", "postgres://u@db.example/d", "", Some("database.url")),
            ("", "postgres://u@localhost/d?host=db.example", "", Some("database.url")),
            ("", "", "s3://bucket/x", Some("blobs.url")),
        ] {
            let mut settings = Settings::default();
            settings.http.bind = bind.to_owned();
            settings.database.url = database.to_owned();
            settings.blobs.url = blobs.to_owned();
            assert_eq!(settings.remote_part(), expected, "{bind} {database} {blobs}");
        }
    }
}
