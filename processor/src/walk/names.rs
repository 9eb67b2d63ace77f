//! Names in a dump that the walker cannot read. Pure.
//!
//! One name that is no UTF-16, or that lies outside of the dump, costs the walker the whole list of
//! modules (getsentry/symbolicator#1115), and with it every function. File names of Windows may
//! hold halves of surrogate pairs.

use std::collections::HashMap;

use super::clip::{offset, read, records, write};

/// Bytes of a name at most: twice the longest path of Windows.
const MAX_NAME: u32 = 65_534;
/// What stands for a name that lies outside of the dump.
const UNREADABLE: &str = "(unreadable)";
/// U+FFFD in UTF-16.
const REPLACEMENT: [u8; 2] = [0xfd, 0xff];

const MODULE_LIST: u32 = 4;
const UNLOADED_MODULE_LIST: u32 = 14;
const THREAD_NAMES: u32 = 24;

/// Bytes of a record in the list of modules, and where a name's place is in it and in that of an
/// unloaded module.
const MODULE_SIZE: usize = 108;
const MODULE_NAME: usize = 20;
/// Bytes of a record in the list of threads' names, and where the name's place is.
const THREAD_NAME_SIZE: usize = 12;
const THREAD_NAME: usize = 4;

/// Puts names right that could not be read, in place but for one string at the end; answers how
/// many there were.
pub(super) fn mend(dump: &mut Vec<u8>) -> u32 {
    let (Some(streams), Some(directory)) = (read(dump, 8), read(dump, 12)) else {
        return 0;
    };
    if !dump.starts_with(b"MDMP") || streams > super::clip::STREAM_LIMIT {
        return 0;
    }
    let mut places = Vec::new();
    for index in 0..streams {
        let Some(entry) = offset(directory, index, 12) else {
            continue;
        };
        match read(dump, entry) {
            Some(MODULE_LIST) => places.extend(in_list(dump, entry, MODULE_SIZE, MODULE_NAME)),
            Some(THREAD_NAMES) => {
                places.extend(in_list(dump, entry, THREAD_NAME_SIZE, THREAD_NAME));
            }
            Some(UNLOADED_MODULE_LIST) => places.extend(in_extended_list(dump, entry)),
            _ => {}
        }
    }
    // By where the string lies.
    let mut known: HashMap<u32, Mended> = HashMap::new();
    let mut stand_in = None;
    for place in places {
        let Some(name) = read(dump, place) else {
            continue;
        };
        let mended = *known.entry(name).or_insert_with(|| mend_string(dump, name));
        if mended == Mended::Unreadable {
            let text = *stand_in.get_or_insert_with(|| append(dump, UNREADABLE));
            write(dump, place, text);
        }
    }
    let bad = known.values().filter(|mended| **mended != Mended::Sound);
    u32::try_from(bad.count()).unwrap_or(u32::MAX)
}

/// What became of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mended {
    /// It was as it should be.
    Sound,
    /// It has been put right.
    Changed,
    /// It does not lie in the dump.
    Unreadable,
}

/// Puts a string right in place: a length that is odd or too large, halves of surrogate pairs.
fn mend_string(dump: &mut [u8], at: u32) -> Mended {
    let Some(size) = read(dump, at as usize) else {
        return Mended::Unreadable;
    };
    let kept = size.min(MAX_NAME) & !1;
    let start = at as usize + 4;
    let Some(units) = dump.get_mut(start..start + kept as usize) else {
        return Mended::Unreadable;
    };
    let had_halves = replace_halves(units);
    if kept != size {
        write(dump, at as usize, kept);
    }
    match kept != size || had_halves {
        true => Mended::Changed,
        false => Mended::Sound,
    }
}

/// The places of the names in a list of records of one size.
fn in_list(dump: &[u8], entry: usize, size: usize, name: usize) -> Vec<usize> {
    let Some((first, count)) = records(dump, entry, size) else {
        return Vec::new();
    };
    let fits = dump.len().saturating_sub(first) / size;
    (0..fits.min(count as usize))
        .map(|index| first + index * size + name)
        .collect()
}

/// The places of the names in the list of unloaded modules, whose head says how large head and
/// records are.
fn in_extended_list(dump: &[u8], entry: usize) -> Vec<usize> {
    let places = || {
        let position = read(dump, entry + 8)? as usize;
        let (head, size) = (
            read(dump, position)? as usize,
            read(dump, position + 4)? as usize,
        );
        let count = read(dump, position + 8)? as usize;
        let first = position + head;
        let fits = dump.len().saturating_sub(first).checked_div(size)?;
        Some((0..fits.min(count)).map(move |index| first + index * size + MODULE_NAME))
    };
    places().into_iter().flatten().collect()
}

/// Replaces halves of surrogate pairs; true if there were some.
fn replace_halves(units: &mut [u8]) -> bool {
    let unit = |units: &[u8], at: usize| match units.get(at..at + 2) {
        Some([low, high]) => u16::from_le_bytes([*low, *high]),
        _ => 0,
    };
    let (mut had_halves, mut at) = (false, 0);
    while at + 2 <= units.len() {
        at += match (unit(units, at), unit(units, at + 2)) {
            (0xD800..=0xDBFF, 0xDC00..=0xDFFF) => 4,
            (0xD800..=0xDFFF, _) => {
                if let Some(half) = units.get_mut(at..at + 2) {
                    half.copy_from_slice(&REPLACEMENT);
                }
                had_halves = true;
                2
            }
            _ => 2,
        };
    }
    had_halves
}

/// Appends a string; answers where it is.
fn append(dump: &mut Vec<u8>, text: &str) -> u32 {
    // Dumps are smaller than DUMP_LIMIT.
    let at = u32::try_from(dump.len()).unwrap_or(u32::MAX);
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let size = u32::try_from(units.len()).unwrap_or(0);
    dump.extend_from_slice(&size.to_le_bytes());
    dump.extend_from_slice(&units);
    dump.extend_from_slice(&[0; 2]);
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A dump of nothing but a module list; each name is given as a string's bytes.
    fn dump(names: &[&[u8]]) -> Vec<u8> {
        let list = 32 + 12;
        let strings = list + 4 + names.len() * MODULE_SIZE;
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
            write(&mut bytes, list + 4 + index * MODULE_SIZE + MODULE_NAME, at);
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
        in_list(dump, 32, MODULE_SIZE, MODULE_NAME)
            .into_iter()
            .map(|place| {
                let at = read(dump, place).unwrap() as usize;
                let size = read(dump, at).unwrap() as usize;
                let units: Vec<u16> = dump[at + 4..at + 4 + size]
                    .chunks(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
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
            // Small numbers, so that lists and names point into the dump and into each other.
            for position in (8..bytes.len().saturating_sub(4)).step_by(4) {
                let value = read(&bytes, position).unwrap_or(0) % 200;
                write(&mut bytes, position, value);
            }
            let length = bytes.len();
            mend(&mut bytes);
            prop_assert!(bytes.len() <= length + 40);
        }
    }
}
