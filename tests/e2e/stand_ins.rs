//! Stand-ins for the sources of builds, served by the test.

use std::sync::Arc;

use demo::{Faults, Plan, Stage, Tracker, World};
use tokio::task::JoinHandle;

pub(crate) struct StandIns {
    pub(crate) world: Arc<World>,
    pub(crate) faults: Arc<Faults>,
    /// The bugs of the Bugzilla.
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl StandIns {
    /// Serves the world of a plan on a free port.
    pub(crate) async fn serve(plan: &Plan) -> Self {
        Self::of(World::generate(plan)).await
    }

    /// Serves a world on a free port.
    pub(crate) async fn of(world: World) -> Self {
        let world = Arc::new(world);
        let faults = Arc::new(Faults::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stage = Stage::from(Arc::clone(&world));
        let tracker = Arc::clone(stage.tracker());
        let served = demo::serve(listener, stage, Arc::clone(&faults), std::future::pending());
        let server = tokio::spawn(async move {
            served.await.expect("the stand-ins serve");
        });
        Self {
            world,
            faults,
            tracker,
            url,
            server,
        }
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.server.abort();
    }
}
