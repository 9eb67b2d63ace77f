//! What is wrong with the data, and how good the sources are.

use axum::extract::State;
use axum::response::Response;
use builds::audit::{Check, Finding, Score};
use builds::names::product::Directory;
use platform::http::ApiError;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, known_product, takes};
use super::paging::{limit_of, no_cursor};
use super::state::Api;
use crate::audit::Place;
use crate::audit::read::Filter;

/// Which findings to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The product, in any known spelling.
    product: Option<String>,
    /// `no_importer`, `silent_source`, `product_without_row`, `open_alarm`, `reported_version`,
    /// `shipped_without_build`, `late_platform`, `conflict`, `bad_file` or `unreadable_record`.
    check: Option<String>,
    /// Where the page begins: `cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

takes!(
    Params,
    "/api/v1/audit?product=Firefox&check=conflict",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "check", known_check);
        wrong.check(given, "cursor", |text| text.parse::<Place>().map_err(|()| no_cursor()));
    }
);

/// A page of findings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AuditPage {
    /// Each with `severity` (`bad`, `warning`, `note`), `check`, `subject`, `found` and `advice`; check by check.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Finding>,
    /// On the first page of all checks: how each source did on each channel over the last ninety days of builds.
    #[schema(value_type = Option<Vec<Object>>)]
    scores: Option<Vec<Score>>,
    /// Where the next page begins; none after the last.
    cursor: Option<String>,
    /// The address of the next page; none after the last.
    next: Option<String>,
}

/// What is not as it should be, with what to do about it.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "history", params(Params),
    responses(
        (status = 200, description = "A page of findings, the first one with the sources' scores", body = AuditPage),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn list(State(api): State<Api>, asked: Asked<Params>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let limit = usize::try_from(limit_of(params.limit, 100, 1000)?).unwrap_or(0);
    let filter = params.filter()?;
    let after = params.cursor.as_deref().map(str::parse::<Place>);
    let after = after.transpose().map_err(|()| no_cursor())?;
    let page = api.audits.findings(filter, after.as_ref(), limit);
    let page = page.await.map_err(anyhow::Error::from)?;
    let first = after.is_none() && filter.check.is_none();
    let cursor = page.next.as_ref().map(ToString::to_string);
    let body = AuditPage {
        findings: page.findings.clone(),
        scores: match first {
            true => {
                let scores = api.audits.scores(filter.product).await;
                Some(scores.map_err(anyhow::Error::from)?.to_vec())
            }
            false => None,
        },
        next: cursor.as_deref().map(|cursor| asked.next(cursor)),
        cursor,
    };
    asked.fresh(body)
}

impl Params {
    fn filter(&self) -> Result<Filter, ApiError> {
        let product = self.product.as_deref().map(known_product).transpose();
        let check = self.check.as_deref().map(known_check).transpose();
        Ok(Filter {
            product: product.map_err(ApiError::BadRequest)?.map(Directory::product),
            check: check.map_err(ApiError::BadRequest)?,
        })
    }
}

fn known_check(name: &str) -> Result<Check, String> {
    Check::named(name).ok_or_else(|| {
        let known = Check::ALL.map(Check::as_str).join(", ");
        format!("check must be one of {known}")
    })
}

#[cfg(test)]
mod tests {
    use utoipa::IntoParams;
    use utoipa::openapi::path::ParameterIn;

    use super::{Check, Params};

    #[test]
    fn the_description_names_every_check() {
        let params = Params::into_params(|| Some(ParameterIn::Query));
        let check = params.iter().find(|one| one.name == "check").unwrap();
        let about = check.description.as_deref().unwrap();
        for check in Check::ALL {
            let name = format!("`{}`", check.as_str());
            assert!(about.contains(&name), "{about} lacks {name}");
        }
        assert_eq!(about.matches('`').count(), 2 * Check::ALL.len());
    }
}
