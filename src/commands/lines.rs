//! Commands that read JSON lines: one line out for each line in, also for one that cannot be read.

use std::io::{BufRead, BufWriter, Write};

use serde_json::{Value, json};

/// Longer lines are refused, in bytes.
const MAX_LINE: usize = 256 << 20;

/// Answers every line of the standard input. Lines end with a line feed; an empty last one counts as none.
pub(crate) fn answer_each(
    mut answer: impl FnMut(&[u8]) -> Result<Value, String>,
) -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let answered = if text.len() > MAX_LINE {
            Err(format!("the line is longer than {MAX_LINE} bytes"))
        } else {
            answer(text)
        };
        let value = answered.unwrap_or_else(|error| json!({ "error": error }));
        serde_json::to_writer(&mut out, &value)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
