//! `datil bench lookup`: look-ups in an index of a million builds.

mod http;
mod lists;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use buildinfo::Lookup;
use buildinfo::db::{Step, finish_generation, latest_generation, write_steps};
use builds::{BuildIndex, Question, resolve};
use chrono::TimeDelta;
use clap::Args;
use platform::clock;
use platform::db::Db;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::figures::{Figures, Limit};
use super::scratch::{Scratch, memory, servers};
use super::synthetic::{History, Identity, id_at};
use super::verdict::Verdict;

/// Number of different questions, asked in turn: more than a processor's caches can hold answers to.
const QUESTIONS: usize = 1 << 20;
/// Minimum time for which each kind of question is asked.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(crate) struct LookupArgs {
    /// How many builds there are
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    builds: usize,
    /// Load from PostgreSQL as well: a server on which a schema can be made for the while
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
}

pub(super) async fn measure(args: &LookupArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let history = History::of(args.builds);
    figures.heading(&format!("the index, with {} build ids", history.ids()))?;
    index(history, figures)?;
    for server in servers(args.postgres.as_deref()) {
        let scratch = Scratch::create(server).await?;
        let engine = scratch.db.engine();
        figures.heading(&format!("loading from {engine}"))?;
        fill(&scratch.db, history).await?;
        lists::measure(&scratch.db, history, figures).await?;
        let lookup = load(&scratch.db, engine, figures).await?;
        if server.is_none() {
            reload(&scratch.db, &lookup, history, figures).await?;
            figures.heading("over HTTP: wrk -t1 -c64 on the same machine")?;
            http::measure(&scratch.db, lookup, history, figures).await?;
        }
        scratch.end().await?;
    }
    Ok(())
}

/// Measures look-ups in an index, and its memory.
fn index(history: History, figures: &mut Figures) -> anyhow::Result<()> {
    let before = memory();
    let mut builder = builds::IndexBuilder::new(1);
    for build in history.builds(0) {
        builder.push(&build?)?;
    }
    let index = builder.finish();
    let held = memory() - before;
    figures.add("builds", index.len() as f64, "", Limit::None)?;
    figures.add("memory of the index", held, "MB", Limit::AtMost(300.0))?;

    let ids = history.ids();
    let mut random = StdRng::seed_from_u64(1);
    let known = questions(|| history.identity(random.random_range(0..ids)))?;
    let mut random = StdRng::seed_from_u64(2);
    let off_by_a_second = questions(|| {
        let known = history.identity(random.random_range(0..ids))?;
        let build_id = id_at(known.build_id.time() + TimeDelta::seconds(1))?;
        Ok(Identity { build_id, ..known })
    })?;
    let mut random = StdRng::seed_from_u64(3);
    let anywhere = questions(|| {
        let known = history.identity(random.random_range(0..ids))?;
        // Between two builds, which are never closer than this.
        let within = TimeDelta::seconds(random.random_range(1..2000));
        let build_id = id_at(known.build_id.time() + within)?;
        Ok(Identity { build_id, ..known })
    })?;
    let other_channel: Vec<Identity> = known
        .iter()
        .map(|known| Identity {
            channel: if known.channel == "nightly" {
                "release"
            } else {
                "nightly"
            },
            ..*known
        })
        .collect();
    for (name, questions, expected) in [
        ("look-ups of known builds", &known, true),
        ("of ids that no build has", &anywhere, false),
        ("of ids a second beside a build's", &off_by_a_second, false),
        ("of known ids on another channel", &other_channel, false),
    ] {
        let found = |asked: &Identity| {
            let mut found = index.find_on(asked.product, asked.channel, asked.build_id);
            found.next().is_some()
        };
        ensure!(
            questions.iter().all(|asked| found(asked) == expected),
            "{name}: a wrong answer"
        );
        let rate = rate(questions, found);
        figures.add(name, rate, "a second", Limit::AtLeast(5e6))?;
    }
    let questions: Vec<Question> = known.iter().take(100_000).map(question).collect();
    let rate = rate(&questions, |question| resolve(&index, question));
    figures.add("whole answers", rate, "a second", Limit::None)
}

fn questions(one: impl FnMut() -> anyhow::Result<Identity>) -> anyhow::Result<Vec<Identity>> {
    std::iter::repeat_with(one).take(QUESTIONS).collect()
}

fn question(asked: &Identity) -> Question {
    Question {
        product: asked.product.as_str().to_owned(),
        channel: asked.channel.to_owned(),
        build_id: asked.build_id.to_string(),
        ..Question::default()
    }
}

/// Questions answered per second, on one core.
fn rate<Q, A>(questions: &[Q], answer: impl Fn(&Q) -> A) -> f64 {
    let (begin, mut rounds) = (Instant::now(), 0);
    while begin.elapsed() < LONG_ENOUGH {
        for question in questions {
            black_box(answer(question));
        }
        rounds += 1;
    }
    (rounds * questions.len()) as f64 / begin.elapsed().as_secs_f64()
}

/// Writes the builds as the first generation.
async fn fill(db: &Db, history: History) -> anyhow::Result<()> {
    let mut builds = history.builds(0);
    loop {
        let steps: Vec<Step> = builds.by_ref().take(20_000).map(insert).collect::<Result<_, _>>()?;
        if steps.is_empty() {
            break;
        }
        write_steps(db, 1, &steps).await?;
    }
    finish_generation(db, 1, clock::now_micros()).await?;
    Ok(())
}

fn insert(build: anyhow::Result<builds::Build>) -> anyhow::Result<Step> {
    let build = build?;
    let group = format!("{} {}", build.product, build.build_id);
    Ok(Step::Insert(group, Box::new(build)))
}

/// Loads the index from the database.
async fn load(db: &Db, engine: &str, figures: &mut Figures) -> anyhow::Result<Lookup> {
    let lookup = Lookup::new(db.clone());
    let begin = Instant::now();
    lookup.refresh().await?;
    let name = format!("loading from {engine}");
    figures.add(&name, begin.elapsed().as_secs_f64(), "s", Limit::AtMost(10.0))?;
    Ok(lookup)
}

/// Asks continuously while a newer generation is loaded.
async fn reload(db: &Db, lookup: &Lookup, history: History, figures: &mut Figures) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(4);
    let ids = history.ids();
    let known = Arc::new(questions(|| history.identity(random.random_range(0..ids)))?);
    let (pause, _) = asking(lookup, &known, async {
        tokio::time::sleep(LONG_ENOUGH).await;
        Ok(())
    })
    .await?;
    figures.add("longest pause of look-ups", pause, "ms", Limit::None)?;
    // One more build makes a new generation.
    let more = History::of(6 * (ids + 1)).builds(ids).take(1);
    let steps: Vec<Step> = more.map(insert).collect::<Result<_, _>>()?;
    write_steps(db, 2, &steps).await?;
    finish_generation(db, 2, clock::now_micros()).await?;
    let (pause, rate) = asking(lookup, &known, async {
        lookup.refresh().await?;
        Ok(())
    })
    .await?;
    ensure!(
        lookup.generation() == latest_generation(db).await?.n,
        "the newer generation was not loaded"
    );
    figures.add("while the index is loaded again", pause, "ms", Limit::AtMost(50.0))?;
    figures.add("look-ups meanwhile", rate, "a second", Limit::None)
}

/// The longest pause in milliseconds, and the rate, of a thread that asks while `meanwhile` runs.
async fn asking(
    lookup: &Lookup,
    known: &Arc<Vec<Identity>>,
    meanwhile: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<(f64, f64)> {
    let stop = Arc::new(AtomicBool::new(false));
    let asker = {
        let (lookup, known, stop) = (lookup.clone(), Arc::clone(known), Arc::clone(&stop));
        std::thread::spawn(move || {
            let (begin, mut last) = (Instant::now(), Instant::now());
            let (mut longest, mut asked) = (Duration::ZERO, 0_usize);
            for identity in known.iter().cycle() {
                let index: Arc<BuildIndex> = lookup.index();
                let mut found = index.find_on(identity.product, identity.channel, identity.build_id);
                black_box(found.next().is_some());
                asked += 1;
                longest = longest.max(last.elapsed());
                last = Instant::now();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            let rate = asked as f64 / begin.elapsed().as_secs_f64();
            (longest.as_secs_f64() * 1e3, rate)
        })
    };
    let outcome = meanwhile.await;
    stop.store(true, Ordering::Relaxed);
    let found = tokio::task::spawn_blocking(move || asker.join()).await?;
    outcome?;
    found.ok().context("the asking thread panicked")
}
