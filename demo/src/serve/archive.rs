//! The archive: a tree that is worked out from the builds at each request, as JSON or as the HTML of the live listing service.

mod listing;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::listing::{File, Listing, NONE};
use super::record;
use crate::world::{Build, Channel, Form, Generation, Package, Platform, Product, Status, World};

/// A build's flat JSON files are deleted after a year; `buildhub.json` and `*_info.txt` stay.
const FLAT_FILES_LIVE: TimeDelta = TimeDelta::days(365);

const NOT_FOUND: &str = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
     <p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n";

/// Answers for a path that begins with `/pub`.
pub(super) fn answer(world: &World, path: &str, as_json: bool) -> Response {
    let found = percent_decode_str(path)
        .decode_utf8()
        .ok()
        .and_then(|path| find(world, &path));
    match found {
        None => (StatusCode::NOT_FOUND, Html(NOT_FOUND)).into_response(),
        Some(Found::File(file)) => {
            let kind = match file.name.rsplit('.').next() {
                Some("json") => "application/json",
                Some("txt") => "text/plain",
                _ => "application/octet-stream",
            };
            ([(header::CONTENT_TYPE, kind)], file.content).into_response()
        }
        Some(Found::Folder(folder)) => {
            let (kind, body) = if as_json {
                ("application/json", folder.json().to_string())
            } else {
                ("text/html; charset=utf-8", folder.html())
            };
            // As it comes from the live service: without the quotes that the standard wants.
            let tag: String = Sha256::digest(&body)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let headers = [
                (header::CONTENT_TYPE, kind.to_owned()),
                (header::ETAG, tag),
                (header::VARY, "Accept".to_owned()),
            ];
            (headers, body).into_response()
        }
    }
}

enum Found {
    Folder(Listing),
    File(File),
}

/// What is at a decoded path. A folder is only found with its slash.
fn find(world: &World, path: &str) -> Option<Found> {
    let inner = path.strip_prefix("/pub/")?;
    let mut parts: Vec<&str> = inner.split('/').collect();
    let last = parts.pop()?;
    let mut folder = if world.builds.is_empty() {
        Listing::default()
    } else {
        folder(world, &parts)?
    };
    if last.is_empty() {
        path.clone_into(&mut folder.path);
        folder.files.sort_by(|a, b| a.name.cmp(&b.name));
        return Some(Found::Folder(folder));
    }
    folder
        .files
        .into_iter()
        .find(|file| file.name == last)
        .map(Found::File)
}

fn folder(world: &World, parts: &[&str]) -> Option<Listing> {
    let Some((product, parts)) = parts.split_first() else {
        return Some(Listing::of(
            Product::ALL.map(Product::directory),
            Vec::new(),
        ));
    };
    let product = Product::ALL
        .into_iter()
        .find(|known| known.directory() == *product)?;
    let shelf = Shelf { world, product };
    match parts {
        [] => Some(shelf.roots()),
        ["candidates", rest @ ..] => shelf.candidates(rest),
        ["releases", rest @ ..] => shelf.releases(rest),
        ["nightly", rest @ ..] if product != Product::DevEdition => shelf.nightly(rest),
        _ => None,
    }
}

/// One product's part of the tree.
struct Shelf<'a> {
    world: &'a World,
    product: Product,
}

impl<'a> Shelf<'a> {
    fn builds(&self) -> impl Iterator<Item = &'a Build> {
        let product = self.product;
        self.world
            .builds
            .iter()
            .filter(move |build| build.product == product)
    }

    fn roots(&self) -> Listing {
        let nightly = (self.product != Product::DevEdition).then_some("nightly");
        Listing::of(
            ["candidates", "releases"].into_iter().chain(nightly),
            Vec::new(),
        )
    }

    fn candidates(&self, parts: &[&str]) -> Option<Listing> {
        let numbered = || {
            self.builds().filter(|build| {
                build.build_number.is_some() && build.generation == Generation::Native
            })
        };
        let Some((folder, parts)) = parts.split_first() else {
            // The archive has a few folders that are no version's.
            let versions = numbered().map(|build| format!("{}-candidates", build.version));
            let others = ["None-candidates".to_owned(), "archived".to_owned()];
            return Some(Listing::of(versions.chain(others), Vec::new()));
        };
        if matches!(*folder, "None-candidates" | "archived") {
            return parts.is_empty().then(|| {
                Listing::of(
                    NONE,
                    vec![File::new("README", DateTime::UNIX_EPOCH, "Old things.\n")],
                )
            });
        }
        let version = folder.strip_suffix("-candidates")?;
        let builds: Vec<&Build> = numbered()
            .filter(|build| *build.version == *version)
            .collect();
        builds.first()?;
        let name = |build: &Build| format!("build{}", build.build_number.unwrap_or(0));
        let Some((folder, parts)) = parts.split_first() else {
            return Some(Listing::of(builds.into_iter().map(name), Vec::new()));
        };
        let build = builds.into_iter().find(|build| name(build) == *folder)?;
        self.candidate(build, parts)
    }

    fn candidate(&self, build: &Build, parts: &[&str]) -> Option<Listing> {
        match parts {
            [] => {
                let platforms = build
                    .packages
                    .iter()
                    .map(|package| package.platform.as_str());
                let infos = build.packages.iter().map(|package| {
                    let content = format!("buildID={}\n", package.build_id);
                    File::new(package.platform.info_file(), package.uploaded, content)
                });
                Some(Listing::of(platforms.chain(["source"]), infos.collect()))
            }
            ["source"] => {
                let name = format!(
                    "{}-{}.source.tar.xz",
                    self.product.app_name(),
                    build.version
                );
                let file = File::installer(name, build.packages.first()?);
                Some(Listing::of(NONE, vec![file]))
            }
            [platform] => {
                package(build, platform)?;
                Some(Listing::of(["de", "en-US"], Vec::new()))
            }
            [platform, "de"] => {
                let package = package(build, platform)?;
                let file = File::installer(record::installer(build, package.platform), package);
                Some(Listing::of(NONE, vec![file]))
            }
            [platform, "en-US"] => {
                let package = package(build, platform)?;
                let stem = format!("{}-{}", self.product.app_name(), build.version);
                let mut files = vec![
                    File::installer(record::installer(build, package.platform), package),
                    buildhub_file("buildhub.json".to_owned(), build, package),
                ];
                files.extend(self.flat_files(&stem, build, package));
                Some(Listing::of(NONE, files))
            }
            _ => None,
        }
    }

    fn releases(&self, parts: &[&str]) -> Option<Listing> {
        let shipped = || {
            self.builds()
                .filter(|build| build.status == Status::Shipped)
        };
        match parts {
            [] => {
                let newest = shipped()
                    .filter_map(|build| build.packages.first())
                    .map(|package| package.uploaded)
                    .max();
                let newest = newest.unwrap_or_default();
                let versions = shipped().map(|build| build.version.to_string());
                // An object that stands for the folder itself shows as a file without a name.
                let files = vec![
                    File::new("", DateTime::UNIX_EPOCH, ""),
                    File::new("KEY", newest, "A key.\n"),
                ];
                Some(Listing::of(versions.chain(["latest".to_owned()]), files))
            }
            ["latest"] => Some(Listing::of(
                NONE,
                vec![File::new("README.txt", DateTime::UNIX_EPOCH, "Moved.\n")],
            )),
            [version, rest @ ..] => {
                let build = shipped().find(|build| *build.version == **version)?;
                match rest {
                    [] => {
                        let platforms = build
                            .packages
                            .iter()
                            .map(|package| package.platform.as_str());
                        let sums = File::new("SHA256SUMS", build.packages.first()?.uploaded, "");
                        Some(Listing::of(platforms, vec![sums]))
                    }
                    [platform] => {
                        package(build, platform)?;
                        Some(Listing::of(["de", "en-US"], Vec::new()))
                    }
                    [platform, "de" | "en-US"] => {
                        let package = package(build, platform)?;
                        let file =
                            File::installer(record::installer(build, package.platform), package);
                        Some(Listing::of(NONE, vec![file]))
                    }
                    _ => None,
                }
            }
        }
    }

    fn nightly(&self, parts: &[&str]) -> Option<Listing> {
        let nightlies = || {
            self.builds()
                .filter(|build| build.channel == Channel::Nightly)
        };
        let latest = format!("latest-{}", nightlies().next()?.tree());
        match parts {
            [] => {
                let years = nightlies().map(|build| record::nightly_place(build).0);
                Some(Listing::of(years.chain([latest]), Vec::new()))
            }
            [folder] if *folder == latest => {
                let newest = nightlies().last()?;
                let mut files = self.nightly_files(newest);
                // On the day of a merge, the last build of the version before is still there.
                let before = nightlies()
                    .filter(|build| build.version != newest.version)
                    .last();
                if let Some(before) = before.filter(|before| day(before) == day(newest)) {
                    files.extend(self.nightly_files(before));
                }
                Some(Listing::of(NONE, files))
            }
            [year] => {
                let months: Vec<String> = nightlies()
                    .map(record::nightly_place)
                    .filter(|place| place.0 == *year)
                    .map(|place| place.1)
                    .collect();
                months.first()?;
                Some(Listing::of(months, Vec::new()))
            }
            [year, month] => {
                let folders: Vec<String> = nightlies()
                    .map(record::nightly_place)
                    .filter(|place| place.0 == *year && place.1 == *month)
                    .flat_map(|place| [format!("{}-l10n", place.2), place.2])
                    .collect();
                folders.first()?;
                Some(Listing::of(folders, Vec::new()))
            }
            [year, month, folder] => {
                let translated = folder.strip_suffix("-l10n");
                let folder = translated.unwrap_or(folder);
                let id: String = folder
                    .chars()
                    .filter(char::is_ascii_digit)
                    .take(14)
                    .collect();
                let build = nightlies().find(|build| {
                    let is_named = build
                        .packages
                        .first()
                        .is_some_and(|package| *package.build_id == *id);
                    is_named
                        && record::nightly_place(build)
                            == (year.to_string(), month.to_string(), folder.to_owned())
                })?;
                let files = if translated.is_some() {
                    let installer = |package: &Package| {
                        File::installer(
                            record::nightly_installer(build, package.platform, "de"),
                            package,
                        )
                    };
                    build.packages.iter().map(installer).collect()
                } else {
                    self.nightly_files(build)
                };
                Some(Listing::of(NONE, files))
            }
            _ => None,
        }
    }

    fn nightly_files(&self, build: &Build) -> Vec<File> {
        let mut files = Vec::new();
        for package in &build.packages {
            let stem = record::nightly_stem(build, package.platform, "en-US");
            let revision = format!(
                "{}\n{}/rev/{}\n",
                package.build_id,
                build.repository(),
                build.revision
            );
            files.extend([
                File::installer(
                    record::nightly_installer(build, package.platform, "en-US"),
                    package,
                ),
                buildhub_file(format!("{stem}.buildhub.json"), build, package),
                File::new(format!("{stem}.txt"), package.uploaded, revision),
                File::new(
                    format!("{stem}_info.txt"),
                    package.uploaded,
                    format!("buildID={}\n", package.build_id),
                ),
            ]);
            files.extend(self.flat_files(&stem, build, package));
        }
        files
    }

    /// The info file and two of its neighbours that are none, while they live.
    fn flat_files(&self, stem: &str, build: &Build, package: &Package) -> Vec<File> {
        let end = self
            .world
            .plan
            .end
            .and_time(chrono::NaiveTime::MIN)
            .and_utc();
        if package.uploaded + FLAT_FILES_LIVE < end {
            return Vec::new();
        }
        let file = |ending: &str, content: &Value| {
            File::new(
                format!("{stem}{ending}"),
                package.uploaded,
                content.to_string(),
            )
        };
        vec![
            file(".json", &info(build, package)),
            file(
                ".mozinfo.json",
                &json!({ "os": package.platform.os(), "bits": 64, "debug": false }),
            ),
            file(
                ".test_packages.json",
                &json!({ "common": [format!("{stem}.common.tests.tar.gz")] }),
            ),
        ]
    }
}

fn package<'b>(build: &'b Build, platform: &str) -> Option<&'b Package> {
    let platform = Platform::named(platform)?;
    build
        .packages
        .iter()
        .find(|package| package.platform == platform)
}

fn buildhub_file(name: String, build: &Build, package: &Package) -> File {
    let content = record::file(build, package, Form::Native, package.uploaded);
    File::new(name, package.uploaded, content.to_string())
}

/// The day in a nightly's build id.
fn day(build: &Build) -> Option<&str> {
    build
        .packages
        .first()
        .and_then(|package| package.build_id.get(..8))
}

/// The flat info file, which knows no beta numbers.
fn info(build: &Build, package: &Package) -> Value {
    json!({
        "as": "clang",
        "buildid": *package.build_id,
        "cc": "clang -std=gnu17",
        "cxx": "clang++",
        "host": "x86_64-pc-linux-gnu",
        "target": package.platform.triplet(),
        "moz_app_maxversion": format!("{}.*", build.version.split('.').next().unwrap_or_default()),
        "moz_app_name": build.product.app_name(),
        "moz_app_vendor": "Mozilla",
        "moz_app_version": build.reported_version(),
        "moz_pkg_platform": package.platform.as_str(),
        "moz_source_repo": build.repository(),
        "moz_source_stamp": *build.revision,
        "moz_update_channel": build.channel.as_str(),
    })
}
