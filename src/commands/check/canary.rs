//! The canary: a marked crash, submitted to a running system, followed to its build and its page, and deleted again.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crash::CrashId;
use crashstore::deletion::Deletion;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use serde_json::Value;

use super::finding::Finding;
use crate::operator::actor;
use crate::parts::http_client;
use crate::submission::{Dialect, Submission, send};

/// The product of canary crashes, which identifies them.
const PRODUCT: &str = "DatilCanary";
/// Maximum time from a canary's submission to its page.
const PATIENCE: Duration = Duration::from_secs(60);

/// Follows one canary; returns one finding for each station, whether reached or not.
pub(crate) async fn follow(url: &str, db: Option<&Db>, blobs: Option<&Blobs>) -> Vec<Finding> {
    let began = Instant::now();
    let mut findings = Vec::new();
    let client = match http_client() {
        Ok(client) => client,
        Err(error) => return vec![Finding::bad("submission", error.to_string())],
    };
    let id = match submit(&client, url).await {
        Ok(id) => {
            let text = format!("a marked crash was taken as {id}");
            findings.push(Finding::well("submission", text));
            id
        }
        Err(error) => return vec![Finding::bad("submission", platform::causes::line(&error))],
    };
    match processed(&client, url, &id, began).await {
        Ok(crash) => {
            let text = format!("after {:.1} s", began.elapsed().as_secs_f64());
            findings.push(Finding::well("processing", text));
            findings.push(build(&crash));
            findings.push(match page(&client, url, &id).await {
                Ok(()) => Finding::well("page", "it shows the crash"),
                Err(error) => Finding::bad("page", platform::causes::line(&error)),
            });
        }
        Err(error) => findings.push(Finding::bad("processing", platform::causes::line(&error))),
    }
    findings.push(match delete(&id, db, blobs).await {
        Ok(true) => Finding::well("deletion", "the marked crash is gone"),
        Ok(false) => Finding::bad(
            "deletion",
            format!("{id} is not in this data folder and stays where it is: run the check with that system's settings"),
        ),
        Err(error) => Finding::bad("deletion", platform::causes::line(&error)),
    });
    findings
}

async fn submit(client: &reqwest::Client, url: &str) -> anyhow::Result<CrashId> {
    let now = clock::now();
    let mut submission = Submission::default();
    for (name, value) in [
        ("ProductName", PRODUCT.to_owned()),
        ("Version", "1.0".to_owned()),
        ("ReleaseChannel", "nightly".to_owned()),
        ("BuildID", now.format("%Y%m%d%H%M%S").to_string()),
        // Two simultaneous checks are two crashes.
        ("CrashTime", now.timestamp().to_string()),
        ("InstallTime", rand::random::<u32>().to_string()),
        ("Throttleable", "0".to_owned()),
    ] {
        submission.annotations.insert(name.to_owned(), value);
    }
    let id = send(client, url, Dialect::Firefox, &submission).await?;
    Ok(id.parse()?)
}

async fn processed(client: &reqwest::Client, url: &str, id: &CrashId, began: Instant) -> anyhow::Result<Value> {
    let root = url.trim_end_matches('/');
    let address = format!("{root}/api/ProcessedCrash/?crash_id={id}");
    loop {
        let response = client.get(&address).send().await.context("asking for it")?;
        if response.status().is_success() {
            return Ok(response.json().await?);
        }
        if response.status() != reqwest::StatusCode::NOT_FOUND {
            bail!("{address} answers {}", response.status());
        }
        if began.elapsed() > PATIENCE {
            bail!(
                "it is not processed after {} s: is a processor running?",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// No source has the canary's product: the right answer is "unknown", with the reason.
fn build(crash: &Value) -> Finding {
    const NAME: &str = "build look-up";
    let part = |name: &str| crash.pointer(&format!("/build_info/{name}")).and_then(Value::as_str);
    match (part("status"), part("reason")) {
        (Some("unknown"), Some("no_source_for_product")) => {
            Finding::well(NAME, "it answered, and knows that nobody builds this product")
        }
        (Some(status), reason) => Finding::bad(
            NAME,
            format!("an unexpected answer: {status} {}", reason.unwrap_or_default()),
        ),
        (None, _) => Finding::bad(NAME, "no answer is attached to the crash"),
    }
}

async fn page(client: &reqwest::Client, url: &str, id: &CrashId) -> anyhow::Result<()> {
    let address = format!("{}/report/index/{id}", url.trim_end_matches('/'));
    let response = client.get(&address).send().await?;
    if !response.status().is_success() {
        bail!("{address} answers {}", response.status());
    }
    if !response.text().await?.contains(id.as_str()) {
        bail!("{address} does not show it");
    }
    Ok(())
}

async fn delete(id: &CrashId, db: Option<&Db>, blobs: Option<&Blobs>) -> anyhow::Result<bool> {
    let (Some(db), Some(blobs)) = (db, blobs) else {
        return Ok(false);
    };
    if crashstore::db::get(db, id).await?.is_none() {
        return Ok(false);
    }
    Ok(crashstore::deletion::delete(db, blobs, id, &actor("datil check")).await? == Deletion::Done)
}
