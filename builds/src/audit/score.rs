//! How good each source is on each channel.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::names::product::Product;
use crate::said::observation::SourceName;
use crate::said::source::Way;

/// How a source did on a channel, over the builds of recent weeks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The source.
    pub source: SourceName,
    /// The product.
    pub product: Product,
    /// The channel.
    pub channel: String,
    /// The number of builds it listed.
    pub builds: usize,
    /// How many of them appeared after the source was first read: only these tell how late it is. Announced builds are
    /// not read, so none of them counts.
    pub timed: usize,
    /// The median of the seconds from when the first source listed a build until this one did, measured by the runs
    /// that read them. None without timed builds.
    pub median_delay_seconds: Option<i64>,
    /// The same at the 95th percentile.
    pub p95_delay_seconds: Option<i64>,
    /// Builds that it was asked for, that another source listed and this one did not: of the archive only builds are
    /// asked for that Buildhub lacks, of product-details and of tables none; see [`crate::said::source::Asked`].
    pub holes: usize,
    /// Values that it stated and that were not chosen.
    pub contradictions: usize,
    /// Statements that it has withdrawn. Announcements are not counted: one that is made anew closes the one before.
    pub withdrawals: usize,
}

/// Collects the data for the scores.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// For each build, when each source listed it first, microseconds UTC.
    builds: BTreeMap<(Product, String), Vec<BTreeMap<SourceName, i64>>>,
    contradictions: BTreeMap<(SourceName, Product, String), usize>,
    withdrawals: BTreeMap<(SourceName, Product, String), usize>,
}

impl Scores {
    /// Adds a build id of a channel with when each source listed it first, microseconds UTC.
    pub fn add_build(&mut self, product: Product, channel: &str, first: BTreeMap<SourceName, i64>) {
        if !first.is_empty() {
            let builds = self.builds.entry((product, channel.to_owned()));
            builds.or_default().push(first);
        }
    }

    /// Adds a value that a source stated and that was not chosen.
    pub fn add_contradiction(&mut self, source: SourceName, product: Product, channel: &str) {
        let place = (source, product, channel.to_owned());
        *self.contradictions.entry(place).or_default() += 1;
    }

    /// Adds a statement that a source has withdrawn; one that was announced does not count.
    pub fn add_withdrawal(&mut self, source: SourceName, product: Product, channel: &str) {
        if source.row().way == Way::Announced {
            return;
        }
        let place = (source, product, channel.to_owned());
        *self.withdrawals.entry(place).or_default() += 1;
    }

    /// The scores, sorted by product, channel and source.
    pub fn finish(self) -> Vec<Score> {
        let mut begun: BTreeMap<SourceName, i64> = BTreeMap::new();
        for (source, first) in self.builds.values().flatten().flatten() {
            let earliest = begun.entry(*source).or_insert(*first);
            *earliest = (*earliest).min(*first);
        }
        let mut places: BTreeSet<(Product, String, SourceName)> = BTreeSet::new();
        for (product, channel) in self.builds.keys() {
            for source in begun.keys() {
                places.insert((*product, channel.clone(), *source));
            }
        }
        let others = self.contradictions.keys().chain(self.withdrawals.keys());
        for (source, product, channel) in others {
            places.insert((*product, channel.clone(), *source));
        }
        places
            .into_iter()
            .map(|(product, channel, source)| self.score(product, channel, source, &begun))
            .collect()
    }

    /// Whether the source lacks a build that these sources list.
    fn is_hole(source: SourceName, product: Product, listed: &BTreeMap<SourceName, i64>) -> bool {
        product.is_in_archive() && !listed.contains_key(&source) && source.row().is_asked_for(listed.keys().copied())
    }

    fn score(&self, product: Product, channel: String, source: SourceName, begun: &BTreeMap<SourceName, i64>) -> Score {
        let place = (product, channel.clone());
        let builds = self.builds.get(&place).map_or(&[][..], Vec::as_slice);
        // Builds that already existed when the source was first read tell nothing about delay.
        let begun = begun.get(&source).copied().unwrap_or(i64::MAX);
        let is_timed = source.row().way != Way::Announced;
        let mut delays: Vec<i64> = builds
            .iter()
            .filter_map(|first| {
                let (own, earliest) = (first.get(&source)?, first.values().min()?);
                (is_timed && *earliest > begun).then_some((own - earliest) / 1_000_000)
            })
            .collect();
        delays.sort_unstable();
        let listed = builds.iter().filter(|first| first.contains_key(&source)).count();
        let own = (source, product, channel.clone());
        Score {
            source,
            product,
            channel,
            builds: listed,
            timed: delays.len(),
            median_delay_seconds: quantile(&delays, 50),
            p95_delay_seconds: quantile(&delays, 95),
            holes: builds
                .iter()
                .filter(|first| Self::is_hole(source, product, first))
                .count(),
            contradictions: self.contradictions.get(&own).copied().unwrap_or(0),
            withdrawals: self.withdrawals.get(&own).copied().unwrap_or(0),
        }
    }
}

/// The smallest value that at least `percent` percent of the sorted values do not exceed.
fn quantile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}
