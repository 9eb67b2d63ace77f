//! One load of the index at a time, shared by all callers that want it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use platform::db::DbError;
use tokio_util::task::AbortOnDropHandle;

use super::error::LookupError;

/// A load in progress or finished.
pub(super) type Load = Shared<BoxFuture<'static, Result<(), Arc<LookupError>>>>;

/// The last load begun.
#[derive(Default)]
pub(super) struct Loading(Mutex<Option<Load>>);

impl fmt::Debug for Loading {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Loading")
    }
}

impl Loading {
    /// Joins the load in progress, or begins `load`. It continues when its waiters go away, and ends with the last
    /// look-up.
    pub(super) fn join(&self, load: impl Future<Output = Result<(), LookupError>> + Send + 'static) -> Load {
        // A load left behind by a panic is like any other.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = last.as_ref().filter(|load| load.peek().is_none()) {
            return running.clone();
        }
        let task = AbortOnDropHandle::new(tokio::spawn(load));
        let load = async move {
            let broken = |error| LookupError::Db(DbError::Row(format!("loading the builds: {error}")));
            task.await.map_err(broken).flatten().map_err(Arc::new)
        };
        let load = load.boxed().shared();
        *last = Some(load.clone());
        load
    }
}
