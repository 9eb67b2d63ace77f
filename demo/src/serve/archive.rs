//! The archive: a tree computed from the builds, as JSON or as the HTML of the live listing service or its predecessor.

mod file;
mod listing;
mod shelf;

use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use self::file::File;
use self::listing::{Dialect, Listing};
use self::shelf::{Shelf, View};
use super::Fault;
use crate::world::{Product, World};

const NOT_FOUND: &str = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
     <p>The requested URL was not found on the server. If you entered the URL manually please \
     check your spelling and try again.</p>\n";

/// The archive of a world: an index, to find a folder without going through all builds.
pub(super) struct Archive {
    world: Arc<World>,
    shelves: Vec<Shelf>,
}

/// A request for a path below `/pub`.
pub(super) struct Asked<'a> {
    /// As sent, percent-encoded.
    pub(super) path: &'a str,
    /// What comes before `/pub` in `path`.
    pub(super) root: &'a str,
    /// Whether the archive is at that root.
    pub(super) is_there: bool,
    /// Whether JSON is accepted, in the one way that the archive understands.
    pub(super) wants_json: bool,
    pub(super) faults: &'a [Fault],
}

impl Asked<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn dialect(&self) -> Dialect {
        if self.has(Fault::FormerDialect) {
            Dialect::Former
        } else {
            Dialect::Live
        }
    }
}

enum Found<'a> {
    Folder(Listing<'a>),
    File(File<'a>),
}

impl Archive {
    pub(super) fn of(world: Arc<World>) -> Self {
        Self {
            shelves: Product::ALL
                .into_iter()
                .filter(|product| world.builds.iter().any(|build| build.product == *product))
                .map(|product| Shelf::of(&world, product))
                .collect(),
            world,
        }
    }

    /// Answers for a path that begins with `/pub`.
    pub(super) fn answer(&self, asked: &Asked<'_>) -> Response {
        let found = percent_decode_str(asked.path)
            .decode_utf8()
            .ok()
            .and_then(|path| self.find(asked, &path));
        match (found, asked.dialect()) {
            (None, Dialect::Live) => (StatusCode::NOT_FOUND, Html(NOT_FOUND)).into_response(),
            (None, Dialect::Former) => (StatusCode::NOT_FOUND, Html("Not Found".to_owned())).into_response(),
            (Some(Found::File(file)), _) => {
                let kind = match file.name.rsplit('.').next() {
                    Some("json") => "application/json",
                    Some("txt") => "text/plain",
                    _ => "application/octet-stream",
                };
                let content = file.content(asked.has(Fault::BadFiles)).into_owned();
                ([(header::CONTENT_TYPE, kind)], content).into_response()
            }
            (Some(Found::Folder(folder)), dialect) => {
                let has_bad_files = asked.has(Fault::BadFiles);
                let (kind, body) = if asked.wants_json && !asked.has(Fault::HtmlOnly) {
                    ("application/json", folder.json(dialect, has_bad_files).to_string())
                } else {
                    ("text/html; charset=utf-8", folder.html(dialect, has_bad_files))
                };
                let caching = match dialect {
                    // As the live service sends it: without the quotes that the standard requires.
                    Dialect::Live => (header::ETAG, tag(&body)),
                    Dialect::Former => (header::CACHE_CONTROL, "max-age=900".to_owned()),
                };
                let headers = [
                    (header::CONTENT_TYPE, kind.to_owned()),
                    (header::VARY, "Accept".to_owned()),
                    caching,
                ];
                (headers, body).into_response()
            }
        }
    }

    /// Finds what is at a decoded path. The live service finds a folder only with its trailing slash.
    fn find(&self, asked: &Asked<'_>, path: &str) -> Option<Found<'_>> {
        if !asked.is_there {
            return None;
        }
        let inner = path.strip_prefix(asked.root)?.strip_prefix("/pub")?;
        let is_former = asked.dialect() == Dialect::Former;
        if inner.is_empty() && is_former {
            return self.folder(asked, path, &[]).map(Found::Folder);
        }
        let mut parts: Vec<&str> = inner.strip_prefix('/')?.split('/').collect();
        let last = parts.pop()?;
        if last.is_empty() {
            return self.folder(asked, path, &parts).map(Found::Folder);
        }
        let file = self
            .folder(asked, path, &parts)
            .and_then(|folder| folder.files.into_iter().find(|file| file.name == last));
        if let Some(file) = file {
            return Some(Found::File(file));
        }
        parts.push(last);
        let folder = is_former.then(|| self.folder(asked, path, &parts))?;
        folder.map(Found::Folder)
    }

    fn folder(&self, asked: &Asked<'_>, path: &str, parts: &[&str]) -> Option<Listing<'_>> {
        let mut folder = if asked.has(Fault::Empty) || self.world.builds.is_empty() {
            Listing::default()
        } else if let Some((product, parts)) = parts.split_first() {
            let shelf = self
                .shelves
                .iter()
                .find(|shelf| shelf.product.directory() == *product)?;
            View {
                world: &self.world,
                shelf,
            }
            .folder(parts)?
        } else {
            let products = self.shelves.iter().map(|shelf| shelf.product.directory());
            Listing::of(products, Vec::new())
        };
        folder.path = format!("{}/", path.trim_end_matches('/'));
        Some(folder)
    }
}

fn tag(body: &str) -> String {
    hex::encode(Sha256::digest(body))
}
