//! One text for one content: canonical JSON.

use serde::Serialize;
use serde_json::Value;

/// JSON with the members of every object sorted by name and no blanks: one text for one content.
pub fn canonical_json(value: &Value) -> String {
    let mut text = Vec::with_capacity(1024);
    write_canonical(value, &mut text);
    String::from_utf8(text).expect("JSON is written as UTF-8")
}

// The depth is bounded by the parser that made the value: serde_json refuses more than 128 levels.
fn write_canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push(b'{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                write_scalar(name, text);
                text.push(b':');
                write_canonical(member, text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                write_canonical(item, text);
            }
            text.push(b']');
        }
        scalar => write_scalar(scalar, text),
    }
}

pub(super) fn write_scalar(scalar: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, scalar).expect("writing to memory cannot fail");
}
