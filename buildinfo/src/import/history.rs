//! What the program itself knows and no source holds any more.

use builds::said::observation::SourceName;

use super::error::ImportError;
use super::under_way::{Import, Reader};
use crate::sources::csv;

/// Takes that in.
pub(super) const READER: Reader = Reader {
    source: SourceName::CSV,
    read: |import, _| Box::pin(import.read_history()),
};

impl Import<'_> {
    async fn read_history(&mut self) -> Result<(), ImportError> {
        self.record_listing(SourceName::CSV, csv::HISTORY, &csv::history(), 0)
            .await
    }
}
