//! A file of product-details: a list of releases, or of current versions.

use builds::{Observation, SourceName, derive_all};
use serde_json::{Value, json};

/// Candidates with these folders and channels exist, to be called shipped or not.
const CANDIDATES: [(&str, &str, &str); 4] = [
    ("firefox/candidates/64.0b4-candidates/build1", "beta", "20181025143507"),
    ("firefox/candidates/64.0b4-candidates/build2", "beta", "20181025233934"),
    ("firefox/candidates/63.0-candidates/build1", "release", "20181015152800"),
    (
        "firefox/candidates/60.3.0esr-candidates/build1",
        "esr",
        "20181017185317",
    ),
];

/// The file changes what becomes of builds, but not which exist; the order of observations does not matter.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(file) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let url = "http://details.example/1.0/firefox.json";
    let mut observations: Vec<Observation> = CANDIDATES.iter().map(candidate).collect();
    let before = derive_all(&observations, &[]).builds.len();
    match file.get("releases").and_then(Value::as_object) {
        Some(releases) => {
            let entry = |(key, entry): (&String, &Value)| Observation::shipped_release(url, key, entry).ok();
            observations.extend(releases.iter().filter_map(entry));
        }
        None => observations.push(Observation::current_versions(url, "firefox_versions.json", file)),
    }
    let derived = derive_all(&observations, &[]);
    assert_eq!(derived.builds.len(), before);
    observations.reverse();
    assert_eq!(derive_all(&observations, &[]), derived);
}

fn candidate((folder, channel, id): &(&str, &str, &str)) -> Observation {
    let record = json!({
        "build": {"id": id},
        "source": {"product": "firefox"},
        "target": {"platform": "win64", "locale": "en-US", "version": "0.0", "channel": channel},
        "download": {
            "url": format!("https://archive.mozilla.org/pub/{folder}/win64/en-US/f.exe"),
            "date": "2018-10-26T00:00:00Z",
        },
    });
    Observation::buildhub_record(SourceName::BUILDHUB, "http://buildhub.example/", record).expect("a whole record")
}
