//! The state of every page and endpoint.

use std::sync::Arc;
use std::time::Duration;

use buildinfo::audit::Audits;
use crash::CrashId;
use moka::sync::Cache;
use platform::blobs::Blobs;
use platform::db::Db;
use platform::http::Access;
use platform::queue::Wake;
use search::service::Search;

use crate::channel_view::ChannelView;

/// Viewing a report requests its processing at most this often.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Maximum reports remembered as requested.
const ASKED_AT_ONCE: u64 = 10_000;

/// Generations of the build data for which the list of channels is cached.
const GENERATIONS: u64 = 2;

/// The pages and the API. Clones share everything.
#[derive(Debug, Clone)]
pub struct Webapp {
    pub(crate) db: Db,
    pub(crate) blobs: Blobs,
    pub(crate) wake: Wake,
    /// The reports requested within the last minute.
    pub(crate) asked: Cache<CrashId, ()>,
    /// The channels and their newest builds, by generation.
    pub(crate) overview: moka::future::Cache<i64, Arc<Vec<ChannelView>>>,
    pub(crate) audits: Audits,
    pub(crate) access: Access,
    pub(crate) search: Search,
}

impl Webapp {
    /// Reads from this database and blob store; `wake` tells the processor of this process, if there is one, that a
    /// report is awaited. The audits are shared with the API for builds, if it is in this process too. `access`
    /// knows who may see what is protected, and `search` answers queries.
    pub fn new(db: Db, blobs: Blobs, wake: Wake, audits: Audits, access: Access, search: Search) -> Self {
        let asked = Cache::builder()
            .max_capacity(ASKED_AT_ONCE)
            .time_to_live(ASK_EVERY)
            .build();
        Self {
            db,
            blobs,
            wake,
            asked,
            overview: moka::future::Cache::new(GENERATIONS),
            audits,
            access,
            search,
        }
    }
}
