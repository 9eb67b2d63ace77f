//! Work that only one process may do at a time, as shown to people: what it waits for, its progress, and Ctrl-C to stop
//! it.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use buildinfo::import::Progress;
use platform::lease::LEASE;
use tokio_util::sync::CancellationToken;

use crate::owner::owner;

/// How often a waiting command repeats that it waits.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// A piece of such work.
pub(super) struct Work {
    pub(super) owner: String,
    pub(super) stop: CancellationToken,
    bar: indicatif::ProgressBar,
    wait: Mutex<Wait>,
}

impl Work {
    pub(super) fn start() -> Self {
        let stop = CancellationToken::new();
        tokio::spawn(stop_at_signal(stop.clone()));
        Self {
            owner: owner(),
            stop,
            bar: progress_bar(),
            wait: Mutex::new(Wait::new(Instant::now())),
        }
    }

    pub(super) fn report(&self) -> impl Fn(Progress) + Sync + '_ {
        |progress| self.show(progress)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, progress: Progress) {
        if let Progress::Waiting(owner) = &progress {
            let wait = self.wait.lock().ok();
            let notice = wait.and_then(|mut wait| wait.notice(owner, Instant::now()));
            if let Some(notice) = notice {
                self.bar.suspend(|| tracing::warn!("{notice}"));
            }
        }
        show(&self.bar, progress);
    }
}

/// Shows the progress of an import.
pub(crate) fn show(bar: &indicatif::ProgressBar, progress: Progress) {
    match progress {
        Progress::Waiting(owner) => bar.set_message(format!("waiting for {owner}")),
        Progress::Reading { source, done, total } => step(bar, format!("reading {source}"), done, total),
        Progress::Deriving { done, total } => {
            step(bar, "deriving builds".to_owned(), done, total);
        }
    }
}

/// Shows how many steps are done.
pub(crate) fn step(bar: &indicatif::ProgressBar, what: String, done: u64, total: u64) {
    bar.set_message(what);
    bar.set_length(total);
    bar.set_position(done);
}

/// Cancels `stop` at Ctrl-C.
pub(crate) async fn stop_at_signal(stop: CancellationToken) {
    // Without a handler the default action ends the process, which this work survives.
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
    }
}

/// One line on the terminal, overwritten repeatedly; nothing if the output is not a terminal.
pub(crate) fn progress_bar() -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg:26} {wide_bar} {pos}/{len} {eta}");
    let bar = indicatif::ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar
}

/// The wait for another process's work.
#[derive(Debug)]
struct Wait {
    began: Instant,
    /// The owner waited for, and when it was last reported.
    said: Option<(String, Instant)>,
}

impl Wait {
    fn new(began: Instant) -> Self {
        Self { began, said: None }
    }

    /// The notice at `now` about the wait for `owner`: at the start, when the owner changes, and every minute.
    fn notice(&mut self, owner: &str, now: Instant) -> Option<String> {
        let known = self.said.as_ref().filter(|(said, _)| said == owner);
        if known.is_some_and(|(_, at)| now.duration_since(*at) < SAY_EVERY) {
            return None;
        }
        let first = known.is_none();
        self.said = Some((owner.to_owned(), now));
        Some(if first {
            format!(
                "another import runs, by {owner}: waiting for its end; if its process is dead, {} seconds at most",
                LEASE.as_secs()
            )
        } else {
            let seconds = now.duration_since(self.began).as_secs();
            format!("the import by {owner} goes on: waiting for {seconds} seconds by now")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_at_its_beginning_and_then_every_minute() {
        let began = Instant::now();
        let mut wait = Wait::new(began);
        for (seconds, owner, expected) in [
            (
                0,
                "1-a",
                Some("by 1-a: waiting for its end; if its process is dead, 15 seconds"),
            ),
            (1, "1-a", None),
            (59, "1-a", None),
            (60, "1-a", Some("by 1-a goes on: waiting for 60 seconds")),
            (61, "1-a", None),
            (62, "2-b", Some("by 2-b: waiting for its end")),
            (121, "2-b", None),
            (122, "2-b", Some("by 2-b goes on: waiting for 122 seconds")),
        ] {
            let now = began + Duration::from_secs(seconds);
            let found = wait.notice(owner, now);
            assert_eq!(found.is_some(), expected.is_some(), "{seconds} {owner}");
            let found = found.unwrap_or_default();
            assert!(found.contains(expected.unwrap_or_default()), "{found}");
        }
    }
}
