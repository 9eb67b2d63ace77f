//! The archive's listings, read down to the builds: which versions have shipped, which builds exist, and which of them
//! are not settled.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use builds::names::product::Directory;
use builds::names::version::Version;
use futures::StreamExt;

use super::outlook::Outlook;
use crate::db::{Place, PlaceState};
use crate::sources::SourceError;
use crate::sources::archive::{BuildFolder, CandidateFolder, Reader};

/// Maximum concurrent requests.
pub(super) const AT_ONCE: usize = 16;

/// What the listings show.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The builds to read.
    pub(super) builds: Vec<BuildFolder>,
    /// All builds seen.
    pub(super) outlook: Outlook,
    /// The candidates folders listed, by path.
    pub(super) versions: BTreeMap<String, Candidates>,
    /// The months and years of nightlies listed, each year after its months.
    pub(super) calendar: Vec<Period>,
    /// Listings that could not be read.
    pub(super) failed: Vec<SourceError>,
}

/// A version's candidates folder.
#[derive(Debug)]
pub(super) struct Candidates {
    /// The place as found.
    pub(super) place: Place,
    /// Its tree.
    pub(super) tree: String,
    /// Its position in the tree.
    pub(super) step: String,
    /// Whether the version has shipped.
    pub(super) shipped: bool,
    /// The paths of its builds.
    pub(super) builds: Vec<String>,
}

/// A month or a year of nightlies.
#[derive(Debug)]
pub(super) struct Period {
    /// The place as found.
    pub(super) place: Place,
    /// Whether a later one exists, so that this one gets no more builds.
    pub(super) past: bool,
    /// The paths of its contents.
    pub(super) below: Vec<String>,
}

/// Treats a missing folder as none, not as a failure.
pub(super) fn missing_is_none(listing: Result<Place, SourceError>) -> Result<Option<Place>, SourceError> {
    match listing {
        Ok(place) => Ok(Some(place)),
        Err(SourceError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_settled(known: &HashMap<String, Place>, path: &str) -> bool {
    known.get(path).is_some_and(|place| place.state == PlaceState::Settled)
}

/// Lists folders, several at a time; failures are noted.
async fn list_all(reader: &Reader<'_>, paths: Vec<String>, failed: &mut Vec<SourceError>) -> Vec<Place> {
    let mut listings = futures::stream::iter(paths)
        .map(|path| async move { reader.list(&path).await })
        .buffer_unordered(AT_ONCE);
    let mut places = Vec::new();
    while let Some(listing) = listings.next().await {
        match missing_is_none(listing) {
            Ok(place) => places.extend(place),
            Err(error) => failed.push(error),
        }
    }
    places.sort_by(|a, b| a.path.cmp(&b.path));
    places
}

/// Finds the builds of the versions that `place` lists.
pub(super) async fn survey_candidates(
    reader: &Reader<'_>,
    known: &HashMap<String, Place>,
    directory: Directory,
    place: &Place,
    shipped: &BTreeSet<Version>,
    survey: &mut Survey,
) {
    let mut versions = BTreeMap::new();
    for name in &place.contents.folders {
        let path = format!("{}{name}/", place.path);
        if let Some(folder) = CandidateFolder::parse(directory, name) {
            survey.outlook.saw(&folder.tree, &folder.order);
            if !is_settled(known, &path) {
                versions.insert(path, folder);
            }
        }
    }
    let paths = versions.keys().cloned().collect();
    for listed in list_all(reader, paths, &mut survey.failed).await {
        let Some(folder) = versions.remove(&listed.path) else {
            continue;
        };
        let builds = folder.builds(&listed);
        survey.versions.insert(
            listed.path.clone(),
            Candidates {
                builds: builds.iter().map(|build| build.path.clone()).collect(),
                tree: folder.tree,
                step: folder.order,
                shipped: shipped.contains(&folder.version),
                place: listed,
            },
        );
        let new = builds.into_iter().filter(|build| !is_settled(known, &build.path));
        survey.builds.extend(new);
    }
}

/// Finds the nightlies below `place`, only of the months since `since` (microseconds UTC).
pub(super) async fn survey_nightly(
    reader: &Reader<'_>,
    known: &HashMap<String, Place>,
    directory: Directory,
    place: &Place,
    since: Option<i64>,
    survey: &mut Survey,
) {
    let oldest = since.and_then(chrono::DateTime::from_timestamp_micros);
    let numbered = |place: &Place, digits: usize| -> BTreeSet<String> {
        let is_number = |name: &&String| name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
        place.contents.folders.iter().filter(is_number).cloned().collect()
    };
    let years = numbered(place, 4);
    let wanted = |path: &String| !is_settled(known, path);
    let in_time = |name: &str| oldest.is_none_or(|oldest| name >= oldest.format("%Y").to_string().as_str());
    let paths = years
        .iter()
        .filter(|year| in_time(year))
        .map(|year| format!("{}{year}/", place.path))
        .filter(wanted)
        .collect();
    let listed_years = list_all(reader, paths, &mut survey.failed).await;
    let mut months = Vec::new();
    for year in &listed_years {
        months.extend(numbered(year, 2).iter().map(|month| format!("{}{month}/", year.path)));
    }
    let oldest_month = oldest.map(|oldest| format!("{}{}/", place.path, oldest.format("%Y/%m")));
    let last_month = months.iter().max().cloned();
    let paths = months
        .iter()
        .filter(|path| oldest_month.as_ref().is_none_or(|oldest| *path >= oldest))
        .filter(|path| wanted(path))
        .cloned()
        .collect();
    for month in list_all(reader, paths, &mut survey.failed).await {
        let mut below = Vec::new();
        for name in &month.contents.folders {
            let Some(build) = BuildFolder::nightly(directory, &month.path, name) else {
                continue;
            };
            survey.outlook.saw(&build.tree, &build.step);
            below.push(build.path.clone());
            if !is_settled(known, &build.path) {
                survey.builds.push(build);
            }
        }
        let past = last_month.as_ref().is_some_and(|last| *last > month.path);
        survey.calendar.push(Period {
            place: month,
            past,
            below,
        });
    }
    let last_year = listed_years.iter().map(|year| year.path.clone()).max();
    for year in listed_years {
        let below = months
            .iter()
            .filter(|month| month.starts_with(&year.path))
            .cloned()
            .collect();
        let past = last_year.as_ref().is_some_and(|last| *last > year.path);
        survey.calendar.push(Period {
            place: year,
            past,
            below,
        });
    }
}
