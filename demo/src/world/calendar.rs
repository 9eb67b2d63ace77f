//! When merges, betas and releases happen: the trains, one after another.

use std::iter;

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

/// From this release on, Mozilla releases every two weeks.
const ANCHOR: u32 = 155;

/// How the trains run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calendar {
    /// All alike, each this many days long, without end. The last merge is on this Monday, and from that evening on
    /// this major version is on nightly.
    Steady {
        last_merge: NaiveDate,
        newest_major: u32,
        days: i64,
    },
    /// As Mozilla announced: Firefox 155 on 2026-09-01 and then a release every other Tuesday, but none around the turn
    /// of the year. Turns for which nothing was announced are assumed to be like that of 2026, and releases before 155
    /// to have come every four weeks.
    Mozilla,
}

/// What happens on the days from the Monday before one release to the Monday before the next.
///
/// Betas are built on Mondays, Wednesdays and Fridays until the Thursday before the next release, when the release
/// candidates begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Train {
    /// The Monday on which it begins; the release is on the day after.
    pub(super) merge: NaiveDate,
    /// The Monday on which the next one begins.
    pub(super) next_merge: NaiveDate,
    /// The major version that is released; the next one is in beta.
    pub(super) release: u32,
    calendar: Calendar,
}

impl Calendar {
    /// Returns the train of a day.
    pub(super) fn train(self, day: NaiveDate) -> Train {
        match self {
            Self::Steady {
                last_merge,
                newest_major,
                days,
            } => {
                let behind = (last_merge - day).num_days().max(0);
                let cycles = behind.div_euclid(days) + i64::from(behind % days > 0);
                let merge = last_merge - TimeDelta::days(cycles * days);
                let nightly = newest_major.saturating_sub(u32::try_from(cycles).unwrap_or(0));
                Train {
                    merge,
                    next_merge: merge + TimeDelta::days(days),
                    release: nightly.saturating_sub(2),
                    calendar: self,
                }
            }
            Self::Mozilla => {
                let monday = |(_, day): &(u32, NaiveDate)| *day - Days::new(1);
                let is_before = |release: &(u32, NaiveDate)| monday(release) <= day;
                let (release, next) = if is_before(&anchor()) {
                    let after = |(major, day): &(u32, NaiveDate)| Some((major + 1, next(*day)));
                    let mut releases = iter::successors(Some(anchor()), after);
                    let mut last = anchor();
                    let next = releases.find(|release| {
                        let found = !is_before(release);
                        if !found {
                            last = *release;
                        }
                        found
                    });
                    (last, next.unwrap_or(last))
                } else {
                    let before =
                        |(major, day): &(u32, NaiveDate)| Some((major.saturating_sub(1), *day - Days::new(28)));
                    let mut releases = iter::successors(Some(anchor()), before);
                    let mut later = anchor();
                    let last = releases.find(|release| {
                        let found = is_before(release);
                        if !found {
                            later = *release;
                        }
                        found
                    });
                    (last.unwrap_or(later), later)
                };
                Train {
                    merge: monday(&release),
                    next_merge: monday(&next),
                    release: release.0,
                    calendar: self,
                }
            }
        }
    }
}

fn anchor() -> (u32, NaiveDate) {
    let day = NaiveDate::from_ymd_opt(2026, 9, 1).unwrap_or_default();
    (ANCHOR, day)
}

/// Returns the Tuesday of the release after this one: two weeks later, or after the turn of the year the second Tuesday
/// of January.
fn next(release: NaiveDate) -> NaiveDate {
    let planned = release + Days::new(14);
    if (planned.month(), planned.day()) < (12, 15) {
        return planned;
    }
    let year = planned.year() + 1;
    NaiveDate::from_weekday_of_month_opt(year, 1, Weekday::Tue, 2).unwrap_or(planned)
}

impl Train {
    /// Returns the day on which the version in beta is released.
    pub(super) fn next_release(&self) -> NaiveDate {
        self.next_merge + Days::new(1)
    }

    /// Returns the days since the merge.
    pub(super) fn days_to(&self, day: NaiveDate) -> i64 {
        (day - self.merge).num_days()
    }

    /// Returns the day on which the release candidates begin, as days since the merge.
    pub(super) fn freeze(&self) -> i64 {
        self.days_to(self.next_merge) - 4
    }

    /// Returns the major versions of a day's nightlies: the morning's and the evening's.
    pub(super) fn nightlies(&self, day: NaiveDate) -> (u32, u32) {
        let major = self.release + 2;
        match self.calendar {
            // On the day of the merge, the morning's build still has the previous version.
            Calendar::Steady { .. } if self.days_to(day) == 0 => (major.saturating_sub(1), major),
            Calendar::Steady { .. } => (major, major),
            // The central repository moves to the next version while the release candidates are made.
            Calendar::Mozilla => match self.days_to(day) - self.freeze() {
                0 => (major, major + 1),
                1.. => (major + 1, major + 1),
                _ => (major, major),
            },
        }
    }

    /// Returns the number of the beta built on a day, if any.
    pub(super) fn beta(&self, day: NaiveDate) -> Option<u32> {
        let is_beta_day = |day: NaiveDate| {
            let into = self.days_to(day);
            into < self.freeze() && matches!(into % 7, 0 | 2 | 4) && !self.is_holiday(day)
        };
        let number = || {
            let days = self.merge.iter_days().take_while(|other| *other <= day);
            u32::try_from(days.filter(|other| is_beta_day(*other)).count()).unwrap_or(1)
        };
        is_beta_day(day).then(number)
    }

    /// Returns the number of the planned dot release built on a day, if any.
    pub(super) fn dot_release(&self, day: NaiveDate) -> Option<u32> {
        let into = self.days_to(day);
        let is_due = match self.calendar {
            Calendar::Steady { .. } => into > 0 && into % 7 == 0,
            Calendar::Mozilla => into == 7,
        };
        is_due.then(|| u32::try_from(into / 7).unwrap_or(1))
    }

    /// Returns whether nothing but nightlies is built.
    fn is_holiday(&self, day: NaiveDate) -> bool {
        self.calendar == Calendar::Mozilla && matches!((day.month(), day.day()), (12, 22..) | (1, ..=3))
    }
}

/// Returns whether only the `.1` of this major version was released, as happened to 125.0.
pub(super) fn is_pulled(major: u32) -> bool {
    major % 8 == 7
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::Calendar;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_announced_calendar_is_followed() {
        // The day, its release and the next one's date, the morning's and evening's nightlies, and the day's beta.
        for (on, release, next, nightlies, beta) in [
            ("2026-08-31", 155, "2026-09-15", (157, 157), Some(1)),
            ("2026-08-30", 154, "2026-09-01", (157, 157), None),
            ("2026-08-10", 154, "2026-09-01", (156, 156), Some(4)),
            ("2026-10-26", 159, "2026-11-10", (161, 161), Some(1)),
            ("2026-10-28", 159, "2026-11-10", (161, 161), Some(2)),
            ("2026-11-18", 160, "2026-11-24", (162, 162), Some(5)),
            ("2026-11-19", 160, "2026-11-24", (162, 163), None),
            ("2026-11-20", 160, "2026-11-24", (163, 163), None),
            ("2026-11-23", 161, "2026-12-08", (163, 163), Some(1)),
            ("2026-11-28", 161, "2026-12-08", (163, 163), None),
            ("2026-12-03", 161, "2026-12-08", (163, 164), None),
            ("2026-12-21", 162, "2027-01-12", (164, 164), Some(7)),
            ("2026-12-23", 162, "2027-01-12", (164, 164), None),
            ("2027-01-04", 162, "2027-01-12", (164, 164), Some(8)),
            ("2027-01-26", 164, "2027-02-09", (166, 166), None),
        ] {
            let train = Calendar::Mozilla.train(day(on));
            assert_eq!(train.release, release, "{on}");
            assert_eq!(train.next_release(), day(next), "{on}");
            assert_eq!(train.nightlies(day(on)), nightlies, "{on}");
            assert_eq!(train.beta(day(on)), beta, "{on}");
        }
        let train = |on| Calendar::Mozilla.train(day(on));
        assert_eq!(train("2026-11-30").dot_release(day("2026-11-30")), Some(1));
        assert_eq!(train("2026-12-28").dot_release(day("2026-12-28")), None);
    }

    #[test]
    fn every_day_has_one_train() {
        let mut before = Calendar::Mozilla.train(day("2025-12-01"));
        for on in day("2025-12-01").iter_days().take(2600) {
            let train = Calendar::Mozilla.train(on);
            assert!(train.merge <= on && on < train.next_merge, "{on}");
            assert!(
                train == before || (train.merge == before.next_merge && train.release == before.release + 1),
                "{on}"
            );
            before = train;
        }
    }
}
