//! What clients of Crash Stats are told of a field (`SuperSearchFields`).

use crash::fields::{self as crash_fields, Access};
use serde_json::{Map, Value, json};

use super::{FieldId, Kind};

/// The fields that Crash Stats takes for lists of fixed values, on which its own operators for texts do nothing. Here
/// they do; clients that choose operators by this find what they know.
const ENUMS: [&str; 25] = [
    "android_board",
    "android_brand",
    "android_cpu_abi",
    "android_cpu_abi2",
    "android_device",
    "android_display",
    "android_fingerprint",
    "android_hardware",
    "android_manufacturer",
    "co_marshal_interface_failure",
    "cpu_arch",
    "cpu_microcode_version",
    "ipc_shutdown_state",
    "platform",
    "plugin_filename",
    "plugin_name",
    "plugin_version",
    "product",
    "productid",
    "release_channel",
    "remote_type",
    "useragent_locale",
    "uuid",
    "vendor",
    "version",
];

/// The integers that Crash Stats stores in fewer than 64 bits, and how.
const NARROW: [(&str, &str); 11] = [
    ("content_sandbox_capabilities", "integer"),
    ("content_sandbox_level", "short"),
    ("cpu_count", "short"),
    ("crashing_thread", "integer"),
    ("ipc_system_error", "integer"),
    ("mac_available_memory_sysctl", "integer"),
    ("mac_memory_pressure_sysctl", "integer"),
    ("major_version", "integer"),
    ("possible_bit_flips_max_confidence", "integer"),
    ("thread_count", "integer"),
    ("utility_process_sandboxing_kind", "integer"),
];

/// The fields with a few usual values.
const CHOICES: [(&str, &[&str]); 2] = [
    (
        "mac_memory_pressure",
        &["Normal", "Unset", "Warning", "Critical", "Unexpected"],
    ),
    (
        "process_type",
        &["content", "gpu", "parent", "plugin", "rdd", "socket", "utility"],
    ),
];

/// Every field by its name, with what Crash Stats says of it: its type in its own words, where it stands in the
/// processed crash, who may see it, and what it is.
pub fn described() -> Map<String, Value> {
    let fields = FieldId::all().filter(|field| !field.is_whole());
    fields.map(|field| (field.name().to_owned(), of_field(field))).collect()
}

fn of_field(field: FieldId) -> Value {
    let name = field.name();
    let is_enum = ENUMS.contains(&name);
    let (validated, queried) = match field.kind() {
        Kind::Integer => ("int", "integer"),
        Kind::Number => ("float", "float"),
        Kind::Boolean if name == "addons_checked" => ("bool", "enum"),
        Kind::Boolean => ("bool", "bool"),
        Kind::Date => ("datetime", "date"),
        Kind::Exact | Kind::Words | Kind::Semicolons if is_enum => ("enum", "enum"),
        Kind::Exact | Kind::Words | Kind::Semicolons => ("str", "string"),
    };
    let is_public = field.access() == Access::Public;
    let choices = CHOICES
        .iter()
        .find(|(of, _)| *of == name)
        .map_or(&[][..], |(_, values)| values);
    let (namespace, key) = place(field);
    json!({
        "name": name,
        "namespace": namespace,
        "in_database_name": key,
        "data_validation_type": validated,
        "query_type": queried,
        "form_field_choices": choices,
        "has_full_version": field.kind() == Kind::Words,
        "is_exposed": true,
        // The functions of a stack can only be filtered by.
        "is_returned": name != crash_fields::FRAMES.name,
        "storage_mapping": storage(field),
        "description": field.described().map_or("", |described| described.about),
        "permissions_needed": [if is_public { "public" } else { "protected" }],
        "webapp_permissions_needed": if is_public { &[][..] } else { &["crashstats.view_pii"] },
    })
}

/// The object of the processed crash that it stands in, and its key there.
fn place(field: FieldId) -> (String, &'static str) {
    let searched = crash_fields::searched().iter();
    let mut found = searched.filter(|searched| searched.name == field.name());
    let path = found.next().map_or(&[][..], |searched| &searched.path);
    match path.split_last() {
        Some((key, above)) => ([&["processed_crash"], above].concat().join("."), key),
        None => ("processed_crash".to_owned(), field.name()),
    }
}

fn storage(field: FieldId) -> Value {
    let narrow = NARROW.iter().find(|(of, _)| *of == field.name());
    match field.kind() {
        Kind::Integer => json!({"type": narrow.map_or("long", |(_, kind)| kind)}),
        Kind::Number => json!({"type": "double"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Date => json!({
            "type": "date",
            "format": "yyyy-MM-dd'T'HH:mm:ssZZZZZ||yyyy-MM-dd'T'HH:mm:ss.SSSSSSZZZZZ",
        }),
        Kind::Exact => json!({"type": "keyword"}),
        Kind::Words => json!({"type": "text", "fields": {"full": {"type": "keyword"}}}),
        Kind::Semicolons => json!({"type": "text", "analyzer": "semicolon_keywords", "fielddata": true}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_described_and_every_row_is_used() {
        let all = described();
        for (name, field) in &all {
            assert_eq!(field["name"], **name);
            assert!(!field["description"].as_str().unwrap().is_empty(), "{name}");
        }
        let rows = ENUMS.iter().chain(NARROW.iter().map(|(name, _)| name));
        for name in rows.chain(CHOICES.iter().map(|(name, _)| name)) {
            assert!(all.contains_key(*name), "{name}");
        }
        for (name, expected) in [
            ("url", json!(["protected"])),
            ("memory_explicit", json!(["public"])),
            ("weight", json!(["public"])),
        ] {
            assert_eq!(all[name]["permissions_needed"], expected, "{name}");
        }
        let explicit = &all["memory_explicit"];
        assert_eq!(explicit["namespace"], "processed_crash.memory_measures");
        assert_eq!(explicit["in_database_name"], "explicit");
        assert_eq!(all["frames"]["is_returned"], false);
    }
}
