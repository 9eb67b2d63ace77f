//! One import: read the sources, store their observations, derive the builds.
//!
//! An import may end anywhere, even by a kill, and the next one continues: what was stored stays, the groups it touched
//! are marked in the same transaction, and readers see a new generation only once it is complete. Only one import runs
//! at a time, by a lease in the database.

mod archive;
mod buildhub;
mod derivation;
mod error;
mod lease;
mod options;
mod preview;
mod product_details;
mod progress;
mod under_way;

use builds::said::observation::SourceName;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

pub use self::derivation::{correct, rebuild, undo_correction};
pub use self::error::ImportError;
pub use self::options::{Choice, Options};
pub use self::preview::{Preview, preview};
pub use self::progress::Progress;

pub(crate) use self::derivation::derive_dirty;
pub(crate) use self::lease::with_lease;

use self::under_way::Import;
use crate::db::{self, Run};
use crate::settings::Settings;
use crate::sources::csv;

/// Runs an import to its end and returns how it went. Failing sources are noted in the run; they are not errors.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    db: &Db,
    settings: &Settings,
    options: &Options,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Run, ImportError> {
    let work = |lease| async move {
        let mut import = Import::start(lease, settings, options, report).await?;
        let outcome = import.work(stop).await;
        import.end(&outcome).await?;
        outcome.map(|()| import.run)
    };
    with_lease(db, options.wait, owner, stop, report, work).await
}

impl Import<'_> {
    async fn work(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        self.read_sources(stop).await?;
        self.run.generation = derive_dirty(&self.lease, stop, self.report).await?;
        self.record_states().await
    }

    /// Reads the built-in table of builds that no source has any more.
    async fn read_history(&mut self) -> Result<(), ImportError> {
        let rows = csv::history();
        let source = SourceName::Csv.as_str();
        let seen = db::record_listing(&self.lease, self.run.id, source, csv::HISTORY, &rows).await?;
        self.add(seen, rows.len(), 0);
        Ok(())
    }

    async fn read_sources(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        if self.options.choice == Choice::Auto {
            self.read_history().await?;
        }
        if self.options.choice.includes(SourceName::ProductDetails) {
            self.read_product_details(stop).await?;
        }
        if self.options.choice.includes(SourceName::Buildhub) {
            self.read_buildhub(stop).await?;
        }
        if self.options.choice.includes(SourceName::Archive) {
            self.read_archive(stop).await?;
        }
        self.keep().await
    }
}
