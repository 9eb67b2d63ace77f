//! Locks between the processes of one machine.

use std::path::Path;
use std::time::Duration;

use super::error::DbError;

/// An exclusive lock on a file in a folder (`flock`), held until it is dropped or the process ends in any way.
#[derive(Debug)]
pub struct FolderLock {
    _file: std::fs::File,
}

impl FolderLock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn try_take(folder: &Path, name: &str) -> Result<Option<Self>, DbError> {
        let path = folder.join(name);
        let file = std::fs::create_dir_all(folder)
            .and_then(|()| {
                std::fs::OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(&path)
            })
            .map_err(|source| DbError::File {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(DbError::File { path, source }),
        }
    }

    /// Takes the lock, waiting until it is free.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub async fn wait(folder: &Path, name: &str) -> Result<Self, DbError> {
        loop {
            if let Some(lock) = Self::try_take(folder, name)? {
                return Ok(lock);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
