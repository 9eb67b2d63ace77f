//! One product's part of the archive's tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::file::{File, Metadata};
use super::listing::{Listing, NONE};
use crate::serve::record;
use crate::world::{Build, Channel, Generation, LOCALE, Package, Platform, Product, Status, World};

/// Returns another locale that there are installers in.
fn other_locale(product: Product) -> &'static str {
    match product {
        Product::Firefox | Product::DevEdition | Product::Thunderbird => "de",
        Product::Fennec => "multi",
    }
}

/// Where the builds of a product are; all numbers are indexes into [`World::builds`].
pub(super) struct Shelf {
    pub(super) product: Product,
    /// By version, then by build number.
    candidates: BTreeMap<Arc<str>, BTreeMap<u32, usize>>,
    /// The shipped builds, by version.
    releases: BTreeMap<Arc<str>, usize>,
    newest_release: DateTime<Utc>,
    /// By year, month and name of the folder.
    nightlies: BTreeMap<String, BTreeMap<String, BTreeMap<String, usize>>>,
    /// What `latest-*` holds: the newest nightly, and on the day of a merge the last one of the previous version.
    latest: Vec<usize>,
}

impl Shelf {
    pub(super) fn of(world: &World, product: Product) -> Self {
        let mut shelf = Self {
            product,
            candidates: BTreeMap::new(),
            releases: BTreeMap::new(),
            newest_release: DateTime::UNIX_EPOCH,
            nightlies: BTreeMap::new(),
            latest: Vec::new(),
        };
        for (index, build) in world.builds.iter().enumerate() {
            if build.product == product {
                shelf.put(world, index, build);
            }
        }
        shelf
    }

    fn put(&mut self, world: &World, index: usize, build: &Build) {
        if let (Some(number), Generation::Native) = (build.build_number, build.generation) {
            self.candidates
                .entry(Arc::clone(&build.version))
                .or_default()
                .entry(number)
                .or_insert(index);
        }
        if build.status == Status::Shipped {
            self.releases.entry(Arc::clone(&build.version)).or_insert(index);
            if let Some(package) = build.packages.first() {
                self.newest_release = self.newest_release.max(package.uploaded);
            }
        }
        if build.channel == Channel::Nightly {
            let (year, month, folder) = record::nightly_place(build);
            self.nightlies
                .entry(year)
                .or_default()
                .entry(month)
                .or_default()
                .entry(folder)
                .or_insert(index);
            self.latest.retain(|older| {
                let older = &world.builds[*older];
                day(older) == day(build) && older.version != build.version
            });
            self.latest.push(index);
        }
    }
}

/// A shelf with its builds.
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) shelf: &'a Shelf,
}

impl<'a> View<'a> {
    /// Returns the content of a folder, named by the parts of its path after the product.
    pub(super) fn folder(&self, parts: &[&str]) -> Option<Listing<'a>> {
        match parts {
            [] => Some(self.roots()),
            ["candidates", rest @ ..] => self.candidates(rest),
            ["releases", rest @ ..] => self.releases(rest),
            ["nightly", rest @ ..] if self.has_nightlies() => self.nightly(rest),
            _ => None,
        }
    }

    fn has_nightlies(&self) -> bool {
        matches!(self.shelf.product, Product::Firefox | Product::Thunderbird)
    }

    fn build(&self, index: usize) -> &'a Build {
        &self.world.builds[index]
    }

    fn roots(&self) -> Listing<'a> {
        let nightly = self.has_nightlies().then_some("nightly");
        Listing::of(["candidates", "releases"].into_iter().chain(nightly), Vec::new())
    }

    fn candidates(&self, parts: &[&str]) -> Option<Listing<'a>> {
        let candidates = &self.shelf.candidates;
        let Some((folder, parts)) = parts.split_first() else {
            // The archive has a few folders that belong to no version.
            let versions = candidates.keys().map(|version| format!("{version}-candidates"));
            let others = ["None-candidates".to_owned(), "archived".to_owned()];
            return Some(Listing::of(versions.chain(others), Vec::new()));
        };
        if matches!(*folder, "None-candidates" | "archived") {
            let readme = File::fixed("README", DateTime::UNIX_EPOCH, "Old things.\n");
            return parts.is_empty().then(|| Listing::of(NONE, vec![readme]));
        }
        let builds = candidates.get(folder.strip_suffix("-candidates")?)?;
        let Some((folder, parts)) = parts.split_first() else {
            let names = builds.keys().map(|number| format!("build{number}"));
            return Some(Listing::of(names, Vec::new()));
        };
        let number: u32 = folder.strip_prefix("build")?.parse().ok()?;
        let is_written_so = format!("build{number}") == **folder;
        let build = builds.get(&number).filter(|_| is_written_so)?;
        self.candidate(self.build(*build), parts)
    }

    fn candidate(&self, build: &'a Build, parts: &[&str]) -> Option<Listing<'a>> {
        let installer = |package: &'a Package, locale: &str| {
            File::installer(record::installer(build, package.platform, locale), package)
        };
        let other_locale = other_locale(build.product);
        match parts {
            [] => {
                let platforms = build.packages.iter().map(|package| package.platform.as_str());
                let infos = build.packages.iter().map(|package| {
                    let name = package.platform.info_file().to_owned();
                    File::metadata(name, Metadata::Info, build, package)
                });
                Some(Listing::of(platforms.chain(["source"]), infos.collect()))
            }
            ["source"] => {
                let name = format!("{}-{}.source.tar.xz", build.product.app_name(), build.version);
                let file = File::installer(name, build.packages.first()?);
                Some(Listing::of(NONE, vec![file]))
            }
            [platform] => {
                package(build, platform)?;
                Some(Listing::of([other_locale, LOCALE], Vec::new()))
            }
            [platform, locale] if *locale == other_locale => Some(Listing::of(
                NONE,
                vec![installer(package(build, platform)?, other_locale)],
            )),
            [platform, locale] if *locale == LOCALE => {
                let package = package(build, platform)?;
                let stem = match build.product {
                    Product::Fennec => record::nightly_stem(build, package.platform, LOCALE),
                    _ => format!("{}-{}", build.product.app_name(), build.version),
                };
                let name = "buildhub.json".to_owned();
                let mut files = vec![
                    installer(package, LOCALE),
                    File::metadata(name, Metadata::Buildhub, build, package),
                ];
                files.extend(File::flat(&self.world.plan, &stem, build, package));
                Some(Listing::of(NONE, files))
            }
            _ => None,
        }
    }

    fn releases(&self, parts: &[&str]) -> Option<Listing<'a>> {
        match parts {
            [] => {
                let versions = self.shelf.releases.keys().map(|version| version.to_string());
                // An object that stands for the folder itself appears as a file without a name.
                let files = vec![
                    File::fixed("", DateTime::UNIX_EPOCH, ""),
                    File::fixed("KEY", self.shelf.newest_release, "A key.\n"),
                ];
                Some(Listing::of(versions.chain(["latest".to_owned()]), files))
            }
            ["latest"] => {
                let readme = File::fixed("README.txt", DateTime::UNIX_EPOCH, "Moved.\n");
                Some(Listing::of(NONE, vec![readme]))
            }
            [version, rest @ ..] => {
                let build = self.build(*self.shelf.releases.get(*version)?);
                let other_locale = other_locale(build.product);
                match rest {
                    [] => {
                        let platforms = build.packages.iter().map(|package| package.platform.as_str());
                        let sums = File::fixed("SHA256SUMS", build.packages.first()?.uploaded, "");
                        Some(Listing::of(platforms, vec![sums]))
                    }
                    [platform] => {
                        package(build, platform)?;
                        Some(Listing::of([other_locale, LOCALE], Vec::new()))
                    }
                    [platform, locale] if [other_locale, LOCALE].contains(locale) => {
                        let package = package(build, platform)?;
                        let file = File::installer(record::installer(build, package.platform, locale), package);
                        Some(Listing::of(NONE, vec![file]))
                    }
                    _ => None,
                }
            }
        }
    }

    fn nightly(&self, parts: &[&str]) -> Option<Listing<'a>> {
        let newest = self.build(*self.shelf.latest.last()?);
        let latest = format!("latest-{}", newest.tree());
        let nightlies = &self.shelf.nightlies;
        match parts {
            [] => Some(Listing::of(nightlies.keys().cloned().chain([latest]), Vec::new())),
            [folder] if *folder == latest => {
                let builds = self.shelf.latest.iter().map(|index| self.build(*index));
                let files = builds.flat_map(|build| self.nightly_files(build));
                Some(Listing::of(NONE, files.collect()))
            }
            [year] => Some(Listing::of(nightlies.get(*year)?.keys(), Vec::new())),
            [year, month] => {
                let names = nightlies.get(*year)?.get(*month)?.keys();
                let names = names.flat_map(|name| [name.clone(), format!("{name}-l10n")]);
                Some(Listing::of(names, Vec::new()))
            }
            [year, month, folder] => {
                let folders = nightlies.get(*year)?.get(*month)?;
                let translated = folder.strip_suffix("-l10n");
                let build = self.build(*folders.get(translated.unwrap_or(folder))?);
                let locale = other_locale(build.product);
                let files = if translated.is_some() {
                    let installer = |package: &'a Package| {
                        let name = record::nightly_installer(build, package.platform, locale);
                        File::installer(name, package)
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

    fn nightly_files(&self, build: &'a Build) -> Vec<File<'a>> {
        let mut files = Vec::new();
        for package in &build.packages {
            let stem = record::nightly_stem(build, package.platform, LOCALE);
            let metadata = |ending: &str, form| File::metadata(format!("{stem}{ending}"), form, build, package);
            files.extend([
                File::installer(record::nightly_installer(build, package.platform, LOCALE), package),
                metadata(".buildhub.json", Metadata::Buildhub),
                metadata(".txt", Metadata::Revision),
                metadata("_info.txt", Metadata::Info),
            ]);
            files.extend(File::flat(&self.world.plan, &stem, build, package));
        }
        files
    }
}

fn package<'b>(build: &'b Build, platform: &str) -> Option<&'b Package> {
    let platform = Platform::named(platform)?;
    build.packages.iter().find(|package| package.platform == platform)
}

/// Returns the day in a nightly's build id.
fn day(build: &Build) -> Option<&str> {
    build.packages.first().and_then(|package| package.build_id.get(..8))
}
