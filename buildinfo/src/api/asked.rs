//! What every request under `/api/v1` shares: its parameters, and the check whether the client already holds the
//! answer.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use platform::http::ApiError;
use platform::http::query::{Form, Given, Parameter, Wrong, short};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;
use utoipa::Number;
use utoipa::openapi::schema::{KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};

use builds::names::build_id::BuildId;
use builds::names::channel::Line;
use builds::names::product::{Directory, Product};
use builds::names::version::Version;
use builds::said::observation::Digest;

/// A client may keep an answer, but must ask each time whether it is still valid.
const REVALIDATE: &str = "no-cache";

/// The input of an endpoint: its parameters are those listed in its description.
pub(super) trait Takes: DeserializeOwned {
    /// The address of a correct request.
    const EXAMPLE: &'static str;

    /// The parameters.
    fn taken() -> &'static [Parameter];

    /// Checks what cannot be told from the description.
    fn look(given: &Given<'_>, wrong: &mut Wrong);
}

/// Declares what an endpoint takes: the type of its parameters, the address of a correct request, and checks beyond
/// their description.
macro_rules! takes {
    ($params:ty, $example:literal) => {
        takes!($params, $example, |_given, _wrong| {});
    };
    ($params:ty, $example:literal, |$given:ident, $wrong:ident| $look:block) => {
        impl $crate::api::asked::Takes for $params {
            const EXAMPLE: &'static str = $example;

            fn taken() -> &'static [platform::http::query::Parameter] {
                static TAKEN: std::sync::OnceLock<Vec<platform::http::query::Parameter>> =
                    std::sync::OnceLock::new();
                TAKEN.get_or_init($crate::api::asked::described::<$params>)
            }

            fn look(
                $given: &platform::http::query::Given<'_>,
                $wrong: &mut platform::http::query::Wrong,
            ) $look
        }
    };
}
pub(super) use takes;

/// The parameters as the API's description has them.
pub(super) fn described<T: IntoParams>() -> Vec<Parameter> {
    let parameters = T::into_params(|| None).into_iter();
    parameters
        .map(|parameter| Parameter {
            is_required: parameter.required == Required::True,
            form: match parameter.schema {
                Some(RefOr::T(Schema::Object(schema))) => form_of(&schema),
                _ => Form::Text,
            },
            name: parameter.name,
        })
        .collect()
}

fn form_of(schema: &Object) -> Form {
    let is_number = match &schema.schema_type {
        SchemaType::Type(one) => *one == Type::Integer,
        SchemaType::Array(many) => many.contains(&Type::Integer),
        SchemaType::AnyValue => false,
    };
    let bound = |bound: &Option<Number>| match bound {
        Some(Number::Int(bound)) => i64::try_from(*bound).ok(),
        Some(Number::UInt(bound)) => i64::try_from(*bound).ok(),
        _ => None,
    };
    if is_number {
        let (least, most) = (bound(&schema.minimum), bound(&schema.maximum));
        return Form::Number(least.unwrap_or(i64::MIN)..=most.unwrap_or(i64::MAX));
    }
    match &schema.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Date)) => Form::Day,
        _ => Form::Text,
    }
}

/// Parses a product that has known builds.
pub(super) fn known_product(text: &str) -> Result<Directory, String> {
    text.parse().map_err(|_| {
        let known = Product::names();
        format!("{} is none that builds are known of: {known}", short(text))
    })
}

/// Parses a whole build id.
pub(super) fn whole_id(text: &str) -> Result<BuildId, String> {
    text.parse()
        .map_err(|why| format!("{} is not a build id, 14 digits YYYYMMDDhhmmss: {why}", short(text)))
}

/// Parses a line of builds.
pub(super) fn known_line(text: &str) -> Result<Line, String> {
    text.parse()
        .map_err(|_| format!("{} is no line: a major version on esr, main elsewhere", short(text)))
}

/// Parses a version.
pub(super) fn known_version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|_| {
        format!(
            "{} is not a version, such as 154.0b1, 153.0rc2 or 140.2.0esr",
            short(text)
        )
    })
}

/// The parameters of a request, read into `T`.
#[derive(Debug)]
pub(super) struct Asked<T> {
    pub(super) params: T,
    address: Uri,
    held: Option<String>,
}

impl<S: Sync, T: Takes> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let given = Given::of(parts.uri.query());
        let mut wrong = Wrong::with(&given, T::taken());
        T::look(&given, &mut wrong);
        wrong.refused(T::EXAMPLE)?;
        let Ok(Query(params)) = Query::try_from_uri(&parts.uri) else {
            let example = T::EXAMPLE;
            let why = format!("the parameters cannot be read. For example: {example}");
            return Err(ApiError::BadRequest(why));
        };
        let held = parts.headers.get(header::IF_NONE_MATCH);
        Ok(Self {
            params,
            address: parts.uri.clone(),
            held: held.and_then(|held| held.to_str().ok()).map(str::to_owned),
        })
    }
}

impl<T> Asked<T> {
    /// The answer, or 304 if the client already has it. `basis` is everything the answer depends on besides the address
    /// and the program.
    pub(super) fn answer(&self, basis: &str, body: impl Serialize) -> Response {
        self.unchanged(basis)
            .unwrap_or_else(|| (self.kept(basis), axum::Json(body)).into_response())
    }

    /// As [`Self::answer`], for an answer that depends on more than a basis can name.
    pub(super) fn fresh(&self, body: impl Serialize) -> Result<Response, ApiError> {
        let body = serde_json::value::to_raw_value(&body).map_err(anyhow::Error::from)?;
        Ok(self.answer(body.get(), &body))
    }

    /// The 304 response, if the client already has the answer.
    pub(super) fn unchanged(&self, basis: &str) -> Option<Response> {
        let tag = self.tag(basis);
        let holds = |held: &String| {
            held.split(',')
                .map(|one| one.trim().trim_start_matches("W/"))
                .any(|one| one == tag || one == "*")
        };
        self.held.as_ref().filter(|held| holds(held))?;
        Some((StatusCode::NOT_MODIFIED, self.kept(basis)).into_response())
    }

    /// The headers of an answer that clients may keep.
    pub(super) fn kept(&self, basis: &str) -> [(HeaderName, String); 2] {
        [
            (header::ETAG, self.tag(basis)),
            (header::CACHE_CONTROL, REVALIDATE.to_owned()),
        ]
    }

    /// The address of the page that begins at `cursor`.
    pub(super) fn next(&self, cursor: &str) -> String {
        let query = self.address.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs
            .extend_pairs(url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor"))
            .append_pair("cursor", cursor);
        format!("{}?{}", self.address.path(), pairs.finish())
    }

    fn tag(&self, basis: &str) -> String {
        let mut hash = Sha256::new();
        let address = self.address.to_string();
        for part in [env!("CARGO_PKG_VERSION"), basis, &address] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut tag = Digest(hash.finalize().into()).to_string();
        tag.truncate(32);
        format!("\"{tag}\"")
    }
}
