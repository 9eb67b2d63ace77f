//! Everybody who may come: without a token, with each kind of token, and signed in.

use platform::access::Permission;

use super::site::Site;
use crate::system::System;

/// Somebody who asks.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    /// What the caller may do.
    pub(super) permissions: Vec<Permission>,
    /// Why the caller is refused everywhere; none if not.
    pub(super) refused: Option<&'static str>,
    /// The header that says who it is.
    header: Option<(&'static str, String)>,
}

impl Caller {
    /// Somebody with a token.
    pub(super) fn with_token(name: &str, permissions: &[Permission], token: String) -> Self {
        Self {
            name: name.to_owned(),
            permissions: permissions.to_vec(),
            refused: None,
            header: Some(("auth-token", token)),
        }
    }

    fn refused(name: &str, text: &'static str, token: String) -> Self {
        Self {
            refused: Some(text),
            ..Self::with_token(name, &[], token)
        }
    }

    /// Somebody who signs in with a token.
    pub(super) async fn signed_in(name: &str, permissions: &[Permission], site: &Site, token: &str) -> Self {
        let answer = site.form("/account/sign-in", &[], &[("token", token)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
        Self {
            header: Some(("cookie", cookie.to_owned())),
            ..Self::with_token(name, permissions, String::new())
        }
    }

    pub(super) fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether an answer is made for this caller alone.
    pub(super) fn is_known(&self) -> bool {
        self.header.as_ref().is_some_and(|(_, value)| !value.is_empty())
    }

    /// The digits of the token or the cookie, if the caller has one that was given.
    pub(super) fn secret(&self) -> Option<&str> {
        let (_, value) = self.header.as_ref()?;
        let digits = value.trim_start_matches("datil_session=").split('-').next()?;
        (digits.len() == 32).then_some(digits)
    }

    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        let header = self.header.as_ref();
        header
            .map(|(name, value)| (*name, value.as_str()))
            .into_iter()
            .collect()
    }
}

/// Makes a token with the command line.
pub(super) fn token(system: &System, permissions: &[Permission], days: &str) -> String {
    let mut args = vec![
        "token", "create", "--note", "a test", "--author", "tester", "--days", days,
    ];
    for permission in permissions {
        args.extend(["--permission", permission.name()]);
    }
    let printed = system.run_well(args);
    let token = printed.strip_suffix('\n').expect("a line");
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(token.len() == 32 && token.bytes().all(is_digit), "{printed:?}");
    token.to_owned()
}

/// One of each kind, while the program runs. The first one is nobody.
pub(super) async fn everybody(system: &System, site: &Site) -> Vec<Caller> {
    let mut callers = vec![Caller {
        name: "nobody".to_owned(),
        permissions: Vec::new(),
        refused: None,
        header: None,
    }];
    let nothing = token(system, &[], "90");
    callers.push(Caller::signed_in("signed in without permissions", &[], site, &nothing).await);
    callers.push(Caller::with_token("a token without permissions", &[], nothing));
    callers.push(Caller::with_token("an empty token", &[], String::new()));
    for permission in Permission::all() {
        let digits = token(system, &[permission], "90");
        // What follows a token is a comment.
        callers.push(Caller::with_token(
            permission.name(),
            &[permission],
            format!("{digits}-x"),
        ));
        if permission == Permission::ViewPii {
            callers.push(Caller::signed_in("signed in with view_pii", &[permission], site, &digits).await);
        }
    }
    let all = [Permission::ViewPii, Permission::ViewRawDump, Permission::Administer];
    let revoked = token(system, &all, "90");
    system.run_well(["token", "revoke", &revoked]);
    let expired = token(system, &all, "0");
    for (name, text, token) in [
        ("expired", "API Token found but expired", expired),
        ("revoked", "API Token found but revoked", revoked),
        ("unknown", "API Token not matched", "0123456789abcdef".repeat(2)),
        ("no token at all", "API Token not matched", "x".to_owned()),
    ] {
        callers.push(Caller::refused(name, text, token));
    }
    callers
}
