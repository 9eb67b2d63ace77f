//! The search box: what is typed there leads to a page.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::{BuildId, Version};
use crash::CrashId;

use crate::Webapp;
use crate::page::{PageError, moved, unusable};
use crate::params::Params;
use crate::{builds, links};

/// What somebody looks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Report(CrashId),
    Build(BuildId),
    Version(String),
    Revision(String),
    Signature(String),
    Nothing,
}

/// A text of so many hexadecimal digits is the beginning of a revision, or a whole one.
const REVISION: std::ops::RangeInclusive<usize> = 12..=40;

/// Understands a crash id (also with `bp-` before it), a build id or a revision, all also at the end
/// of a link; a version; or a signature (also as bugs write it, `[@ signature ]`).
fn wanted(text: &str) -> Wanted {
    let text = text.trim();
    if text.is_empty() {
        return Wanted::Nothing;
    }
    let last = text
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(text)
        .to_ascii_lowercase();
    let id = last.strip_prefix("bp-").unwrap_or(&last);
    if let Ok(id) = id.parse() {
        return Wanted::Report(id);
    }
    if let Ok(id) = last.parse() {
        return Wanted::Build(id);
    }
    if REVISION.contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_hexdigit())
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
    {
        return Wanted::Revision(last);
    }
    if text.contains('.')
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.parse::<Version>().is_ok()
    {
        return Wanted::Version(text.to_owned());
    }
    let signature = text
        .strip_prefix("[@")
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    Wanted::Signature(signature.trim().to_owned())
}

/// Sends the reader to the page of what was typed.
pub(crate) async fn redirect(
    State(app): State<Webapp>,
    params: Params,
) -> Result<Response, PageError> {
    let text = params.text("q").map_err(unusable)?;
    let target = match wanted(text) {
        Wanted::Report(id) => links::report(&id),
        Wanted::Build(id) => builds::page_of(&app, id).await?,
        Wanted::Version(version) => links::page("/builds/", &[("version", &version)]),
        Wanted::Revision(revision) => links::page("/builds/", &[("revision", &revision)]),
        Wanted::Signature(signature) => links::crashes(&[("signature", &signature)]),
        Wanted::Nothing => links::crashes(&[]),
    };
    Ok(moved(StatusCode::SEE_OTHER, &target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_understood() {
        const ID: &str = "de1bb258-cbbf-4589-a673-34f800160918";
        let report = || Wanted::Report(ID.parse().unwrap());
        for (text, expected) in [
            (ID.to_owned(), report()),
            (format!(" bp-{ID} "), report()),
            (ID.to_uppercase(), report()),
            (format!("https://crash.example/report/index/{ID}"), report()),
            (
                "20181025233934".to_owned(),
                Wanted::Build("20181025233934".parse().unwrap()),
            ),
            (
                "https://crash.example/builds/Firefox/beta/20181025233934".to_owned(),
                Wanted::Build("20181025233934".parse().unwrap()),
            ),
            ("64.0b4".to_owned(), Wanted::Version("64.0b4".to_owned())),
            (
                "https://hg.example/releases/rev/1A2B3C4D5E6F".to_owned(),
                Wanted::Revision("1a2b3c4d5e6f".to_owned()),
            ),
            ("64.dll".to_owned(), Wanted::Signature("64.dll".to_owned())),
            (
                "[@ mozilla::a::b ]".to_owned(),
                Wanted::Signature("mozilla::a::b".to_owned()),
            ),
            (
                "20189925233934".to_owned(),
                Wanted::Signature("20189925233934".to_owned()),
            ),
            (String::new(), Wanted::Nothing),
        ] {
            assert_eq!(wanted(&text), expected, "{text}");
        }
    }
}
