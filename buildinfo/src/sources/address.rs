//! Addresses within a service.

/// The address of a path below a service's root, whether or not the root ends in a slash.
pub(super) fn under(root: &url::Url, path: &str) -> String {
    format!("{}{path}", root.as_str().trim_end_matches('/'))
}
