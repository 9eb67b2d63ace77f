//! The shapes of the three annotations that are JSON documents. They are checked and never changed: a document of
//! another shape is dropped as a whole, with a note. Members that no shape names may hold anything.
//!
//! Sources: Mozilla's processed crash schema (breadcrumbs, Java exceptions) and the Telemetry
//! environment's documentation.

use serde_json::Value;

/// What a value must be.
pub(super) enum Shape {
    /// Text.
    Text,
    /// A boolean.
    Boolean,
    /// An integer; booleans do not count.
    Integer,
    /// A list of values of the same shape.
    List(&'static Shape),
    /// An object whose named members, where present, have these shapes.
    Object(&'static [(&'static str, Shape)]),
    /// An object whose members all have the same shape.
    Map(&'static Shape),
    /// Null, or the shape.
    Nullable(&'static Shape),
    /// One of two shapes.
    Either(&'static Shape, &'static Shape),
}

use Shape::{Boolean, Either, Integer, List, Map, Nullable, Object, Text};

impl Shape {
    /// Whether a value has this shape.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Text, Value::String(_)) | (Boolean, Value::Bool(_)) | (Nullable(_), Value::Null) => true,
            (Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
            (List(item), Value::Array(items)) => items.iter().all(|value| item.fits(value)),
            (Object(shapes), Value::Object(members)) => shapes
                .iter()
                .all(|(name, shape)| members.get(*name).is_none_or(|value| shape.fits(value))),
            (Map(item), Value::Object(members)) => members.values().all(|value| item.fits(value)),
            (Nullable(shape), value) => shape.fits(value),
            (Either(one, other), value) => one.fits(value) || other.fits(value),
            _ => false,
        }
    }
}

const MAYBE_TEXT: Shape = Nullable(&Text);
const MAYBE_INTEGER: Shape = Nullable(&Integer);
const MAYBE_BOOLEAN: Shape = Nullable(&Boolean);
const FLAG: Shape = Either(&Boolean, &Integer);
const TEXTS: Shape = List(&Text);

/// The annotation `Breadcrumbs`, without the `values` object that may wrap it.
pub(super) const BREADCRUMBS: Shape = List(&Object(&[
    ("category", Text),
    ("data", Object(&[])),
    ("level", Text),
    ("message", Text),
    ("timestamp", Text),
    ("type", Text),
]));

/// The annotation `JavaException`.
pub(super) const JAVA_EXCEPTION: Shape = Object(&[(
    "exception",
    Object(&[(
        "values",
        List(&Object(&[(
            "stacktrace",
            Object(&[
                (
                    "frames",
                    List(&Object(&[
                        ("filename", MAYBE_TEXT),
                        ("function", MAYBE_TEXT),
                        ("in_app", MAYBE_BOOLEAN),
                        ("lineno", MAYBE_INTEGER),
                        ("module", MAYBE_TEXT),
                    ])),
                ),
                ("module", Text),
                ("type", Text),
                ("value", Text),
            ]),
        )])),
    )]),
)]);

const ADDONS: Shape = Object(&[
    (
        "activeAddons",
        Map(&Object(&[
            ("appDisabled", Boolean),
            ("blocklisted", Boolean),
            ("description", MAYBE_TEXT),
            ("foreignInstall", FLAG),
            ("hasBinaryComponents", Boolean),
            ("installDay", MAYBE_INTEGER),
            ("isSystem", Boolean),
            ("isWebExtension", Boolean),
            ("multiprocessCompatible", Boolean),
            ("name", Text),
            ("scope", MAYBE_INTEGER),
            ("signedState", Integer),
            ("type", Text),
            ("updateDay", MAYBE_INTEGER),
            ("userDisabled", FLAG),
        ])),
    ),
    ("activeGMPlugins", Map(&Object(&[]))),
    ("activePlugins", List(&Object(&[]))),
    ("theme", Object(&[("id", Text), ("name", Text), ("version", Text)])),
]);

const BUILD: Shape = Object(&[
    ("applicationId", Text),
    ("applicationName", Text),
    ("architecture", Text),
    ("buildId", Text),
    ("displayVersion", Text),
    ("platformVersion", Text),
    ("updaterAvailable", Boolean),
    ("vendor", Text),
    ("version", Text),
    ("xpcomAbi", Text),
]);

const PARTNER: Shape = Object(&[
    ("distributionId", MAYBE_TEXT),
    ("distributionVersion", MAYBE_TEXT),
    ("distributor", MAYBE_TEXT),
    ("distributorChannel", MAYBE_TEXT),
    ("partnerId", MAYBE_TEXT),
    ("partnerNames", TEXTS),
]);

const SETTINGS: Shape = Object(&[
    ("addonCompatibilityCheckEnabled", Boolean),
    ("blocklistEnabled", Boolean),
    ("defaultSearchEngine", Text),
    ("defaultSearchEngineData", Object(&[])),
    ("e10sEnabled", Boolean),
    ("e10sMultiProcesses", Integer),
    ("fissionEnabled", Boolean),
    (
        "intl",
        Object(&[
            ("acceptLanguages", TEXTS),
            ("appLocales", TEXTS),
            ("availableLocales", TEXTS),
            ("regionalPrefsLocales", Nullable(&TEXTS)),
            ("requestedLocales", TEXTS),
            ("systemLocales", Nullable(&TEXTS)),
        ]),
    ),
    ("isDefaultBrowser", MAYBE_BOOLEAN),
    ("launcherProcessState", Integer),
    ("locale", Text),
    ("sandbox", Object(&[])),
    ("searchCohort", MAYBE_TEXT),
    ("telemetryEnabled", Boolean),
    (
        "update",
        Object(&[
            ("autoDownload", Boolean),
            ("background", Boolean),
            ("channel", Text),
            ("enabled", Boolean),
        ]),
    ),
    ("userPrefs", Map(&Nullable(&Either(&Either(&Boolean, &Text), &Integer)))),
]);

const SYSTEM: Shape = Object(&[
    ("appleModelId", MAYBE_TEXT),
    (
        "cpu",
        Object(&[
            ("cores", MAYBE_INTEGER),
            ("count", Integer),
            ("extensions", TEXTS),
            ("family", MAYBE_INTEGER),
            ("isWindowsSMode", Boolean),
            ("l2cacheKB", MAYBE_INTEGER),
            ("l3cacheKB", MAYBE_INTEGER),
            ("model", MAYBE_INTEGER),
            ("name", MAYBE_TEXT),
            ("speedMHz", MAYBE_INTEGER),
            ("stepping", MAYBE_INTEGER),
            ("vendor", MAYBE_TEXT),
        ]),
    ),
    ("gfx", Object(&[])),
]);

/// The annotation `TelemetryEnvironment`.
pub(super) const TELEMETRY_ENVIRONMENT: Shape = Object(&[
    ("addons", ADDONS),
    ("build", BUILD),
    ("experiments", Map(&Object(&[]))),
    ("partner", PARTNER),
    (
        "profile",
        Object(&[
            ("creationDate", Integer),
            ("firstUseDate", Integer),
            ("resetDate", Integer),
        ]),
    ),
    (
        "services",
        Object(&[("accountEnabled", Boolean), ("syncEnabled", Boolean)]),
    ),
    ("settings", SETTINGS),
    ("system", SYSTEM),
]);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_of_another_shape_do_not_fit() {
        for (shape, value, expected) in [
            (
                &BREADCRUMBS,
                json!([{"message": "m", "data": {"n": 5}, "own": 1}]),
                true,
            ),
            (&BREADCRUMBS, json!([{"category": true}]), false),
            (&BREADCRUMBS, json!([null]), false),
            (&JAVA_EXCEPTION, json!({"exception": {}}), true),
            (&JAVA_EXCEPTION, json!({"exception": {"values": [null]}}), false),
            (&JAVA_EXCEPTION, json!([]), false),
            (
                &TELEMETRY_ENVIRONMENT,
                json!({"partner": {"distributionId": null}, "own": 1}),
                true,
            ),
            (
                &TELEMETRY_ENVIRONMENT,
                json!({"addons": {"activeAddons": {"x": {"foreignInstall": 1}}}}),
                true,
            ),
            (&TELEMETRY_ENVIRONMENT, json!({"build": null}), false),
            (
                &TELEMETRY_ENVIRONMENT,
                json!({"partner": {"partnerNames": true}}),
                false,
            ),
        ] {
            assert_eq!(shape.fits(&value), expected, "{value}");
        }
    }
}
