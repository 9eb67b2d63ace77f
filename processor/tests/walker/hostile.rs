//! Dumps made to do harm.

use processor::walk::WalkDeath;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::{document, dumps, job, pool, run, settings, walked};

pub(crate) fn what_is_no_minidump_has_an_error_for_a_status() {
    let sound = dumps::windows();
    let patched = |at: usize, value: u32| {
        let mut dump = sound.clone();
        dump[at..at + 4].copy_from_slice(&value.to_le_bytes());
        dump
    };
    let cases = [
        (Vec::new(), "MissingHeader"),
        (b"MDMP".to_vec(), "MissingHeader"),
        (vec![b'x'; 1_000], "HeaderMismatch"),
        (patched(4, 7), "VersionMismatch"),
        (sound[..40].to_vec(), "MissingDirectory"),
        (patched(8, u32::MAX), "TooManyStreams"),
        ([b"PMDM".as_slice(), &sound[4..]].concat(), "BigEndianMinidump"),
    ];
    run(async {
        let pool = pool(&[]);
        for (dump, status) in cases {
            let walked = walked(&pool, &job(dump)).await;
            assert_eq!(walked.status, status);
            assert_eq!(walked.json_dump, None, "{status}");
        }
        assert_eq!(walked(&pool, &job(sound.clone())).await.status, "OK");
    });
}

/// Random bytes, and sound dumps that are truncated or changed in places.
pub(crate) fn any_bytes_are_answered() {
    let sound = dumps::windows();
    let random = prop::collection::vec(any::<u8>(), 0..2_000);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20);
    let changed = (changes, any::<prop::sample::Index>()).prop_map({
        let sound = sound.clone();
        move |(changes, end)| {
            let mut dump = sound.clone();
            for (place, byte) in changes {
                let place = place.index(dump.len());
                dump[place] = byte;
            }
            let end = end.index(dump.len() * 2).min(dump.len());
            dump.truncate(end);
            dump
        }
    });
    run(async {
        let pool = pool(&[]);
        let mut runner = TestRunner::new(Config {
            cases: 300,
            failure_persistence: None,
            ..Config::default()
        });
        let strategy = prop_oneof![1 => random, 3 => changed];
        for _ in 0..300 {
            let dump = strategy.new_tree(&mut runner).unwrap().current();
            let walked = pool.walk(&job(dump.clone())).await;
            let modules = pool.modules(&dump.clone().into()).await;
            assert!(walked.is_ok() && modules.is_ok(), "{walked:?} {modules:?}: {dump:?}");
        }
    });
}

pub(crate) fn a_huge_stack_is_cut() {
    run(async {
        let pool = pool(&[]);
        let walked = walked(&pool, &job(dumps::deep(1, 8 << 20))).await;
        assert!(walked.cut.stacks);
        assert_eq!(walked.cut.threads, 0);
        let frames = document(&walked)["crashing_thread"]["frames"].as_array().unwrap().len();
        assert!((1_000..50_000).contains(&frames), "{frames}");
    });
}

pub(crate) fn threads_that_cite_one_stack_are_cut() {
    run(async {
        let pool = pool(&[]);
        for threads in [200, 3_000] {
            let walked = walked(&pool, &job(dumps::deep(threads, 128 << 10))).await;
            assert!(walked.cut.stacks);
            let document = document(&walked);
            assert_eq!(document["thread_count"], threads);
            let shown = document["threads"].as_array().unwrap().len();
            assert_eq!(shown + walked.cut.threads as usize, threads as usize);
            let frames = document["crashing_thread"]["frames"].as_array().unwrap().len();
            assert!(frames > 1_000, "the crashing thread is walked: {frames}");
            let kept = document["threads"].as_array().unwrap().len();
            assert!(kept == 200 || kept == 500, "{kept}");
        }
    });
}

/// Frames outside modules request no symbols, so only memory limits them.
pub(crate) fn too_much_memory_is_told_from_other_deaths() {
    run(async {
        let mut settings = settings(&[]);
        settings.memory_bytes = 300 << 20;
        let pool = processor::walk::Pool::new(settings).unwrap();
        let mut job = job(dumps::chained(20, 1 << 20));
        let death = pool.walk(&job).await.unwrap_err();
        assert!(matches!(death, WalkDeath::OutOfMemory), "{death:?}");
        assert_eq!(death.name(), "out of memory");
        job.dump = dumps::chained(1, 1 << 20).into();
        job.hard_clip = true;
        let walked = walked(&pool, &job).await;
        assert!(walked.cut.stacks);
        assert_eq!(walked.status, "OK");
    });
}
