//! The names that people use for crashes and builds, and the builds that have them.

use buildinfo::db;
use builds::names::product::channel_of;
use builds::names::version::Stage;
use builds::{BuildId, Product, Version};

use crate::links;

/// Crashes and builds by name; empty fields were not typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The product as its crash reports call it.
    pub(crate) product: String,
    /// The product as it was typed.
    pub(crate) product_typed: String,
    /// The channel.
    pub(crate) channel: String,
    /// The version; a trailing star makes it a prefix.
    pub(crate) version: String,
    /// N of `buildN`.
    pub(crate) build_number: Option<u32>,
    /// The build id, or its first digits and a star.
    pub(crate) build_id: String,
}

impl Names {
    /// A build number only makes sense with its version, of which it names one candidate.
    pub(crate) fn settled(mut self) -> Self {
        if let Some(number) = self.build_number {
            let version = self.version.trim_end_matches('*').parse::<Version>();
            if let Ok(version) = version {
                self.version = version.with_candidate(number).to_string();
            }
        }
        self
    }

    /// The names in words, one entry each.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (what, value) in [
            ("product", &self.product),
            ("channel", &self.channel),
            ("version", &self.version),
            ("build id", &self.build_id),
        ] {
            if !value.is_empty() {
                words.push(format!("{what} {value}"));
            }
        }
        if let Some(number) = self.build_number {
            words.push(format!("which is build {number}"));
        }
        if let Some(day) = self.day() {
            words.push(format!("builds that were started on {day}"));
        }
        words
    }

    /// The names as a heading.
    pub(crate) fn title(&self) -> String {
        let read = self.version.parse::<Version>();
        let version = read.map_or_else(|_| self.version.clone(), |version| version.spoken());
        let all = [&self.product, &self.channel, &version, &self.build_id];
        let given: Vec<&str> = all
            .map(String::as_str)
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        given.join(" ")
    }

    /// The day in the first digits of a build id.
    fn day(&self) -> Option<String> {
        let digits = self.build_id.strip_suffix('*')?;
        match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
            (Some(year), Some(month), Some(day)) if digits.len() == 8 => Some(format!("{year}-{month}-{day}")),
            _ => None,
        }
    }

    /// The product, if it has known builds.
    pub(crate) fn built(&self) -> Option<Product> {
        self.product.parse().ok()
    }

    /// The database filter for builds with these names; [`Names::keep`] removes those that it cannot exclude.
    pub(crate) fn filter(&self) -> db::Filter {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let whole = self.build_id.parse::<BuildId>().ok();
        let digits = self.build_id.trim_end_matches('*');
        db::Filter {
            product: self.built(),
            channel: given(&self.channel).filter(|_| !self.is_candidate_on_beta()),
            version: given(&self.version),
            ids: whole
                .map(|id| id.as_u64()..id.as_u64() + 1)
                .or_else(|| builds::names::build_id::prefix_range(digits)),
            ..db::Filter::default()
        }
    }

    /// Keeps those of the builds found by [`Names::filter`] that have these names.
    pub(crate) fn keep(&self, builds: &mut Vec<builds::Build>) {
        if self.is_candidate_on_beta() {
            let on_beta = |build: &builds::Build| build.offered_on.contains(&self.channel);
            builds.retain(on_beta);
        }
    }

    /// The list of the builds with these names.
    pub(crate) fn link(&self) -> String {
        let is_channel =
            !self.product.is_empty() && !self.channel.is_empty() && self.version.is_empty() && self.build_id.is_empty();
        if is_channel {
            return links::channel(&self.product, &self.channel);
        }
        let parameters = [
            ("product", self.product.as_str()),
            ("channel", &self.channel),
            ("version", &self.version),
            ("build_id", &self.build_id),
        ];
        links::page("/builds/", &parameters)
    }

    /// Whether a release candidate for beta users is meant: such a build follows the channel release, and is offered on
    /// beta.
    fn is_candidate_on_beta(&self) -> bool {
        let version = self.version.trim_end_matches('*').parse::<Version>();
        channel_of(&self.product, &self.channel).tries.is_some()
            && version.is_ok_and(|version| matches!(version.stage(), Stage::ReleaseCandidate(_)))
    }
}
