//! What Datil's services share: settings, logs, start and stop, the HTTP server and its one error type, who may see and
//! do what, the limit on processor-heavy work, the two databases, the blob store, the job queue and leases.
//!
//! It knows nothing of crashes or builds. Invariants:
//!
//! * nothing else reads the environment, opens a database or reads the clock;
//! * every write to the database goes through a transaction ([`db::Tx`]);
//! * an object that [`blobs::Blobs`] reported as written is on disk;
//! * every background task is started through [`lifecycle::Lifecycle`] and ends with it.

pub mod access;
pub mod blobs;
pub mod causes;
pub mod clock;
pub mod config;
pub mod cpu;
pub mod db;
pub mod http;
pub mod lease;
pub mod lifecycle;
pub mod meters;
pub mod queue;
pub mod telemetry;
mod tls;
