//! Shutdowns that took too long: which phase, and what it waited for.

use serde_json::Value;

use crate::python;

/// The result of reading a shutdown timeout's report.
pub(crate) struct Timeout {
    /// The signature.
    pub(crate) signature: String,
    /// What was wrong with the report, if it could not be understood.
    pub(crate) problem: Option<String>,
}

/// Reads the report: a JSON object with a `phase` and `conditions`, each a name or an object with a `name`. An error
/// says why it is unusable.
pub(crate) fn timeout(report: &str) -> Result<Timeout, String> {
    let report = match python::json(report) {
        Ok(report) => report,
        Err(error) => {
            return Ok(Timeout {
                signature: "AsyncShutdownTimeout | UNKNOWN".to_owned(),
                problem: Some(error.to_string()),
            });
        }
    };
    let Value::Object(report) = report else {
        return Err("the report is not an object".to_owned());
    };
    let phase = match report.get("phase") {
        Some(Value::String(phase)) => phase,
        _ => "(unknown)",
    };
    let conditions = report.get("conditions").filter(|value| python::truthy(value));
    let mut names = match conditions {
        None => Vec::new(),
        Some(Value::Array(conditions)) => {
            let names: Option<Vec<String>> = conditions.iter().map(condition_name).collect();
            match names {
                Some(names) => names,
                None => {
                    return Ok(Timeout {
                        signature: format!("AsyncShutdownTimeout | {phase} | UNKNOWN"),
                        problem: Some("a condition without a name".to_owned()),
                    });
                }
            }
        }
        Some(Value::String(characters)) => characters.chars().map(String::from).collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(_) => return Err("the conditions are not a list".to_owned()),
    };
    names.sort_unstable();
    let names = if names.is_empty() {
        "(none)".to_owned()
    } else {
        names.join(",")
    };
    Ok(Timeout {
        signature: format!("AsyncShutdownTimeout | {phase} | {names}"),
        problem: None,
    })
}

/// Returns the name of what a shutdown waits for; `None` if an object has none.
fn condition_name(condition: &Value) -> Option<String> {
    match condition {
        Value::Object(condition) => condition.get("name").map(python::text),
        other => Some(python::text(other)),
    }
}
