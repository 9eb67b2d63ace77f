//! What every service of Datil needs and none owns: settings, logs, start and stop, the HTTP
//! server and its one error type, room on the processors, the two databases, the blob store and the
//! job queue.
//!
//! It knows nothing of crashes or builds. Invariants:
//!
//! * nothing else reads the environment, opens a database or asks the clock;
//! * every write to the database goes through a transaction ([`db::Tx`]);
//! * an object that [`blobs::Blobs`] reported as written is on the disk;
//! * every background task is started through [`lifecycle::Lifecycle`], so that it ends with it.

pub mod blobs;
pub mod causes;
pub mod clock;
pub mod config;
pub mod cpu;
pub mod db;
pub mod http;
pub mod lifecycle;
pub mod meters;
pub mod queue;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
