//! Corrections: a person's statements that override the sources, as rows of data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::build::{Build, Certainty, Reason};
use crate::names::UnknownName;
use crate::names::build_id::BuildId;
use crate::names::product::Product;
use crate::names::version::Version;
use crate::said::observation::Observation;

/// A person's statement, which takes precedence over the sources. Undone corrections are not passed to the derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Orders corrections of one field: the highest wins.
    pub id: i64,
    /// What the correction does.
    pub kind: CorrectionKind,
    /// What it is about, see [`Subject`].
    pub subject: String,
    /// For [`CorrectionKind::State`]: which member of the build.
    #[serde(default)]
    pub field: Option<Field>,
    /// For [`CorrectionKind::State`]: its value.
    #[serde(default)]
    pub value: Option<String>,
    /// Who made it.
    pub author: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// What a correction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// Observations are ignored.
    Ignore,
    /// A member of builds has another value.
    State,
}

/// The members of a build that can be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The name of the build.
    Version,
    /// Its channel.
    Channel,
    /// Its status.
    Status,
    /// N of `buildN`.
    BuildNumber,
    /// The channels that got it, separated by commas.
    OfferedOn,
    /// The source revision.
    Revision,
    /// The repository of the revision.
    Repository,
}

impl Field {
    /// Its name, as a person writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Channel => "channel",
            Self::Status => "status",
            Self::BuildNumber => "build_number",
            Self::OfferedOn => "offered_on",
            Self::Revision => "revision",
            Self::Repository => "repository",
        }
    }
}

/// The subject of a statement: `Firefox 125.0` (every build made for this version), `Firefox 20181025233934` (every
/// build with this id), or the latter followed by a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Every build of a version.
    Version(Product, Version),
    /// Every build with an id, on one platform if given.
    Build(Product, BuildId, Option<String>),
}

impl std::str::FromStr for Subject {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName {
            what: "subject of a correction",
            text: text.to_owned(),
        };
        // Names of products can have blanks, those of platforms have none.
        let (first, last) = text.trim().rsplit_once(char::is_whitespace).ok_or_else(unknown)?;
        if let Ok(product) = first.parse() {
            return match (last.parse(), last.parse()) {
                (Ok(id), _) => Ok(Self::Build(product, id, None)),
                (_, Ok(version)) => Ok(Self::Version(product, version)),
                _ => Err(unknown()),
            };
        }
        let (product, id) = first.trim().rsplit_once(char::is_whitespace).ok_or_else(unknown)?;
        let product: Product = product.parse()?;
        let id = id.parse().map_err(|_| unknown())?;
        Ok(Self::Build(product, id, Some(last.to_owned())))
    }
}

impl Correction {
    /// Whether the correction ignores `observation`: its subject is the observation's digest or the observation's
    /// subject.
    pub fn ignores(&self, observation: &Observation) -> bool {
        self.kind == CorrectionKind::Ignore
            && (self.subject == observation.subject || self.subject == observation.digest().to_string())
    }
}

/// Applies the corrections that state something about the build, and returns the members they state; `made_for` is the
/// version without candidate number. Of several statements about one member, the one with the highest id wins. Invalid
/// ones are skipped.
pub(crate) fn correct(build: &mut Build, made_for: &Version, corrections: &[Correction]) -> BTreeSet<Field> {
    let mut stated = BTreeSet::new();
    let mut statements: Vec<&Correction> = corrections
        .iter()
        .filter(|correction| correction.kind == CorrectionKind::State)
        .collect();
    statements.sort_by_key(|correction| correction.id);
    for statement in statements {
        let (Ok(subject), Some(field), Some(value)) =
            (statement.subject.parse::<Subject>(), statement.field, &statement.value)
        else {
            continue;
        };
        let concerned = match subject {
            Subject::Version(product, version) => {
                product == build.product && (version == *made_for || version == build.version)
            }
            Subject::Build(product, id, platform) => {
                product == build.product
                    && id == build.build_id
                    && platform.is_none_or(|platform| platform == build.platform)
            }
        };
        if concerned && state(build, field, value) {
            stated.insert(field);
            // The certainty of the status concerns the status alone.
            if field == Field::Status {
                (build.certainty, build.reason) = (Certainty::Stated, Reason::Corrected);
            }
        }
    }
    build.line = build.product.line(&build.channel, &build.version);
    stated
}

fn state(build: &mut Build, field: Field, value: &str) -> bool {
    match field {
        Field::Version => value.parse().map(|version| build.version = version).is_ok(),
        Field::Status => value.parse().map(|status| build.status = status).is_ok(),
        Field::BuildNumber => value.parse().map(|number| build.build_number = Some(number)).is_ok(),
        Field::Channel => {
            value.clone_into(&mut build.channel);
            true
        }
        Field::OfferedOn => {
            let channels: BTreeSet<&str> = value
                .split(',')
                .map(str::trim)
                .filter(|channel| !channel.is_empty())
                .collect();
            build.offered_on = channels.into_iter().map(str::to_owned).collect();
            true
        }
        Field::Revision => {
            build.revision = Some(value.to_owned());
            true
        }
        Field::Repository => {
            build.repository = Some(value.to_owned());
            true
        }
    }
}
