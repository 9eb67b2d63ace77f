//! Reading product-details: each file is a complete listing of its observations.

use builds::policy::State;
use builds::said::observation::{Observation, SourceName};
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::under_way::{Import, Reader};
use crate::sources::{SourceError, product_details};

const SOURCE: SourceName = SourceName::PRODUCT_DETAILS;

/// Reads product-details.
pub(super) const READER: Reader = Reader {
    source: SOURCE,
    read: |import, stop| Box::pin(import.read_product_details(stop)),
};

impl Import<'_> {
    async fn read_product_details(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        let asked = &self.options.products;
        if !asked.is_empty() && !asked.iter().any(|product| product_details::has_files(*product)) {
            self.note("product-details: it has none of these products, and is not asked");
            return Ok(());
        }
        let (client, root) = (self.client(SOURCE), self.address(SOURCE)?);
        let files = product_details::files();
        let total = files.len() as u64;
        let (mut read, mut failed) = (0, None);
        for (done, name) in files.enumerate() {
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            match product_details::file(&client, &root, name).await {
                Ok(file) => {
                    self.record_listing(SOURCE, &file.url, &file.observations, file.unusable)
                        .await?;
                    if let Some(newest) = file.observations.iter().filter_map(day).max() {
                        self.saw(SOURCE, newest);
                    }
                    read += 1;
                }
                // A missing file is only noted; the source itself works.
                Err(error @ SourceError::NotFound(_)) => {
                    self.note(&format!("product-details: {error}"));
                }
                Err(error) => {
                    self.note(&format!("product-details: {error}; what it said before stays"));
                    self.failed += 1;
                    let down = matches!(error, SourceError::Down { .. });
                    failed = Some(error);
                    if down {
                        break;
                    }
                }
            }
            self.show(SOURCE, done as u64 + 1, total);
        }
        self.read += u64::from(read > 0);
        match failed {
            Some(error) => self.failed_source(SOURCE, &error),
            None if read == 0 => {
                self.policy.judge(SOURCE, State::Empty, "none of its files is there");
            }
            None => {
                self.well_source(SOURCE, &client, &format!("{read} of {total} files were read"));
            }
        }
        Ok(())
    }
}

/// The day on which a release shipped, microseconds UTC.
fn day(release: &Observation) -> Option<i64> {
    let day: chrono::NaiveDate = release.body.get("date")?.as_str()?.parse().ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
}
