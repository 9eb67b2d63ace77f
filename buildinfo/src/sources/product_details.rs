//! product-details: static files under `/1.0/` that say which build of a version has shipped.
//!
//! `all.json` and `l10n/` are not read: they repeat the others.

use builds::names::product::{Details, Product};
use builds::names::version::Version;
use builds::said::observation::Observation;
use serde_json::Value;
use url::Url;

use super::address::under;
use super::client::{Client, SourceError};

/// The suffix of a history of major releases. It includes some that the release files call "stability" (14.0.1,
/// 125.0.1).
const MAJOR_HISTORY: &str = "_history_major_releases.json";

/// Every file that is read, once: what the products' rows name, those that list releases first.
pub fn files() -> impl ExactSizeIterator<Item = &'static str> {
    let kinds: [fn(&Details) -> &'static [&'static str]; 3] = [
        |details| details.releases,
        |details| details.versions,
        |details| details.histories,
    ];
    let mut all: Vec<&'static str> = Vec::new();
    for kind in kinds {
        for name in Product::all().flat_map(|product| kind(&product.row().details)) {
            if !all.contains(name) {
                all.push(name);
            }
        }
    }
    all.into_iter()
}

/// Whether any of its files is about a product.
pub fn has_files(product: Product) -> bool {
    let Details {
        releases,
        versions,
        histories,
    } = product.row().details;
    [releases, versions, histories].iter().any(|files| !files.is_empty())
}

/// Whether a file is of this kind for any product.
fn is_among(kind: fn(&Details) -> &'static [&'static str], name: &str) -> bool {
    Product::all().any(|product| kind(&product.row().details).contains(&name))
}

/// The whole content of one file.
#[derive(Debug)]
pub struct File {
    /// Its address.
    pub url: String,
    /// Its observations.
    pub observations: Vec<Observation>,
    /// Entries that yield no observation: a member is missing.
    pub unusable: usize,
}

/// Reads one file, whole.
///
/// # Errors
/// See [`SourceError`]. A file without content is [`SourceError::Garbage`], so that it is not mistaken for "nothing has
/// shipped".
pub async fn file(client: &Client, root: &Url, name: &str) -> Result<File, SourceError> {
    let url = under(root, &format!("/1.0/{name}"));
    let content = client.get_json(&url).await?;
    let garbage = |why: &str| SourceError::Garbage {
        url: url.clone(),
        why: why.to_owned(),
    };
    if is_among(|details| details.versions, name) {
        if content.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(garbage("no versions"));
        }
        let observations = vec![Observation::current_versions(&url, name, content)];
        return Ok(File {
            url,
            observations,
            unusable: 0,
        });
    }
    if is_among(|details| details.histories, name) {
        let directory = name.split('_').next().unwrap_or(name);
        let days = content.as_object().filter(|days| !days.is_empty());
        let days = days.ok_or_else(|| garbage("no versions"))?;
        // A few very old versions fit no grammar (`3.6.3plugin1`); no build of them is known.
        let observations: Vec<Observation> = days
            .iter()
            .filter(|(version, _)| version.parse::<Version>().is_ok())
            .filter_map(|(version, day)| {
                Some(Observation::release_history(
                    &url,
                    directory,
                    version,
                    day.as_str()?,
                    name.ends_with(MAJOR_HISTORY),
                ))
            })
            .collect();
        return Ok(File {
            url,
            observations,
            unusable: 0,
        });
    }
    let entries = content
        .get("releases")
        .and_then(Value::as_object)
        .filter(|entries| !entries.is_empty())
        .ok_or_else(|| garbage("no releases"))?;
    let observations: Vec<Observation> = entries
        .iter()
        .filter_map(|(key, entry)| Observation::shipped_release(&url, key, entry).ok())
        .collect();
    if observations.is_empty() {
        return Err(garbage("no usable release"));
    }
    let unusable = entries.len() - observations.len();
    Ok(File {
        url,
        observations,
        unusable,
    })
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn every_file_is_read_once_and_releases_first() {
        let files: Vec<&str> = files().collect();
        let expected = [
            "firefox.json",
            "devedition.json",
            "thunderbird.json",
            "mobile_android.json",
            "firefox_versions.json",
            "thunderbird_versions.json",
            "mobile_versions.json",
            "firefox_history_major_releases.json",
            "firefox_history_stability_releases.json",
            "firefox_history_development_releases.json",
            "thunderbird_history_major_releases.json",
            "thunderbird_history_stability_releases.json",
            "thunderbird_history_development_releases.json",
        ];
        assert_eq!(files, expected);
    }
}
