//! Logs: they go to the standard error: text for people, or one JSON object a line. `RUST_LOG` narrows
//! or widens them.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

/// The section `log` of the settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How a log line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging for this process, panics as well; later calls change nothing. `default` is what is logged unless
/// `RUST_LOG` says otherwise, in the words of that variable.
pub fn init_logs(settings: &LogSettings, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second initialisation in one process is refused, and the first one stays.
    let _ = match settings.format {
        LogFormat::Text => registry.with(layer.with_target(false)).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    std::panic::set_hook(Box::new(log_panic));
}

/// Says where a panic was. What it says may come from a client, and is not logged.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(
        thread = std::thread::current().name().unwrap_or_default(),
        place = place.unwrap_or_default(),
        "a panic: a fault of this program"
    );
}
