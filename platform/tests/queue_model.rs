//! Compares the job queue with a model: whatever pushes and workers do, in any order, no push is lost and no two
//! workers hold a valid claim on the same crash.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use platform::clock::micros;
use platform::db::Db;
use platform::queue::{self, Claimant, Job, JobState, Kind, LEASE, Lane};
use platform_testing::databases;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

const LANES: [Lane; 4] = [Lane::Priority, Lane::Standard, Lane::Reprocessing, Lane::Enrichment];
const CASES: u32 = 60;
const STEPS: usize = 24;

/// One step of the test; the number is one of two workers.
#[derive(Debug, Clone, Copy)]
enum Step {
    Push(Kind, Lane),
    PushLater(Kind, Lane),
    /// Pushes the smallest work, if there is no other.
    Offer,
    Claim(usize),
    Renew(usize),
    Done(usize),
    Retry(usize),
    Release(usize),
    Fail(usize),
    /// A worker is killed and forgets its claim.
    Die(usize),
    /// This many seconds pass.
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        Just(Kind::Renew),
        Just(Kind::Enrich),
        Just(Kind::Sign),
        Just(Kind::Process)
    ];
    let lane = prop::sample::select(LANES.to_vec());
    let push = (kind, lane);
    prop_oneof![
        4 => push.clone().prop_map(|(kind, lane)| Step::Push(kind, lane)),
        1 => push.prop_map(|(kind, lane)| Step::PushLater(kind, lane)),
        2 => Just(Step::Offer),
        5 => (0..2_usize).prop_map(Step::Claim),
        1 => (0..2_usize).prop_map(Step::Renew),
        3 => (0..2_usize).prop_map(Step::Done),
        1 => (0..2_usize).prop_map(Step::Retry),
        1 => (0..2_usize).prop_map(Step::Release),
        2 => (0..2_usize).prop_map(Step::Fail),
        1 => (0..2_usize).prop_map(Step::Die),
        2 => prop::sample::select(vec![1_i64, 20, 20_000]).prop_map(Step::Pass),
    ]
}

/// A claim as the model sees it.
struct Claim {
    job: Job,
    /// The pushes it covers, all those open when it was made.
    pushes: Vec<Kind>,
    until: i64,
}

struct Model<'a> {
    db: &'a Db,
    id: String,
    now: i64,
    claimants: [Claimant; 2],
    /// The claims the workers believe they hold.
    held: [Option<Claim>; 2],
    /// The name of the valid claim.
    valid: Option<String>,
    /// The pushes not done yet, except those the valid claim covers.
    open: Vec<Kind>,
    failed: bool,
}

impl Model<'_> {
    async fn push(&mut self, kind: Kind, lane: Lane, run_at: i64) {
        let mut tx = self.db.begin().await.unwrap();
        queue::push_later(&mut tx, &self.id, kind, lane, self.now, run_at)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.open.push(kind);
        self.failed = false;
    }

    async fn offer(&mut self) {
        let mut tx = self.db.begin().await.unwrap();
        let pushed = queue::push_unless_queued(&mut tx, &self.id, Kind::Renew, Lane::Reprocessing, self.now);
        let pushed = pushed.await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(pushed, self.open.is_empty(), "only where nothing is open");
        if pushed {
            self.open.push(Kind::Renew);
        }
    }

    async fn claim(&mut self, worker: usize) -> bool {
        let claimant = &self.claimants[worker];
        let jobs = queue::claim(self.db, claimant, &LANES, 10, self.now).await.unwrap();
        let Some(job) = jobs.into_iter().find(|job| job.crash_id == self.id) else {
            return false;
        };
        assert!(!self.failed, "a failed job is not claimed");
        if let Some(valid) = self.valid.take() {
            let other = self.held.iter().flatten().find(|claim| claim.job.claim == valid);
            if let Some(other) = other {
                assert!(other.until <= self.now, "two work on one crash at once");
            }
        }
        let most = self.open.iter().max().unwrap();
        assert!(job.kind >= *most, "claimed for less than what was wished for");
        self.valid = Some(job.claim.clone());
        self.held[worker] = Some(Claim {
            pushes: self.open.clone(),
            until: self.now + micros(LEASE),
            job,
        });
        true
    }

    fn is_valid(&self, claim: &Claim) -> bool {
        self.valid.as_ref() == Some(&claim.job.claim)
    }

    /// Ends a worker's claim in one of the four ways.
    async fn end(&mut self, worker: usize, how: Step) {
        let Some(claim) = self.held[worker].take() else {
            return;
        };
        let (job, now) = (&claim.job, self.now);
        let mut tx = self.db.begin().await.unwrap();
        let held = match how {
            Step::Done(_) => queue::done(&mut tx, job, now).await,
            Step::Retry(_) => queue::retry(&mut tx, job, now + 5_000_000, "x").await,
            Step::Release(_) => queue::release(&mut tx, job, "").await,
            _ => queue::fail(&mut tx, job, now, "x").await,
        };
        assert_eq!(held.unwrap(), self.is_valid(&claim), "{how:?}");
        tx.commit().await.unwrap();
        if !self.is_valid(&claim) {
            return;
        }
        self.valid = None;
        let later = self.open.split_off(claim.pushes.len());
        match how {
            Step::Done(_) => self.open = later,
            _ => {
                self.failed = matches!(how, Step::Fail(_)) && later.is_empty();
                self.open.extend(later);
            }
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Push(kind, lane) => self.push(kind, lane, self.now).await,
            Step::PushLater(kind, lane) => self.push(kind, lane, self.now + 70_000_000).await,
            Step::Offer => self.offer().await,
            Step::Claim(worker) => {
                if self.held[worker].is_none() {
                    self.claim(worker).await;
                }
            }
            Step::Renew(worker) => {
                let now = self.now;
                if let Some(claim) = self.held[worker].as_mut() {
                    let mut tx = self.db.begin().await.unwrap();
                    let held = queue::renew(&mut tx, &claim.job, now).await.unwrap();
                    tx.commit().await.unwrap();
                    assert_eq!(held, self.valid.as_ref() == Some(&claim.job.claim));
                    if held {
                        claim.until = now + micros(LEASE);
                    }
                }
            }
            Step::Done(worker) | Step::Retry(worker) | Step::Release(worker) | Step::Fail(worker) => {
                self.end(worker, step).await;
            }
            Step::Die(worker) => {
                let gone = self.held[worker].take();
                // The next claim must wait for the end of this lease; the model only sees that it comes.
                drop(gone);
            }
            Step::Pass(seconds) => self.now += seconds * 1_000_000,
        }
        let status = queue::job_of(self.db, &self.id).await.unwrap();
        assert_eq!(status.is_some(), !self.open.is_empty(), "{step:?}: {status:?}");
        if let Some(status) = status {
            assert_eq!(status.state == JobState::Failed, self.failed, "{step:?}");
        }
    }
}

fn model(db: &Db, id: String) -> Model<'_> {
    Model {
        db,
        claimants: [Claimant::new(format!("{id}-one")), Claimant::new(format!("{id}-two"))],
        id,
        now: 1_800_000_000_000_000,
        held: [None, None],
        valid: None,
        open: Vec::new(),
        failed: false,
    }
}

#[test]
fn no_push_is_lost_and_none_is_worked_on_twice_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for test in runtime.block_on(databases()) {
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let count = std::cell::Cell::new(0);
        runner
            .run(&prop::collection::vec(step(), 1..STEPS), |steps| {
                count.set(count.get() + 1);
                let id = format!("{}-{}", test.db.engine(), count.get());
                let mut model = model(&test.db, id.clone());
                runtime.block_on(async {
                    for step in &steps {
                        model.take(*step).await;
                    }
                    // Whatever is left is done in the end, or shown as failed.
                    model.held = [None, None];
                    for _ in 0..4 {
                        model.now += 20_000_000_000;
                        if model.claim(0).await {
                            model.end(0, Step::Done(0)).await;
                        }
                    }
                    let left = queue::job_of(&test.db, &id).await.unwrap();
                    match left {
                        None => assert!(model.open.is_empty()),
                        Some(status) => {
                            assert!(model.failed && status.state == JobState::Failed);
                            // Clears the way for the next case.
                            let mut tx = test.db.begin().await.unwrap();
                            assert!(queue::retry_failed(&mut tx, &id, 0).await.unwrap());
                            tx.commit().await.unwrap();
                            model.failed = false;
                            assert!(model.claim(0).await);
                            model.end(0, Step::Done(0)).await;
                        }
                    }
                });
                Ok(())
            })
            .unwrap();
    }
}
