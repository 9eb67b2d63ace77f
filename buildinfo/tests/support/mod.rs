//! What the tests of imports and of the API share: stand-ins on a free port, and imports from them.

use std::sync::Arc;

use buildinfo::import::{ImportError, Options, Progress, import};
use buildinfo::settings::Addresses;
use buildinfo::{Lookup, Settings, db};
use demo::{Faults, Plan, World};
use platform::db::Db;
use tokio_util::sync::CancellationToken;

/// The stand-ins for the sources of one world.
pub(crate) struct Sources {
    pub(crate) world: Arc<World>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) settings: Settings,
}

impl Sources {
    /// Serves `world` until the test ends.
    pub(crate) async fn of(world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root: url::Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (world, faults) = (Arc::new(world), Arc::new(Faults::default()));
        tokio::spawn(demo::serve(
            listener,
            Arc::clone(&world),
            Arc::clone(&faults),
            std::future::pending(),
        ));
        let settings = Settings {
            addresses: Addresses::all_at(&root),
            retry_pause_ms: 1,
            ..Settings::default()
        };
        Self {
            world,
            faults,
            settings,
        }
    }

    /// Serves the default world.
    pub(crate) async fn standard() -> Self {
        Self::of(World::generate(&Plan::default())).await
    }

    /// Imports everything new.
    pub(crate) async fn import(&self, db: &Db) -> db::Run {
        self.import_as(db, &Options::default()).await.unwrap()
    }

    /// Imports with these options.
    pub(crate) async fn import_as(&self, db: &Db, options: &Options) -> Result<db::Run, ImportError> {
        let stop = CancellationToken::new();
        import(db, &self.settings, options, "test", &stop, &quiet).await
    }
}

pub(crate) fn quiet(_: Progress) {}

/// Look-ups over everything stored.
pub(crate) async fn lookup(db: &Db) -> Lookup {
    let lookup = Lookup::new(db.clone());
    lookup.refresh().await.unwrap();
    lookup
}
