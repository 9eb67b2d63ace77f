//! A question about a build, as a client asks it.

use serde::{Deserialize, Serialize};

/// What is asked about a build: texts as a client sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The product, in any known spelling.
    pub product: String,
    /// The channel; empty if not known.
    pub channel: String,
    /// The build id, or its beginning.
    pub build_id: String,
    /// The version that the program reports about itself. It is echoed and never believed.
    pub version: Option<String>,
    /// When the question arose, in microseconds UTC: a later build id is junk.
    pub asked_at: Option<i64>,
}

/// A question as JSON.
pub const EXAMPLE: &str = r#"{"product": "Firefox", "channel": "beta", "build_id": "20260827093000"}"#;

impl Question {
    /// Parses a question from a JSON object.
    ///
    /// # Errors
    /// Everything wrong with it, and how it should look.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        // serde would also accept a list, taking the members in order.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        if is_object && let Ok(question) = serde_json::from_slice(json) {
            return Ok(question);
        }
        let wrong = match serde_json::from_slice::<serde_json::Value>(json) {
            Err(_) => "it is no JSON".to_owned(),
            Ok(serde_json::Value::Object(members)) => {
                let is_text = |name: &str, may_be_null: bool| match members.get(name) {
                    None | Some(serde_json::Value::String(_)) => true,
                    Some(value) => may_be_null && value.is_null(),
                };
                let wrong = [
                    ("product", false),
                    ("channel", false),
                    ("build_id", false),
                    ("version", true),
                ]
                .into_iter()
                .filter(|(name, may_be_null)| !is_text(name, *may_be_null))
                .map(|(name, _)| format!("{name} must be a text in quotation marks"));
                let time = members.get("asked_at").filter(|time| !time.is_null() && !time.is_i64());
                let time = time.map(|_| "asked_at must be a whole number of microseconds".to_owned());
                let wrong: Vec<String> = wrong.chain(time).collect();
                if wrong.is_empty() {
                    "a member is there twice".to_owned()
                } else {
                    wrong.join("; ")
                }
            }
            Ok(_) => "it is no JSON object".to_owned(),
        };
        Err(format!("this is no question: {wrong}. For example: {EXAMPLE}"))
    }
}
