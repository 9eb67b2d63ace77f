//! Merges the stackwalker's results into the processed crash.

use serde_json::{Map, Value, json};

use super::context::{Context, DumpWalk, WalkOutcome};
use super::notes::Note;

/// Stores the walks: the main minidump's among the crash's own fields, the others under their dumps' names.
pub(super) fn merge_walks(context: &mut Context<'_>) {
    let mut others = Vec::new();
    for DumpWalk { name, outcome } in context.walks {
        let fields = fields(name, outcome, &mut context.notes);
        if name == crash::MAIN_DUMP {
            context.processed.0.extend(fields);
        } else {
            others.push(name.as_str());
            context.set(name, Value::Object(fields));
        }
    }
    if !others.is_empty() || !context.processed.0.contains_key("additional_minidumps") {
        context.set("additional_minidumps", others);
    }
}

fn fields(name: &str, outcome: &WalkOutcome, notes: &mut Vec<Note>) -> Map<String, Value> {
    let fields = match outcome {
        WalkOutcome::Empty => {
            let text = format!("MinidumpStackwalkRule: {name} is empty--skipping minidump processing");
            notes.push(Note::about_dump(name, text));
            json!({
                "mdsw_status_string": "EmptyMinidump",
                "mdsw_stderr": "Shortcut for 0-bytes minidump.",
            })
        }
        WalkOutcome::Done {
            status,
            json_dump,
            walker,
        } => json!({
            "json_dump": json_dump,
            "mdsw_return_code": 0,
            "mdsw_status_string": status,
            "success": status == "OK",
            "stackwalk_version": walker,
        }),
        WalkOutcome::Failed {
            return_code,
            status,
            note,
            walker,
        } => {
            let note = Note::about_dump(name, format!("MinidumpStackwalkRule: {note}"));
            notes.push(note.with(&json!({ "return code": return_code })));
            json!({
                "json_dump": {},
                "mdsw_return_code": return_code,
                "mdsw_status_string": status,
                "success": false,
                "stackwalk_version": walker,
            })
        }
    };
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
