//! How children live and die.

use std::time::Duration;

use futures::FutureExt;
use processor::walk::{Pool, WalkDeath};
use rustix::process::{Pid, Signal, kill_process};

use crate::{dumps, job, pool, run, settings, walked};

/// The running child processes of this one.
fn children() -> Vec<Pid> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // "pid (name) state parent …"; a process that has ended in the meantime has no file.
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = rest.split(' ');
        let (state, parent) = (fields.next(), fields.next());
        if parent == Some(own.as_str()) && state != Some("Z") {
            found.extend(Pid::from_raw(pid));
        }
    }
    found
}

/// Waits until there are no children; they are killed in the background.
async fn until_childless() {
    let gone = async {
        while !children().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), gone).await;
    assert!(waited.is_ok(), "{:?}", children());
}

/// The one child, after a first walk.
async fn only_child(pool: &Pool) -> Pid {
    walked(pool, &job(dumps::windows())).await;
    let children = children();
    assert_eq!(children.len(), 1);
    children[0]
}

pub(crate) fn a_child_that_is_killed_is_replaced() {
    run(async {
        let pool = pool(&[]);
        let child = only_child(&pool).await;
        // While stopped, it keeps working on the dump until it is killed.
        kill_process(child, Signal::STOP).unwrap();
        let job = job(dumps::windows());
        let mut walk = std::pin::pin!(pool.walk(&job));
        assert!(walk.as_mut().now_or_never().is_none());
        kill_process(child, Signal::KILL).unwrap();
        let death = walk.await.unwrap_err();
        assert!(matches!(death, WalkDeath::Signal(9)), "{death:?}");
        assert!(death.may_be_the_dumps_fault());
        assert_ne!(only_child(&pool).await, child);
    });
}

pub(crate) fn a_child_that_dies_idle_costs_no_dump() {
    run(async {
        let pool = pool(&[]);
        let child = only_child(&pool).await;
        kill_process(child, Signal::KILL).unwrap();
        until_childless().await;
        assert_ne!(only_child(&pool).await, child);
    });
}

pub(crate) fn a_child_that_takes_too_long_is_killed() {
    run(async {
        let mut settings = settings(&[]);
        settings.timeout = Duration::from_millis(500);
        let pool = Pool::new(settings).unwrap();
        let child = only_child(&pool).await;
        kill_process(child, Signal::STOP).unwrap();
        let death = pool.walk(&job(dumps::windows())).await.unwrap_err();
        assert!(matches!(death, WalkDeath::Timeout), "{death:?}");
        until_childless().await;
        assert_ne!(only_child(&pool).await, child);
    });
}

pub(crate) fn a_walk_that_nobody_waits_for_ends_its_child() {
    run(async {
        let pool = pool(&[]);
        let child = only_child(&pool).await;
        kill_process(child, Signal::STOP).unwrap();
        assert!(pool.walk(&job(dumps::windows())).now_or_never().is_none());
        until_childless().await;
        walked(&pool, &job(dumps::windows())).await;
    });
}

pub(crate) fn children_are_reused_and_retired() {
    run(async {
        let mut settings = settings(&[]);
        settings.jobs_per_child = 3;
        let pool = Pool::new(settings).unwrap();
        let first = only_child(&pool).await;
        assert_eq!(only_child(&pool).await, first);
        walked(&pool, &job(dumps::windows())).await;
        until_childless().await;
        assert_ne!(only_child(&pool).await, first);
    });
}

pub(crate) fn the_pool_takes_its_children_with_it() {
    run(async {
        let pool = pool(&[]);
        only_child(&pool).await;
        drop(pool);
        until_childless().await;
    });
}

pub(crate) fn a_program_that_cannot_be_started_is_not_the_dumps_fault() {
    run(async {
        let mut settings = settings(&[]);
        settings.program = "/nonexistent/walker".into();
        let pool = Pool::new(settings).unwrap();
        let death = pool.walk(&job(dumps::windows())).await.unwrap_err();
        assert!(matches!(death, WalkDeath::Spawn(_)), "{death:?}");
        assert!(!death.may_be_the_dumps_fault());
    });
}

pub(crate) fn an_idle_child_is_small() {
    run(async {
        let walked = walked(&pool(&[]), &job(dumps::windows())).await;
        println!("a child after its first dump: {} KiB", walked.rss_bytes >> 10);
        assert!(walked.rss_bytes < 40 << 20, "{}", walked.rss_bytes);
    });
}
