//! The newest builds of each channel, the reference for "late".

use builds::names::build_id::BuildId;
use builds::names::product::Product;
use platform::db::{Db, DbError};

use crate::db;

/// The channels of the products with their newest builds.
pub(super) async fn newest(db: &Db) -> Result<Vec<(Product, String, BuildId)>, DbError> {
    let rows = db::newest_builds(db).await?.into_iter();
    let read = rows.filter_map(|(product, channel, id)| {
        let id = BuildId::from_u64(u64::try_from(id).ok()?)?;
        Some((product.parse().ok()?, channel, id))
    });
    Ok(read.collect())
}

/// The build id `micros` microseconds before another, as a number.
pub(super) fn before(id: BuildId, micros: i64) -> i64 {
    let time = id.time() - chrono::TimeDelta::microseconds(micros);
    time.format("%Y%m%d%H%M%S").to_string().parse().unwrap_or(0)
}
