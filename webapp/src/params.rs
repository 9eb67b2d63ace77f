//! The query string, read leniently: unknown parameters are ignored, the first of repeated ones counts, and nothing in
//! it is an error by itself.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Further parameters are ignored.
const MAX_PARAMETERS: usize = 100;
/// Maximum bytes of a text that a page accepts.
const MAX_TEXT: usize = 4096;

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn of(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .take(MAX_PARAMETERS)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The value as it was sent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A text to search for, without surrounding blanks; empty when absent.
    ///
    /// # Errors
    /// The name of the parameter, if its value cannot match any stored text: it holds control characters (PostgreSQL
    /// rejects some in queries) or is too long.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, &'static str> {
        let value = self.get(name).unwrap_or_default().trim();
        if value.len() > MAX_TEXT || value.chars().any(char::is_control) {
            return Err(name);
        }
        Ok(value)
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn texts_are_trimmed_and_control_characters_refused() {
        let long = "x".repeat(5000);
        for (query, expected) in [
            ("a=1&a=2", Ok("1")),
            ("a=+b+", Ok("b")),
            ("", Ok("")),
            ("a", Ok("")),
            ("a=%FF", Ok("\u{fffd}")),
            ("a=x%00y", Err("a")),
            (&format!("a={long}"), Err("a")),
        ] {
            assert_eq!(Params::of(query).text("a"), expected, "{query}");
        }
    }
}
