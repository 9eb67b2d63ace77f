//! A build as a Buildhub record: members under Buildhub's names, in the form used since 2020.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::field::{Field, id};
use crate::index::BuildRef;
use crate::said::observation::{Kind, Observation};

/// The whole record except what only a source's own record has; unknown members are omitted.
pub(super) fn source(build: BuildRef<'_>) -> Value {
    let mut record = Map::new();
    record.insert("id".to_owned(), json!(id(build)));
    let seconds = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    record.insert(
        "build".to_owned(),
        json!({ "id": build.build_id(), "date": seconds(build.build_id().time()) }),
    );
    let known = |members: &[(&str, Option<Value>)]| {
        let members = members.iter().filter_map(|(name, value)| {
            let value = value.clone()?;
            Some(((*name).to_owned(), value))
        });
        Value::Object(members.collect())
    };
    let text = |field: Field| field.of(build).map(|value| value.to_json());
    record.insert(
        "source".to_owned(),
        known(&[
            ("product", text(Field::Product)),
            ("repository", text(Field::Repository)),
            ("tree", text(Field::Tree)),
            ("revision", text(Field::Revision)),
        ]),
    );
    record.insert(
        "target".to_owned(),
        known(&[
            ("platform", text(Field::Platform)),
            ("os", text(Field::Os)),
            ("locale", text(Field::Locale)),
            ("version", text(Field::Version)),
            ("channel", text(Field::Channel)),
        ]),
    );
    let date = build.published_at().and_then(upload_date);
    let download = known(&[("url", text(Field::Url)), ("date", date.map(Value::String))]);
    if download.as_object().is_some_and(|known| !known.is_empty()) {
        record.insert("download".to_owned(), download);
    }
    Value::Object(record)
}

/// Members that only a source's own record has.
pub(super) const DETAILS: [(&str, &str); 7] = [
    ("download", "size"),
    ("download", "mimetype"),
    ("build", "as"),
    ("build", "cc"),
    ("build", "cxx"),
    ("build", "host"),
    ("build", "target"),
];

/// Adds the details from a source's own record of the same file.
pub(super) fn complete(record: &mut Value, observation: &Observation) {
    let url = |record: &Value| record.pointer("/download/url").cloned();
    if observation.kind != Kind::BuildhubRecord || url(record).is_none() || url(record) != url(&observation.body) {
        return;
    }
    for (group, name) in DETAILS {
        if let Some(value) = observation.body.get(group).and_then(|own| own.get(name))
            && let Some(members) = record.get_mut(group).and_then(Value::as_object_mut)
        {
            members.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// A time in microseconds UTC as Buildhub writes the time of an upload.
fn upload_date(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Micros, false))
}
