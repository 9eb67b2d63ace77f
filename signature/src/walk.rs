//! The walk from the normalised frames to a signature, with the lists.

use crate::lists::{Lists, Verdict};
use crate::outcome::{Event, Log};

/// The result of a walk.
pub(crate) struct Walk {
    /// The frames taken, joined by ` | `; `None` if all were left out.
    pub(crate) signature: Option<String>,
    /// The first frame examined: the sentinel, if there is one.
    pub(crate) start: usize,
}

/// Walks the frames from the innermost outwards: starts at the first sentinel, skips irrelevant frames, takes frames as
/// long as they are prefixes, and ends with the first that is not.
pub(crate) fn walk(frames: &[String], lists: &Lists, log: &mut Log) -> Walk {
    let mut start = 0;
    let sentinel = frames
        .iter()
        .enumerate()
        .find_map(|(index, frame)| Some((index, frame, lists.sentinel(frame)?)));
    if let Some((index, frame, entry)) = sentinel {
        start = index;
        log.add(|| Event::Sentinel {
            frame: frame.clone(),
            index,
            entry: entry.clone(),
        });
    }
    let mut taken: Vec<&str> = Vec::new();
    for frame in frames.iter().skip(start) {
        if frame.is_empty() {
            log.add(|| Event::Empty);
            continue;
        }
        let verdict = lists.verdict(frame);
        if let Some(Verdict::Irrelevant(entry)) = verdict {
            log.add(|| Event::Irrelevant {
                frame: frame.clone(),
                entry: entry.clone(),
            });
            continue;
        }
        if taken.last() == Some(&frame.as_str()) && is_library(frame) {
            log.add(|| Event::RepeatedLibrary { frame: frame.clone() });
            continue;
        }
        taken.push(frame);
        let Some(Verdict::Prefix(entry)) = verdict else {
            log.add(|| Event::NotPrefix { frame: frame.clone() });
            break;
        };
        log.add(|| Event::Prefix {
            frame: frame.clone(),
            entry: entry.clone(),
        });
    }
    Walk {
        signature: (!taken.is_empty()).then(|| taken.join(" | ")),
        start,
    }
}

/// Returns whether a frame names a library rather than a function.
fn is_library(frame: &str) -> bool {
    let ends_with = |suffix: &str| {
        frame
            .len()
            .checked_sub(suffix.len())
            .and_then(|at| frame.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    frame == "XUL"
        || frame == "<name omitted>"
        || frame.starts_with("<unknown in")
        || ends_with(".dll")
        || ends_with(".so")
}
