//! Requests to the archive for its listings and small files.

use std::collections::HashMap;

use url::Url;

use super::listing::Listing;
use crate::db::{Contents, Place, PlaceState};
use crate::sources::client::{Client, Fetched, SourceError};

/// Maximum requests for a listing that comes back as something else.
const LISTING_TRIES: usize = 3;
/// The `Accept` header that makes the listing service answer in JSON; it must be exactly this.
const JSON: &str = "application/json";

/// The archive's public host.
const HOST: &str = "https://archive.mozilla.org";

/// The archive, with the contents of its folders at earlier imports.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    client: &'a Client,
    root: &'a Url,
    known: &'a HashMap<String, Place>,
}

impl<'a> Reader<'a> {
    /// Creates a reader below `root`; `known` are the places of earlier imports.
    pub(crate) fn new(client: &'a Client, root: &'a Url, known: &'a HashMap<String, Place>) -> Self {
        Self { client, root, known }
    }

    /// Whether the archive was given up because it only failed.
    pub(crate) fn gave_up(&self) -> bool {
        self.client.gave_up()
    }

    /// The address below the root for a path from `/pub/`.
    pub(crate) fn address(&self, path: &str) -> String {
        below(self.root.clone(), path)
    }

    /// The contents of a folder, as an open place. An unchanged folder is not sent again.
    ///
    /// # Errors
    /// See [`SourceError`]; a page that is not a listing is [`SourceError::Garbage`].
    pub(crate) async fn list(&self, path: &str) -> Result<Place, SourceError> {
        let url = self.address(path);
        let before = self.known.get(path).filter(|place| {
            place.state == PlaceState::Open && !(place.contents.folders.is_empty() && place.contents.files.is_empty())
        });
        let etag = before.and_then(|place| place.etag.as_deref());
        let mut why = String::new();
        for _ in 0..LISTING_TRIES {
            let document = match (self.client.get(&url, JSON, etag).await?, before) {
                (Fetched::Document(document), _) => document,
                (Fetched::Unchanged, Some(before)) => return Ok(before.clone()),
                (Fetched::Unchanged, None) => {
                    "304 without having been asked for".clone_into(&mut why);
                    continue;
                }
            };
            match Listing::parse(&document.bytes, path) {
                Ok(listing) => {
                    return Ok(Place {
                        path: path.to_owned(),
                        state: PlaceState::Open,
                        contents: Contents {
                            folders: listing.folders,
                            files: listing.files.into_iter().map(|file| file.name).collect(),
                            ..Contents::default()
                        },
                        etag: document.etag,
                    });
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(SourceError::Garbage { url, why })
    }

    /// The content of a file.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(crate) async fn file(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let url = self.address(path);
        match self.client.get(&url, "*/*", None).await? {
            Fetched::Document(document) => Ok(document.bytes),
            Fetched::Unchanged => Err(SourceError::Garbage {
                url,
                why: "304 without having been asked for".to_owned(),
            }),
        }
    }
}

/// The address of a path from `/pub/` on the public host, which identifies a file wherever it is read.
pub fn public_address(path: &str) -> String {
    below(Url::parse(HOST).expect("a constant address is a URL"), path)
}

fn below(mut root: Url, path: &str) -> String {
    if let Ok(mut segments) = root.path_segments_mut() {
        segments.pop_if_empty();
        segments.extend(path.trim_start_matches('/').split('/'));
    }
    root.into()
}
