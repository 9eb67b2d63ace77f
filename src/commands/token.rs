//! `datil token`: makes, lists and revokes tokens.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use platform::access::{self, Action, NewToken, Permission, Permissions, TokenRow, TokenState};
use platform::clock;
use platform::db::Db;
use serde_json::{Value, json};

use crate::operator::By;
use crate::parts::open_db;
use crate::settings::Settings;

/// Rows read at a time.
const PAGE: i64 = 500;
/// A longer note is refused; characters.
const MAX_NOTE: usize = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token, and print it: it is shown this one time, and stored only as its hash
    Create(CreateArgs),
    /// List tokens, in the order in which they were made, without their secret
    List {
        /// Only those that are valid
        #[arg(long)]
        valid: bool,
    },
    /// Revoke tokens, and end the sessions of those who signed in with them
    Revoke {
        /// The id that "token list" shows, or the token itself
        #[arg(required = true, value_name = "ID|TOKEN")]
        tokens: Vec<String>,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What its holder may do; repeat it for more. Without one, the token gives no more than a rate limit of its own
    #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',', value_parser = permissions())]
    permissions: Vec<Permission>,
    /// Whose it is and what for: the audit log and "token list" show it
    #[arg(long, value_name = "TEXT", value_parser = note)]
    note: String,
    /// After how many days it expires; 0: at once
    #[arg(long, value_name = "N", default_value = "90", value_parser = clap::value_parser!(u16).range(0..=3650))]
    days: u16,
    #[command(flatten)]
    by: By,
}

fn permissions() -> impl TypedValueParser<Value = Permission> {
    let values = Permission::all().map(|one| PossibleValue::new(one.name()).help(one.meaning()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Permission>())
}

fn note(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say whose the token is and what for".to_owned());
    }
    if text.chars().count() > MAX_NOTE || text::one_line(text) != text {
        return Err(format!("at most {MAX_NOTE} characters on one line"));
    }
    Ok(text.to_owned())
}

pub(crate) async fn run(settings: &Settings, command: TokenCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    let db = open_db(settings).await?;
    let whose = settings.database_named();
    let code = match command {
        TokenCommand::Create(args) => create(&db, &whose, args, as_json).await?,
        TokenCommand::List { valid } => list(&db, &whose, valid, as_json).await?,
        TokenCommand::Revoke { tokens, by } => revoke(&db, &tokens, by, as_json).await?,
    };
    db.close().await;
    Ok(code)
}

async fn create(db: &Db, whose: &str, args: CreateArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let permissions: Permissions = args.permissions.into_iter().collect();
    if permissions.contains(Permission::UploadSymbols) && permissions.contains(Permission::UploadTrySymbols) {
        bail!("Invalid combination of permissions: one token uploads symbols of one kind, so make two");
    }
    let created = clock::now_micros();
    let holds = clock::micros(Duration::from_secs(u64::from(args.days) * 86_400));
    let new = NewToken {
        permissions,
        note: args.note,
        created,
        expires: created.saturating_add(holds),
    };
    let mut tx = db.begin().await?;
    let (id, secret) = access::create_token(&mut tx, &new).await?;
    let detail = format!("{id}: {} ({})", new.permissions, new.note);
    access::record(&mut tx, &args.by.actor(), Action::CreateToken, None, &detail).await?;
    tx.commit().await?;
    let expires = clock::rfc3339(new.expires);
    let mut out = std::io::stdout();
    if as_json {
        let names: Vec<&str> = new.permissions.iter().map(Permission::name).collect();
        let token = secret.digits();
        let made = json!({"id": id, "token": token, "permissions": names, "note": new.note, "expires": expires});
        writeln!(out, "{made}")?;
    } else {
        writeln!(out, "{}", secret.digits())?;
        writeln!(
            std::io::stderr(),
            "This is token {id} for {whose}; it expires at {expires}. It is not shown again: keep it like a password. \
             Clients send it in the header Auth-Token; people sign in with it at /account."
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, whose: &str, only_valid: bool, as_json: bool) -> anyhow::Result<ExitCode> {
    let now = clock::now_micros();
    let mut last: Option<(i64, String)> = None;
    let mut count = 0;
    loop {
        let after = last.as_ref().map(|(created, id)| (*created, id.as_str()));
        let rows = access::list_tokens(db, after, PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = Some((end.created, end.id.clone()));
        let mut out = std::io::stdout().lock();
        for row in &rows {
            let state = row.state(now);
            if only_valid && state != TokenState::Valid {
                continue;
            }
            count += 1;
            if as_json {
                writeln!(out, "{}", as_object(row, state))?;
            } else {
                writeln!(out, "{}", line(row, state))?;
            }
        }
    }
    if count == 0 && !as_json {
        let valid = if only_valid { "valid " } else { "" };
        writeln!(
            std::io::stderr(),
            "there is no {valid}token for {whose}; \"datil token create\" makes one"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_object(row: &TokenRow, state: TokenState) -> Value {
    let permissions: Vec<&str> = row.permissions.split_whitespace().collect();
    json!({
        "id": row.id,
        "state": state.name(),
        "permissions": permissions,
        "note": row.note,
        "created": clock::rfc3339(row.created),
        "expires": clock::rfc3339(row.expires),
        "revoked": row.revoked.map(clock::rfc3339),
        "last_used": (row.last_used > 0).then(|| clock::rfc3339(row.last_used)),
    })
}

fn line(row: &TokenRow, state: TokenState) -> String {
    let when = match (state, row.revoked) {
        (TokenState::Valid, _) => format!("valid, expires {}", clock::rfc3339(row.expires)),
        (TokenState::Revoked, Some(at)) => format!("revoked {}", clock::rfc3339(at)),
        (TokenState::Expired | TokenState::Revoked, _) => format!("expired {}", clock::rfc3339(row.expires)),
    };
    let used = match row.last_used {
        0 => "never used".to_owned(),
        at => format!("used {}", clock::rfc3339(at)),
    };
    let may = match row.permissions.as_str() {
        "" => "nothing",
        permissions => permissions,
    };
    format!("{} {when}; {used}; may: {may}; {}", row.id, row.note)
}

async fn revoke(db: &Db, tokens: &[String], by: By, as_json: bool) -> anyhow::Result<ExitCode> {
    let by = by.actor();
    let mut missing = 0;
    for (number, token) in (1..).zip(tokens) {
        let mut tx = db.begin().await?;
        let Some(id) = access::revoke_token(&mut tx, token, clock::now_micros()).await? else {
            missing += 1;
            // A token itself is not repeated.
            let is_id = token.len() == 8 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
            let named = if is_id {
                token.clone()
            } else {
                format!("number {number}")
            };
            writeln!(
                std::io::stderr(),
                "{named} is no token here, or was revoked before: \"datil token list\" shows which there are"
            )?;
            continue;
        };
        access::record(&mut tx, &by, Action::RevokeToken, None, &id).await?;
        tx.commit().await?;
        let mut out = std::io::stdout();
        if as_json {
            writeln!(out, "{}", json!({"id": id, "state": "revoked"}))?;
        } else {
            writeln!(out, "{id} revoked")?;
        }
    }
    Ok(if missing == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::note;

    #[test]
    fn a_note_is_one_line_that_says_something() {
        assert_eq!(note(" a person "), Ok("a person".to_owned()));
        for text in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(note(text).is_err(), "{text:?}");
        }
    }
}
