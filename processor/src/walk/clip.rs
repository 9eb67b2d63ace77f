//! Cuts a dump down to what can be walked in bounded memory and time.
//!
//! The walker has no limits of its own: it creates a frame of about 8 KB for every 8 bytes of a stack that look like a
//! return address, and in a dump of 142 KB, 200 threads can refer to one stack and take more than 3 GB. So the sizes in
//! the dump's lists are lowered before parsing; nothing is moved or removed. Stacks start at the stack pointer, so
//! cutting them keeps the frames nearest to the crash.
//!
//! Only little-endian dumps are supported; every system that Datil knows writes these.

use super::cut::Cut;

/// Maximum streams of a dump. Real ones have fewer than 40.
pub(super) const STREAM_LIMIT: u32 = 1_000;

/// Bytes of a record in the thread list, and the offsets of its fields.
const THREAD_SIZE: usize = 48;
const THREAD_STACK_SIZE: usize = 32;
const THREAD_CONTEXT_SIZE: usize = 40;

/// Bytes of a record in the memory list, and the offset of its size.
const MEMORY_SIZE: usize = 16;
const MEMORY_DATA_SIZE: usize = 8;

/// Minimum bytes of a record in the list of handles.
const HANDLE_SIZE: u32 = 32;

const UNUSED_STREAM: u32 = 0;
const THREAD_LIST: u32 = 3;
const MEMORY_LIST: u32 = 5;
const EXCEPTION: u32 = 6;
const MEMORY_64_LIST: u32 = 9;
const HANDLES: u32 = 12;
const BREAKPAD_INFO: u32 = 0x4767_0001;

/// How hard to cut. Each level cuts more than the one before, so a dump can be cut again in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Leaves any sound dump alone: 2,000 threads, a stack of 1 MiB each, 64 MiB in all.
    Normal,
    /// A sixteenth of that, 500 threads, and the lists of memory give no access beyond the thread's own stack.
    Hard,
    /// As before, but only the crashing thread has any frames.
    CrashingThread,
}

/// Why a dump is refused before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is big-endian.
    BigEndian,
    /// It has more than [`STREAM_LIMIT`] streams.
    TooManyStreams,
}

impl Refused {
    /// The status of a walk of such a dump.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BigEndian => "BigEndianMinidump",
            Self::TooManyStreams => "TooManyStreams",
        }
    }
}

struct Limits {
    threads: u32,
    stack: u32,
    all_stacks: u64,
    region: u32,
}

impl Level {
    fn limits(self) -> Limits {
        match self {
            Self::Normal => Limits {
                threads: 2_000,
                stack: 1 << 20,
                all_stacks: 64 << 20,
                region: u32::MAX,
            },
            Self::Hard | Self::CrashingThread => Limits {
                threads: 500,
                stack: 1 << 16,
                all_stacks: 4 << 20,
                region: 1 << 12,
            },
        }
    }
}

/// Cuts `dump` in place, and returns what was lost.
///
/// Unreadable parts are left as they are: the parser will report them in its own words.
pub(super) fn clip(dump: &mut [u8], level: Level) -> Result<Cut, Refused> {
    if dump.starts_with(b"PMDM") {
        return Err(Refused::BigEndian);
    }
    if !dump.starts_with(b"MDMP") {
        return Ok(Cut::default());
    }
    let (Some(streams), Some(directory)) = (read(dump, 8), read(dump, 12)) else {
        return Ok(Cut::default());
    };
    if streams > STREAM_LIMIT {
        return Err(Refused::TooManyStreams);
    }
    let limits = level.limits();
    let named = named_threads(dump, streams, directory);
    let mut cut = Cut::default();
    for index in 0..streams {
        let Some(entry) = offset(directory, index, 12) else {
            continue;
        };
        match read(dump, entry) {
            Some(THREAD_LIST) => cut = cut.and(clip_threads(dump, entry, level, &limits, named)),
            Some(MEMORY_LIST) => cut.stacks |= clip_regions(dump, entry, limits.region),
            // The regions of this list are contiguous, so one cannot be made smaller without moving the others.
            Some(MEMORY_64_LIST) if level != Level::Normal => {
                cut.stacks |= write(dump, entry, UNUSED_STREAM);
            }
            // No stack needs the handles, and the walker trusts the sizes in their list.
            Some(HANDLES) if level != Level::Normal || !has_sound_handles(dump, entry) => {
                cut.handles |= write(dump, entry, UNUSED_STREAM);
            }
            _ => {}
        }
    }
    Ok(cut)
}

/// Whether the records of the list of handles have the right size, or there are none.
fn has_sound_handles(dump: &[u8], entry: usize) -> bool {
    let Some(list) = read(dump, entry + 8).map(|position| position as usize) else {
        return false;
    };
    let size = read(dump, list + 4).unwrap_or(0);
    size >= HANDLE_SIZE || read(dump, list + 8) == Some(0)
}

/// The ids of the thread that crashed and of the one that requested the dump, if they are named. An exception may name
/// a thread that is not in the dump.
fn named_threads(dump: &[u8], streams: u32, directory: u32) -> [Option<u32>; 2] {
    let find = |kind: u32| {
        (0..streams)
            .filter_map(|index| offset(directory, index, 12))
            .find(|&entry| read(dump, entry) == Some(kind))
            .and_then(|entry| read(dump, entry + 8))
            .map(|position| position as usize)
    };
    let crashed = find(EXCEPTION).and_then(|exception| read(dump, exception));
    let asked = find(BREAKPAD_INFO)
        .filter(|&info| read(dump, info).is_some_and(|valid| valid & 2 != 0))
        .and_then(|info| read(dump, info + 8));
    [crashed, asked]
}

/// The offset of a list's records and their number. Some writers put 4 bytes after the count, so that records are
/// aligned to 8 bytes.
fn records(dump: &[u8], entry: usize, record_size: usize) -> Option<(usize, u32)> {
    let (size, position) = (read(dump, entry + 4)?, read(dump, entry + 8)?);
    let count = read(dump, position as usize)?;
    let without_padding = (count as usize).checked_mul(record_size)?.checked_add(4)?;
    let padding = (size as usize).saturating_sub(without_padding).min(4);
    Some((position as usize + 4 + padding, count))
}

fn clip_threads(dump: &mut [u8], entry: usize, level: Level, limits: &Limits, named: [Option<u32>; 2]) -> Cut {
    let mut cut = Cut::default();
    let Some((first, count)) = records(dump, entry, THREAD_SIZE) else {
        return cut;
    };
    // The parser rejects a list that extends past the end of the dump; its count is meaningless.
    if (count as usize)
        .checked_mul(THREAD_SIZE)
        .and_then(|size| size.checked_add(first))
        .is_none_or(|end| end > dump.len())
    {
        return cut;
    }
    let record = |index: u32| first + index as usize * THREAD_SIZE;
    let crashing = named
        .into_iter()
        .flatten()
        .find(|id| (0..count).any(|index| read(dump, record(index)) == Some(*id)));
    let is_crashing = |dump: &[u8], index: u32| crashing.is_some() && read(dump, record(index)) == crashing;
    let kept = count.min(limits.threads);
    if kept < count {
        // The crashing thread must be among those kept. If several have its id, the walker takes the last.
        if let Some(index) = (kept..count).rev().find(|&index| is_crashing(dump, index)) {
            cut.moved = Some(index);
            dump.copy_within(record(index)..record(index) + THREAD_SIZE, record(kept - 1));
        }
        let list = first - read(dump, entry + 8).map_or(0, |position| position as usize);
        let size = list + kept as usize * THREAD_SIZE;
        if let (Some(position), Ok(size)) = (read(dump, entry + 8), u32::try_from(size)) {
            write(dump, position as usize, kept);
            write(dump, entry + 4, size);
            cut.threads = count - kept;
        }
    }
    let sizes = (0..kept).filter_map(|index| read(dump, record(index) + THREAD_STACK_SIZE));
    let all: u64 = sizes.map(|size| u64::from(size.min(limits.stack))).sum();
    let share = if all > limits.all_stacks {
        let each = limits.all_stacks / u64::from(kept.max(1));
        u32::try_from(each).unwrap_or(u32::MAX)
    } else {
        limits.stack
    };
    let main = crashing.is_none().then_some(0);
    for index in 0..kept {
        let chosen = is_crashing(dump, index) || Some(index) == main;
        let stack = if chosen { limits.stack } else { share };
        if level == Level::CrashingThread && !chosen {
            cut.others |= lower(dump, record(index) + THREAD_CONTEXT_SIZE, 0);
            cut.others |= lower(dump, record(index) + THREAD_STACK_SIZE, 0);
        } else {
            cut.stacks |= lower(dump, record(index) + THREAD_STACK_SIZE, stack);
        }
    }
    cut
}

fn clip_regions(dump: &mut [u8], entry: usize, limit: u32) -> bool {
    if limit == u32::MAX {
        return false;
    }
    let Some((first, count)) = records(dump, entry, MEMORY_SIZE) else {
        return false;
    };
    let fits = dump.len().saturating_sub(first) / MEMORY_SIZE;
    let mut cut = false;
    for index in 0..fits.min(count as usize) {
        cut |= lower(dump, first + index * MEMORY_SIZE + MEMORY_DATA_SIZE, limit);
    }
    cut
}

pub(super) fn offset(start: u32, index: u32, size: u32) -> Option<usize> {
    start
        .checked_add(index.checked_mul(size)?)
        .map(|offset| offset as usize)
}

pub(super) fn read(dump: &[u8], at: usize) -> Option<u32> {
    let bytes = dump.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Writes a number; false if there is no room.
pub(super) fn write(dump: &mut [u8], at: usize, value: u32) -> bool {
    let Some(room) = at.checked_add(4).and_then(|end| dump.get_mut(at..end)) else {
        return false;
    };
    room.copy_from_slice(&value.to_le_bytes());
    true
}

/// Lowers a number to `limit`; false if it was not higher.
fn lower(dump: &mut [u8], at: usize, limit: u32) -> bool {
    read(dump, at).is_some_and(|value| value > limit) && write(dump, at, limit)
}

#[cfg(test)]
mod tests;
