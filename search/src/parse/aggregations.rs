//! What is counted.

use super::names::{Context, find_or_warn, not_only_filter};
use super::parameters::Parameters;
use super::problem::{Problem, Warning};
use crate::fields::{FieldId, Kind};
use crate::query::{Aggregation, Calendar, Interval};

/// Maximum aggregations within each other.
const MAX_DEPTH: usize = 5;

/// The widest interval of whole numbers: up to it, all are exact.
const WIDEST: u64 = 1 << 53;

/// Maximum aggregations in all.
const MAX_AGGREGATIONS: usize = 100;

/// What an aggregation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Terms,
    Histogram,
    Cardinality,
}

/// A step of a path: each is within the one before.
type Step = (Way, FieldId);

/// Steps with a common beginning, joined.
struct Node {
    step: Step,
    within: Vec<Self>,
}

/// `_facets`, `_aggs.*` and `_histogram.*`; without any in `_facets`, the signatures too.
pub(super) fn aggregations(
    parameters: &Parameters<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Aggregation>, Problem> {
    let size = parameters.number("_facets_size", 50, 10_000, warnings)?;
    let mut nodes = Vec::new();
    let mut count = 0;
    let mut add = |parameter: &str, path: &[Step]| {
        if path.len() > MAX_DEPTH {
            return Err(Problem::new(
                parameter,
                format!("more than {MAX_DEPTH} aggregations within each other"),
            ));
        }
        count += join(&mut nodes, path);
        if count > MAX_AGGREGATIONS {
            return Err(Problem::new(
                parameter,
                format!("more than {MAX_AGGREGATIONS} aggregations in all"),
            ));
        }
        Ok(())
    };
    let mut any = false;
    for value in parameters.filled("_facets") {
        if let Some(step) = value_step("_facets", value, context, warnings)? {
            add("_facets", &[step])?;
            any = true;
        }
    }
    if !any && let Some(signature) = FieldId::of("signature") {
        add("_facets", &[(Way::Terms, signature)])?;
    }
    for name in parameters.names() {
        let Some(path) = outer_steps(name, context, warnings)? else {
            if is_aggregation(name) {
                parameters.values(name);
            }
            continue;
        };
        if parameters.filled(name).next().is_none() {
            warnings.push(Warning::new(name, "has no value, which says what is counted: ignored"));
        }
        for value in parameters.filled(name) {
            if let Some(step) = value_step(name, value, context, warnings)? {
                let mut path = path.clone();
                path.push(step);
                add(name, &path)?;
            }
        }
    }
    let intervals = intervals(parameters, context, warnings)?;
    if size == 0 {
        return Ok(Vec::new());
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    Ok(nodes
        .into_iter()
        .map(|node| aggregation(node, size, &intervals))
        .collect())
}

fn is_aggregation(name: &str) -> bool {
    name.starts_with("_aggs.") || name.starts_with("_histogram.") || name.starts_with("_histogram_interval.")
}

/// The steps that a parameter's name stands for; none, with a warning, if it names what is no field or not the
/// caller's.
fn outer_steps(name: &str, context: &Context, warnings: &mut Vec<Warning>) -> Result<Option<Vec<Step>>, Problem> {
    let (way, fields) = if let Some(fields) = name.strip_prefix("_aggs.") {
        (Way::Terms, fields)
    } else if let Some(field) = name.strip_prefix("_histogram.") {
        (Way::Histogram, field)
    } else {
        return Ok(None);
    };
    let mut steps = Vec::new();
    for field in fields.split('.') {
        if steps.len() >= MAX_DEPTH {
            return Err(Problem::new(
                name,
                format!("more than {MAX_DEPTH} aggregations within each other"),
            ));
        }
        match step(name, way, field, context, warnings)? {
            Some(step) => steps.push(step),
            None => return Ok(None),
        }
    }
    if way == Way::Histogram && steps.len() > 1 {
        return Err(Problem::new(
            name,
            "takes one field: write what is counted within as the value",
        ));
    }
    Ok(Some(steps))
}

/// The step that a value stands for.
fn value_step(
    parameter: &str,
    value: &str,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Step>, Problem> {
    if let Some(field) = value.strip_prefix("_cardinality.") {
        step(parameter, Way::Cardinality, field, context, warnings)
    } else if let Some(field) = value.strip_prefix("_histogram.") {
        step(parameter, Way::Histogram, field, context, warnings)
    } else {
        step(parameter, Way::Terms, value, context, warnings)
    }
}

fn step(
    parameter: &str,
    way: Way,
    field: &str,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Step>, Problem> {
    let Some(field) = find_or_warn(parameter, field, context, warnings) else {
        return Ok(None);
    };
    let field = not_only_filter(parameter, field)?;
    if way == Way::Histogram && !matches!(field.kind(), Kind::Integer | Kind::Number | Kind::Date) {
        // To Crash Stats such a parameter is unknown.
        let message = format!("`{}` is neither a number nor a date: ignored", field.name());
        warnings.push(Warning::new(parameter, message));
        return Ok(None);
    }
    Ok(Some((way, field)))
}

/// Adds a path to those that are there, and says how many steps are new.
fn join(nodes: &mut Vec<Node>, path: &[Step]) -> usize {
    let Some((first, rest)) = path.split_first() else {
        return 0;
    };
    match nodes.iter_mut().find(|node| node.step == *first) {
        Some(node) => join(&mut node.within, rest),
        None => {
            let mut within = Vec::new();
            join(&mut within, rest);
            nodes.push(Node { step: *first, within });
            path.len()
        }
    }
}

/// `_histogram_interval.*`.
fn intervals(
    parameters: &Parameters<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<(FieldId, Interval)>, Problem> {
    let mut intervals = Vec::new();
    for name in parameters.names() {
        let Some(field) = name.strip_prefix("_histogram_interval.") else {
            continue;
        };
        parameters.values(name);
        let Some((_, field)) = step(name, Way::Histogram, field, context, warnings)? else {
            continue;
        };
        if let Some(value) = parameters.last(name, warnings) {
            let found = interval(field, value.trim()).map_err(|message| Problem::new(name, message))?;
            intervals.push((field, found));
        }
    }
    Ok(intervals)
}

fn interval(field: FieldId, value: &str) -> Result<Interval, &'static str> {
    match field.kind() {
        Kind::Date => match value {
            "minute" | "1m" => Ok(Calendar::Minute),
            "hour" | "1h" => Ok(Calendar::Hour),
            "day" | "1d" => Ok(Calendar::Day),
            "week" | "1w" => Ok(Calendar::Week),
            "month" | "1M" => Ok(Calendar::Month),
            "quarter" | "1q" => Ok(Calendar::Quarter),
            "year" | "1y" => Ok(Calendar::Year),
            _ => Err("must be minute, hour, day, week, month, quarter or year"),
        }
        .map(Interval::Calendar),
        Kind::Number => {
            let width: Option<f64> = value.parse().ok();
            let width = width.filter(|width| width.is_finite() && *width > 0.0);
            width.map(Interval::Number).ok_or("must be a number greater than 0")
        }
        _ => {
            let width: Option<u64> = value.parse().ok();
            let width = width.filter(|width| (1..=WIDEST).contains(width));
            let interval = width.map(|width| Interval::Number(width as f64));
            interval.ok_or("must be a whole number from 1 to 9007199254740992")
        }
    }
}

fn aggregation(node: Node, size: usize, intervals: &[(FieldId, Interval)]) -> Aggregation {
    let (way, field) = node.step;
    let within = node
        .within
        .into_iter()
        .map(|node| aggregation(node, size, intervals))
        .collect();
    match way {
        Way::Terms => Aggregation::Terms { field, size, within },
        Way::Cardinality => Aggregation::Cardinality { field },
        Way::Histogram => {
            let given = intervals
                .iter()
                .find(|(of, _)| *of == field)
                .map(|(_, interval)| *interval);
            let interval = given.unwrap_or(match field.kind() {
                Kind::Date => Interval::Calendar(Calendar::Day),
                _ => Interval::Number(1.0),
            });
            Aggregation::Histogram {
                field,
                interval,
                within,
            }
        }
    }
}
