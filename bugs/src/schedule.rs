//! Imports bugs once an hour in a process that runs.

use std::time::Duration;

use platform::clock;
use platform::db::{Db, DbError};
use tokio_util::sync::CancellationToken;

use crate::db::{Numbers, state};
use crate::import::{ImportError, Imported, Options, due, import};
use crate::meters;
use crate::settings::Settings;

/// How often it is looked whether an import is due: any process may have made the last one. Microseconds.
const LOOK: i64 = 60 * 1_000_000;

/// Imports whenever it is due, until `stop`. Nothing is done without a Bugzilla. Any number of processes may do so.
pub async fn run(db: Db, settings: Settings, owner: String, stop: CancellationToken) {
    loop {
        let outcome = import_if_due(&db, &settings, &owner, &stop).await;
        let is_well = outcome.is_ok();
        match outcome {
            Ok(Some(done)) => tracing::info!("{}", line(&done)),
            Ok(None) => {}
            Err(ImportError::Off | ImportError::Stopped) => {
                stop.cancelled().await;
                return;
            }
            Err(ImportError::Busy(holder)) => tracing::debug!(owner = holder.owner, "bugs are imported already"),
            Err(error) => tracing::warn!(%error, "bugs could not be imported; what is known stays"),
        }
        let wait = match measure(&db, &settings).await {
            Ok(wait) if is_well => wait,
            // What was broken off is due at once, but whatever broke it off needs time.
            Ok(_) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "how old the bugs are is not known");
                LOOK
            }
        };
        let wait = Duration::from_micros(u64::try_from(wait.clamp(0, LOOK)).unwrap_or_default());
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock::sleep(wait) => {}
        }
    }
}

async fn import_if_due(
    db: &Db,
    settings: &Settings,
    owner: &str,
    stop: &CancellationToken,
) -> Result<Option<Imported>, ImportError> {
    let root = settings.root()?.ok_or(ImportError::Off)?;
    if due(&state(db).await?, root.as_str()) > clock::now_micros() {
        return Ok(None);
    }
    let options = Options {
        wait: false,
        only_if_due: true,
        ..Options::default()
    };
    import(db, settings, &options, owner, stop, &|_| {}).await
}

/// Measures what is stored; returns the microseconds until the next import is due.
async fn measure(db: &Db, settings: &Settings) -> Result<i64, DbError> {
    let state = state(db).await?;
    let now = clock::now_micros();
    if state.good > 0 {
        meters::AGE.set((now - state.good) as f64 / 1e6);
    }
    meters::BUGS.set(Numbers::of(db).await?.bugs as f64);
    let root = settings.root().ok().flatten();
    let root = root.as_ref().map_or("", url::Url::as_str);
    Ok(due(&state, root) - now)
}

/// How an import went, in one line.
pub fn line(done: &Imported) -> String {
    let again = match done.asked_again {
        0 => String::new(),
        again => format!(", {again} known ones asked for again"),
    };
    format!(
        "bugs imported: {} read{again}, {} written, {} removed, in {} requests",
        done.read, done.changed.written, done.changed.removed, done.requests
    )
}
