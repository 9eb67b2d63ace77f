//! Formats an error and its causes as one line for people.

/// Formats an error and its causes, outermost first, separated by `: `. A cause already in the line is left out: many
/// libraries repeat it.
///
/// ```
/// let error = anyhow::anyhow!("the disk is full").context("storing: the disk is full").context("importing");
/// assert_eq!(platform::causes::line(&error), "importing: storing: the disk is full");
/// ```
pub fn line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}
