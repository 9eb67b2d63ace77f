//! Decides which crashes are accepted: rules as data, tried in order until one decides. Pure.
//!
//! Sampling is not random: whether a report passes follows from a hash of its content and the rule's name, so a report
//! sent again gets the same answer.

mod rules;
mod supported;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use rules::{Outcome, Rule, Rules, RulesError, Test};
pub use supported::{ProductName, Supported};

/// The name given as the rule when none decided: the report is rejected.
pub const NO_MATCH: &str = "NO_MATCH";

/// The rules' decision about a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What happens to it; never [`Outcome::Continue`].
    pub outcome: Outcome,
    /// The name of the rule that decided.
    pub rule: String,
    /// How many reports this one represents: 1 over the product of the shares that it belongs to.
    pub weight: f64,
}

/// The result of one rule for a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The rule's name.
    pub rule: String,
    /// Whether all its tests hold.
    pub matched: bool,
    /// The report's draw in the sampling, from 0 to below 100; `None` if the rule does not sample.
    pub draw: Option<f64>,
    /// The rule's outcome, if it matched.
    pub outcome: Option<Outcome>,
    /// Whether this rule decides.
    pub decides: bool,
}

/// Decides about a report. `content` is any text that is equal for two copies of one report.
pub fn decide(rules: &Rules, annotations: &Map<String, Value>, content: &str, now: DateTime<Utc>) -> Decision {
    let mut weight = 1.0;
    for rule in &rules.rules {
        let (step, factor) = step(rules, rule, annotations, content, now);
        weight *= factor;
        match step.outcome {
            None | Some(Outcome::Continue) => {}
            Some(outcome) => {
                return Decision {
                    outcome,
                    rule: step.rule,
                    weight,
                };
            }
        }
    }
    Decision {
        outcome: Outcome::Reject,
        rule: NO_MATCH.to_owned(),
        weight: 1.0,
    }
}

/// Returns the result of every rule for a report, in order, including those after the one that decides.
pub fn explain(rules: &Rules, annotations: &Map<String, Value>, content: &str, now: DateTime<Utc>) -> Vec<Step> {
    let mut decided = false;
    let mut steps = Vec::new();
    for rule in &rules.rules {
        let (mut step, _) = step(rules, rule, annotations, content, now);
        let decides = step.outcome.is_some_and(|o| o != Outcome::Continue);
        step.decides = decides && !decided;
        decided |= decides;
        steps.push(step);
    }
    steps
}

/// Returns the result of one rule, and the factor by which it raises the weight of the report.
fn step(
    rules: &Rules,
    rule: &Rule,
    annotations: &Map<String, Value>,
    content: &str,
    now: DateTime<Utc>,
) -> (Step, f64) {
    let matched = rule.when.iter().all(|test| holds(test, rules, annotations, now));
    let draw = rule.percent.map(|_| draw(content, &rule.name));
    let (outcome, factor) = match (rule.percent, draw) {
        (Some(percent), Some(draw)) if draw < percent => (rule.then, 100.0 / percent),
        (Some(percent), Some(_)) => (rule.otherwise, 100.0 / (100.0 - percent)),
        _ => (rule.then, 1.0),
    };
    let step = Step {
        rule: rule.name.clone(),
        matched,
        draw,
        outcome: matched.then_some(outcome),
        decides: false,
    };
    (step, if matched { factor } else { 1.0 })
}

/// A pseudo-random number from 0 to below 100, the same for the same arguments.
fn draw(content: &str, rule: &str) -> f64 {
    let hash = Sha256::new()
        .chain_update(rule)
        .chain_update([0])
        .chain_update(content)
        .finalize();
    let number = hash
        .iter()
        .take(4)
        .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    f64::from(number) / (f64::from(u32::MAX) + 1.0) * 100.0
}

fn holds(test: &Test, rules: &Rules, annotations: &Map<String, Value>, now: DateTime<Utc>) -> bool {
    let text = |name: &str| annotations.get(name).map(as_text);
    match test {
        Test::Present(name) => annotations.contains_key(name),
        Test::Equals {
            annotation,
            values,
            missing,
        } => {
            let value = text(annotation).or_else(|| missing.clone());
            value.is_some_and(|value| values.contains(&value))
        }
        Test::EqualsAnyCase { annotation, value } => {
            // No letter is more than three times as long in the other case.
            let is = |text: String| text.len() <= 3 * value.len() && text.to_lowercase() == value.to_lowercase();
            text(annotation).is_some_and(is)
        }
        Test::StartsWith { annotation, prefixes } => {
            text(annotation).is_some_and(|text| prefixes.iter().any(|prefix| text.starts_with(prefix)))
        }
        Test::Below { annotation, limit } => text(annotation).is_some_and(|text| !text.is_empty() && text < *limit),
        Test::BuildOlderThan { days } => text("BuildID").and_then(|build| build_day(&build)).is_some_and(|day| {
            let oldest = TimeDelta::try_days(*days).and_then(|age| now.checked_sub_signed(age));
            oldest.is_some_and(|oldest| day.and_time(chrono::NaiveTime::MIN) < oldest.naive_utc())
        }),
        Test::UnsupportedProduct => {
            let product = text("ProductName").unwrap_or_default();
            !rules.supported.has_product(&product)
        }
        Test::UnsupportedPackage => {
            let product = text("ProductName").unwrap_or_default();
            let package = text("Android_PackageName").unwrap_or_default();
            !rules.supported.has_package(&product, &package)
        }
        Test::WindowsBuildUpTo(limit) => text("TelemetryEnvironment")
            .and_then(|text| windows_build(&text))
            .is_some_and(|build| build != 0 && build <= *limit),
    }
}

/// A value as the rules compare it. Values other than text are compared as earlier systems wrote them.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// The day of a build id, which is `20` and 12 more digits, the first eight a date.
fn build_day(build: &str) -> Option<NaiveDate> {
    let shape = build.len() == 14 && build.starts_with("20") && build.bytes().all(|b| b.is_ascii_digit());
    let day = build.get(..8).filter(|_| shape)?;
    NaiveDate::parse_from_str(day, "%Y%m%d").ok()
}

/// The Windows build number in a telemetry environment; `None` on other systems.
fn windows_build(environment: &str) -> Option<i64> {
    let environment: Value = serde_json::from_str(environment).ok()?;
    let os = environment.get("system")?.get("os")?;
    if os.get("name")?.as_str()? != "Windows_NT" {
        return None;
    }
    os.get("windowsBuildNumber")?.as_i64()
}

#[cfg(test)]
mod tests;
