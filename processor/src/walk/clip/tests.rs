use proptest::prelude::*;

use super::*;

/// A dump with only a thread list (id and stack size each), a memory list with one region, and an exception.
fn dump(threads: &[(u32, u32)], region: u32, crashing: u32) -> Vec<u8> {
    let mut bytes = vec![0; 32 + 36];
    bytes[..4].copy_from_slice(b"MDMP");
    write(&mut bytes, 8, 3);
    write(&mut bytes, 12, 32);
    let mut add = |index: usize, kind: u32, stream: &[u8]| {
        let position = bytes.len();
        write(&mut bytes, 32 + index * 12, kind);
        write(&mut bytes, 36 + index * 12, stream.len() as u32);
        write(&mut bytes, 40 + index * 12, position as u32);
        bytes.extend_from_slice(stream);
    };
    let mut list = (threads.len() as u32).to_le_bytes().to_vec();
    for (id, stack) in threads {
        let mut record = [0; THREAD_SIZE];
        write(&mut record, 0, *id);
        write(&mut record, THREAD_STACK_SIZE, *stack);
        write(&mut record, THREAD_CONTEXT_SIZE, 1_232);
        list.extend_from_slice(&record);
    }
    add(0, THREAD_LIST, &list);
    let mut list = 1_u32.to_le_bytes().to_vec();
    list.extend_from_slice(&[0; MEMORY_SIZE]);
    write(&mut list, 4 + MEMORY_DATA_SIZE, region);
    add(1, MEMORY_LIST, &list);
    add(2, EXCEPTION, &crashing.to_le_bytes());
    bytes
}

/// The threads' ids, stack sizes, and whether they have a context; and the region's size.
fn shown(dump: &[u8]) -> (Vec<(u32, u32, bool)>, u32) {
    let (first, count) = records(dump, 32, THREAD_SIZE).unwrap();
    let field = |index: u32, field: usize| read(dump, first + index as usize * THREAD_SIZE + field).unwrap();
    let threads = (0..count)
        .map(|index| {
            (
                field(index, 0),
                field(index, THREAD_STACK_SIZE),
                field(index, THREAD_CONTEXT_SIZE) > 0,
            )
        })
        .collect();
    let (region, _) = records(dump, 44, MEMORY_SIZE).unwrap();
    (threads, read(dump, region + MEMORY_DATA_SIZE).unwrap())
}

#[test]
fn a_sound_dump_is_left_as_it_is() {
    let before = dump(&[(1, 900_000), (2, 4_096)], 1 << 24, 2);
    let mut after = before.clone();
    assert_eq!(clip(&mut after, Level::Normal), Ok(Cut::default()));
    assert_eq!(after, before);
}

#[test]
fn each_level_cuts_more() {
    let mut bytes = dump(&[(1, 8 << 20), (2, 4_096), (3, 70_000)], 1 << 24, 3);
    for (level, threads, region) in [
        (
            Level::Normal,
            vec![(1, 1 << 20, true), (2, 4_096, true), (3, 70_000, true)],
            1 << 24,
        ),
        (
            Level::Hard,
            vec![(1, 1 << 16, true), (2, 4_096, true), (3, 1 << 16, true)],
            1 << 12,
        ),
        (
            Level::CrashingThread,
            vec![(1, 0, false), (2, 0, false), (3, 1 << 16, true)],
            1 << 12,
        ),
    ] {
        let cut = Cut {
            stacks: level != Level::CrashingThread,
            others: level == Level::CrashingThread,
            ..Cut::default()
        };
        assert_eq!(clip(&mut bytes, level), Ok(cut), "{level:?}");
        assert_eq!(shown(&bytes), (threads, region), "{level:?}");
        assert_eq!(clip(&mut bytes, level), Ok(Cut::default()), "{level:?} again");
    }
}

#[test]
fn the_crashing_thread_stays_when_there_are_too_many() {
    let threads: Vec<_> = (0..3_000).map(|id| (id, 100)).collect();
    let mut bytes = dump(&threads, 0, 2_500);
    let cut = Cut {
        threads: 1_000,
        moved: Some(2_500),
        ..Cut::default()
    };
    assert_eq!(clip(&mut bytes, Level::Normal), Ok(cut));
    let (threads, _) = shown(&bytes);
    assert_eq!(threads.len(), 2_000);
    assert_eq!(threads[0].0, 0);
    assert_eq!(threads[1_999].0, 2_500);
    assert_eq!(read(&bytes, 36), Some(4 + 2_000 * 48), "the stream's size");
}

#[test]
fn threads_share_what_all_stacks_may_have_and_the_crashing_one_keeps_its_own() {
    let threads: Vec<_> = (0..1_000).map(|id| (id, 1 << 20)).collect();
    let mut bytes = dump(&threads, 0, 7);
    assert!(clip(&mut bytes, Level::Normal).unwrap().stacks);
    let (threads, _) = shown(&bytes);
    assert_eq!(threads[7].1, 1 << 20);
    assert_eq!(threads[8].1, (64 << 20) / 1_000);
}

#[test]
fn what_cannot_be_bounded_is_refused() {
    let mut big_endian = b"PMDM".to_vec();
    assert_eq!(clip(&mut big_endian, Level::Normal), Err(Refused::BigEndian));
    let mut streams = dump(&[], 0, 0);
    write(&mut streams, 8, STREAM_LIMIT + 1);
    assert_eq!(clip(&mut streams, Level::Normal), Err(Refused::TooManyStreams));
}

proptest! {
    #[test]
    fn any_bytes_can_be_cut(header in prop::collection::vec(any::<u8>(), 0..400), small in any::<bool>()) {
        let mut bytes = b"MDMP".to_vec();
        bytes.extend_from_slice(&header);
        if small {
            // Small numbers, so that lists and directory point into the dump and at each other.
            for position in (8..bytes.len().saturating_sub(4)).step_by(4) {
                let value = read(&bytes, position).unwrap_or(0) % 200;
                write(&mut bytes, position, value);
            }
        }
        let length = bytes.len();
        for level in [Level::Normal, Level::Hard, Level::CrashingThread] {
            let _ = clip(&mut bytes, level);
        }
        prop_assert_eq!(bytes.len(), length);
    }
}
