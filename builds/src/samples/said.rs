//! Compact ways to write observations in tests.

use serde_json::{Value, json};

use builds::said::observation::{Observation, SourceName};

/// A Buildhub record of a candidate: build id, the folder's version and build number, and what the file says about
/// itself.
pub(crate) struct Record<'a> {
    pub(crate) id: &'a str,
    /// Below `/pub/`: `firefox/candidates/64.0b4-candidates/build2`.
    pub(crate) folder: &'a str,
    pub(crate) product: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) version: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) locale: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) uploaded: &'a str,
}

impl<'a> Record<'a> {
    pub(crate) fn new(id: &'a str, folder: &'a str, channel: &'a str, version: &'a str) -> Self {
        let repository = match channel {
            "beta" | "aurora" => "https://hg.mozilla.org/releases/mozilla-beta",
            "release" => "https://hg.mozilla.org/releases/mozilla-release",
            "esr" => "https://hg.mozilla.org/releases/mozilla-esr60",
            _ => "https://hg.mozilla.org/mozilla-central",
        };
        Self {
            id,
            folder,
            product: "firefox",
            channel,
            version,
            platform: "win64",
            locale: "en-US",
            repository,
            uploaded: "",
        }
    }

    pub(crate) fn value(&self) -> Value {
        let Self {
            id,
            folder,
            product,
            channel,
            version,
            platform,
            locale,
            repository,
            uploaded,
        } = self;
        let uploaded = if uploaded.is_empty() {
            format!("{}-{}-{}T23:59:59+00:00", &id[..4], &id[4..6], &id[6..8])
        } else {
            (*uploaded).to_owned()
        };
        json!({
            "build": {"id": id},
            "source": {"product": product, "repository": repository, "revision": format!("rev{id}")},
            "target": {"platform": platform, "locale": locale, "version": version, "channel": channel},
            "download": {
                "url": format!("https://archive.mozilla.org/pub/{folder}/{platform}/{locale}/Setup%20{version}.exe"),
                "mimetype": "x", "size": 1, "date": uploaded,
            },
        })
    }

    pub(crate) fn observation(&self) -> Observation {
        Observation::buildhub_record(
            SourceName::BUILDHUB,
            "https://buildhub.example/api/search",
            self.value(),
        )
        .unwrap()
    }
}

pub(crate) fn record(id: &str, folder: &str, channel: &str, version: &str) -> Observation {
    Record::new(id, folder, channel, version).observation()
}

pub(crate) fn shipped(key: &str, build_number: u32) -> Observation {
    shipped_as(key, build_number, "dev")
}

/// A version shipped, with its category.
pub(crate) fn shipped_as(key: &str, build_number: u32, category: &str) -> Observation {
    let entry = json!({"product": "firefox", "version": key, "build_number": build_number, "category": category});
    Observation::shipped_release("https://details.example/1.0/firefox.json", key, &entry).unwrap()
}

pub(crate) fn csv(product: &str, channel: &str, version: &str, id: &str) -> Observation {
    Observation::csv_row("versions.csv", product, channel, version, id, None)
}
