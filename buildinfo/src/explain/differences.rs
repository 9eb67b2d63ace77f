//! What changed in the builds with an id from one generation to the next.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use builds::build::Build;
use builds::said::canonical::canonical_json;

/// Members that identify a build, or state nothing about it.
const PASSED_OVER: [&str; 5] = ["product", "build_id", "platform", "variant", "evidence"];
/// Maximum characters shown of a value.
const LONGEST: usize = 200;

/// The differences between builds with one id, one line for each member with its platforms; empty if only the evidence
/// differs.
pub(super) fn differences(old: &[Build], new: &[Build]) -> Vec<String> {
    let (old, new) = (by_name(old), by_name(new));
    let mut changed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let names: BTreeSet<&Name> = old.keys().chain(new.keys()).collect();
    for name in names {
        let on = name.0.as_str();
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => {
                let members: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for member in members {
                    let (was, is) = (shown(old.get(member)), shown(new.get(member)));
                    if was != is && !PASSED_OVER.contains(&member.as_str()) {
                        let line = format!("{member} {was} → {is}");
                        changed.entry(line).or_default().insert(on);
                    }
                }
            }
            (None, _) => drop(changed.entry("is new".to_owned()).or_default().insert(on)),
            (_, None) => drop(changed.entry("is gone".to_owned()).or_default().insert(on)),
        }
    }
    let line = |(what, on): (String, BTreeSet<&str>)| {
        let on: Vec<&str> = on.into_iter().filter(|name| !name.is_empty()).collect();
        format!("{} {what}", on.join(", ")).trim().to_owned()
    };
    changed.into_iter().map(line).collect()
}

/// Platform and variant, and an index among the builds that share them.
type Name = (String, usize);

fn by_name(builds: &[Build]) -> BTreeMap<Name, Map<String, Value>> {
    let mut named = BTreeMap::new();
    for build in builds {
        let Ok(Value::Object(members)) = serde_json::to_value(build) else {
            continue;
        };
        let on = format!("{} {}", build.platform, build.variant).trim().to_owned();
        let number = (0..builds.len())
            .find(|number| !named.contains_key(&(on.clone(), *number)))
            .unwrap_or_default();
        named.insert((on, number), members);
    }
    named
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => canonical_json(other),
    };
    text::cut(&text, LONGEST).to_owned()
}

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::samples::{Record, shipped};
    use builds::build::Status;
    use builds::derive::derive_all;

    #[test]
    fn only_what_differs_is_told_once_for_all_platforms() {
        let on = |platform: &'static str| {
            let folder = "firefox/candidates/64.0b4-candidates/build2";
            Record {
                platform,
                ..Record::new("20181025233934", folder, "beta", "64.0")
            }
            .observation()
        };
        let sources = [on("win64"), on("macosx"), shipped("firefox-64.0b4", 2)];
        let old = derive_all(&sources, &[]).builds;
        assert_eq!(differences(&old, &old), Vec::<String>::new());
        let mut new = old.clone();
        for build in &mut new {
            build.status = Status::Pulled;
            build.evidence.clear();
        }
        new[0].revision = None;
        let platform = |at: usize| old[at].platform.clone();
        assert_eq!(
            differences(&old, &new),
            [
                format!("{} revision rev20181025233934 → nothing", platform(0)),
                format!("{}, {} status shipped → pulled", platform(0), platform(1)),
            ]
        );
        assert_eq!(differences(&old, &old[..1]), [format!("{} is gone", platform(1))]);
        assert_eq!(differences(&old[..1], &old), [format!("{} is new", platform(1))]);
    }
}
