//! Extracts the minidump from what was sent as one. Pure.
//!
//! Some clients compress the file before they put it into the form, and Electron's on Linux write the whole form into
//! the file that is then sent as the minidump in another form (getsentry/sentry-electron#200).

use std::io::Read;

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use super::job::DUMP_LIMIT;

/// Maximum layers of packing removed from a minidump.
const MAX_PACKINGS: usize = 3;
/// Maximum length of a boundary line, including the leading dashes.
const MAX_BOUNDARY: usize = 72;

/// The minidump in the bytes, and whether it was packed. What cannot be unpacked, or not within [`DUMP_LIMIT`], is
/// returned unchanged.
pub(super) fn unpack(mut bytes: Vec<u8>) -> (Vec<u8>, bool) {
    let mut was_packed = false;
    for _ in 0..MAX_PACKINGS {
        let inner = if bytes.starts_with(b"\x1f\x8b") {
            inflate(&bytes)
        } else if bytes.starts_with(b"--") {
            minidump_of_form(&bytes).map(<[u8]>::to_vec)
        } else {
            None
        };
        let Some(inner) = inner else { break };
        bytes = inner;
        was_packed = true;
    }
    (bytes, was_packed)
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    // Gzip ends with the size, so the buffer need not move as it grows.
    let size = bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size));
    let mut inflated = Vec::with_capacity((size as usize).min(DUMP_LIMIT));
    let mut decoder = MultiGzDecoder::new(bytes).take(DUMP_LIMIT as u64 + 1);
    let read = decoder.read_to_end(&mut inflated);
    // A truncated file, or one with trailing data, is used as far as it goes.
    let is_usable = read.is_ok() || inflated.starts_with(b"MDMP");
    (is_usable && inflated.len() <= DUMP_LIMIT).then_some(inflated)
}

/// The content of the part that has a minidump's name.
fn minidump_of_form(form: &[u8]) -> Option<&[u8]> {
    let end = memmem::find(form, b"\r\n").filter(|end| *end <= MAX_BOUNDARY)?;
    let delimiter = [b"\r\n", form.get(..end)?].concat();
    let mut rest = form.get(end..)?;
    loop {
        let end = memmem::find(rest, &delimiter).unwrap_or(rest.len());
        let part = rest.get(..end)?;
        let head_end = memmem::find(part, b"\r\n\r\n").unwrap_or(part.len());
        let (head, content) = part.split_at(head_end);
        let name = format!("name=\"{}\"", crash::MAIN_DUMP);
        if memmem::find(head, name.as_bytes()).is_some() {
            return content.get(4..);
        }
        rest = rest.get(end + delimiter.len()..)?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn form(dump: &[u8]) -> Vec<u8> {
        let head = b"--b\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\nElectron\r\n\
            --b\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"x\"\r\n\r\n";
        [head, dump, b"\r\n--b--\r\n"].concat()
    }

    #[test]
    fn a_packed_minidump_is_unpacked() {
        let dump = b"MDMP\r\n--c";
        for packed in [zipped(dump), form(dump), zipped(&form(dump)), form(&zipped(dump))] {
            assert_eq!(unpack(packed), (dump.to_vec(), true));
        }
        let mut padded = zipped(dump);
        padded.extend([0; 9]);
        assert_eq!(unpack(padded), (dump.to_vec(), true));
        // A truncated form.
        let cut = form(b"MDMP");
        assert_eq!(unpack(cut[..cut.len() - 9].to_vec()), (b"MDMP".to_vec(), true));
    }

    #[test]
    fn what_is_not_packed_stays() {
        let bomb = zipped(&vec![0; DUMP_LIMIT + 1]);
        let mut broken = zipped(b"what is no minidump");
        broken.truncate(12);
        for bytes in [&b"MDMP"[..], b"", b"--", b"--b\r\nx", b"PMDM", &broken, &bomb] {
            assert_eq!(unpack(bytes.to_vec()), (bytes.to_vec(), false));
        }
    }

    proptest! {
        #[test]
        fn any_form_gives_an_answer(
            parts in prop::collection::vec(
                prop::sample::select(vec!["--b", "\r\n", "name=\"upload_file_minidump\"", "\r\n\r\n", "--", "x"]),
                0..20,
            ),
        ) {
            let bytes = [b"--b".to_vec(), parts.concat().into_bytes()].concat();
            let (unpacked, _) = unpack(bytes.clone());
            prop_assert!(unpacked.len() <= bytes.len());
        }
    }
}
