//! What `datil up --demo` and the end-to-end tests share: an invented publishing history of a few products, stand-ins
//! that serve it over HTTP in the formats of the real build sources, and our own sample crashes of those builds.
//!
//! * [`world`] makes the history and, beside it, the truth: the exact version of each build. It is a pure function of a
//!   [`Plan`]: no clock, and the same plan gives the same history byte for byte. A [`Live`] world moves on: the plan
//!   says what time it is.
//! * [`mod@serve`] answers for Buildhub, the archive, product-details and a Bugzilla on one listener, and can be told
//!   to misbehave.
//! * [`crashes`] holds the sample crashes and gives them the identity of builds of a world.
//!
//! It is not a mirror: every build id, revision and size is invented; only the formats are those of the real services.
//! Nothing here knows how Datil reads these sources, so a test that compares an import with [`World::truth`] compares
//! two independent readings of the same rules.

pub mod world;

pub mod serve;

pub mod crashes;

pub use serve::{Fault, Faults, Stage, TrackedBug, Tracker, router, serve, truths_in_buildhub};
pub use world::{Live, Plan, Status, Told, Truth, World};
