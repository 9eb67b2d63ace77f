//! What corrections would change, before they are made.

use std::collections::BTreeMap;

use platform::db::{Db, DbError};
use serde::Serialize;

use crate::build::Build;
use crate::build_id::BuildId;
use crate::correction::Correction;
use crate::db;
use crate::import::{derive_groups, known_facts};
use crate::product::Product;

/// What would change about one build id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The product.
    pub product: Product,
    /// The id.
    pub build_id: BuildId,
    /// The builds as they are concluded now, those only that would change; none if the id is new.
    pub old: Vec<Build>,
    /// What would be concluded in their place; none if nothing would be left.
    pub new: Vec<Build>,
}

/// What corrections, added to those in force, would change about builds, sorted by product and id. Nothing is written. A change of the
/// evidence alone is none.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn preview(db: &Db, added: &[Correction]) -> Result<Vec<Preview>, DbError> {
    let generation = db::latest_generation(db).await?.n;
    let mut corrections = db::corrections_in_force(db).await?;
    corrections.extend_from_slice(added);
    let facts = known_facts(db, &corrections).await?;
    let mut changed: BTreeMap<(Product, BuildId), (Vec<Build>, Vec<Build>)> = BTreeMap::new();
    for group in db::groups_concerned(db, added).await? {
        let before = db::builds_of_group(db, generation, &group).await?;
        let derived = derive_groups(db, vec![group], &corrections, &facts).await?;
        let derived = derived.into_iter().flat_map(|(_, derived)| derived.builds);
        let (old, new) = (said(before), said(derived.collect()));
        for (text, build) in &old {
            if !new.contains_key(text) {
                let entry = changed.entry((build.product, build.build_id));
                entry.or_default().0.push(build.clone());
            }
        }
        for (text, build) in new {
            if !old.contains_key(&text) {
                let entry = changed.entry((build.product, build.build_id));
                entry.or_default().1.push(build);
            }
        }
    }
    Ok(changed
        .into_iter()
        .map(|((product, build_id), (old, new))| Preview {
            product,
            build_id,
            old,
            new,
        })
        .collect())
}

/// Builds by all that they say but for their evidence.
fn said(builds: Vec<Build>) -> BTreeMap<String, Build> {
    builds
        .into_iter()
        .map(|mut build| {
            build.evidence.clear();
            (format!("{build:?}"), build)
        })
        .collect()
}
