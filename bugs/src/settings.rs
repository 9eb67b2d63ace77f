//! The section `bugs` of the settings.

use platform::config::ConfigError;
use serde::{Deserialize, Serialize};
use url::Url;

/// The setting with the address.
const ADDRESS: &str = "bugs.bugzilla_url";

/// Where the bugs are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The root of a Bugzilla: what stands before `/rest/bug`; empty: none is asked.
    pub bugzilla_url: String,
}

impl Settings {
    /// Whether every value can be used.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.root().map(|_| ())
    }

    /// The root of the Bugzilla, with a slash at its end; `None` if none is asked.
    ///
    /// # Errors
    /// It is no address of a service, or holds more than an address: a user, a password, a query.
    pub fn root(&self) -> Result<Option<Url>, ConfigError> {
        let written = self.bugzilla_url.trim();
        if written.is_empty() {
            return Ok(None);
        }
        let problem = |problem: &str| Err(ConfigError::setting(ADDRESS, problem));
        let Ok(mut url) = Url::parse(written) else {
            return problem("it is no URL: https://bugzilla.example/ is one");
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return problem("it must begin with https:// or http:// and have a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return problem("bugs are read without credentials: it must have neither user nor password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return problem("it must end before any ? or #");
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Some(url))
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn what_the_address_of_a_bugzilla_may_be() {
        for (written, expected) in [
            ("", Ok(None)),
            ("  ", Ok(None)),
            ("https://bugs.example", Ok(Some("https://bugs.example/"))),
            ("https://bugs.example/", Ok(Some("https://bugs.example/"))),
            ("http://h:81/my/bugzilla", Ok(Some("http://h:81/my/bugzilla/"))),
            ("http://h/my//", Ok(Some("http://h/my//"))),
            ("bugs.example", Err("no URL")),
            ("ftp://bugs.example", Err("must begin with")),
            ("mailto:a@bugs.example", Err("must begin with")),
            ("https://me:secret@bugs.example", Err("without credentials")),
            ("https://me@bugs.example", Err("without credentials")),
            ("https://bugs.example/?x=1", Err("before any ?")),
            ("https://bugs.example/#x", Err("before any ?")),
        ] {
            let settings = Settings {
                bugzilla_url: written.to_owned(),
            };
            let found = settings.root().map(|url| url.map(String::from));
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected, "{written}"),
                (Err(error), Err(expected)) => {
                    let error = error.to_string();
                    assert!(
                        error.contains(expected) && error.contains("bugs.bugzilla_url"),
                        "{error}"
                    );
                    assert!(!error.contains("secret"), "{error}");
                }
                (found, _) => panic!("{written}: {found:?}"),
            }
        }
    }
}
