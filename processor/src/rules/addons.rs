//! The add-ons of the profile.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::context::Context;
use super::notes::Note;
use super::{annotations, read};

/// The id of the default theme, which is not recognisable as one.
const DEFAULT_THEME: &str = "{972ce4c6-7e08-4474-a285-3208198ce6fd}";

/// Lists the add-ons as `id:version`, decoded, and whether their compatibility was checked.
pub(super) fn addons(context: &mut Context<'_>) {
    let checked = context.raw.get("EMCheckCompatibility").map(|value| {
        let is_text = value.is_string();
        let text = read::text_of(value).unwrap_or_default();
        text.eq_ignore_ascii_case("true") || !is_text && annotations::boolean(value) == Some(true)
    });
    context.set("addons_checked", json!(checked));
    let addons: Vec<String> = match context.raw.get("Add-ons") {
        Some(Value::String(text)) if !text.is_empty() => text.split(',').map(addon).collect(),
        Some(value) if read::is_given(value) => {
            context.note(Note::about("Add-ons", "Add-ons has a non-text value").with(value));
            Vec::new()
        }
        _ => Vec::new(),
    };
    context.set("addons", addons);
}

/// One add-on of the list. A missing version is marked as such.
fn addon(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let mut addon = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
    if !text.contains(':') {
        addon.push_str(":NO_VERSION");
    }
    addon
}

/// Names the default theme.
pub(super) fn theme_pretty_name(context: &mut Context<'_>) {
    let Some(Value::Array(addons)) = context.processed.0.get_mut("addons") else {
        return;
    };
    for addon in addons {
        let Some(rest) = addon.as_str().and_then(|text| text.strip_prefix(DEFAULT_THEME)) else {
            continue;
        };
        if rest.is_empty() || rest.starts_with(':') {
            *addon = json!(format!("{DEFAULT_THEME} (default theme){rest}"));
        }
    }
}
