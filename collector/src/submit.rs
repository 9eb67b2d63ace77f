//! `POST /submit`: one report from its first byte to its answer.

use std::borrow::Cow;

use axum::body::{Body as ResponseBody, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, header};
use chrono::{DateTime, Utc};
use crash::{CrashId, Throttle, collector};
use platform::cpu::Panicked;
use platform::{clock, cpu};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::{Duration, Instant, timeout_at};

use crate::answer::{self, Answer, Malformed, Refusal};
use crate::body::{self, Body, Share};
use crate::head::Head;
use crate::inner::{Collector, Inner};
use crate::report::{Circumstances, Parsed, is_storable};
use crate::settings::Settings;
use crate::store::Report;
use crate::throttle::{Decision, Outcome};
use crate::{meters, parts, throttle};

/// Answers a report.
pub(crate) async fn submit(State(collector): State<Collector>, request: Request) -> Response<ResponseBody> {
    let (started, received) = (Instant::now(), clock::now());
    let collector = &*collector.0;
    let (request, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let outcome = match admit(&request.headers, &collector.settings) {
        Ok(head) => {
            let outcome = collector.take(&head, &request.headers, &mut body, received).await;
            if !matches!(outcome, Err(Refusal::TooSlow)) {
                body::drain(&mut body, &collector.settings).await;
            }
            outcome
        }
        Err(refusal) => {
            // A client waiting for `100 Continue` has sent nothing yet, and need not.
            if !request.headers.contains_key(header::EXPECT) {
                body::drain(&mut body, &collector.settings).await;
            }
            Err(refusal)
        }
    };
    count(&outcome);
    meters::SUBMIT_DURATION.observe(started.elapsed());
    answer::response(&outcome)
}

/// Checks what the headers alone can tell.
fn admit(headers: &HeaderMap, limits: &Settings) -> Result<Head, Refusal> {
    let head = Head::read(headers)?;
    if head.length.is_some_and(|length| length > limits.max_payload) {
        return Err(Refusal::TooLarge);
    }
    Ok(head)
}

fn count(outcome: &Result<Answer, Refusal>) {
    match outcome {
        Ok(_) => {}
        Err(Refusal::Malformed(malformed)) => meters::MALFORMED.add_with(1, [malformed.code()]),
        Err(Refusal::TooLarge) => meters::MALFORMED.add_with(1, ["post_body_too_large"]),
        Err(Refusal::TooSlow) => meters::MALFORMED.add_with(1, ["body_too_slow"]),
        Err(Refusal::UnauthorizedUuid) => meters::UNAUTHORIZED.add(1),
        Err(Refusal::Unavailable) => meters::DROPPED.add(1),
    }
}

impl Inner {
    async fn take(
        &self,
        head: &Head,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
        received: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        // Held until the report is stored.
        let mut share = self.in_flight.share();
        let (parsed, payload_size) = self.read(head, body, &mut share).await?;
        meters::WELL_FORMED.add(1);
        let size = parsed.size();
        let hash = move || (parsed.content_hash(), parsed);
        let (content, parsed) = busy(cpu::run_sized(size, hash).await)?;
        let decision = throttle::decide(&self.rules, &parsed.annotations, &content, received);
        let chosen = self.chosen_id(headers, &parsed.annotations)?;
        count_throttle(&decision);
        let is_chosen = chosen.is_some();
        let id = |digit| chosen.unwrap_or_else(|| CrashId::new((self.random)(), digit, received));
        match decision.outcome {
            Outcome::Accept => {}
            Outcome::FakeAccept => return Ok(Answer::Taken(id(Throttle::FakeAccept))),
            Outcome::Reject | Outcome::Continue => return Ok(Answer::Rejected(decision.rule)),
        }
        let about = Circumstances {
            id: id(Throttle::Accept),
            received,
            compressed: head.compressed,
            payload_size,
            user_agent: head.user_agent.clone(),
            rule: decision.rule,
            weight: decision.weight,
        };
        if is_chosen && self.is_deleted(&about.id).await {
            return Ok(Answer::Rejected("deleted".to_owned()));
        }
        let make = move || {
            let raw = parsed.raw_crash(&about);
            is_storable(&raw).then_some((raw, parsed.dumps, about))
        };
        let made = busy(cpu::run_sized(size, make).await)?;
        let (raw, dumps, about) = made.ok_or(Refusal::TooLarge)?;
        let report = Report {
            id: about.id.clone(),
            raw,
            dumps,
            is_chosen,
        };
        let stored = self.keep(report).await?;
        if stored == about.id {
            tracing::info!(crash.id = %stored, rule = about.rule, "a crash report was accepted");
        } else {
            tracing::info!(crash.id = %stored, "a crash report came once more");
        }
        Ok(Answer::Taken(stored))
    }

    /// Reads the body. Also returns its size as sent.
    async fn read(&self, head: &Head, body: &mut BodyDataStream, share: &mut Share) -> Result<(Parsed, u64), Refusal> {
        let deadline = Instant::now() + Duration::from_secs(self.settings.body_seconds);
        let mut body = Body::new(body, head.compressed, &self.settings, deadline, share);
        let reading = parts::gather(&mut body, &head.boundary, &self.settings);
        let gathered = timeout_at(deadline, reading).await.unwrap_or(Err(Refusal::TooSlow))?;
        let payload = if head.compressed {
            meters::COMPRESSED.add(1);
            "compressed"
        } else {
            "uncompressed"
        };
        meters::REPORT_SIZE.observe_with(body.size() as f64, [payload]);
        Ok((gathered.finish()?, body.wire_size()))
    }

    /// The id the client chose, if it chose one and is allowed to.
    fn chosen_id(&self, headers: &HeaderMap, annotations: &Map<String, Value>) -> Result<Option<CrashId>, Refusal> {
        let Some(wanted) = annotations.get(collector::ID) else {
            return Ok(None);
        };
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let secret = self.settings.submitter_token.as_ref();
        let allowed = token
            .zip(secret)
            .is_some_and(|(token, secret)| is_secret(token, secret.expose_secret()));
        if !allowed {
            return Err(Refusal::UnauthorizedUuid);
        }
        wanted
            .as_str()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or(Malformed::Uuid.into())
    }
}

/// A fault of ours must not refuse a report for ever: the client keeps it and tries again.
fn busy<T>(done: Result<T, Panicked>) -> Result<T, Refusal> {
    done.map_err(|_| Refusal::Unavailable)
}

/// Compares hashes, so that timing reveals nothing about the secret. An empty secret never matches.
fn is_secret(token: &[u8], secret: &str) -> bool {
    !secret.is_empty() && Sha256::digest(token) == Sha256::digest(secret.as_bytes())
}

fn count_throttle(decision: &Decision) {
    let result = match decision.outcome {
        Outcome::Accept => "accept",
        Outcome::FakeAccept => "fakeaccept",
        Outcome::Reject | Outcome::Continue => "reject",
    };
    let labels = [Cow::Owned(decision.rule.clone()), Cow::Borrowed(result)];
    meters::THROTTLE_DECISIONS.add_with(1, labels);
}
