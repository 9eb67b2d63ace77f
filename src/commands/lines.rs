//! Commands that read JSON lines: one output line per input line, in order, even if it cannot be read. All cores
//! process lines.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::anyhow;
use serde_json::{Value, json};

/// Longer lines are rejected. In bytes. A document of an unusual form takes some sixteen times its size in memory.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// Bytes at which a batch is full; it ends earlier if reading on would block.
const BATCH: usize = 128 << 10;

/// A longer batch is answered before anything else is read, so that memory never holds two such lines.
const LONG: usize = 4 << 20;

/// Batches read ahead per worker.
const AHEAD: usize = 4;

/// A line of the input.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Its number, starting at 1.
    pub(crate) number: u64,
    /// Its text without the line feed, or why it is rejected.
    pub(crate) text: Result<&'a [u8], String>,
}

/// Answers every line of the standard input with a JSON document.
pub(crate) fn answer_each(answer: impl Fn(&[u8]) -> Result<Value, String> + Sync) -> anyhow::Result<()> {
    each_line(io::stdin(), &mut io::stdout().lock(), |line, out| {
        let answered = line.text.and_then(&answer);
        let value = answered.unwrap_or_else(|error| json!({ "error": error }));
        // Writing into memory cannot fail, and every value has a JSON form.
        let _ = writeln!(out, "{value}");
    })
}

/// Passes every line to `answer` on some core, and writes what it appends to its buffer, in the order of the lines.
/// Lines end with a line feed; an empty last one does not count. Memory is bounded by the batches read ahead, and by
/// the longest line.
///
/// # Errors
/// The input cannot be read or the output cannot be written.
pub(crate) fn each_line(
    input: impl Read + Send,
    out: &mut impl Write,
    answer: impl Fn(Line<'_>, &mut Vec<u8>) + Sync,
) -> anyhow::Result<()> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        // The work, for any free worker, and the channels for the answers, in order.
        let (work, to_do) = sync_channel::<(Batch, Sender<Vec<u8>>)>(workers * AHEAD);
        let (order, answers) = sync_channel::<io::Result<Receiver<Vec<u8>>>>(workers * AHEAD);
        let to_do = Arc::new(Mutex::new(to_do));
        let answer = &answer;
        for _ in 0..workers {
            let to_do = Arc::clone(&to_do);
            scope.spawn(move || {
                loop {
                    let next = to_do.lock().map(|queue| queue.recv());
                    let Ok(Ok((batch, reply))) = next else {
                        return;
                    };
                    // The receiver is gone if the output is closed.
                    let _ = reply.send(batch.answered(answer));
                }
            });
        }
        drop(to_do);
        scope.spawn(move || {
            let mut batches = Batches::of(input, MAX_LINE);
            while let Some(batch) = batches.next().transpose() {
                let sent = match batch {
                    Ok(batch) => {
                        let (reply, ticket) = channel();
                        order.send(Ok(ticket)).is_ok()
                            && if batch.text.len() > LONG {
                                reply.send(batch.answered(answer)).is_ok()
                            } else {
                                work.send((batch, reply)).is_ok()
                            }
                    }
                    Err(error) => {
                        // The reader of the answers stops at this one.
                        let _ = order.send(Err(error));
                        false
                    }
                };
                if !sent {
                    return;
                }
            }
        });
        for answer in answers {
            let answered = answer?.recv().map_err(|_| anyhow!("a worker thread died"))?;
            out.write_all(&answered)?;
            out.flush()?;
        }
        Ok(())
    })
}

/// Some lines.
struct Batch {
    text: Vec<u8>,
    /// The end of each line in the text, after its line feed.
    ends: Vec<usize>,
    /// The number of the first line.
    first: u64,
    /// Whether a line follows that was too long and of which nothing was kept.
    refused: bool,
}

impl Batch {
    fn answered(&self, answer: &impl Fn(Line<'_>, &mut Vec<u8>)) -> Vec<u8> {
        let mut answered = Vec::with_capacity(self.text.len().min(BATCH));
        self.each(|line| answer(line, &mut answered));
        answered
    }

    fn each(&self, mut answer: impl FnMut(Line<'_>)) {
        let mut number = self.first;
        let mut start = 0;
        for end in &self.ends {
            let line = &self.text[start..*end];
            let text = Ok(line.strip_suffix(b"\n").unwrap_or(line));
            answer(Line { number, text });
            number += 1;
            start = *end;
        }
        if self.refused {
            let text = Err(format!("the line is longer than {MAX_LINE} bytes"));
            answer(Line { number, text });
        }
    }
}

/// Reads batches of lines.
struct Batches<R> {
    input: BufReader<R>,
    next_line: u64,
    max_line: usize,
}

impl<R: Read> Batches<R> {
    fn of(input: R, max_line: usize) -> Self {
        Self {
            input: BufReader::with_capacity(BATCH, input),
            next_line: 1,
            max_line,
        }
    }

    fn next(&mut self) -> io::Result<Option<Batch>> {
        let mut batch = Batch {
            // The last line may exceed a full batch.
            text: Vec::with_capacity(2 * BATCH),
            ends: Vec::new(),
            first: self.next_line,
            refused: false,
        };
        while batch.text.len() < BATCH {
            let start = batch.text.len();
            // The limit, plus one byte that may be the line feed.
            let limit = self.max_line as u64 + 1;
            let mut some = (&mut self.input).take(limit);
            if some.read_until(b'\n', &mut batch.text)? == 0 {
                break;
            }
            self.next_line += 1;
            if batch.text.len() - start > self.max_line && !batch.text.ends_with(b"\n") {
                batch.text.truncate(start);
                batch.refused = true;
                self.input.skip_until(b'\n')?;
                break;
            }
            batch.ends.push(batch.text.len());
            if self.input.buffer().is_empty() {
                break;
            }
        }
        Ok((batch.first < self.next_line).then_some(batch))
    }
}

#[cfg(test)]
mod tests;
