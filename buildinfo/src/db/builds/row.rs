//! A row of the table `build`.

use platform::db::DbError;

use builds::build::Build;
use builds::names::build_id::BuildId;

/// A build from its column `body`.
pub(in crate::db) fn read(body: &str) -> Result<Build, DbError> {
    serde_json::from_str(body).map_err(|error| DbError::Row(format!("build: {error}")))
}

/// Builds from their columns `body`.
pub(super) fn read_all(bodies: &[String]) -> Result<Vec<Build>, DbError> {
    bodies.iter().map(|body| read(body)).collect()
}

/// A build id as its column holds it.
pub(in crate::db) fn number(id: BuildId) -> i64 {
    // 14 digits.
    i64::try_from(id.as_u64()).unwrap_or(i64::MAX)
}

/// The condition that a row is valid in generation `$1`.
pub(super) const VALID: &str = "from_generation <= $1 AND (to_generation IS NULL OR to_generation > $1)";
