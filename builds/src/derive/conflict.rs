//! Contradictions in what the sources say.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::derive::claim::Claim;
use crate::derive::correction::Field;
use crate::names::product::Directory;
use crate::names::version::Version;
use crate::said::observation::Digest;

/// Several values for one thing, of which one was chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    /// What it is about, as a correction would name it; for several builds in one file, the product and the file's
    /// path.
    pub subject: String,
    /// Which member of it.
    pub field: &'static str,
    /// The value that the builds carry. Of several build ids in one file, that of the later upload.
    pub chosen: String,
    /// Every value with the observations that state it.
    pub values: BTreeMap<String, BTreeSet<Digest>>,
}

impl Conflict {
    /// Whether corrections of these members of the build settle it: a person's statement holds, whatever the sources
    /// say.
    pub(super) fn is_settled(&self, stated: &BTreeSet<Field>) -> bool {
        let mut stated = stated.iter();
        stated.any(|field| match field {
            // Which of the builds shipped is its status.
            Field::Status => self.field == SHIPPED_FIELD,
            field => self.field == field.as_str(),
        })
    }
}

/// The field of a conflict about which build of a version shipped.
pub(super) const SHIPPED_FIELD: &str = "shipped_build_number";

/// The field of a conflict about a file that is said to be several builds: its values are build ids, all of which are
/// known.
pub const PLACE_FIELD: &str = "build_id";

/// Chooses the first value in the order of the claims; a conflict if there are others.
pub(super) fn choose(
    subject: &str,
    field: &'static str,
    claims: &[&Claim],
    value: &dyn Fn(&Claim) -> Option<String>,
    conflicts: &mut BTreeSet<Conflict>,
) -> Option<String> {
    let mut values: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
    for claim in claims {
        if let Some(value) = value(claim) {
            values.entry(value).or_default().insert(claim.digest);
        }
    }
    let chosen = claims.iter().find_map(|claim| value(claim))?;
    if values.len() > 1 {
        conflicts.insert(Conflict {
            subject: subject.to_owned(),
            field,
            chosen: chosen.clone(),
            values,
        });
    }
    Some(chosen)
}

/// The files that are said to be several builds, each of which is known. Either the file was replaced, or a source is
/// wrong; nothing tells which. A mirror's file counts as the same file.
pub(super) fn conflicts_of_places(claims: &[Claim]) -> BTreeSet<Conflict> {
    let mut places: BTreeMap<(Directory, String), Vec<&Claim>> = BTreeMap::new();
    for claim in claims {
        if let Some(path) = claim.archive_url.as_deref().and_then(file_path) {
            places.entry((claim.directory, path)).or_default().push(claim);
        }
    }
    let mut conflicts = BTreeSet::new();
    for ((directory, path), claims) in places {
        let id = |claim: &Claim| Some(claim.build_id.to_string());
        let subject = format!("{} {path}", directory.product());
        choose(&subject, PLACE_FIELD, &claims, &id, &mut conflicts);
    }
    conflicts
}

/// The path of a file's address; none for a folder, which can hold many builds.
fn file_path(url: &str) -> Option<String> {
    let path = url::Url::parse(url).ok()?.path().to_owned();
    (!path.ends_with('/')).then_some(path)
}

/// A conflict about which build of a version shipped.
pub(super) fn conflict_of_version(
    directory: Directory,
    version: &Version,
    chosen: &str,
    values: BTreeMap<String, BTreeSet<Digest>>,
) -> Conflict {
    Conflict {
        subject: format!("{} {}", directory.product(), version),
        field: SHIPPED_FIELD,
        chosen: chosen.to_owned(),
        values,
    }
}
