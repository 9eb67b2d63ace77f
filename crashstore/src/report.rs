//! Saves and loads the objects of a crash report.

use std::collections::BTreeMap;

use bytes::Bytes;
use crash::{CrashId, ProcessedCrash, RawCrash};
use futures::future::try_join_all;
use platform::blobs::{BlobError, Blobs, ByteStream, Created};
use platform::cpu;
use platform::db::DbError;

use crate::keys;

/// Maximum size of a raw crash read, in bytes.
pub(crate) const MAX_RAW: u64 = 64 << 20;
/// Maximum size of a dump read, in bytes.
const MAX_DUMP: u64 = 256 << 20;
/// Maximum size of a processed crash read, in bytes.
pub(crate) const MAX_PROCESSED: u64 = 128 << 20;
/// Maximum number of dumps read.
const MAX_DUMPS: usize = 64;

/// A crash report as accepted.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The annotations and the collector's notes.
    pub raw: RawCrash,
    /// The dumps by name; the main one is [`crash::MAIN_DUMP`].
    pub dumps: BTreeMap<String, Bytes>,
    /// Dumps the report should have but the store does not.
    pub missing: Vec<String>,
}

/// An error in loading or storing a crash report.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The blob store failed; it may work later.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The stored object is damaged; retrying will not help.
    #[error("the stored object {0} cannot be read")]
    Damaged(String),
    /// The database failed; it may work later.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Saves a report: the dumps, their names and, last, the raw crash, which makes it complete. Existing objects stay.
/// When this returns, the report is durable.
///
/// # Errors
/// The store failed; the call can be repeated.
pub async fn save(
    blobs: &Blobs,
    id: &CrashId,
    raw: &RawCrash,
    dumps: &BTreeMap<String, Bytes>,
) -> Result<Created, BlobError> {
    let names: Vec<&String> = dumps.keys().collect();
    // A list of texts always has a JSON form.
    let names = Bytes::from(serde_json::to_vec(&names).unwrap_or_default());
    let names_key = keys::dump_names(id);
    let mut writes = vec![(names_key, names)];
    writes.extend(dumps.iter().map(|(name, body)| (keys::dump(id, name), body.clone())));
    try_join_all(
        writes
            .into_iter()
            .map(|(key, body)| async move { blobs.create(&key, body).await }),
    )
    .await?;
    blobs.create(&keys::raw_crash(id), raw.to_json().into()).await
}

/// Loads the raw crash; `None` if there is none.
///
/// # Errors
/// The store failed or the object is damaged.
pub async fn load_raw(blobs: &Blobs, id: &CrashId) -> Result<Option<RawCrash>, StoreError> {
    let key = keys::raw_crash(id);
    let Some(bytes) = blobs.get(&key, MAX_RAW).await? else {
        return Ok(None);
    };
    let read = cpu::run_sized(bytes.len(), move || RawCrash::from_json(&bytes)).await;
    match read {
        Ok(Ok(raw)) => Ok(Some(raw)),
        Ok(Err(_)) | Err(cpu::Panicked) => Err(StoreError::Damaged(key)),
    }
}

/// The names of a report's files, minidumps and attachments, in order; none if there is no report.
///
/// # Errors
/// The store failed or the list is damaged.
pub async fn dump_names(blobs: &Blobs, id: &CrashId) -> Result<Vec<String>, StoreError> {
    let key = keys::dump_names(id);
    let mut names: Vec<String> = match blobs.get(&key, MAX_RAW).await? {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged(key))?,
        None => Vec::new(),
    };
    names.truncate(MAX_DUMPS);
    Ok(names)
}

/// A file of a report as it comes from the store, with its size in bytes; `None` if there is none. `name` is one of
/// [`dump_names`].
///
/// # Errors
/// The store failed.
pub async fn stream_dump(blobs: &Blobs, id: &CrashId, name: &str) -> Result<Option<(u64, ByteStream)>, StoreError> {
    Ok(blobs.stream(&keys::dump(id, name)).await?)
}

/// Loads a whole report; `None` if it was never completed. The result names missing dumps and holds the rest.
///
/// # Errors
/// The store failed or an object is damaged.
pub async fn load(blobs: &Blobs, id: &CrashId) -> Result<Option<Report>, StoreError> {
    let Some(raw) = load_raw(blobs, id).await? else {
        return Ok(None);
    };
    let names = dump_names(blobs, id).await?;
    let mut report = Report {
        raw,
        ..Report::default()
    };
    for name in names {
        match blobs.get(&keys::dump(id, &name), MAX_DUMP).await? {
            Some(body) => {
                report.dumps.insert(name, body);
            }
            None => report.missing.push(name),
        }
    }
    Ok(Some(report))
}

/// Loads the object under a processed crash's key, valid or not; `None` if there is none. To show a crash, use
/// [`crate::output::load`].
///
/// # Errors
/// The store failed or the object is damaged.
pub(crate) async fn load_processed(blobs: &Blobs, key: String) -> Result<Option<ProcessedCrash>, StoreError> {
    match blobs.get(&key, MAX_PROCESSED).await? {
        Some(bytes) => {
            let read = cpu::run_sized(bytes.len(), move || ProcessedCrash::from_json(&bytes)).await;
            match read {
                Ok(Some(crash)) => Ok(Some(crash)),
                Ok(None) | Err(cpu::Panicked) => Err(StoreError::Damaged(key)),
            }
        }
        None => Ok(None),
    }
}

/// Deletes every object of a report, the raw crash first, so that an interruption leaves no complete report.
///
/// # Errors
/// The store failed; the call can be repeated.
pub(crate) async fn delete(blobs: &Blobs, id: &CrashId) -> Result<(), StoreError> {
    blobs.delete(&keys::raw_crash(id)).await?;
    let names_key = keys::dump_names(id);
    if let Some(bytes) = blobs.get(&names_key, MAX_RAW).await? {
        let names: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        for name in names {
            blobs.delete(&keys::dump(id, &name)).await?;
        }
    }
    blobs.delete(&keys::processed_crash(id)).await?;
    Ok(blobs.delete(&names_key).await?)
}
