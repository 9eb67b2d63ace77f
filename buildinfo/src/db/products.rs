//! The table `peculiar_product`: by which rows of a site's own the stored builds were derived.

use std::collections::BTreeMap;

use builds::Digest;
use builds::names::product::rows;
use platform::db::{Db, DbError};
use platform::{in_tx, on};

use super::lease::Writes;

/// The products whose builds were derived by other rows than those that are built in, each with the digest of its row.
///
/// # Errors
/// The database failed.
pub async fn peculiar_products(db: &Db) -> Result<BTreeMap<String, String>, DbError> {
    const SQL: &str = "SELECT product, digest FROM peculiar_product";
    let rows: Vec<(String, String)> = on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    Ok(rows.into_iter().collect())
}

/// The products of which builds are known now, and that have no row here, sorted.
///
/// # Errors
/// The database failed.
pub async fn products_without_row(db: &Db) -> Result<Vec<String>, DbError> {
    // Steps from one product to the next through the index; grouping would read every build.
    const NEXT: &str = "SELECT product FROM build WHERE product > $1 ORDER BY product LIMIT 1";
    const KNOWN: &str = "SELECT product FROM build WHERE product = $1 AND to_generation IS NULL LIMIT 1";
    let mut without = Vec::new();
    let mut last = String::new();
    loop {
        let next: Option<(String,)> = on!(db, |pool| sqlx::query_as(NEXT).bind(&last).fetch_optional(pool).await)?;
        let Some((product,)) = next else {
            return Ok(without);
        };
        if rows().iter().all(|row| row.name != product) {
            let known: Option<(String,)> = on!(db, |pool| sqlx::query_as(KNOWN)
                .bind(&product)
                .fetch_optional(pool)
                .await)?;
            without.extend(known.map(|(product,)| product));
        }
        last = product;
    }
}

/// Stores that the builds of these products are derived by these rows, and those of `usual` by the rows that are built
/// in.
///
/// # Errors
/// The database failed.
pub async fn set_peculiar_products(
    to: &impl Writes,
    rows: &BTreeMap<&str, Digest>,
    usual: &[&str],
) -> Result<(), DbError> {
    const FORGET: &str = "DELETE FROM peculiar_product WHERE product = $1";
    const SET: &str = "INSERT INTO peculiar_product (product, digest) VALUES ($1, $2) \
        ON CONFLICT (product) DO UPDATE SET digest = excluded.digest";
    let mut tx = to.begin_import().await?;
    for product in usual {
        in_tx!(&mut tx, |conn| sqlx::query(FORGET)
            .bind(*product)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    for (product, digest) in rows {
        in_tx!(&mut tx, |conn| sqlx::query(SET)
            .bind(*product)
            .bind(digest.to_string())
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    tx.commit().await
}
