//! Repairs names in a dump that the walker cannot read. Pure.
//!
//! One name that is not UTF-16, or that is outside the dump, makes the walker drop the whole list of modules
//! (getsentry/symbolicator#1115), and every function with it. Windows file names may contain unpaired surrogates. Such
//! a name gets a readable copy, appended to the dump, and its record points to that; nothing else in the dump is
//! touched, since any other place may be part of a stack.

use std::collections::HashMap;

use super::clip::{STREAM_LIMIT, offset, read, write};

/// Maximum bytes of a name: twice the longest Windows path.
const MAX_NAME: usize = 65_534;
/// Maximum bytes of copies; any further name becomes [`UNREADABLE`].
const MAX_COPIES: usize = 1 << 20;
/// Stands for a name outside the dump.
const UNREADABLE: &str = "(unreadable)";
/// Bytes of a dump's head, which holds no names.
const HEAD: u32 = 32;

const MODULE_LIST: u32 = 4;
const SYSTEM_INFO: u32 = 7;
const UNLOADED_MODULE_LIST: u32 = 14;
const THREAD_NAMES: u32 = 24;

/// A list whose records each name a string.
#[derive(Debug, Clone, Copy)]
struct List {
    /// The offset of its records, their size and their number.
    first: usize,
    size: usize,
    count: usize,
    /// The offset in a record that holds the string's location.
    name: usize,
    /// Whether one bad name makes the walker drop the whole list, not just that name.
    is_lost: bool,
}

/// Gives unreadable names a readable copy; returns how many there were.
pub(super) fn mend(dump: &mut Vec<u8>) -> u32 {
    let mut copies = Copies {
        end: dump.len(),
        ..Copies::default()
    };
    for kind in [MODULE_LIST, UNLOADED_MODULE_LIST, THREAD_NAMES, SYSTEM_INFO] {
        let Some(list) = list(dump, kind) else {
            continue;
        };
        for index in 0..list.count {
            let place = list.first + index * list.size + list.name;
            if let Some(copy) = read(dump, place).and_then(|name| copies.of(dump, name, list)) {
                write(dump, place, copy);
            }
        }
    }
    dump.reserve_exact(copies.bytes.len());
    dump.extend_from_slice(&copies.bytes);
    copies.bad
}

/// The list of a kind, if the walker would read it.
fn list(dump: &[u8], kind: u32) -> Option<List> {
    if !dump.starts_with(b"MDMP") {
        return None;
    }
    let (streams, directory) = (read(dump, 8)?, read(dump, 12)?);
    // If there are several of a kind, the walker takes the last.
    let entry = (0..streams.min(STREAM_LIMIT))
        .rev()
        .filter_map(|index| offset(directory, index, 12))
        .find(|entry| read(dump, *entry) == Some(kind))?;
    let (stream, start) = (read(dump, entry + 4)? as usize, read(dump, entry + 8)? as usize);
    dump.get(start..start.checked_add(stream)?)?;
    let (head, size, count, name, is_lost) = match kind {
        MODULE_LIST => (4, 108, read(dump, start)?, 20, true),
        THREAD_NAMES => (4, 12, read(dump, start)?, 4, false),
        // One record: the system's version has a text, such as macOS' build number.
        SYSTEM_INFO => (0, 28, 1, 24, false),
        // The list's head gives the size of the head and of the records.
        _ => {
            let (head, size) = (read(dump, start)? as usize, read(dump, start + 4)?);
            (
                head,
                if size == 24 { 24 } else { return None },
                read(dump, start + 8)?,
                20,
                true,
            )
        }
    };
    let count = count as usize;
    let needed = count.checked_mul(size)?.checked_add(head)?;
    let padding = stream.checked_sub(needed)?;
    let is_plain = matches!(kind, MODULE_LIST | THREAD_NAMES);
    // Some writers put 4 bytes after the count, so that records are aligned to 8 bytes.
    let first = match (is_plain, padding) {
        (true, 4) => start + head + 4,
        (true, 1..) => return None,
        _ => start + head,
    };
    Some(List {
        first,
        size,
        count,
        name,
        is_lost,
    })
}

/// The copies to append to a dump.
#[derive(Debug, Default)]
struct Copies {
    /// The offset where they start.
    end: usize,
    bytes: Vec<u8>,
    /// By the location of the string, the location of its copy if it needs one.
    known: HashMap<u32, Option<u32>>,
    unreadable: Option<u32>,
    bad: u32,
}

impl Copies {
    /// The location of a string's copy, if it needs one.
    fn of(&mut self, dump: &[u8], name: u32, list: List) -> Option<u32> {
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let copy = match units(dump, name) {
            Some(units) => match String::from_utf16(&units) {
                Ok(_) if read(dump, name as usize).is_some_and(|size| size % 2 == 0) => None,
                _ => Some(String::from_utf16_lossy(&units)),
            },
            None => Some(UNREADABLE.to_owned()).filter(|_| list.is_lost),
        };
        let copy = copy.map(|text| self.add(&text));
        self.bad = self.bad.saturating_add(u32::from(copy.is_some()));
        self.known.insert(name, copy);
        copy
    }

    fn add(&mut self, text: &str) -> u32 {
        let is_readable = text != UNREADABLE && self.bytes.len() + 2 * text.len() < MAX_COPIES;
        if let (false, Some(place)) = (is_readable, self.unreadable) {
            return place;
        }
        let text = if is_readable { text } else { UNREADABLE };
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // Dumps are smaller than DUMP_LIMIT, and names than MAX_NAME.
        let place = u32::try_from(self.end + self.bytes.len()).unwrap_or(u32::MAX);
        let size = u32::try_from(units.len()).unwrap_or(0);
        self.bytes.extend_from_slice(&size.to_le_bytes());
        self.bytes.extend_from_slice(&units);
        self.bytes.extend_from_slice(&[0; 2]);
        if !is_readable {
            self.unreadable = Some(place);
        }
        place
    }
}

/// The units of a string, if it is in the dump; a trailing half unit is dropped.
fn units(dump: &[u8], name: u32) -> Option<Vec<u16>> {
    let size = read(dump, name as usize).filter(|_| name >= HEAD)? as usize;
    let start = name as usize + 4;
    let bytes = dump.get(start..start + size).filter(|_| size <= MAX_NAME)?;
    let pairs = bytes.chunks_exact(2);
    Some(
        pairs
            .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A dump with only a module list; each name is given as a string's bytes.
    fn dump(names: &[&[u8]]) -> Vec<u8> {
        let list = 32 + 12;
        let strings = list + 4 + names.len() * 108;
        let mut bytes = vec![0; strings];
        bytes[..4].copy_from_slice(b"MDMP");
        write(&mut bytes, 8, 1);
        write(&mut bytes, 12, 32);
        write(&mut bytes, 32, MODULE_LIST);
        write(&mut bytes, 36, (strings - list) as u32);
        write(&mut bytes, 40, list as u32);
        write(&mut bytes, list, names.len() as u32);
        for (index, name) in names.iter().enumerate() {
            let at = bytes.len() as u32;
            write(&mut bytes, list + 4 + index * 108 + 20, at);
            bytes.extend_from_slice(name);
        }
        bytes
    }

    fn named(units: &[u16]) -> Vec<u8> {
        let mut bytes = (units.len() as u32 * 2).to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes
    }

    fn names(dump: &[u8]) -> Vec<String> {
        let list = list(dump, MODULE_LIST).unwrap();
        (0..list.count)
            .map(|index| {
                let place = read(dump, list.first + index * list.size + list.name);
                let units = units(dump, place.unwrap()).unwrap();
                String::from_utf16(&units).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_bad_name_costs_no_other() {
        let good: Vec<u16> = "a.dll".encode_utf16().collect();
        let pair: Vec<u16> = "😀".encode_utf16().collect();
        let mut odd = named(&good);
        odd[0] -= 1;
        let outside = 1_000_000_u32.to_le_bytes().to_vec();
        for (name, expected, bad) in [
            (named(&good), "a.dll", 0),
            (named(&pair), "😀", 0),
            (named(&[0xd800]), "\u{fffd}", 1),
            (named(&[0x61, 0xdc00, 0x62]), "a\u{fffd}b", 1),
            (odd, "a.dl", 1),
            (outside, UNREADABLE, 1),
            (Vec::new(), UNREADABLE, 1),
        ] {
            let mut bytes = dump(&[&named(&good), &name]);
            assert_eq!(mend(&mut bytes), bad, "{expected}");
            assert_eq!(names(&bytes), ["a.dll", expected]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_mended(header in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = b"MDMP".to_vec();
            bytes.extend_from_slice(&header);
            // Small numbers, so that lists and names point into the dump and at each other.
            for position in (8..bytes.len().saturating_sub(4)).step_by(4) {
                let value = read(&bytes, position).unwrap_or(0) % 200;
                write(&mut bytes, position, value);
            }
            let before = bytes.clone();
            mend(&mut bytes);
            prop_assert!(bytes.len() <= before.len() + MAX_COPIES + MAX_NAME);
            // Only the locations of names in the lists' records change.
            for kind in [MODULE_LIST, UNLOADED_MODULE_LIST, THREAD_NAMES, SYSTEM_INFO] {
                if let Some(list) = list(&before, kind) {
                    for index in 0..list.count {
                        let place = list.first + index * list.size + list.name;
                        let old = read(&before, place).unwrap();
                        write(&mut bytes, place, old);
                    }
                }
            }
            prop_assert_eq!(&bytes[..before.len()], &before[..]);
        }
    }

    #[test]
    fn the_text_of_the_systems_version_is_mended_too() {
        let mut bytes = vec![0; 44 + 56];
        bytes[..4].copy_from_slice(b"MDMP");
        for (at, value) in [(8, 1), (12, 32), (32, SYSTEM_INFO), (36, 56), (40, 44), (68, 100)] {
            write(&mut bytes, at, value);
        }
        bytes.extend(named(&[0x41, 0xd800]));
        assert_eq!(mend(&mut bytes), 1);
        let mended = units(&bytes, read(&bytes, 68).unwrap()).unwrap();
        assert_eq!(mended, [0x41, 0xfffd]);
    }

    #[test]
    fn what_the_walker_does_not_read_is_not_touched() {
        let half = named(&[0xd800]);
        let sound = dump(&[&half]);
        // A name in the head of the dump, and a list shorter than it claims.
        let mut in_head = sound.clone();
        write(&mut in_head, 32 + 12 + 4 + 20, 0);
        let mut short = sound.clone();
        write(&mut short, 36, 50);
        let mut long = sound;
        write(&mut long, 36, 4 + 108 + 8);
        for (bytes, bad) in [(in_head, 1), (short, 0), (long, 0)] {
            let mut mended = bytes.clone();
            assert_eq!(mend(&mut mended), bad);
            let changed = bytes.iter().zip(&mended).filter(|(old, new)| old != new).count();
            assert!(changed <= 4 * bad as usize, "{changed}");
        }
    }
}
