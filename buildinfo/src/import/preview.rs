//! A preview of what corrections would change.

use std::collections::{BTreeMap, BTreeSet};

use builds::build::Build;
use builds::derive::correction::Correction;
use builds::index::{BuildIndex, IndexFull};
use builds::names::build_id::BuildId;
use builds::names::product::Product;
use builds::resolve::{Question, resolve};
use platform::db::{Db, DbError};
use serde::Serialize;

use super::derivation::{derive_groups, known_facts};
use crate::db;

/// A change to one build id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The product.
    pub product: Product,
    /// The id.
    pub build_id: BuildId,
    /// The builds as currently concluded, only those that would change; empty if the id is new.
    pub old: Vec<Build>,
    /// The builds that would replace them; empty if none would be left.
    pub new: Vec<Build>,
    /// All builds with the id, as currently known.
    #[serde(skip)]
    known: Vec<Build>,
}

impl Preview {
    /// Which of these questions about the build would be answered differently, ignoring what depends on other builds.
    ///
    /// # Errors
    /// There is no room for the builds.
    pub fn changes_answers(&self, questions: &[Question]) -> Result<Vec<bool>, IndexFull> {
        let gone: BTreeSet<String> = self.old.iter().map(text_of).collect();
        let stay = self.known.iter();
        let stay = stay.filter(|build| !gone.contains(&text_of(build)));
        let before = BuildIndex::from_builds(0, &self.known)?;
        let after = BuildIndex::from_builds(0, stay.chain(&self.new))?;
        let digest = |index, question| resolve(index, question).digest();
        let changes = questions.iter();
        let changes = changes.map(|question| digest(&before, question) != digest(&after, question));
        Ok(changes.collect())
    }
}

/// Everything a build says except its evidence, as text.
fn text_of(build: &Build) -> String {
    let build = Build {
        evidence: Vec::new(),
        ..build.clone()
    };
    format!("{build:?}")
}

/// What adding corrections to those in force would change about builds, sorted by product and id. Writes nothing. A
/// change of the evidence alone does not count.
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
    let mut previews = Vec::new();
    for ((product, build_id), (old, new)) in changed {
        previews.push(Preview {
            product,
            build_id,
            old,
            new,
            known: db::builds_by_id(db, generation, product, build_id).await?,
        });
    }
    Ok(previews)
}

/// Builds keyed by everything they say except their evidence.
fn said(builds: Vec<Build>) -> BTreeMap<String, Build> {
    builds
        .into_iter()
        .map(|mut build| {
            build.evidence.clear();
            (text_of(&build), build)
        })
        .collect()
}
