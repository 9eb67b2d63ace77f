//! Look-ups over HTTP, requested by `wrk`.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use buildinfo::Lookup;
use buildinfo::audit::Audits;
use buildinfo::watch::inbox::Inbox;
use chrono::TimeDelta;
use platform::db::Db;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::super::figures::{Figures, Limit};
use super::super::synthetic::{History, Identity, id_at};
use crate::parts::listen;

/// Number of different addresses requested.
const ADDRESSES: usize = 20_000;

/// Serves the API and sends requests to it.
pub(super) async fn measure(db: &Db, lookup: Lookup, history: History, figures: &mut Figures) -> anyhow::Result<()> {
    if Command::new("wrk")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .await
        .is_err()
    {
        return figures.heading("  left out: the program wrk is not there (Debian: apt install wrk)");
    }
    let listener = listen("127.0.0.1:0").await?;
    let root = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let audits = Audits::new(db.clone());
    let inbox = Inbox::new(db.clone(), String::new(), Duration::ZERO);
    let router = buildinfo::api::router(lookup, db.clone(), audits, inbox);
    let server = tokio::spawn(platform::http::serve(listener, router, stop.clone()));
    let mut random = StdRng::seed_from_u64(5);
    let ids = history.ids();
    let mut asked = move |later: i64| {
        let known = history.identity(random.random_range(0..ids))?;
        let build_id = id_at(known.build_id.time() + TimeDelta::seconds(later))?;
        anyhow::Ok(Identity { build_id, ..known })
    };
    for (name, path, later) in [
        ("GET /api/v1/lookup", "/api/v1/lookup", 0),
        ("GET /api/VersionString/", "/api/VersionString/", 0),
        ("GET /api/v1/lookup of unknown builds", "/api/v1/lookup", 1),
        ("GET /api/VersionString/ of unknown builds", "/api/VersionString/", 1),
    ] {
        let mut script = "local paths = {\n".to_owned();
        for _ in 0..ADDRESSES {
            let Identity {
                product,
                channel,
                build_id,
            } = asked(later)?;
            writeln!(
                script,
                "\"{path}?product={product}&channel={channel}&build_id={build_id}\","
            )?;
        }
        script.push_str("}\nrequest = function() return wrk.format('GET', paths[math.random(#paths)]) end\n");
        let told = wrk(&root, &script).await.with_context(|| format!("asking {path}"))?;
        figures.add(name, told.rate, "a second", Limit::AtLeast(20_000.0))?;
        figures.add("  99 of 100 are answered within", told.p99, "ms", Limit::AtMost(5.0))?;
    }
    stop.cancel();
    server.await?
}

/// The results of `wrk`.
#[derive(Debug, PartialEq)]
struct Told {
    /// Requests per second.
    rate: f64,
    /// In milliseconds.
    p99: f64,
}

async fn wrk(root: &str, script: &str) -> anyhow::Result<Told> {
    let file = tempfile::Builder::new().suffix(".lua").tempfile()?;
    std::fs::write(file.path(), script)?;
    let output = Command::new("wrk")
        .args(["-t1", "-c64", "-d10s", "--latency", "-s"])
        .arg(file.path())
        .arg(root)
        .stdin(Stdio::null())
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}");
    ensure!(!text.contains("Non-2xx"), "not every answer was a good one: {text}");
    read(&text).with_context(|| format!("reading what wrk said: {text}"))
}

fn read(text: &str) -> Option<Told> {
    let value = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name));
    Some(Told {
        rate: value("Requests/sec:")?.trim().parse().ok()?,
        p99: milliseconds(value("99%")?.trim())?,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => return None,
    };
    digits.parse::<f64>().ok().map(|number| number * unit)
}

#[cfg(test)]
mod tests {
    use super::{Told, milliseconds, read};

    #[test]
    fn what_wrk_says_is_read() {
        let text = "Running 1s test @ http://127.0.0.1:8001\n  Latency Distribution\n     50%  1.01ms\n     90%  \
            1.62ms\n     99%  2.50ms\n  21000 requests in 1.00s\nRequests/sec:  20991.02\nTransfer/sec:      \
            1.50MB\n";
        let told = Told {
            rate: 20_991.02,
            p99: 2.5,
        };
        assert_eq!(read(text), Some(told));
        assert_eq!(read("unable to connect"), None);
    }

    #[test]
    fn times_have_a_unit() {
        for (text, expected) in [
            ("250.00us", Some(0.25)),
            ("2.5ms", Some(2.5)),
            ("1.2s", Some(1200.0)),
            ("3", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
