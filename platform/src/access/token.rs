//! The secret texts of tokens and sessions.

use std::fmt;

use sha2::{Digest, Sha256};

/// Digits of a secret.
const DIGITS: usize = 32;

/// A secret of 32 lower hexadecimal digits: a token, or the cookie of a session. It shows itself only on request.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one, of 128 random bits.
    pub(crate) fn random() -> Self {
        Self(hex::encode(rand::random::<[u8; DIGITS / 2]>()))
    }

    /// Reads a token as people and clients write it: blanks around it do not count, and from the first `-` on it is a
    /// comment. `None`: it does not have the form of a token.
    pub fn of_token(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::of_digits(text.split('-').next().unwrap_or_default())
    }

    /// Reads the digits alone.
    pub(crate) fn of_digits(digits: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (digits.len() == DIGITS && digits.bytes().all(is_digit)).then(|| Self(digits.to_owned()))
    }

    /// The digits themselves: for whom it is made, and nobody else.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// What is stored of it: its SHA-256 in hexadecimal. It has 128 random bits, so that no slower hash is needed, and
    /// looking a hash up tells nothing of the secret by its time.
    pub(crate) fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_with_and_without_a_comment() {
        let digits = "0123456789abcdef0123456789abcdef";
        for (text, is_token) in [
            (digits.to_owned(), true),
            (format!(" {digits}\n"), true),
            (format!("{digits}-mine"), true),
            (format!("{digits}-mine-too - and more"), true),
            (format!("{digits}-"), true),
            (format!("-{digits}"), false),
            (digits.to_uppercase(), false),
            (digits[1..].to_owned(), false),
            (format!("{digits}0"), false),
            (format!("{digits} mine"), false),
            (digits.replace('0', "٠"), false),
            (String::new(), false),
        ] {
            let read = Secret::of_token(&text);
            assert_eq!(
                read.as_ref().map(Secret::digits),
                is_token.then_some(digits),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_secret_is_random_and_does_not_show_itself() {
        let secret = Secret::random();
        assert_ne!(secret, Secret::random());
        assert_eq!(Secret::of_token(secret.digits()), Some(secret.clone()));
        for shown in [format!("{secret:?}"), secret.hash()] {
            assert!(!shown.contains(secret.digits()), "{shown}");
        }
    }
}
