//! The result of reading builds: what to store, and what is settled by it.

use std::collections::{BTreeSet, HashMap, HashSet};

use builds::policy::Compared;
use builds::said::observation::Observation;

use super::outlook::Outlook;
use super::survey::Survey;
use crate::db::{Contents, Place, PlaceState};
use crate::sources::SourceError;
use crate::sources::archive::{BuildFolder, BuildRead};

/// The result of reading builds.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    /// Observations to store.
    pub(super) observations: Vec<Observation>,
    /// Places to store after them.
    pub(super) places: Vec<Place>,
    /// Files that are usable, whether or not they were bad before.
    pub(super) good: Vec<String>,
    /// What the archive and Buildhub have of each build read.
    pub(super) compared: Vec<Compared>,
    /// The number of files used.
    pub(super) files: u64,
    /// Unusable files.
    pub(super) bad: Vec<String>,
    /// Requests that failed for good.
    pub(super) failed: Vec<SourceError>,
    outlook: Outlook,
    settled: HashSet<String>,
    newest: Vec<(BuildFolder, Place, bool)>,
}

impl Harvest {
    /// Begins with the places settled by earlier imports and the listings just read.
    pub(super) fn new(known: &HashMap<String, Place>, survey: &mut Survey) -> Self {
        let mut outlook = std::mem::take(&mut survey.outlook);
        for place in known.values() {
            if !place.contents.platforms.is_empty()
                && let Some(build) = BuildFolder::of_path(&place.path)
            {
                outlook.platforms(&build.tree, &build.step, &place.contents.platforms);
            }
        }
        let settled = known
            .values()
            .filter(|place| place.state == PlaceState::Settled)
            .map(|place| place.path.clone())
            .collect();
        Self {
            outlook,
            settled,
            failed: std::mem::take(&mut survey.failed),
            ..Self::default()
        }
    }

    /// Adds the result of reading a build.
    pub(super) fn take(&mut self, build: BuildFolder, read: Result<BuildRead, SourceError>) {
        let read = match read {
            Ok(read) => read,
            // Its parent lists it, but it does not exist: remembered, and requested again while it is new.
            Err(SourceError::NotFound(_)) => return self.take_absent(&build),
            Err(error) => return self.failed.push(error),
        };
        let whole = read.is_whole();
        self.outlook.platforms(&build.tree, &build.step, &read.platforms);
        self.compared.push(Compared {
            tree: build.tree.clone(),
            order: build.order.clone(),
            path: build.path.clone(),
            known: read.known,
            read: read.read,
        });
        self.files += read.observations.len() as u64;
        self.bad.extend(read.bad.iter().map(|place| place.path.clone()));
        self.observations.extend(read.observations);
        self.places.extend(read.bad);
        self.good.extend(read.good);
        if let Some(error) = read.failed {
            self.failed.push(error);
            self.places.push(read.place);
        } else if self.outlook.is_past(&build.tree, &build.step) {
            self.settle(read.place);
        } else {
            self.places.push(read.place.clone());
            self.newest.push((build, read.place, whole));
        }
    }

    fn take_absent(&mut self, build: &BuildFolder) {
        let place = Place {
            path: build.path.clone(),
            state: PlaceState::Absent,
            contents: Contents {
                why: Some("listed, but not there (404)".to_owned()),
                ..Contents::default()
            },
            etag: None,
        };
        if self.outlook.is_past(&build.tree, &build.step) {
            self.settle(place);
        } else {
            self.places.push(place);
        }
    }

    /// Settles what is complete, after the last build was read.
    pub(super) fn finish(&mut self, survey: Survey) {
        for (build, place, whole) in std::mem::take(&mut self.newest) {
            let expected: BTreeSet<String> = self.outlook.expected(&build.tree);
            if whole && place.contents.platforms.is_superset(&expected) {
                self.settle(place);
            }
        }
        for candidates in survey.versions.into_values() {
            let complete = candidates.builds.iter().all(|path| self.settled.contains(path));
            let over = candidates.shipped || self.outlook.is_past(&candidates.tree, &candidates.step);
            if complete && over {
                self.settle(candidates.place);
            } else {
                self.places.push(candidates.place);
            }
        }
        for period in survey.calendar {
            if period.past && period.below.iter().all(|path| self.settled.contains(path)) {
                self.settle(period.place);
            } else {
                self.places.push(period.place);
            }
        }
    }

    /// A settled place is not compared again, so its listing is dropped.
    fn settle(&mut self, mut place: Place) {
        self.settled.insert(place.path.clone());
        place.state = PlaceState::Settled;
        place.contents.folders = Vec::new();
        place.contents.files = Vec::new();
        place.etag = None;
        self.places.push(place);
    }
}
