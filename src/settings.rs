//! All settings in one struct: each part's section, put together.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use platform::blobs::BlobSettings;
use platform::config::{ConfigError, load, without_password};
use platform::db::DatabaseSettings;
use platform::http::HttpSettings;
use platform::telemetry::LogSettings;
use serde::{Deserialize, Serialize};

/// The whole of `datil.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The folder of everything that is local: database, blobs, symbols.
    pub(crate) data_dir: PathBuf,
    /// The HTTP server.
    pub(crate) http: HttpSettings,
    /// The database.
    pub(crate) database: DatabaseSettings,
    /// The blob store.
    pub(crate) blobs: BlobSettings,
    /// Sources of builds.
    pub(crate) buildinfo: buildinfo::Settings,
    /// Taking crash reports in.
    pub(crate) collector: collector::Settings,
    /// Processing them.
    pub(crate) processor: processor::Settings,
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
            buildinfo: buildinfo::Settings::default(),
            collector: collector::Settings::default(),
            processor: processor::Settings::default(),
            log: LogSettings::default(),
        }
    }
}

/// A part of the settings that a command uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Http,
    Database,
    Blobs,
    Buildinfo,
    /// Importing by itself.
    Schedule,
    Collector,
    Processor,
}

impl Settings {
    /// Whether every value in these sections can be used: looked at before anything is opened.
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
                Section::Collector => self.collector.check()?,
                Section::Processor => self.processor.check()?,
            }
        }
        Ok(())
    }

    /// Reads the settings; what the command line says wins.
    pub(crate) fn read(
        file: Option<&Path>,
        data_dir: Option<&Path>,
        bind: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut settings: Self = load(file)?;
        if let Some(folder) = data_dir {
            settings.data_dir = folder.to_owned();
        }
        if let Some(bind) = bind {
            bind.clone_into(&mut settings.http.bind);
        }
        Ok(settings)
    }

    /// The address to listen on, with a service's own port when none is set.
    pub(crate) fn bind(&self, port: u16) -> String {
        if self.http.bind.is_empty() {
            format!("127.0.0.1:{port}")
        } else {
            self.http.bind.clone()
        }
    }

    /// The effective settings as TOML, without secrets.
    pub(crate) fn shown(&self) -> Result<String, toml::ser::Error> {
        let mut shown = self.clone();
        shown.database.url = without_password(&shown.database.url);
        shown.blobs.url = without_password(&shown.blobs.url);
        toml::to_string_pretty(&shown)
    }
}

/// When to import; `None`: never by itself.
pub(crate) fn schedule_of(
    settings: &buildinfo::Settings,
) -> Result<Option<cron::Schedule>, ConfigError> {
    let text = settings.schedule.as_str();
    if text.is_empty() {
        return Ok(None);
    }
    match cron::Schedule::from_str(text) {
        Ok(schedule) => Ok(Some(schedule)),
        Err(_) => Err(ConfigError::setting(
            "buildinfo.schedule",
            format!(
                "{text:?} is no cron expression: seconds minutes hours day-of-month month day-of-week are wanted, such as 0 */15 * * * *, or nothing"
            ),
        )),
    }
}
