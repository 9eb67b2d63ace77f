//! Reading the archive: always its listings, and of its files those that Buildhub lacks.
//!
//! A version is looked for only where its parent listing shows it; a complete build is settled and not requested again.
//! Observations are stored before the place that marks them as read.

mod harvest;
mod outlook;
mod survey;

use std::collections::{BTreeSet, HashMap, HashSet};

use builds::names::product::Directory;
use builds::names::version::Version;
use builds::policy::{self, Reason, State};
use builds::said::observation::{Observation, SourceName};
use builds::unknown::FetchPlan;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use self::harvest::Harvest;
use self::survey::{AT_ONCE, Survey, missing_is_none, survey_candidates, survey_nightly};
use super::choice::Choice;
use super::error::ImportError;
use super::under_way::{Import, Reader};
use crate::db::{self, Place, Prepared};
use crate::sources::Client;
use crate::sources::archive::{self, buildhub_package, candidate_version, release_version};

const SOURCE: SourceName = SourceName::ARCHIVE;
/// Observations, or places, stored at a time.
const BATCH: usize = 300;

/// Reads the archive; after Buildhub, with which it is compared.
pub(super) const READER: Reader = Reader {
    source: SOURCE,
    read: |import, stop| Box::pin(import.read_archive(stop)),
};

impl Import<'_> {
    async fn read_archive(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        let directories = self.directories();
        if directories.is_empty() {
            self.note("archive: it has none of these products, and is not asked");
            return Ok(());
        }
        let (client, root) = (self.client(SOURCE), self.address(SOURCE)?);
        let mut known = if self.options.full {
            HashMap::new()
        } else {
            db::places(self.lease.db()).await?
        };
        known.retain(|path, _| !self.options.wanted.iter().any(|plan| lies_on_the_way(plan, path)));
        let reader = archive::Reader::new(&client, &root, &known);
        let mut survey = Survey::default();
        let products = products_there(&reader).await;
        let mut found = false;
        for directory in directories {
            let name = directory.as_str();
            if products.as_ref().is_some_and(|there| !there.contains(name)) {
                continue;
            }
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            found |= self.survey(&reader, &known, directory, &mut survey).await?;
            if reader.gave_up() {
                break;
            }
        }
        if survey.failed.is_empty() && !found {
            let why = "it answers, and shows no builds at all";
            self.policy.judge(SOURCE, State::Empty, why);
            self.note(&format!("archive: {why}; what it said before stays"));
            self.failed += 1;
            return Ok(());
        }
        let harvest = self.read_builds(&reader, &known, survey, stop).await?;
        self.conclude_archive(&client, &harvest);
        Ok(())
    }

    /// The folders of the requested products.
    fn directories(&self) -> Vec<Directory> {
        let products = &self.options.products;
        let is_asked = |product| (products.is_empty() || products.contains(&product)) && self.can_have(SOURCE, product);
        let all = Directory::all().filter(|directory| directory.row().in_archive);
        all.filter(|directory| is_asked(directory.product())).collect()
    }

    /// Reads the listings of one product down to its builds; returns whether it lists anything.
    async fn survey(
        &mut self,
        reader: &archive::Reader<'_>,
        known: &HashMap<String, Place>,
        directory: Directory,
        survey: &mut Survey,
    ) -> Result<bool, ImportError> {
        let mut list = async |area: &str| {
            let path = format!("/pub/{}/{area}/", directory.as_str());
            match missing_is_none(reader.list(&path).await) {
                Ok(place) => place.filter(|place| !place.contents.folders.is_empty()),
                Err(error) => {
                    survey.failed.push(error);
                    None
                }
            }
        };
        let releases = list("releases").await;
        let candidates = list("candidates").await;
        let nightly = list("nightly").await;
        let anything = releases.is_some() || candidates.is_some() || nightly.is_some();
        let mut shipped = BTreeSet::new();
        if let Some(place) = releases {
            shipped = self.record_releases(reader, directory, &place).await?;
        }
        if let Some(place) = candidates {
            db::put_places(&self.lease, self.run.id, std::slice::from_ref(&place)).await?;
            survey_candidates(reader, known, directory, &place, &shipped, survey).await;
        }
        if let Some(place) = nightly {
            db::put_places(&self.lease, self.run.id, std::slice::from_ref(&place)).await?;
            survey_nightly(reader, known, directory, &place, self.options.since, survey).await;
        }
        Ok(anything)
    }

    /// Stores which versions have a folder under `releases/`. A listing without any is not credible: earlier
    /// observations stay.
    async fn record_releases(
        &mut self,
        reader: &archive::Reader<'_>,
        directory: Directory,
        place: &Place,
    ) -> Result<BTreeSet<Version>, ImportError> {
        let url = reader.address(&place.path);
        let shipped: BTreeSet<Version> = place
            .contents
            .folders
            .iter()
            .filter_map(|name| release_version(name))
            .collect();
        let observations: Vec<Observation> = shipped
            .iter()
            .map(|version| Observation::release_directory(&url, directory.as_str(), version.as_str()))
            .collect();
        if observations.is_empty() {
            return Ok(shipped);
        }
        self.record_listing(SOURCE, &url, &observations, 0).await?;
        db::put_places(&self.lease, self.run.id, std::slice::from_ref(place)).await?;
        Ok(shipped)
    }

    /// Reads the builds found, stores them, and settles the complete ones.
    async fn read_builds(
        &mut self,
        reader: &archive::Reader<'_>,
        known: &HashMap<String, Place>,
        mut survey: Survey,
        stop: &CancellationToken,
    ) -> Result<Harvest, ImportError> {
        let mut buildhub = HashSet::new();
        if self.options.choice == Choice::Auto && !survey.builds.is_empty() {
            db::each_buildhub_subject(self.lease.db(), |subject| {
                buildhub.extend(buildhub_package(subject));
            })
            .await?;
        }
        let nothing = BTreeSet::new();
        let total = survey.builds.len() as u64;
        let builds = std::mem::take(&mut survey.builds);
        let mut harvest = Harvest::new(known, &mut survey);
        let mut reading = futures::stream::iter(builds)
            .map(|build| {
                let before = known.get(&build.path).map_or(&nothing, |place| &place.contents.read);
                let buildhub = &buildhub;
                async move {
                    let knows = |platform: &str| buildhub.contains(&build.package(platform));
                    let read = build.read(reader, knows, before).await;
                    (build, read)
                }
            })
            .buffer_unordered(AT_ONCE);
        let mut done = 0;
        while let Some((build, read)) = reading.next().await {
            harvest.take(build, read);
            if harvest.observations.len() >= BATCH || harvest.places.len() >= BATCH {
                self.store(&mut harvest).await?;
            }
            done += 1;
            self.show(SOURCE, done, total);
            if stop.is_cancelled() {
                self.store(&mut harvest).await?;
                return Err(ImportError::Stopped);
            }
            if reader.gave_up() {
                break;
            }
        }
        drop(reading);
        harvest.finish(survey);
        self.store(&mut harvest).await?;
        Ok(harvest)
    }

    /// Stores the observations, and then the places that mark them as read.
    async fn store(&mut self, harvest: &mut Harvest) -> Result<(), ImportError> {
        let observations = std::mem::take(&mut harvest.observations);
        let records = observations.len();
        let prepared = Prepared::of(observations);
        let seen = db::record_prepared(&self.lease, self.run.id, &prepared).await?;
        self.add(seen, records, 0);
        db::forget_bad(&self.lease, &std::mem::take(&mut harvest.good)).await?;
        db::put_places(&self.lease, self.run.id, &std::mem::take(&mut harvest.places)).await?;
        self.keep().await
    }

    /// Notes how the archive did, and what it had that Buildhub lacked.
    fn conclude_archive(&mut self, client: &Client, harvest: &Harvest) {
        let what = format!(
            "{} builds were looked at, {} files read",
            harvest.compared.len(),
            harvest.files
        );
        match harvest.failed.first() {
            None => {
                self.read += 1;
                self.well_source(SOURCE, client, &what);
            }
            Some(error) => {
                self.read += u64::from(!harvest.compared.is_empty());
                self.failed += harvest.failed.len() as u64;
                self.note(&format!(
                    "archive: {error}; {} requests failed for good; {what}",
                    harvest.failed.len()
                ));
                // What could be read is reliable; the rest is requested again.
                if client.gave_up() || harvest.compared.is_empty() {
                    self.failed_source(SOURCE, error);
                } else {
                    let why = format!("{} requests failed for good; {what}", harvest.failed.len());
                    self.policy.judge(SOURCE, State::Flaky, why);
                }
            }
        }
        if !harvest.bad.is_empty() {
            self.run.errors += i64::try_from(harvest.bad.len()).unwrap_or(i64::MAX);
            self.note(&format!(
                "archive: {} files cannot be used, as {}; `audit` lists them",
                harvest.bad.len(),
                harvest.bad[0]
            ));
        }
        let forced = match (self.options.choice, self.policy.state(SourceName::BUILDHUB)) {
            (Choice::Only(_), _) => Some(Reason::Asked),
            (_, Some(state)) if state.is_failure() => Some(Reason::BuildhubFailed),
            _ => None,
        };
        self.policy.fill(policy::fills(&harvest.compared, forced));
    }
}

/// The names of the products' folders; none if the archive does not list them.
async fn products_there(reader: &archive::Reader<'_>) -> Option<BTreeSet<String>> {
    let listing = reader.list("/pub/").await.ok()?;
    let folders: BTreeSet<String> = listing.contents.folders.into_iter().collect();
    (!folders.is_empty()).then_some(folders)
}

/// Whether a place must be looked at again to find the build of a plan.
fn lies_on_the_way(plan: &FetchPlan, path: &str) -> bool {
    let to_a_nightly = plan.archive.iter().any(|folder| folder.starts_with(path));
    let candidates = path
        .split_once("/candidates/")
        .and_then(|(folder, below)| Some((folder.strip_prefix("/pub/")?, below.split('/').next()?)));
    let may_hold = candidates.is_some_and(|(directory, name)| {
        let same_product = directory
            .parse()
            .is_ok_and(|directory: Directory| directory.product() == plan.product);
        same_product && candidate_version(name).is_some_and(|version| plan.may_be(&version))
    });
    to_a_nightly || may_hold
}
