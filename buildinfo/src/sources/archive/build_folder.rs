//! The folder of one build (a candidate's `buildN/` or a nightly's), and reading its metadata.

use std::collections::{BTreeMap, BTreeSet};

use builds::names::product::Directory;
use builds::names::version::{Stage, Version};
use builds::said::location::{Location, normalise_platform};
use builds::said::observation::Observation;

use super::metadata;
use super::names::{self, FileKind, MetadataFiles};
use super::reader::{Reader, public_address};
use crate::db::{Contents, Place, PlaceState};
use crate::sources::client::SourceError;

/// The candidates folder of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CandidateFolder {
    /// The version.
    pub(crate) version: Version,
    /// The series of builds that it belongs to, such as `firefox beta`.
    pub(crate) tree: String,
    /// Its position in that series.
    pub(crate) order: String,
}

/// The folder of one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildFolder {
    /// Its path, from `/pub/`, with a slash at the end.
    pub(crate) path: String,
    /// The series of builds that it belongs to, such as `firefox beta`.
    pub(crate) tree: String,
    /// The position of its version, or of the nightly itself, in that series.
    pub(crate) step: String,
    /// Its own position in that series.
    pub(crate) order: String,
    nightly: bool,
}

/// The result of reading a build's folder.
#[derive(Debug, Clone)]
pub(crate) struct BuildRead {
    /// What its files say.
    pub(crate) observations: Vec<Observation>,
    /// Unusable files.
    pub(crate) bad: Vec<Place>,
    /// Usable files.
    pub(crate) good: Vec<String>,
    /// The build's platforms.
    pub(crate) platforms: BTreeSet<String>,
    /// The platforms already known from elsewhere, for which nothing was requested.
    pub(crate) known: BTreeSet<String>,
    /// The platforms whose files were read now.
    pub(crate) read: BTreeSet<String>,
    /// A request that failed for good.
    pub(crate) failed: Option<SourceError>,
    /// The folder as found, with everything ever read there.
    pub(crate) place: Place,
}

impl CandidateFolder {
    /// Parses the name of a folder below `candidates/`; none if it is not a version's.
    pub(crate) fn parse(directory: Directory, name: &str) -> Option<Self> {
        let version = names::candidate_version(name)?;
        let kind = match version.stage() {
            Stage::Esr => format!("esr{}", version.major()),
            Stage::Beta(_) => "beta".to_owned(),
            _ => "release".to_owned(),
        };
        Some(Self {
            tree: format!("{} {kind}", directory.as_str()),
            order: version.sort_key(),
            version,
        })
    }

    /// The builds listed in this folder.
    pub(crate) fn builds(&self, listing: &Place) -> Vec<BuildFolder> {
        let numbers: BTreeSet<u32> = listing
            .contents
            .folders
            .iter()
            .filter_map(|name| names::build_number(name))
            .collect();
        numbers
            .into_iter()
            .map(|number| self.build(&listing.path, number))
            .collect()
    }

    fn build(&self, path: &str, number: u32) -> BuildFolder {
        BuildFolder {
            path: format!("{path}build{number}/"),
            tree: self.tree.clone(),
            step: self.order.clone(),
            order: format!("{}/{number:06}", self.order),
            nightly: false,
        }
    }
}

impl BuildFolder {
    /// Parses the name of a nightly's folder in the listing of `month`; none if it holds no build of the branches that
    /// are read.
    pub(crate) fn nightly(directory: Directory, month: &str, name: &str) -> Option<Self> {
        let branch = names::nightly_folder(name)?.branch;
        Some(Self {
            path: format!("{month}{name}/"),
            tree: format!("{} nightly {branch}", directory.as_str()),
            step: name.to_owned(),
            order: name.to_owned(),
            nightly: true,
        })
    }

    /// The build whose folder has this path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix("/pub/")?.trim_end_matches('/').split('/').collect();
        match parts.as_slice() {
            [directory, "candidates", version, build] => {
                let folder = CandidateFolder::parse(directory.parse().ok()?, version)?;
                let number = names::build_number(build)?;
                Some(folder.build(&format!("/pub/{directory}/candidates/{version}/"), number))
            }
            [directory, "nightly", year, month, name] => {
                let month = format!("/pub/{directory}/nightly/{year}/{month}/");
                Self::nightly(directory.parse().ok()?, &month, name)
            }
            _ => None,
        }
    }

    /// The name of one platform's package of this build, for comparing sources.
    pub(crate) fn package(&self, platform: &str) -> String {
        format!("{}{platform}", self.path)
    }

    /// Reads the folder: the best usable metadata of each platform that `knows` does not know and that was not read
    /// `before`.
    ///
    /// # Errors
    /// The folder itself could not be listed.
    pub(crate) async fn read(
        &self,
        reader: &Reader<'_>,
        knows: impl Fn(&str) -> bool,
        before: &BTreeSet<String>,
    ) -> Result<BuildRead, SourceError> {
        let listing = reader.list(&self.path).await?;
        let packages = if self.nightly {
            nightly_packages(&listing)
        } else {
            candidate_packages(&listing)
        };
        let mut read = BuildRead {
            observations: Vec::new(),
            bad: Vec::new(),
            good: Vec::new(),
            platforms: BTreeSet::new(),
            known: BTreeSet::new(),
            read: BTreeSet::new(),
            failed: None,
            place: listing,
        };
        for (platform, mut package) in packages {
            read.platforms.insert(platform.clone());
            if knows(&platform) {
                read.known.insert(platform);
                continue;
            }
            if before.contains(&platform) {
                continue;
            }
            let outcome = async {
                self.look_inside(reader, &mut package).await?;
                self.read_package(reader, &package.files, &mut read).await
            };
            match outcome.await {
                Ok(true) => {
                    read.read.insert(platform);
                }
                Ok(false) => {}
                Err(error) => {
                    read.failed = Some(error);
                    break;
                }
            }
        }
        let contents = &mut read.place.contents;
        contents.platforms.clone_from(&read.platforms);
        contents.read = before.union(&read.read).cloned().collect();
        Ok(read)
    }

    /// Completes a candidate's package with the files in its platform's folder.
    async fn look_inside(&self, reader: &Reader<'_>, package: &mut Package) -> Result<(), SourceError> {
        let Some(folder) = package.folder.clone() else {
            return Ok(());
        };
        // Android builds are made once for all languages.
        let locales: &[&str] = if folder.starts_with("android") {
            &["multi", "en-US"]
        } else {
            &["en-US"]
        };
        for locale in locales {
            let inner = format!("{folder}/{locale}/");
            match reader.list(&format!("{}{inner}", self.path)).await {
                Ok(listing) => {
                    let files = listing.contents.files.iter().map(String::as_str);
                    let inside = names::candidate_files(files);
                    let path = |name: String| format!("{inner}{name}");
                    package.files.buildhub = inside.buildhub.map(path);
                    package.files.flat = inside.flat.map(path);
                    // The other folder may have what this one lacks.
                    if package.files.buildhub.is_some() || package.files.flat.is_some() {
                        return Ok(());
                    }
                }
                Err(SourceError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads a package's metadata files, best first; returns whether any was usable.
    async fn read_package(
        &self,
        reader: &Reader<'_>,
        files: &MetadataFiles,
        read: &mut BuildRead,
    ) -> Result<bool, SourceError> {
        let mut found = Vec::new();
        for name in files.in_order() {
            let Some((kind, _)) = FileKind::of(name.rsplit('/').next().unwrap_or(name)) else {
                continue;
            };
            // The first kind is complete. The others complement each other: one has a certain build id, the next has
            // the revision.
            if kind == FileKind::Text && found.contains(&FileKind::Flat) {
                continue;
            }
            match self.read_file(reader, name).await? {
                Ok(observation) => {
                    read.observations.push(observation);
                    read.good.push(format!("{}{name}", self.path));
                    found.push(kind);
                    if kind == FileKind::Buildhub {
                        break;
                    }
                }
                Err(bad) => read.bad.push(bad),
            }
        }
        Ok(!found.is_empty())
    }

    /// Reads one file; a bad one yields a place that says why.
    async fn read_file(&self, reader: &Reader<'_>, name: &str) -> Result<Result<Observation, Place>, SourceError> {
        let path = format!("{}{name}", self.path);
        let why = match reader.file(&path).await {
            Ok(bytes) => {
                let public = public_address(&path);
                match metadata::read(&reader.address(&path), &public, &bytes) {
                    Ok(observation) => return Ok(Ok(observation)),
                    Err(bad) => bad.to_string(),
                }
            }
            Err(SourceError::NotFound(_)) => "listed, but not there (404)".to_owned(),
            Err(error) => return Err(error),
        };
        Ok(Err(Place {
            path,
            state: PlaceState::Bad,
            contents: Contents {
                why: Some(why),
                ..Contents::default()
            },
            etag: None,
        }))
    }
}

/// One platform's files of a build.
#[derive(Debug, Clone, Default)]
struct Package {
    /// The platform's folder, which may hold more files.
    folder: Option<String>,
    files: MetadataFiles,
}

/// The packages of a nightly's folder. On a merge day a folder may hold two versions of one platform: the newer one is
/// the build that the folder is named after.
fn nightly_packages(listing: &Place) -> BTreeMap<String, Package> {
    let files = listing.contents.files.iter().map(String::as_str);
    names::packages(files)
        .into_iter()
        .map(|package| {
            let files = package.files;
            (package.platform, Package { folder: None, files })
        })
        .collect()
}

/// The packages of a candidate's `buildN/`, as far as its own listing shows them.
fn candidate_packages(listing: &Place) -> BTreeMap<String, Package> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for name in &listing.contents.folders {
        if let Some((platform, variant)) = names::platform(name) {
            let package = packages.entry(package_name(&platform, variant.as_deref())).or_default();
            package.folder = Some(name.clone());
        }
    }
    for name in &listing.contents.files {
        if let Some((platform, variant)) = names::info_platform(name) {
            let package = packages.entry(package_name(&platform, variant.as_deref())).or_default();
            package.files.info = Some(name.clone());
        }
    }
    packages
}

/// A platform with its variant, in the form used to compare sources.
fn package_name(platform: &str, variant: Option<&str>) -> String {
    match variant {
        Some(variant) => format!("{platform} {variant}"),
        None => platform.to_owned(),
    }
}

impl BuildRead {
    /// Whether all of the folder's platforms are known.
    pub(crate) fn is_whole(&self) -> bool {
        self.failed.is_none()
            && self
                .platforms
                .iter()
                .all(|platform| self.known.contains(platform) || self.place.contents.read.contains(platform))
    }
}

/// The package that a Buildhub record is about, named as in [`BuildFolder::package`]; derived from the subject of its
/// observation. None if it lies in no build's folder.
pub(crate) fn buildhub_package(subject: &str) -> Option<String> {
    let mut words = subject.splitn(4, ' ');
    let (_channel, platform, _locale, url) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (mut platform, mut variant) = normalise_platform(platform);
    let location = Location::parse(url)?;
    if let Some(place) = location.platform {
        platform = place;
    }
    variant = location.variant.or(variant);
    let url = url::Url::parse(url).ok()?;
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8().ok()?;
    let mut end = 0;
    // `/pub/firefox/candidates/65.0-candidates/build1/…` and `/pub/firefox/nightly/2026/08/<name>/…`
    let depth = match path.split('/').nth(3)? {
        "candidates" => 6,
        "nightly" => 7,
        _ => return None,
    };
    for _ in 0..depth {
        end += path.get(end..)?.find('/')? + 1;
    }
    let package = package_name(&platform, variant.as_deref());
    Some(format!("{}{package}", path.get(..end)?))
}
