//! The public part of a crash: an allow-list at every level. A value whose place or shape is not listed here is left
//! out.

use serde_json::{Map, Value};

use crate::fields::{self, Access, Kind};
use crate::{ProcessedCrash, RawCrash};

/// Which part of a value is public.
enum Shape {
    /// A string, number, boolean or null.
    Scalar,
    /// Like `Scalar`, but of a string that is a path only the name at its end.
    Leaf,
    /// A list of values of one shape.
    List(&'static Shape),
    /// An object with these members; all others are left out.
    Object(&'static [(&'static str, Shape)]),
    /// Everything: only for what Datil itself writes from public facts.
    All,
}

use Shape::{All, Leaf, List, Object, Scalar};

const SCALARS: Shape = List(&Scalar);

const INLINE: Shape = Object(&[("file", Scalar), ("function", Scalar), ("line", Scalar)]);

/// A frame without its registers, which are protected.
const FRAME: Shape = Object(&[
    ("file", Scalar),
    ("frame", Scalar),
    ("function", Scalar),
    ("function_offset", Scalar),
    ("inlines", List(&INLINE)),
    ("line", Scalar),
    ("missing_symbols", Scalar),
    ("module", Scalar),
    ("module_offset", Scalar),
    ("offset", Scalar),
    ("truncated", Object(&[("msg", Scalar)])),
    ("trust", Scalar),
    (
        "unloaded_modules",
        List(&Object(&[("module", Leaf), ("offsets", SCALARS)])),
    ),
]);

const THREAD: Shape = Object(&[
    ("frame_count", Scalar),
    ("frames", List(&FRAME)),
    ("last_error_value", Scalar),
    ("thread_name", Scalar),
    ("threads_index", Scalar),
    ("truncated", Scalar),
]);

const MODULE: Shape = Object(&[
    ("base_addr", Scalar),
    ("cert_subject", Scalar),
    ("code_id", Scalar),
    ("corrupt_symbols", Scalar),
    ("debug_file", Scalar),
    ("debug_id", Scalar),
    ("end_addr", Scalar),
    ("filename", Leaf),
    ("loaded_symbols", Scalar),
    ("missing_symbols", Scalar),
    ("symbol_url", Scalar),
    ("version", Scalar),
]);

const CRASH_INFO: Shape = Object(&[
    ("address", Scalar),
    (
        "adjusted_address",
        Object(&[("address", Scalar), ("kind", Scalar), ("offset", Scalar)]),
    ),
    ("assertion", Scalar),
    ("crash_inconsistencies", SCALARS),
    ("crashing_thread", Scalar),
    ("instruction", Scalar),
    (
        "memory_accesses",
        List(&Object(&[("address", Scalar), ("size", Scalar)])),
    ),
    (
        "possible_bit_flips",
        List(&Object(&[
            ("address", Scalar),
            ("confidence", Scalar),
            (
                "details",
                Object(&[
                    ("is_null", Scalar),
                    ("nearby_registers", Scalar),
                    ("poison_registers", Scalar),
                    ("was_low", Scalar),
                    ("was_non_canonical", Scalar),
                ]),
            ),
            ("source_register", Scalar),
        ])),
    ),
    ("type", Scalar),
]);

/// The stackwalker's document.
const JSON_DUMP: Shape = Object(&[
    ("crash_info", CRASH_INFO),
    ("crashing_thread", THREAD),
    (
        "lsb_release",
        Object(&[
            ("codename", Scalar),
            ("description", Scalar),
            ("id", Scalar),
            ("release", Scalar),
        ]),
    ),
    ("main_module", Scalar),
    ("modules", List(&MODULE)),
    ("modules_contains_cert_info", Scalar),
    ("pid", Scalar),
    ("status", Scalar),
    (
        "system_info",
        Object(&[
            ("cpu_arch", Scalar),
            ("cpu_count", Scalar),
            ("cpu_info", Scalar),
            ("cpu_microcode_version", Scalar),
            ("os", Scalar),
            ("os_ver", Scalar),
        ]),
    ),
    ("thread_count", Scalar),
    ("threads", List(&THREAD)),
    ("unloaded_modules", List(&MODULE)),
]);

/// The result for an additional minidump.
const DUMP_RESULT: Shape = Object(&[
    ("json_dump", JSON_DUMP),
    ("mdsw_status_string", Scalar),
    ("stackwalk_version", Scalar),
    ("success", Scalar),
]);

/// A Java exception without its message (`value`), which is protected.
const JAVA_EXCEPTION: Shape = Object(&[(
    "exception",
    Object(&[(
        "values",
        List(&Object(&[(
            "stacktrace",
            Object(&[
                (
                    "frames",
                    List(&Object(&[
                        ("filename", Scalar),
                        ("function", Scalar),
                        ("in_app", Scalar),
                        ("lineno", Scalar),
                        ("module", Scalar),
                    ])),
                ),
                ("module", Scalar),
                ("type", Scalar),
            ]),
        )])),
    )]),
)]);

/// Returns the shape of the public part of a non-scalar field.
fn shape_of(name: &str, kind: Kind) -> Option<&'static Shape> {
    match (name, kind) {
        ("json_dump", _) => Some(&JSON_DUMP),
        ("upload_file_minidump_browser", _) => Some(&DUMP_RESULT),
        ("java_exception", _) => Some(&JAVA_EXCEPTION),
        // Written by Datil: facts about a published build, and sums of memory.
        ("build_info" | "memory_measures", _) => Some(&All),
        (_, Kind::List) => Some(&SCALARS),
        // An object whose members are not described.
        (_, Kind::Object) => None,
        _ => Some(&Scalar),
    }
}

/// Returns the public part of a processed crash.
pub fn public_processed(crash: &ProcessedCrash) -> Map<String, Value> {
    crash
        .0
        .iter()
        .filter_map(|(name, value)| {
            let field = fields::by_name(name)?;
            if field.access != Access::Public {
                return None;
            }
            let kept = cut(value, shape_of(field.name, field.kind)?)?;
            Some((name.clone(), kept))
        })
        .collect()
}

/// Returns the public annotations of a raw crash. Non-scalar values are left out: nothing describes what they hold.
pub fn public_raw(crash: &RawCrash) -> Map<String, Value> {
    crash
        .0
        .iter()
        .filter(|(name, _)| fields::annotation_is_public(name))
        .filter_map(|(name, value)| Some((name.clone(), cut(value, &Scalar)?)))
        .collect()
}

fn cut(value: &Value, shape: &Shape) -> Option<Value> {
    match (shape, value) {
        (All, _) => Some(value.clone()),
        (_, Value::Null) => Some(Value::Null),
        (Scalar | Leaf, Value::Array(_) | Value::Object(_)) => None,
        (Leaf, Value::String(path)) => Some(path.rsplit(['/', '\\']).next().into()),
        (Scalar | Leaf, _) => Some(value.clone()),
        (List(item), Value::Array(items)) => Some(Value::Array(
            items.iter().filter_map(|value| cut(value, item)).collect(),
        )),
        (Object(members), Value::Object(map)) => Some(Value::Object(
            members
                .iter()
                .filter_map(|(name, shape)| Some(((*name).to_owned(), cut(map.get(*name)?, shape)?)))
                .collect(),
        )),
        (List(_) | Object(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(crash: &Value, public: &Value) {
        let crash = ProcessedCrash(crash.as_object().unwrap().clone());
        assert_eq!(&Value::Object(public_processed(&crash)), public);
    }

    #[test]
    fn protected_and_unknown_values_vanish_at_every_level() {
        check(
            &json!({
                "signature": "a", "url": "https://example.org/", "unknown": 1,
                "json_dump": {
                    "status": "OK", "sensitive": 1, "soft_errors": [1], "mac_boot_args": "x",
                    "crash_info": {"memory_accesses": [{"address": "0x1", "is_likely_guard_page": true}]},
                    "threads": [{"frames": [{"function": "f", "registers": {"rip": "0x1"}}]}],
                },
            }),
            &json!({
                "signature": "a",
                "json_dump": {
                    "status": "OK",
                    "crash_info": {"memory_accesses": [{"address": "0x1"}]},
                    "threads": [{"frames": [{"function": "f"}]}],
                },
            }),
        );
    }

    #[test]
    fn modules_have_names_and_no_folders() {
        check(
            &json!({"json_dump": {
                "unloaded_modules": [{"filename": "C:\\Users\\SECRET\\x.dll"}],
                "threads": [{"frames": [{"unloaded_modules": [{"module": "/home/SECRET/y.so"}]}]}],
                "modules": [{"filename": "z"}, {"filename": null}],
            }}),
            &json!({"json_dump": {
                "unloaded_modules": [{"filename": "x.dll"}],
                "threads": [{"frames": [{"unloaded_modules": [{"module": "y.so"}]}]}],
                "modules": [{"filename": "z"}, {"filename": null}],
            }}),
        );
    }

    #[test]
    fn a_public_field_of_another_shape_vanishes() {
        check(
            &json!({"signature": {"text": "a"}, "json_dump": "x", "addons": [["a"], "b"]}),
            &json!({"addons": ["b"]}),
        );
    }

    #[test]
    fn a_java_exception_keeps_its_frames_and_loses_its_message() {
        check(
            &json!({"java_exception": {"exception": {"values": [
                {"stacktrace": {"type": "T", "value": "secret", "frames": [{"function": "f"}]}}
            ]}}}),
            &json!({"java_exception": {"exception": {"values": [
                {"stacktrace": {"type": "T", "frames": [{"function": "f"}]}}
            ]}}}),
        );
    }

    #[test]
    fn raw_crashes_keep_known_public_texts_only() {
        let raw = json!({
            "ProductName": "Firefox", "URL": "u", "metadata": {"user_agent": "x"},
            "Version": {"a": 1}, "uuid": "i", "Custom": "c",
        });
        let raw = RawCrash(raw.as_object().unwrap().clone());
        let public = json!({"ProductName": "Firefox", "uuid": "i"});
        assert_eq!(Value::Object(public_raw(&raw)), public);
    }
}
