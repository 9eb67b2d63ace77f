//! Who makes a request.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;
use crate::access::{Actor, Permission, Permissions, TokenRow};

/// The holder of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's id, 8 hexadecimal digits. It is no secret.
    pub token_id: String,
    /// Whose token it is and what for: the note that it was made with.
    pub note: String,
    /// What it allows.
    pub permissions: Permissions,
    /// When the token expires, microseconds UTC.
    pub expires: i64,
}

impl From<TokenRow> for Identity {
    fn from(row: TokenRow) -> Self {
        Self {
            permissions: Permissions::stored(&row.permissions),
            token_id: row.id,
            note: row.note,
            expires: row.expires,
        }
    }
}

/// Who makes a request: anybody, or the holder of a token, who sent it along or signed in with it.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub(super) identity: Option<Identity>,
    /// The hash of the session's cookie, if the caller came by one.
    pub(super) session: Option<String>,
    pub(super) address: Option<IpAddr>,
    /// Whether the request came over TLS, as far as is known.
    pub(super) is_secure: bool,
}

impl Caller {
    /// The holder of a token; none if anybody.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Whether the caller signed in, rather than sending a token along.
    pub fn is_signed_in(&self) -> bool {
        self.session.is_some()
    }

    /// The address that the request came from, as far as it is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether the caller has this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|identity| identity.permissions.contains(permission))
    }

    /// Refuses a caller without this permission.
    ///
    /// # Errors
    /// The caller does not have it: [`ApiError::Forbidden`] with the words that clients know.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.may(permission) {
            return Ok(());
        }
        let title = permission.title();
        Err(ApiError::Forbidden(format!(
            "Use of this endpoint requires the '{title}' permission"
        )))
    }

    /// Who that is and from where, as the audit log names them.
    pub fn actor(&self) -> Actor {
        Actor {
            who: match &self.identity {
                Some(identity) => format!("token {} ({})", identity.token_id, identity.note),
                None => "anybody".to_owned(),
            },
            origin: match self.address {
                Some(address) => address.to_string(),
                None => "unknown".to_owned(),
            },
        }
    }
}

/// Routes that nothing looked at have anonymous callers.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
