use proptest::prelude::*;
use tokio::io::AsyncReadExt;

use super::*;

/// What the server reads of pieces that come in one after another.
fn read(pieces: &[&[u8]]) -> Vec<u8> {
    let mut place = Place::Before;
    let mut all = Vec::new();
    for piece in pieces {
        let mended = mend(&mut place, piece);
        all.extend_from_slice(mended.as_deref().unwrap_or(piece));
    }
    all
}

#[test]
fn the_first_line_of_each_request_is_mended_and_nothing_else() {
    let plain = "GET /a?b=%3E HTTP/1.1\r\nhost: x\r\n\r\n";
    for (bytes, expected) in [
        ("", ""),
        (plain, plain),
        ("GET /?date=>=2026 HTTP/1.1\r\n", "GET /?date=%3E=2026 HTTP/1.1\r\n"),
        ("GET /?a=<\"b\"> HTTP/1.1\r\n", "GET /?a=%3C%22b%22%3E HTTP/1.1\r\n"),
        ("GET /<\n", "GET /%3C\n"),
        // Empty lines before a request are no requests.
        ("\r\n\n\r\nGET /?>", "\r\n\n\r\nGET /?%3E"),
        // Headers are left alone, empty ones and wrong ones too.
        ("GET /?> H\r\na: <\"\r\n<: >\r\n", "GET /?%3E H\r\na: <\"\r\n<: >\r\n"),
        (
            "GET /?> H\nc\r\ncontent: <\r\n\r\n",
            "GET /?%3E H\nc\r\ncontent: <\r\n\r\n",
        ),
        // The next request, without a body between.
        (
            "GET /> H\r\na: >\r\n\r\nGET /?> H\r\n",
            "GET /%3E H\r\na: >\r\n\r\nGET /?%3E H\r\n",
        ),
        ("GET /> H\n\nGET /> H", "GET /%3E H\n\nGET /%3E H"),
        // Behind a body, in which nothing is mended, what looks like a request least of all.
        (
            "GET /> H\r\nContent-Length: 8\r\n\r\nGET /> HGET /> H",
            "GET /%3E H\r\nContent-Length: 8\r\n\r\nGET /> HGET /%3E H",
        ),
        (
            "GET / H\r\na: b\r\nCONTENT-LENGTH:0\t \r\nc: >\n\r\nGET />",
            "GET / H\r\na: b\r\nCONTENT-LENGTH:0\t \r\nc: >\n\r\nGET /%3E",
        ),
        // Where it cannot be told where a body ends, nothing is mended any more.
        (
            "POST / H\r\ntransfer-encoding: chunked\r\n\r\n>\r\n>",
            "POST / H\r\ntransfer-encoding: chunked\r\n\r\n>\r\n>",
        ),
        (
            "POST / H\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n>GET />",
            "POST / H\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n>GET />",
        ),
        (
            "POST / H\r\ncontent-length: 1\r\nTransfer-Encoding: x\r\n\r\n>GET />",
            "POST / H\r\ncontent-length: 1\r\nTransfer-Encoding: x\r\n\r\n>GET />",
        ),
        (
            "POST / H\r\ncontent-length: 1 1\r\n\r\n>\nGET />",
            "POST / H\r\ncontent-length: 1 1\r\n\r\n>\nGET />",
        ),
        (
            "POST / H\r\ncontent-length:\r\n\r\nGET />",
            "POST / H\r\ncontent-length:\r\n\r\nGET />",
        ),
        (
            "POST / H\r\ncontent-length: -1\r\n\r\nGET />",
            "POST / H\r\ncontent-length: -1\r\n\r\nGET />",
        ),
        (
            "POST / H\r\ncontent-length: 0000000000000000\r\n\r\nGET />",
            "POST / H\r\ncontent-length: 0000000000000000\r\n\r\nGET />",
        ),
        // Other names tell nothing.
        (
            "GET / H\r\nContent-Type: a\r\n\r\nGET />",
            "GET / H\r\nContent-Type: a\r\n\r\nGET /%3E",
        ),
        (
            "GET / H\r\ntransfer-encodings: 1\r\n\r\nGET />",
            "GET / H\r\ntransfer-encodings: 1\r\n\r\nGET /%3E",
        ),
        (
            "GET / H\r\nx-content-length: 1\r\n\r\nGET />",
            "GET / H\r\nx-content-length: 1\r\n\r\nGET /%3E",
        ),
        (
            "GET / H\r\na: content-length: 1\r\n\r\nGET />",
            "GET / H\r\na: content-length: 1\r\n\r\nGET /%3E",
        ),
    ] {
        let mended = read(&[bytes.as_bytes()]);
        assert_eq!(String::from_utf8_lossy(&mended), expected, "{bytes:?}");
    }
    assert_eq!(
        mend(&mut Place::Before.clone(), plain.as_bytes()),
        None,
        "nothing is copied without need"
    );
}

/// The same by lines, for a whole connection.
fn by_lines(mut bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let line = |bytes: &mut &[u8]| -> Vec<u8> {
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1);
        bytes.split_off(..end).unwrap_or_default().to_vec()
    };
    let is_empty = |line: &[u8]| line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
    while !bytes.is_empty() {
        let first = line(&mut bytes);
        if is_empty(&first) {
            all.extend(first);
            continue;
        }
        // What stands before a request is no part of its address.
        for byte in first {
            all.extend_from_slice(written(byte).unwrap_or(&[byte]));
        }
        let mut length = None;
        while !bytes.is_empty() {
            let header = line(&mut bytes);
            all.extend_from_slice(&header);
            if is_empty(&header) {
                break;
            }
            let text = String::from_utf8_lossy(&header);
            let Some((name, value)) = text.split_once(':') else {
                continue;
            };
            // Where returns stand before a name they are no part of it.
            let name = name.trim_start_matches('\r').to_ascii_lowercase();
            let digits = value.trim_matches([' ', '\t', '\r', '\n']);
            let is_plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            let is_plain = is_plain && !value.trim_start_matches([' ', '\t']).starts_with('\r');
            match name.as_bytes() {
                LENGTH if length.is_none() && is_plain => length = digits.parse().ok(),
                LENGTH | ENCODING => {
                    all.extend_from_slice(bytes);
                    return all;
                }
                _ => {}
            }
        }
        let length = bytes.len().min(length.unwrap_or(0));
        all.extend_from_slice(bytes.split_off(..length).unwrap_or_default());
    }
    all
}

/// Bytes that mean something here, and others.
fn connection() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "GET /?a=>",
        " HTTP/1.1",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "Content-Length",
        "\r\nContent-Length: 9\r\n",
        "3",
        "transfer-encoding",
        ":",
        "host: <",
        "\"",
        ">",
    ];
    let word = prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_bytes_come(
        bytes in connection(),
        at in prop::collection::vec(0..200_usize, 0..8),
    ) {
        let mut at: Vec<usize> = at.into_iter().map(|at| at.min(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let [found, expected] = [read(&pieces), by_lines(&bytes)].map(|bytes| bytes.escape_ascii().to_string());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn readers_of_any_appetite_get_everything(bytes in connection(), size in 1..40_usize, at in 0..200_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (first, second) = bytes.split_at(at.min(bytes.len()));
        let mut reader = Mended::new(first.chain(second));
        let mut all = Vec::new();
        let mut some = vec![0; size];
        loop {
            let length = runtime.block_on(reader.read(&mut some)).expect("it can be read");
            if length == 0 {
                break;
            }
            all.extend_from_slice(&some[..length]);
        }
        prop_assert_eq!(all, read(&[&bytes]));
    }
}
