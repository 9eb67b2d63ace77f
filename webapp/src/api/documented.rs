//! The documentation of the endpoints, made from the definitions that answer: a page with a form to try each, and a
//! description in OpenAPI.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use crash::fields::Access;
use search::fields::{FieldId, Kind as FieldKind, described};
use serde_json::{Map, Value, json};

use super::ENDPOINTS;
use super::answer::{Style, json as answer};
use super::endpoint::{Endpoint, Kind, Parameter};
use super::failure::Failure;
use crate::page::html;

/// The endpoints that take every field as a parameter.
const OF_FIELDS: [&str; 2] = ["SuperSearch", "SuperSearchUnredacted"];

#[derive(Template)]
#[template(path = "api.html")]
struct Page {
    endpoints: Vec<EndpointView>,
    fields: Vec<FieldView>,
}

struct EndpointView {
    endpoint: &'static Endpoint,
    /// In lower case, as forms have it.
    method: String,
    /// The permission that it needs, as people call it.
    needs: Option<(&'static str, &'static str)>,
    parameters: Vec<ParameterView>,
    has_fields: bool,
    /// Whether a browser can send what it takes: a form, not JSON.
    has_form: bool,
}

struct ParameterView {
    parameter: &'static Parameter,
    kind: &'static str,
    /// What it takes instead of `FIELD`, so that it can be tried.
    tried_as: String,
}

struct FieldView {
    name: &'static str,
    kind: &'static str,
    is_protected: bool,
    about: String,
}

/// The page.
pub(super) async fn page() -> Response {
    let page = Page {
        endpoints: ENDPOINTS.iter().copied().map(EndpointView::of).collect(),
        fields: fields(),
    };
    html(StatusCode::OK, &page)
}

impl EndpointView {
    fn of(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            method: endpoint.methods.first().unwrap_or(&"GET").to_ascii_lowercase(),
            needs: endpoint.needs.map(|needed| (needed.name(), needed.title())),
            parameters: endpoint.parameters.iter().map(ParameterView::of).collect(),
            has_fields: OF_FIELDS.contains(&endpoint.name),
            has_form: endpoint.parameters.iter().all(|parameter| parameter.kind != Kind::Body),
        }
    }
}

impl ParameterView {
    fn of(parameter: &'static Parameter) -> Self {
        Self {
            parameter,
            kind: match parameter.kind {
                Kind::Text => "text",
                Kind::Texts => "texts",
                Kind::Whole => "whole number",
                Kind::Numbers => "whole numbers",
                Kind::Body => "JSON, the body of the request",
            },
            tried_as: match parameter.name {
                name if name.ends_with("_interval.FIELD") => name.replace("FIELD", "date"),
                "_histogram.FIELD" => "_histogram.date".to_owned(),
                name => name.replace("FIELD", "product"),
            },
        }
    }
}

/// Every field that can be searched, by name.
fn fields() -> Vec<FieldView> {
    let described = described();
    let about = |name: &str| described.get(name).and_then(|field| field["description"].as_str());
    let all = FieldId::all().filter(|field| FieldId::of(field.name()) == Some(*field));
    all.map(|field| FieldView {
        name: field.name(),
        kind: match field.kind() {
            FieldKind::Integer => "whole number",
            FieldKind::Number => "number",
            FieldKind::Boolean => "true or false",
            FieldKind::Date => "date",
            FieldKind::Exact => "text",
            FieldKind::Words => "text, by words",
            FieldKind::Semicolons => "list",
        },
        is_protected: field.access() != Access::Public,
        about: about(field.name()).unwrap_or_default().to_owned(),
    })
    .collect()
}

/// The description in OpenAPI 3.1.
pub(super) async fn openapi() -> Result<Response, Failure> {
    let paths: Map<String, Value> = ENDPOINTS
        .iter()
        .map(|endpoint| (format!("/api/{}/", endpoint.name), path(endpoint)))
        .collect();
    let description = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Datil: crashes",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The endpoints that clients of Crash Stats use. Parameters that are not known are ignored.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Auth-Token"}},
            "schemas": {"Error": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {"type": "string", "description": "What is wrong, for people."},
                    "errors": {
                        "type": "object",
                        "description": "What is wrong with each parameter.",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                },
            }},
        },
    });
    answer(description, Style::Plain).await
}

fn path(endpoint: &Endpoint) -> Value {
    let methods = endpoint.methods.iter();
    let operations = methods.map(|method| (method.to_ascii_lowercase(), operation(endpoint, method)));
    Value::Object(operations.collect())
}

fn operation(endpoint: &Endpoint, method: &str) -> Value {
    let error = |description: &str| {
        let schema = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}});
        json!({"description": description, "content": schema})
    };
    let (answers, example) = endpoint.answers;
    let example: Value = serde_json::from_str(example).unwrap_or_default();
    let mut operation = json!({
        "operationId": format!("{}{}", method.to_ascii_lowercase(), endpoint.name),
        "summary": endpoint.name,
        "description": endpoint.about,
        "responses": {
            "200": {"description": answers, "content": {"application/json": {"example": example}}},
            "400": error("A parameter is missing or makes no sense."),
            "403": error("The token is not valid, or has not the permission."),
            "405": error("The method is another one."),
            "415": error("The body is of another type."),
            "404": error("There is no such crash."),
            "429": error("Too many requests: try again after the time in `Retry-After`."),
            "503": error("Not now, or not in time."),
        },
        "security": if endpoint.needs.is_some() { json!([{"token": []}]) } else { json!([{}, {"token": []}]) },
    });
    let properties = || {
        let known = endpoint.parameters.iter();
        known.filter(|parameter| parameter.kind != Kind::Body && !parameter.name.contains("FIELD"))
    };
    if method == "GET" {
        let mut parameters: Vec<Value> = properties().map(of_query).collect();
        if OF_FIELDS.contains(&endpoint.name) {
            parameters.extend(fields().into_iter().filter(|field| field.name != "date").map(|field| {
                json!({
                    "name": field.name, "in": "query", "description": field.about,
                    "schema": {"type": "array", "items": {"type": "string"}},
                })
            }));
        }
        operation["parameters"] = parameters.into();
    } else if let Some(body) = endpoint
        .parameters
        .iter()
        .find(|parameter| parameter.kind == Kind::Body)
    {
        operation["requestBody"] = json!({
            "description": body.about, "required": true, "content": {"application/json": {"schema": {}}},
        });
    } else {
        let required: Vec<&str> = properties()
            .filter(|parameter| parameter.required)
            .map(|parameter| parameter.name)
            .collect();
        let of_form: Map<String, Value> = properties()
            .map(|parameter| (parameter.name.to_owned(), schema(parameter)))
            .collect();
        let schema = json!({"schema": {"type": "object", "required": required, "properties": of_form}});
        operation["requestBody"] = json!({"required": true, "content": {
            "application/x-www-form-urlencoded": schema, "multipart/form-data": schema,
        }});
    }
    operation
}

fn of_query(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name, "in": "query", "required": parameter.required, "description": parameter.about,
        "schema": schema(parameter),
    })
}

fn schema(parameter: &Parameter) -> Value {
    let whole = json!({"type": "integer", "minimum": 0});
    match parameter.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Whole => whole,
        Kind::Numbers => json!({"type": "array", "items": whole}),
        Kind::Body => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use search::parse::{Context, parse};

    #[test]
    fn every_definition_is_whole() {
        for endpoint in ENDPOINTS {
            assert!(endpoint.about.ends_with('.'), "{}", endpoint.name);
            assert!(
                !endpoint.methods.is_empty() && !endpoint.answers.0.is_empty(),
                "{}",
                endpoint.name
            );
            let example: Result<Value, _> = serde_json::from_str(endpoint.answers.1);
            assert!(example.is_ok(), "{}: {example:?}", endpoint.name);
            for parameter in endpoint.parameters {
                assert!(parameter.about.ends_with('.'), "{}: {}", endpoint.name, parameter.name);
            }
        }
    }

    #[test]
    fn search_knows_the_parameters_that_are_documented() {
        let context = Context {
            now: 1_795_968_000_000_000,
            sees_protected: false,
        };
        let own = ["strict", "_return_query", "_ignore_empty", "pretty"];
        let parameters = super::super::super_search::SUPER_SEARCH.parameters.iter();
        for parameter in parameters.filter(|parameter| !own.contains(&parameter.name)) {
            let value = match parameter.name {
                "date" => ">=2026-11-25",
                "_results_number" | "_results_offset" | "_facets_size" | "weighted" => "1",
                "_histogram_interval.FIELD" => "day",
                "_cursor" => "",
                _ => "product",
            };
            let name = ParameterView::of(parameter).tried_as;
            let parsed = parse(&[(name.clone(), value.to_owned())], &context).unwrap();
            assert_eq!(parsed.warnings, [], "{name}");
        }
    }
}
