//! The HTTP server, the one error type of every endpoint, and the endpoints for operators.

mod address;
mod admission;
mod authentication;
mod caller;
mod client;
mod cookies;
mod error;
mod layers;
mod limit;
pub mod meters;
mod net;
mod operations;
mod origin;
mod outgoing;
pub mod query;
mod request_line;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

pub use authentication::{Access, Refused};
pub use caller::{Caller, Identity};
pub use error::ApiError;
pub use layers::layers;
pub use net::Page;
pub use operations::{Operations, Release, operations};
pub use outgoing::client;
pub use settings::HttpSettings;

/// How long a client may take to send its request head.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// How many connections may be open at once; more wait in the listen queue.
const MAX_CONNECTIONS: usize = 4096;

/// Serves until `stop` is cancelled, then lets running requests finish. Closes clients that do not send their request
/// head in time and, when stopping, idle connections.
///
/// # Errors
/// Never while serving: a failed connection affects only its client.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit?,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Mostly out of file descriptors: give others time to close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        // Responses are small and complete: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let service = router.clone().map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = server.serve_connection(TokioIo::new(request_line::Mended::new(stream)), service);
        let stop = stop.clone();
        connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // Errors here come from clients that left or did not speak HTTP.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(permit);
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}
