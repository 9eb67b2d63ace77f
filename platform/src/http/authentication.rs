//! Who makes a request: its token or session, signing in and out, and the audit log.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use moka::sync::Cache;

use super::caller::Caller;
use super::error::ApiError;
use super::settings::HttpSettings;
use super::{cookies, origin};
use crate::access::meters::{FOREIGN, REFUSED};
use crate::access::{self, Action, Secret, TokenRow, TokenState};
use crate::clock;
use crate::db::{Db, DbError};

/// The header with a client's token.
const AUTH_TOKEN: &str = "auth-token";
/// Of a token it is noted at most this often that it was used.
const NOTE_USE_EVERY: Duration = Duration::from_secs(3600);
/// Noting that must not keep a request waiting for longer.
const NOTE_USE_WITHIN: Duration = Duration::from_millis(250);
/// Of so many tokens a process remembers that it has noted their use.
const NOTED: u64 = 10_000;

/// Tokens, sessions and the audit log of one database. Clones share it.
#[derive(Debug, Clone)]
pub struct Access {
    db: Db,
    /// The site's own origin, if it is set.
    own_origin: Option<String>,
    /// Whether proxies of our own are in front, which say how the client came to them.
    behind_proxies: bool,
    session: Duration,
    /// The tokens, by id, whose use this process has noted, or could not.
    noted: Cache<String, ()>,
}

/// Why a token is refused. The words are those that clients of Crash Stats know.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No token is like this.
    #[error("API Token not matched")]
    Unknown,
    /// It is too old.
    #[error("API Token found but expired")]
    Expired,
    /// It was revoked.
    #[error("API Token found but revoked")]
    Revoked,
    /// It cannot be told now.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Refused {
    fn count(&self) {
        let reason = match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Database(_) => return,
        };
        REFUSED.add_with(1, [reason]);
    }

    /// The error that says so.
    pub fn error(self) -> ApiError {
        match self {
            Self::Database(error) => {
                tracing::warn!(%error, "whose token or session a request carries cannot be told at the moment");
                ApiError::Unavailable(
                    "whose token or session this is cannot be told at the moment: try again later, or without it"
                        .to_owned(),
                )
            }
            refused => ApiError::Forbidden(refused.to_string()),
        }
    }
}

impl Access {
    /// The tokens in this database, for a site with these settings.
    pub fn new(db: Db, settings: &HttpSettings) -> Self {
        Self {
            db,
            own_origin: settings.own_origin(),
            behind_proxies: settings.proxies > 0,
            session: Duration::from_secs(u64::from(settings.session_hours) * 3600),
            noted: Cache::builder()
                .max_capacity(NOTED)
                .time_to_live(NOTE_USE_EVERY)
                .build(),
        }
    }

    /// Whether it must be looked up who makes a request.
    pub(super) fn is_asked(headers: &HeaderMap, by_session: bool) -> bool {
        headers.contains_key(AUTH_TOKEN) || (by_session && headers.contains_key(header::COOKIE))
    }

    /// Who makes a request with these headers. An empty token is none; a session that has ended is none either, since
    /// a browser keeps its cookie without asking. Where sessions do not matter, none is looked for.
    ///
    /// # Errors
    /// The token is unknown, expired or revoked, or it cannot be told.
    pub(super) async fn caller(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
        by_session: bool,
    ) -> Result<Caller, Refused> {
        let mut caller = Caller {
            identity: None,
            session: None,
            address,
            is_secure: self.is_secure(headers),
        };
        let mut tokens = headers.get_all(AUTH_TOKEN).iter().filter(|token| !token.is_empty());
        if let Some(token) = tokens.next() {
            let found = match (token.to_str(), tokens.next()) {
                (Ok(text), None) => self.holder(text).await,
                _ => Err(Refused::Unknown),
            };
            let found = found.inspect_err(Refused::count)?;
            caller.identity = Some(found.into());
        } else if by_session
            && let Some(cookie) = cookies::read(headers, caller.is_secure)
            && let Some(found) = self.of_session(&cookie).await?
        {
            caller.identity = Some(found.into());
            caller.session = Some(cookie.hash());
        }
        Ok(caller)
    }

    /// The valid token that is written so.
    async fn holder(&self, text: &str) -> Result<TokenRow, Refused> {
        let secret = Secret::of_token(text).ok_or(Refused::Unknown)?;
        let row = access::of_token(&self.db, &secret).await?.ok_or(Refused::Unknown)?;
        match row.state(clock::now_micros()) {
            TokenState::Revoked => Err(Refused::Revoked),
            TokenState::Expired => Err(Refused::Expired),
            TokenState::Valid => {
                self.note_use(&row).await;
                Ok(row)
            }
        }
    }

    async fn of_session(&self, cookie: &Secret) -> Result<Option<TokenRow>, DbError> {
        let now = clock::now_micros();
        let found = access::of_session(&self.db, cookie, now).await?;
        let found = found.filter(|row| row.state(now) == TokenState::Valid);
        if let Some(row) = &found {
            self.note_use(row).await;
        }
        Ok(found)
    }

    /// Notes that a token was used, if that is easy: it does not matter to the request.
    async fn note_use(&self, row: &TokenRow) {
        let now = clock::now_micros();
        if now - row.last_used < clock::micros(NOTE_USE_EVERY) || self.noted.contains_key(&row.id) {
            return;
        }
        self.noted.insert(row.id.clone(), ());
        let noting = access::used(&self.db, &row.id, now);
        match tokio::time::timeout(NOTE_USE_WITHIN, noting).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "that a token was used could not be noted"),
            Err(_) => tracing::debug!("that a token was used was not noted: the database is busy"),
        }
    }

    /// Whether a request that changes something may do so: it comes from a page of this site, or from no browser.
    pub(super) fn is_own(&self, headers: &HeaderMap) -> bool {
        let is_own = origin::is_same(headers, self.own_origin.as_deref());
        if !is_own {
            FOREIGN.add(1);
        }
        is_own
    }

    fn is_secure(&self, headers: &HeaderMap) -> bool {
        let forwarded = || {
            let proto = headers.get("x-forwarded-proto").map(|proto| proto.as_bytes());
            // Each proxy on the way may have added how the one before it came.
            proto
                .and_then(|proto| proto.split(|byte| *byte == b',').next())
                .is_some_and(|first| first.trim_ascii().eq_ignore_ascii_case(b"https"))
        };
        match &self.own_origin {
            Some(own) => own.starts_with("https://"),
            None => self.behind_proxies && forwarded(),
        }
    }

    /// The site's own origin, such as `https://crashes.example`; none if `http.public_url` does not say it.
    pub fn own_origin(&self) -> Option<&str> {
        self.own_origin.as_deref()
    }

    /// How long a browser stays signed in at most.
    pub fn session(&self) -> Duration {
        self.session
    }

    /// Signs a browser in with a token; returns the header with its cookie. The session ends after the settings' hours,
    /// or with the token.
    ///
    /// # Errors
    /// The token is refused, or the database failed.
    pub async fn sign_in(&self, token: &str, caller: &Caller) -> Result<HeaderValue, Refused> {
        let row = self.holder(token).await.inspect_err(Refused::count)?;
        let now = clock::now_micros();
        let expires = row.expires.min(now.saturating_add(clock::micros(self.session)));
        let mut tx = self.db.begin().await?;
        // Whoever was signed in before is no more.
        if let Some(before) = &caller.session {
            access::end_session(&mut tx, before).await?;
        }
        let cookie = access::begin_session(&mut tx, &row.id, now, expires).await?;
        let by = Caller {
            identity: Some(row.into()),
            ..caller.clone()
        };
        access::record(&mut tx, &by.actor(), Action::SignIn, None, "").await?;
        tx.commit().await?;
        let holds = Duration::from_micros(u64::try_from(expires - now).unwrap_or(0));
        Ok(cookies::given(&cookie, holds, caller.is_secure))
    }

    /// Signs a browser out; returns the header that takes its cookie away.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sign_out(&self, caller: &Caller) -> Result<HeaderValue, DbError> {
        if let Some(session) = &caller.session {
            let mut tx = self.db.begin().await?;
            access::end_session(&mut tx, session).await?;
            access::record(&mut tx, &caller.actor(), Action::SignOut, None, "").await?;
            tx.commit().await?;
        }
        Ok(cookies::taken(caller.is_secure))
    }

    /// Writes a line into the audit log. When it returns, the line is on disk.
    ///
    /// # Errors
    /// The database failed: what the line is about must not happen.
    pub async fn record(
        &self,
        caller: &Caller,
        action: Action,
        crash_id: Option<&str>,
        detail: &str,
    ) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        access::record(&mut tx, &caller.actor(), action, crash_id, detail).await?;
        tx.commit().await
    }
}
