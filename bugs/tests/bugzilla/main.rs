//! Imports from a Bugzilla, over HTTP, into both databases.

mod daily;
mod importing;
mod odd;
mod support;
