//! The blob store: a local folder by default; S3, Google Cloud Storage or Azure by address.
//!
//! In a local folder, every object is written to a temporary file, flushed to disk together with its folder, and only
//! then visible under its key. Credentials for remote stores come from their usual environment variables
//! (`AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`, …).

use std::path::Path as FsPath;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The section `blobs` of the settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlobSettings {
    /// `file:///path`, `s3://bucket/prefix`, `gs://…` or `az://…`. Empty: the folder `blobs` in
    /// the data folder.
    pub url: String,
}

impl BlobSettings {
    /// Checks that every value can be used; creates and contacts nothing.
    ///
    /// # Errors
    /// The setting that cannot be used, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.url.is_empty() || self.url.starts_with("file://") {
            return Ok(());
        }
        let problem = match self.remote() {
            Ok(_) if self.url.starts_with("memory:") => "memory:// keeps nothing".to_owned(),
            Ok(_) => return Ok(()),
            Err(BlobError::Url(problem)) => problem,
            Err(error) => error.to_string(),
        };
        Err(ConfigError::setting(
            "blobs.url",
            format!(
                "{problem} (file://, s3://, gs:// and az:// are allowed, or nothing for a folder in the data folder)"
            ),
        ))
    }

    fn remote(&self) -> Result<(Box<dyn ObjectStore>, Path), BlobError> {
        const STORES: [&str; 11] = [
            "s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss", "http", "https",
            // For tests: nothing is kept.
            "memory",
        ];
        let url = url::Url::parse(&self.url).map_err(|_| BlobError::Url("it is not a URL".to_owned()))?;
        let environment = std::env::vars().map(|(k, v)| (k.to_ascii_lowercase(), v));
        if !STORES.contains(&url.scheme()) {
            return Err(BlobError::Url(format!("{}:// is no store", url.scheme())));
        }
        crate::tls::provide_tls();
        Ok(object_store::parse_url_opts(&url, environment)?)
    }
}

/// What can go wrong with the blob store.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The address cannot be used.
    #[error("blobs.url cannot be used: {0}")]
    Url(String),
    /// The store failed or cannot be reached; the same call may work later.
    #[error("blob store: {0}")]
    Store(#[from] object_store::Error),
    /// The object is larger than the caller's limit.
    #[error("the object {key} has {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// The result of a create-only write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object was written.
    New,
    /// An object with this key already existed and is unchanged.
    Existed,
}

/// An object as it comes from the store.
pub type ByteStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// An open blob store. Clones share it.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Opens the store; a missing local folder is created.
    ///
    /// # Errors
    /// The address cannot be used, or the folder cannot be created.
    pub fn open(settings: &BlobSettings, data_dir: &FsPath) -> Result<Self, BlobError> {
        let local = if settings.url.is_empty() {
            Some(data_dir.join("blobs"))
        } else {
            settings.url.strip_prefix("file://").map(Into::into)
        };
        if let Some(folder) = local {
            std::fs::create_dir_all(&folder).map_err(|e| BlobError::Url(format!("{}: {e}", folder.display())))?;
            let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
            return Ok(Self { store: Arc::new(store) });
        }
        let (store, prefix) = settings.remote()?;
        Ok(Self {
            store: Arc::new(PrefixStore::new(Arc::<dyn ObjectStore>::from(store), prefix)),
        })
    }

    /// The same store with something in front of it, as a test puts there.
    pub fn behind(&self, front: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self {
            store: front(Arc::clone(&self.store)),
        }
    }

    /// Writes an object whose key must be new. When it returns, the object is durable.
    ///
    /// # Errors
    /// The store failed.
    pub async fn create(&self, key: &str, body: Bytes) -> Result<Created, BlobError> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match self.store.put_opts(&Path::from(key), body.into(), options).await {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Existed),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an object, replacing an existing one. When it returns, the object is durable.
    ///
    /// # Errors
    /// The store failed.
    pub async fn replace(&self, key: &str, body: Bytes) -> Result<(), BlobError> {
        self.store.put(&Path::from(key), body.into()).await?;
        Ok(())
    }

    /// Reads an object of at most `limit` bytes; `None` if there is none.
    ///
    /// # Errors
    /// The store failed, or the object is larger than `limit`.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Option<Bytes>, BlobError> {
        let found = match self.store.get(&Path::from(key)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if found.meta.size > limit {
            return Err(BlobError::TooLarge {
                key: key.to_owned(),
                size: found.meta.size,
                limit,
            });
        }
        Ok(Some(found.bytes().await?))
    }

    /// Reads an object bit by bit, with its size in bytes; `None` if there is none.
    ///
    /// # Errors
    /// The store failed; later failures come with the bits.
    pub async fn stream(&self, key: &str) -> Result<Option<(u64, ByteStream)>, BlobError> {
        match self.store.get(&Path::from(key)).await {
            Ok(found) => Ok(Some((
                found.meta.size,
                found.into_stream().map_err(BlobError::from).boxed(),
            ))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is an object with this key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn exists(&self, key: &str) -> Result<bool, BlobError> {
        match self.store.head(&Path::from(key)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an object; succeeds if there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the names directly below a folder, sorted: folders if `folders`, otherwise objects.
    ///
    /// # Errors
    /// The store failed.
    pub async fn names(&self, folder: &str, folders: bool) -> Result<Vec<String>, BlobError> {
        let listing = self.store.list_with_delimiter(Some(&Path::from(folder))).await?;
        let paths: Vec<Path> = if folders {
            listing.common_prefixes
        } else {
            listing.objects.into_iter().map(|o| o.location).collect()
        };
        let mut names: Vec<String> = paths
            .iter()
            .filter_map(|path| path.filename().map(str::to_owned))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Returns the keys below a folder, unordered, in chunks of at most 1,000.
    pub fn key_chunks(&self, folder: &str) -> BoxStream<'static, Result<Vec<String>, BlobError>> {
        let prefix = Path::from(folder);
        self.store
            .list(Some(&prefix))
            .map_ok(|object| object.location.to_string())
            .try_chunks(1000)
            .map_err(|error| BlobError::Store(error.1))
            .boxed()
    }

    /// Checks that the store is usable by writing and deleting a small object.
    ///
    /// # Errors
    /// It is not.
    pub async fn check(&self) -> Result<(), BlobError> {
        let key = format!("health/{}", std::process::id());
        self.replace(&key, Bytes::from_static(b"ok")).await?;
        self.delete(&key).await
    }
}
