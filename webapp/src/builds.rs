//! The pages of builds: what is known about them, and why.

mod audit;
mod build_page;
mod channel;
mod feed;
mod index;
mod lists;
mod one;
mod runs;
mod unknown;

pub(crate) use self::audit::show as audit;
pub(crate) use self::channel::list;
pub(crate) use self::feed::show as feed;
pub(crate) use self::index::{index, page_of, to_index};
pub(crate) use self::lists::Matching;
pub(crate) use self::one::show;
pub(crate) use self::runs::{list as runs, show as run};
pub(crate) use self::unknown::show as unknown;
