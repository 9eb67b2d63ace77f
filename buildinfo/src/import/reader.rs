//! What reads the sources.

use builds::said::observation::SourceName;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Import, ImportError, archive, buildhub, product_details};
use crate::sources::csv;

/// The reading of a source.
pub type Reading<'i> = BoxFuture<'i, Result<(), ImportError>>;

/// What reads one source.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The source.
    pub source: SourceName,
    /// Reads it. It looks now and then whether it is to stop. A source that fails is noted in the import, and is no
    /// error.
    pub read: for<'i> fn(&'i mut Import<'_>, &'i CancellationToken) -> Reading<'i>,
}

/// What reads each source, in the order in which they are read. Each stands in the file of its source.
pub const READERS: &[Reader] = &[HISTORY, product_details::READER, buildhub::READER, archive::READER];

/// Takes in what the program itself knows and no source holds any more.
const HISTORY: Reader = Reader {
    source: SourceName::CSV,
    read: |import, _| Box::pin(import.read_history()),
};

impl Import<'_> {
    async fn read_history(&mut self) -> Result<(), ImportError> {
        self.record_listing(SourceName::CSV, csv::HISTORY, &csv::history(), 0)
            .await
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
