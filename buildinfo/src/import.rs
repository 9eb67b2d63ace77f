//! One import: read the sources, store their observations, derive the builds.
//!
//! An import may end anywhere, even by a kill, and the next one continues: what was stored stays, the groups it touched
//! are marked in the same transaction, and readers see a new generation only once it is complete. Only one import runs
//! at a time, by a lease in the database.

mod announced;
mod archive;
mod buildhub;
mod choice;
mod derivation;
mod error;
mod history;
mod lease;
mod preview;
mod product_details;
mod progress;
mod under_way;

use platform::db::Db;
use tokio_util::sync::CancellationToken;

pub use self::announced::take_in_announced;
pub use self::choice::Choice;
pub use self::derivation::{correct, rebuild, settle_products, undo_correction};
pub use self::error::ImportError;
pub use self::preview::{Preview, preview};
pub use self::progress::Progress;
pub use self::under_way::{Import, Options, Reader, Reading};

pub(crate) use self::derivation::derive_dirty;
pub(crate) use self::lease::with_lease;

use crate::db::Run;
use crate::settings::Settings;

/// What reads each source, in the order in which they are read. Each stands in the file of its source.
pub const READERS: &[Reader] = &[
    history::READER,
    product_details::READER,
    buildhub::READER,
    archive::READER,
];

impl Default for Options {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            products: Vec::new(),
            since: None,
            full: false,
            wait: true,
            wanted: Vec::new(),
            tape: None,
            readers: READERS,
        }
    }
}

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
        let announced = announced::record_waiting(&self.lease, &mut self.run).await?;
        self.run.generation = derive_dirty(&self.lease, stop, self.report).await?;
        if let Some(through) = announced {
            announced::remove(&self.lease, through).await?;
        }
        self.record_states().await
    }

    async fn read_sources(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        for reader in self.options.readers {
            if self.options.choice.includes(reader.source) {
                (reader.read)(self, stop).await?;
            }
        }
        self.keep().await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use builds::SourceName;

    use super::READERS;

    #[test]
    fn every_source_that_has_an_address_is_read() {
        let read: BTreeSet<SourceName> = READERS.iter().map(|reader| reader.source).collect();
        let has_address: BTreeSet<SourceName> = SourceName::all().filter(|source| source.row().is_read()).collect();
        assert!(read.is_superset(&has_address), "{read:?}");
    }
}
