//! Reading product-details: each file is a complete listing of its observations.

use builds::policy::State;
use builds::said::observation::{Observation, SourceName};
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::progress::Progress;
use super::under_way::Import;
use crate::db;
use crate::sources::{SourceError, product_details};

impl Import<'_> {
    pub(super) async fn read_product_details(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        const SOURCE: SourceName = SourceName::ProductDetails;
        let client = self.client.for_another();
        let files = product_details::files();
        let total = files.len() as u64;
        let (mut read, mut failed) = (0, None);
        for (done, name) in files.enumerate() {
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            match product_details::file(&client, &self.settings.product_details_url, name).await {
                Ok(file) => {
                    let seen =
                        db::record_listing(&self.lease, self.run.id, SOURCE.as_str(), &file.url, &file.observations)
                            .await?;
                    self.add(seen, file.observations.len() + file.unusable, file.unusable);
                    if let Some(newest) = file.observations.iter().filter_map(day).max() {
                        let known = self.newest.entry(SOURCE).or_default();
                        *known = newest.max(*known);
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
            (self.report)(Progress::Reading {
                source: SOURCE,
                done: done as u64 + 1,
                total,
            });
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
