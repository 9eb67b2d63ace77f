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
        // After headers that tell of a body nothing is mended any more, what looks like a request least of all.
        (
            "GET /> H\r\nContent-Length: 8\r\n\r\nGET /> H",
            "GET /%3E H\r\nContent-Length: 8\r\n\r\nGET /> H",
        ),
        (
            "POST / H\r\ntransfer-encoding: chunked\r\n\r\n>\r\n>",
            "POST / H\r\ntransfer-encoding: chunked\r\n\r\n>\r\n>",
        ),
        (
            "GET / H\r\na: b\r\nCONTENT-TYPE:\r\n\r\nGET />",
            "GET / H\r\na: b\r\nCONTENT-TYPE:\r\n\r\nGET />",
        ),
        // Names that only end like these tell nothing.
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

/// Bytes that mean something here, and others.
fn connection() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "GET /?a=>",
        " HTTP/1.1",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "Content-",
        "transfer-",
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
    fn it_does_not_matter_in_which_pieces_bytes_come(bytes in connection(), at in prop::collection::vec(0..200_usize, 0..8)) {
        let mut at: Vec<usize> = at.into_iter().map(|at| at.min(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces), read(&[&bytes]));
    }

    #[test]
    fn only_what_an_address_may_not_have_is_changed(bytes in connection()) {
        let back = String::from_utf8_lossy(&read(&[&bytes])).replace("%3E", ">").replace("%3C", "<").replace("%22", "\"");
        prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn readers_of_any_appetite_get_everything(bytes in connection(), size in 1..40_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut reader = Mended::new(&bytes[..]);
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
