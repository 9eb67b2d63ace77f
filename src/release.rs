//! What this program was built from, as determined by `build.rs`.

#[cfg(test)]
mod checkout;
#[cfg(test)]
mod described;

use platform::http::Release;

/// What this program was built from.
pub(crate) const RELEASE: Release = Release {
    source: known(env!("DATIL_RELEASE_SOURCE")),
    version: env!("CARGO_PKG_VERSION"),
    commit: known(env!("DATIL_RELEASE_COMMIT")),
    dirty: match env!("DATIL_RELEASE_DIRTY").as_bytes() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    },
    build: known(env!("DATIL_RELEASE_BUILD")),
};

/// The version, followed in brackets by the commit and the build, if known.
pub(crate) const LINE: &str = env!("DATIL_RELEASE_LINE");

const fn known(text: &'static str) -> Option<&'static str> {
    if text.is_empty() { None } else { Some(text) }
}
