//! The protocol between parent and child.
//!
//! Both directions have the same form: two little-endian `u32` lengths, then a head in JSON, then a
//! body of bytes.
//!
//! | head | body |
//! |---|---|
//! | [`Request::Setup`], once and first; not answered | – |
//! | [`Request::Walk`] | the dump |
//! | [`Request::Modules`] | the dump |
//! | [`Answer`] with [`Outcome::Walked`] | the document, or nothing |
//! | [`Answer`] with [`Outcome::Modules`] | a list of [`SymbolKey`](crate::symbol_key::SymbolKey)s in JSON |
//! | [`Answer`] with [`Outcome::Panicked`] | – |

use std::{
    io::{self, Read},
    path::PathBuf,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::cut::Cut;

/// Maximum bytes of a head: the annotations in it are far smaller in real crashes, and are left out if they are not.
pub(super) const HEAD_LIMIT: usize = 4 << 20;

/// A request of the parent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// How to work.
    Setup(Setup),
    /// Walk the dump.
    Walk {
        /// Whether to cut stacks hard.
        hard: bool,
        /// The annotation `ModuleSignatureInfo`.
        module_signatures: Option<String>,
        /// The annotation `CPUMicrocodeVersion`.
        microcode: Option<String>,
        /// Folders with symbol files, beside those for every dump.
        symbol_roots: Vec<PathBuf>,
    },
    /// List the keys of the symbols of the dump's modules.
    Modules,
}

/// How a child works.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// The parent's process id.
    pub(super) parent: u32,
    /// Address space in bytes.
    pub(super) memory_bytes: u64,
    /// Folders with symbol files for every dump.
    pub(super) symbol_roots: Vec<PathBuf>,
    /// Maximum bytes of symbol text held.
    pub(super) symbol_cache_bytes: u64,
}

/// The child's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// The child's resident memory.
    pub(super) rss_bytes: u64,
}

/// The result of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    Walked {
        status: String,
        cut: Cut,
        symbol_files_parsed: u32,
    },
    Modules,
    /// The request caused a panic; the child lives on.
    Panicked,
}

/// The bytes before the body: both lengths and the head.
pub(super) fn prefix(head: &impl Serialize, body: usize) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    let too_large = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let mut bytes = Vec::with_capacity(8 + head.len());
    bytes.extend_from_slice(&u32::try_from(head.len()).map_err(too_large)?.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(body).map_err(too_large)?.to_le_bytes());
    bytes.extend_from_slice(&head);
    Ok(bytes)
}

/// The two lengths, if they are within bounds.
fn lengths(bytes: [u8; 8], body_limit: usize) -> io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h] = bytes;
    let head = u32::from_le_bytes([a, b, c, d]) as usize;
    let body = u32::from_le_bytes([e, f, g, h]) as usize;
    if head > HEAD_LIMIT || body > body_limit {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((head, body))
}

/// Reads a message; `None` at the end of the input.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read, body_limit: usize) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut start = [0; 8];
    if input.read(&mut start[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut start[1..])?;
    let (head, body) = lengths(start, body_limit)?;
    let mut buffer = vec![0; head];
    input.read_exact(&mut buffer)?;
    let head = serde_json::from_slice(&buffer)?;
    let mut buffer = vec![0; body];
    input.read_exact(&mut buffer)?;
    Ok(Some((head, buffer)))
}

/// Reads a message, waiting for it.
pub(super) async fn receive<T: DeserializeOwned>(
    input: &mut (impl AsyncRead + Unpin),
    body_limit: usize,
) -> io::Result<(T, Vec<u8>)> {
    let mut start = [0; 8];
    input.read_exact(&mut start).await?;
    let (head, body) = lengths(start, body_limit)?;
    let mut buffer = vec![0; head];
    input.read_exact(&mut buffer).await?;
    let head = serde_json::from_slice(&buffer)?;
    let mut buffer = vec![0; body];
    input.read_exact(&mut buffer).await?;
    Ok((head, buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(head: &Request, body: &[u8]) -> Vec<u8> {
        let mut bytes = prefix(head, body.len()).unwrap();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = message(&Request::Modules, b"MDMP");
        bytes.extend(message(
            &Request::Walk {
                hard: true,
                module_signatures: None,
                microcode: Some("0x12".to_owned()),
                symbol_roots: Vec::new(),
            },
            b"",
        ));
        let mut input = bytes.as_slice();
        let (head, body) = read::<Request>(&mut input, 100).unwrap().unwrap();
        assert!(matches!(head, Request::Modules));
        assert_eq!(body, b"MDMP");
        let (head, body) = read::<Request>(&mut input, 100).unwrap().unwrap();
        assert!(matches!(head, Request::Walk { hard: true, .. }));
        assert!(body.is_empty());
        assert!(read::<Request>(&mut input, 100).unwrap().is_none());
    }

    #[test]
    fn bad_messages_are_errors_before_anything_is_allocated_for_them() {
        let good = message(&Request::Modules, b"MDMP");
        let body_over_limit = read::<Request>(&mut good.as_slice(), 3);
        assert_eq!(body_over_limit.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let head_over_limit = [0xff; 8];
        assert!(read::<Request>(&mut head_over_limit.as_slice(), 100).is_err());
        for end in 1..good.len() {
            assert!(read::<Request>(&mut &good[..end], 100).is_err(), "{end}");
        }
    }
}
