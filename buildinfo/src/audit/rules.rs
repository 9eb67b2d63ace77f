//! The rules about importers, silent sources, alarms, and versions that programs report.

use builds::audit::{Check, Finding, Severity};
use builds::build::Certainty;
use platform::clock::rfc3339;

use crate::db::{Alarm, ReportedVersion, SourceState};
use crate::watch::alarm::{plan_of, promise};
use crate::watch::importer::{Importer, Who};

/// Maximum characters of a client's text in a finding.
const MOST_OF_CLIENT: usize = 32;

/// The sources that did not answer when they were last asked.
pub fn silent_sources(states: &[SourceState]) -> Vec<Finding> {
    let silent = states.iter().filter(|state| state.is_read()).filter_map(|state| {
        let trouble = state.trouble.as_ref()?;
        let since = match state.answered {
            Some(answered) => format!("it last answered at {}", rfc3339(answered)),
            None => "it never answered".to_owned(),
        };
        Some(Finding::new(
            Severity::Bad,
            Check::SilentSource,
            state.source.clone(),
            format!("{trouble}; {since}"),
        ))
    });
    silent.collect()
}

/// No process imports on schedule: a note while imports are made by hand, or where builds are
/// handed in instead; bad when there are none.
pub fn no_importer(importer: &Importer) -> Option<Finding> {
    let severity = match importer.who {
        Who::Scheduled => return None,
        Who::ByHand | Who::HandedIn => Severity::Note,
        Who::Nobody => Severity::Bad,
    };
    let text = match (importer.note(), importer.last) {
        (Some(note), _) => note.to_owned(),
        (None, Some(last)) => format!("no process imports by itself; the last import began {}", rfc3339(last)),
        (None, None) => "no process imports by itself; nothing was ever imported".to_owned(),
    };
    let finding = Finding::new(severity, Check::NoImporter, "importing".to_owned(), text);
    Some(match importer.who {
        Who::HandedIn => Finding {
            advice: "nothing needs to be done",
            ..finding
        },
        _ => finding,
    })
}

/// The products of which builds are stored, and that no row describes.
pub fn without_row(products: &[String]) -> Vec<Finding> {
    let findings = products.iter().map(|product| {
        Finding::new(
            Severity::Warning,
            Check::ProductWithoutRow,
            text::cut(product, 300).to_owned(),
            "builds of it are stored, and no row describes it: no question finds them".to_owned(),
        )
    });
    findings.collect()
}

/// The open alarms; `importer` is who looks for their builds.
pub fn alarms(open: &[Alarm], importer: &Importer) -> Vec<Finding> {
    let findings = open.iter().map(|alarm| {
        let plan = plan_of(alarm);
        let product = plan.as_ref().map(|plan| plan.product);
        let tried = match (&alarm.outcome, product) {
            (Some(outcome), _) => outcome.clone(),
            (None, Some(product)) if !product.is_in_archive() => promise(product, importer),
            (None, _) => format!("not looked for yet: {}", importer.promise()),
        };
        let places = plan
            .map(|plan| plan.archive.join(" "))
            .filter(|places| !places.is_empty());
        let places = places.map_or_else(String::new, |places| format!("; it would lie in {places}"));
        Finding::new(
            Severity::Bad,
            Check::OpenAlarm,
            format!("{} {} {}", alarm.product, alarm.channel, alarm.build_id),
            format!(
                "crashes of {} installs since {}; {tried}{places}",
                alarm.installs,
                rfc3339(alarm.raised),
            ),
        )
    });
    findings.collect()
}

/// A build for which several installs report another version. `others` is the number of further versions that several
/// installs report, `version` the build's version, and `certainty` what that rests on.
pub fn reported_version(seen: &ReportedVersion, others: i64, version: &str, certainty: Certainty) -> Finding {
    let others = match others {
        ..=0 => String::new(),
        1 => ", and 1 other version is reported".to_owned(),
        others => format!(", and {others} other versions are reported"),
    };
    Finding::new(
        Severity::Warning,
        Check::ReportedVersion,
        format!("{} {} {}", seen.product, of_client(&seen.channel), seen.build_id),
        format!(
            "{} installs report {} with the build id of {version} ({certainty}), last at {}{others}: the program was \
             updated in part only, somebody ships it under a version of their own, or the build data are wrong",
            seen.installs,
            of_client(&seen.reported),
            rfc3339(seen.last)
        ),
    )
}

/// Makes a client's text safe to show in a sentence: short, on one line, and without characters that reverse the
/// writing direction.
fn of_client(text: &str) -> String {
    let is_odd = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut letters = text.chars().filter(|c| !is_odd(c));
    let mut shown: String = letters.by_ref().take(MOST_OF_CLIENT).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}
