//! What Buildhub currently knows: the records of a world, minus those that its faults hide.

use std::collections::HashSet;
use std::ops::Range;

use chrono::{NaiveTime, TimeDelta};

use crate::serve::Fault;
use crate::serve::record::{self, Field, Scalar};
use crate::world::{Channel, Form, Platform, Record, Truth, World};

/// The records that Buildhub has.
pub(in crate::serve) struct Known<'a> {
    pub(super) world: &'a World,
    /// Sorted by upload time.
    pub(super) records: &'a [Record],
    holes: Vec<Hole>,
}

/// Missing records.
enum Hole {
    Platform(Platform),
    Channel(Channel),
    /// Days of build ids, as eight digits: from the first up to, but not including, the second.
    Days(String, String),
}

impl<'a> Known<'a> {
    pub(in crate::serve) fn of(world: &'a World, faults: &[Fault]) -> Self {
        let mut records = world.records.as_slice();
        let mut holes = Vec::new();
        for fault in faults {
            match fault {
                Fault::Late(days) => {
                    let until =
                        world.plan.end.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1 - i64::from(*days));
                    let end = records.partition_point(|record| world.uploaded(record) < until);
                    records = records.get(..end).unwrap_or_default();
                }
                Fault::WithoutPlatform(platform) => holes.push(Hole::Platform(*platform)),
                Fault::WithoutChannel(channel) => holes.push(Hole::Channel(*channel)),
                Fault::WithoutDays(from, until) => holes.push(Hole::Days(
                    from.format("%Y%m%d").to_string(),
                    until.format("%Y%m%d").to_string(),
                )),
                _ => {}
            }
        }
        Self { world, records, holes }
    }

    /// Returns the truths that have a record on the channel of their build.
    pub(in crate::serve) fn truths(&self) -> Vec<&'a Truth> {
        let told: HashSet<(usize, Platform)> = self
            .records
            .iter()
            .filter(|record| record.form != Form::BetaCopy && self.has(record))
            .map(|record| (record.build, self.world.package(record).1.platform))
            .collect();
        let truths = self.world.truth.iter();
        truths
            .filter(|truth| told.contains(&(truth.build, truth.platform)))
            .collect()
    }

    /// Returns the number of its records.
    pub(in crate::serve) fn count(&self) -> usize {
        if self.is_whole() {
            return self.records.len();
        }
        self.records.iter().filter(|record| self.has(record)).count()
    }

    /// Returns whether nothing is missing among `records`.
    pub(super) fn is_whole(&self) -> bool {
        self.holes.is_empty()
    }

    /// Returns whether a record is in no hole.
    pub(in crate::serve) fn has(&self, record: &Record) -> bool {
        !self.holes.iter().any(|hole| {
            let (build, package) = self.world.package(record);
            match hole {
                Hole::Platform(platform) => package.platform == *platform,
                Hole::Channel(channel) => record::channel(build, record.form) == *channel,
                Hole::Days(from, until) => {
                    let day = package.build_id.get(..8).unwrap_or_default();
                    day >= from.as_str() && day < until.as_str()
                }
            }
        })
    }

    /// Returns where in `records` the uploads of these milliseconds are, including the last one.
    pub(super) fn uploaded_within(&self, (from, to): (i64, i64)) -> Range<usize> {
        let place = |is_before: &dyn Fn(i64) -> bool| {
            self.records
                .partition_point(|record| is_before(self.world.uploaded(record).timestamp_millis()))
        };
        let start = place(&|at| at < from);
        start..place(&|at| at <= to).max(start)
    }

    /// Returns the value of a field.
    pub(super) fn field(&self, record: &Record, field: Field) -> Scalar<'a> {
        record::field(self.world, record, field)
    }
}
