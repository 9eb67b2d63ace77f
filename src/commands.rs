//! The sub-commands, one file each.

pub(crate) mod buildinfo;
pub(crate) mod check;
pub(crate) mod crash;
pub(crate) mod serve;
pub(crate) mod submit;
pub(crate) mod up;
