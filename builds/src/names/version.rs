//! Versions in every grammar that the sources use, in one total order.
//!
//! The order is release engineering's, extended by the crash system's candidate numbers: for one number `a1 < b1rc1 <
//! b1 < rc1 < release < esrrc1 < esr`. Text never decides an order.

mod grammar;
pub mod reported;
mod spoken;
mod toolkit;
mod written;

pub use toolkit::toolkit_cmp;
pub use written::{NotAVersion, Stage, Version};

#[cfg(test)]
mod tests;
