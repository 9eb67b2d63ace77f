//! The audit's bad findings about the build data.

use buildinfo::audit::read::{Summary, summaries};
use builds::audit::Severity;
use platform::db::Db;

use super::finding::Finding;

const NAME: &str = "audit";
/// Maximum findings shown; the audit itself lists them all.
const MOST: usize = 5;

/// The audit's bad findings, each with what to do; or one finding that there are none.
pub(super) async fn findings(db: &Db) -> Vec<Finding> {
    match summaries(db, None, MOST).await {
        Ok(summaries) => of(&summaries),
        Err(error) => vec![Finding::bad(NAME, format!("it could not be made: {error}"))],
    }
}

fn of(summaries: &[Summary]) -> Vec<Finding> {
    let bad: i64 = summaries.iter().map(|one| one.bad).sum();
    if bad == 0 {
        let others: i64 = summaries.iter().map(|one| one.count).sum();
        let text = match others {
            0 => "nothing is wrong with the build data".to_owned(),
            1 => "nothing bad in the build data; one warning or note: `datil buildinfo audit`".to_owned(),
            others => format!("nothing bad in the build data; {others} warnings and notes: `datil buildinfo audit`"),
        };
        return vec![Finding::well(NAME, text)];
    }
    let all = summaries.iter().flat_map(|one| &one.findings);
    let shown: Vec<Finding> = all
        .filter(|finding| finding.severity == Severity::Bad)
        .take(MOST)
        .map(|finding| Finding::bad(NAME, line(finding)))
        .collect();
    let more = bad - i64::try_from(shown.len()).unwrap_or(bad);
    let rest = (more > 0).then(|| {
        let text = format!("and {more} more: `datil buildinfo audit`");
        Finding::bad(NAME, text)
    });
    shown.into_iter().chain(rest).collect()
}

/// A finding in the audit's own words, in one line.
fn line(finding: &builds::audit::Finding) -> String {
    let check = finding.check.as_str();
    let builds::audit::Finding {
        subject, found, advice, ..
    } = finding;
    format!("{check}: {subject}: {found}; {advice}")
}

#[cfg(test)]
mod tests {
    use buildinfo::audit::read::Summary;
    use builds::audit::{Check, Severity};

    use super::{MOST, of};

    fn summary(check: Check, severities: &[Severity]) -> Summary {
        let findings = severities.iter().enumerate().map(|(number, severity)| {
            let advice = check.advice();
            builds::audit::Finding {
                severity: *severity,
                check,
                subject: format!("subject {number}"),
                found: "found".to_owned(),
                advice,
                command: None,
            }
        });
        let bad = severities.iter().filter(|one| **one == Severity::Bad);
        Summary {
            check,
            count: i64::try_from(severities.len()).unwrap(),
            bad: i64::try_from(bad.count()).unwrap(),
            findings: findings.take(MOST).collect(),
        }
    }

    #[test]
    fn bad_findings_are_shown_up_to_a_few_and_counted_beyond() {
        use Severity::{Bad, Note, Warning};
        let alarms = summary(Check::OpenAlarm, &[Bad; 4]);
        let found = of(&[
            alarms.clone(),
            summary(Check::ShippedWithoutBuild, &[Bad, Bad, Bad, Note]),
            summary(Check::Conflict, &[Warning; 9]),
        ]);
        assert_eq!(found.len(), MOST + 1);
        assert!(found.iter().all(|one| !one.well && one.name == "audit"));
        let first = format!("open_alarm: subject 0: found; {}", Check::OpenAlarm.advice());
        assert_eq!(found[0].text, first);
        assert_eq!(found[MOST].text, "and 2 more: `datil buildinfo audit`");
        assert_eq!(of(&[alarms]).len(), 4);
    }

    #[test]
    fn warnings_and_notes_are_well() {
        for (summaries, text) in [
            (vec![], "nothing is wrong"),
            (
                vec![summary(Check::Conflict, &[Severity::Warning; 2])],
                "2 warnings and notes",
            ),
        ] {
            let found = of(&summaries);
            assert!(found.len() == 1 && found[0].well);
            assert!(found[0].text.contains(text), "{}", found[0].text);
        }
    }
}
