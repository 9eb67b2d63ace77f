//! Verbatim answers of sources: recorded during an import, and played back to another import instead of querying the
//! sources, so that a failed run becomes a test.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use builds::said::Response;

/// A recording.
#[derive(Debug)]
pub struct Tape(Mutex<Mode>);

#[derive(Debug)]
enum Mode {
    Recording(Vec<Response>),
    Playing(HashMap<String, VecDeque<Response>>),
}

impl Tape {
    /// An empty tape for recording.
    pub fn new() -> Self {
        Self(Mutex::new(Mode::Recording(Vec::new())))
    }

    /// A tape for playback. A question asked several times, such as a retried one, gets its answers in the recorded
    /// order, and then the last one for ever.
    pub fn of(responses: impl IntoIterator<Item = Response>) -> Self {
        let mut answers: HashMap<String, VecDeque<Response>> = HashMap::new();
        for response in responses {
            answers.entry(response.request()).or_default().push_back(response);
        }
        Self(Mutex::new(Mode::Playing(answers)))
    }

    /// Takes what was recorded since the last call.
    pub fn take(&self) -> Vec<Response> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Recording(responses) => std::mem::take(responses),
            Mode::Playing(_) => Vec::new(),
        }
    }

    /// Records an answer, if this tape records.
    pub(super) fn record(&self, response: impl FnOnce() -> Response) {
        if let Mode::Recording(responses) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            responses.push(response());
        }
    }

    /// The recorded answer to a question, if this tape plays; the inner value is `None` if the question was never
    /// asked.
    pub(super) fn play(&self, method: &str, path: &str, question: &str) -> Option<Option<Response>> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Recording(_) => None,
            Mode::Playing(answers) => Some(answers.get_mut(&Response::request_of(method, path, question)).and_then(
                |queue| match queue.len() {
                    0 | 1 => queue.front().cloned(),
                    _ => queue.pop_front(),
                },
            )),
        }
    }
}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, Tape};

    fn response(path: &str, status: u16) -> Response {
        Response {
            method: "GET".to_owned(),
            path: path.to_owned(),
            question: String::new(),
            status,
            content_type: None,
            etag: None,
            body: Vec::new(),
        }
    }

    #[test]
    fn a_tape_plays_what_was_recorded_in_its_order_and_nothing_else() {
        let recording = Tape::new();
        for status in [502, 200] {
            recording.record(|| response("/a", status));
        }
        assert_eq!(recording.play("GET", "/a", ""), None);
        let tape = Tape::of(recording.take());
        let statuses: Vec<_> = (0..3)
            .map(|_| tape.play("GET", "/a", "").unwrap().unwrap().status)
            .collect();
        assert_eq!(statuses, [502, 200, 200]);
        assert_eq!(tape.play("GET", "/b", ""), Some(None));
        assert!(tape.take().is_empty());
    }
}
