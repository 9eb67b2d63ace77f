//! What builds and answers are, for the description of an API (OpenAPI).

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::build::Build;
use crate::resolve::Answer;

/// What a member of an answer is.
#[derive(Clone, Copy)]
enum Form {
    Text,
    TextOrNull,
    IntegerOrNull,
    Integer,
    Boolean,
    Texts,
    Objects,
    ObjectOrNull,
}

impl Form {
    fn schema(self, about: &str) -> Schema {
        let one = |kind: SchemaType| {
            let object = ObjectBuilder::new().schema_type(kind).description(Some(about));
            Schema::Object(object.build())
        };
        let many = |kind: Type| {
            let items = ObjectBuilder::new().schema_type(kind);
            Schema::Array(ArrayBuilder::new().items(items).description(Some(about)).build())
        };
        let or_null = |kind: Type| one(SchemaType::from_iter([kind, Type::Null]));
        match self {
            Self::Text => one(Type::String.into()),
            Self::Integer => one(Type::Integer.into()),
            Self::Boolean => one(Type::Boolean.into()),
            Self::TextOrNull => or_null(Type::String),
            Self::IntegerOrNull => or_null(Type::Integer),
            Self::ObjectOrNull => or_null(Type::Object),
            Self::Texts => many(Type::String),
            Self::Objects => many(Type::Object),
        }
    }
}

/// The members of an object, each with what it is: those that it always has, and those that it may have.
fn object(about: &str, always: &[Member<'_>], sometimes: &[Member<'_>]) -> RefOr<Schema> {
    let described = ObjectBuilder::new().description(Some(about));
    let described = sometimes.iter().fold(described, |object, (name, form, about)| {
        object.property(*name, form.schema(about))
    });
    let whole = always.iter().fold(described, |object, (name, form, about)| {
        object.property(*name, form.schema(about)).required(*name)
    });
    RefOr::T(Schema::Object(whole.build()))
}

/// Name, form and meaning.
type Member<'a> = (&'a str, Form, &'a str);

const STATUSES: &str = "`shipped`, `candidate`, `aborted`, `pulled`, `published`, `variant`, `unofficial` or `unknown`";
const CERTAINTIES: &str = "`stated` by a source, or `inferred`";

impl ToSchema for Answer {}

impl PartialSchema for Answer {
    fn schema() -> RefOr<Schema> {
        object(
            "What is known about a build.",
            &[
                (
                    "product",
                    Form::Text,
                    "The product's canonical name; as asked if it has none",
                ),
                ("channel", Form::Text, "The channel as asked, normalised"),
                ("build_id", Form::Text, "The build id as asked"),
                (
                    "version",
                    Form::TextOrNull,
                    "The exact version on that channel; null if not known",
                ),
                ("reported", Form::TextOrNull, "The version of the question"),
                ("status", Form::Text, STATUSES),
                ("certainty", Form::Text, CERTAINTIES),
                ("reason", Form::Text, "The rule that gave the answer, in a word"),
                ("explanation", Form::Text, "The rule as a sentence"),
                (
                    "build",
                    Form::ObjectOrNull,
                    "The build in detail, over all its platforms",
                ),
                ("generation", Form::Integer, "The generation that answered"),
            ],
            &[
                (
                    "reported_differs",
                    Form::Boolean,
                    "True where no build of this version reports the version of the question",
                ),
                (
                    "sibling",
                    Form::ObjectOrNull,
                    "For products built on Gecko of which no source knows builds: Firefox's build with the same Gecko \
                     build id, with its `product`, `channel`, `version`, `build_id`, `status`, `revision`, \
                     `repository` and `revision_url`; that the source is the same is inferred",
                ),
                (
                    "built_at",
                    Form::Text,
                    "When the build was made, where all that is known of it is an Android version code, RFC 3339",
                ),
                (
                    "as_of",
                    Form::TextOrNull,
                    "In a look-up: all was known then that the sources held, RFC 3339; null if none ever answered",
                ),
                (
                    "silent",
                    Form::Objects,
                    "In a look-up: sources that did not answer when they were last asked: `source`, `since` (the last \
                     answer) and `why`",
                ),
            ],
        )
    }
}

impl ToSchema for Build {}

impl PartialSchema for Build {
    fn schema() -> RefOr<Schema> {
        object(
            "One build for one platform.",
            &[
                ("product", Form::Text, "The product"),
                ("channel", Form::Text, "The channel that the file itself follows"),
                ("version", Form::Text, "The exact version on that channel"),
                ("build_id", Form::Text, "The build id"),
                (
                    "platform",
                    Form::Text,
                    "The platform, as `linux-x86_64`; empty if no source says",
                ),
                (
                    "variant",
                    Form::Text,
                    "`funnelcake131`, …; empty for the build that everyone gets",
                ),
                (
                    "line",
                    Form::Text,
                    "What previous and next builds are counted in: a major version on esr, `main` elsewhere",
                ),
                ("build_number", Form::IntegerOrNull, "N of `buildN`"),
                ("status", Form::Text, STATUSES),
                ("certainty", Form::Text, CERTAINTIES),
                ("reason", Form::Text, "The rule that gave the status, in a word"),
                ("offered_on", Form::Texts, "The channels whose users got it"),
                ("revision", Form::TextOrNull, "The source revision"),
                ("repository", Form::TextOrNull, "The repository of the revision"),
                ("archive_url", Form::TextOrNull, "Where it lies on the public host"),
                (
                    "published_at",
                    Form::IntegerOrNull,
                    "When it was first uploaded, microseconds since 1970 UTC",
                ),
                ("shipped_on", Form::TextOrNull, "The day its version shipped"),
                ("sources", Form::Texts, "The sources behind it"),
                ("evidence", Form::Texts, "The digests of the observations behind it"),
            ],
            &[],
        )
    }
}
