//! Parsing the text of a version.

use std::str::FromStr;

use crate::names::version::written::{NotAVersion, Stage, Version};

/// Maximum length of a version text in bytes.
const MAX_LENGTH: usize = 64;
/// Maximum digits of one number: nine always fit in 32 bits.
const MAX_DIGITS: usize = 9;

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return Err(NotAVersion);
        }
        let mut rest = text;
        let mut numbers = [0; 4];
        let mut parts = 0;
        for slot in &mut numbers {
            *slot = take_number(&mut rest).ok_or(NotAVersion)?;
            parts += 1;
            match rest.strip_prefix('.') {
                Some(after) if parts < 4 => rest = after,
                _ => break,
            }
        }
        let stage = take_stage(&mut rest)?;
        let candidate = match stage {
            Stage::Alpha(_) | Stage::Beta(_) | Stage::Esr => take_suffix(&mut rest, &["rc"])?,
            Stage::ReleaseCandidate(_) | Stage::Release => None,
        };
        let build = take_suffix(&mut rest, &["build"])?;
        if !rest.is_empty() {
            return Err(NotAVersion);
        }
        Ok(Self {
            text: text.into(),
            numbers,
            stage,
            candidate,
            build,
        })
    }
}

fn take_stage(rest: &mut &str) -> Result<Stage, NotAVersion> {
    if let Some(after) = rest.strip_prefix("esr") {
        *rest = after;
        return Ok(Stage::Esr);
    }
    if let Some(number) = take_suffix(rest, &["a", "-alpha."])? {
        return Ok(Stage::Alpha(number));
    }
    // `62.0b` without a number stands for all betas, but `62.0build1` is not a beta.
    if let Some(after) = rest.strip_prefix('b')
        && (after.is_empty() || after.starts_with("rc"))
    {
        *rest = after;
        return Ok(Stage::Beta(0));
    }
    if !rest.starts_with("build")
        && let Some(number) = take_suffix(rest, &["b", "-beta."])?
    {
        return Ok(Stage::Beta(number));
    }
    if let Some(number) = take_suffix(rest, &["rc", "-rc."])? {
        return Ok(Stage::ReleaseCandidate(number));
    }
    Ok(Stage::Release)
}

/// Takes one of `names` and the number that must follow it; `None` if `rest` starts with none of them.
fn take_suffix(rest: &mut &str, names: &[&str]) -> Result<Option<u32>, NotAVersion> {
    let Some(after) = names.iter().find_map(|name| rest.strip_prefix(name)) else {
        return Ok(None);
    };
    *rest = after;
    take_number(rest).map(Some).ok_or(NotAVersion)
}

fn take_number(rest: &mut &str) -> Option<u32> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > MAX_DIGITS {
        return None;
    }
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits.parse().ok()
}
