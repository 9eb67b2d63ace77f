use axum::http::{HeaderName, HeaderValue};

use super::*;

fn headers(list: &[(&str, &[u8])]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_boundary_is_found_wherever_it_stands() {
    for (content_type, expected) in [
        ("multipart/form-data; boundary=X", Ok("X")),
        ("multipart/form-data;boundary=X", Ok("X")),
        ("multipart/mixed; boundary=\"X Y\"", Ok("X Y")),
        ("multipart/form-data; boundary=X; charset=utf-8", Ok("X")),
        ("Multipart/Form-Data; charset=utf-8; Boundary=X ", Ok("X")),
        ("multipart/form-data", Err(Malformed::NoBoundary)),
        ("multipart/form-data; boundary=", Err(Malformed::NoBoundary)),
        ("multipart/form-data; bound=X", Err(Malformed::NoBoundary)),
        ("text/plain; boundary=X", Err(Malformed::WrongContentType)),
        ("multipart/form-dataX; boundary=X", Err(Malformed::WrongContentType)),
        ("", Err(Malformed::NoContentType)),
    ] {
        let head = Head::read(&headers(&[
            ("content-type", content_type.as_bytes()),
            ("content-length", b"10"),
        ]));
        assert_eq!(
            head.as_ref().map(|head| head.boundary.as_str()),
            expected.as_ref().map(|found| *found),
            "{content_type}"
        );
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    let head = Head::read(&headers(&[("content-type", long.as_bytes())]));
    assert_eq!(head, Err(Malformed::NoBoundary));
}

#[test]
fn a_body_needs_a_length_or_chunks() {
    let kind: (&str, &[u8]) = ("content-type", b"multipart/form-data; boundary=X");
    for (extra, expected) in [
        (vec![], Err(Malformed::NoContentLength)),
        (vec![("content-length", &b"0"[..])], Err(Malformed::NoContentLength)),
        (vec![("content-length", &b"foo"[..])], Err(Malformed::NoContentLength)),
        (vec![("content-length", &b"7"[..])], Ok(Some(7))),
        (vec![("transfer-encoding", &b"chunked"[..])], Ok(None)),
    ] {
        let list: Vec<(&str, &[u8])> = extra.into_iter().chain([kind]).collect();
        assert_eq!(Head::read(&headers(&list)).map(|head| head.length), expected);
    }
}

fn part(disposition: &[u8], kind: &[u8]) -> Result<PartHead, Malformed> {
    let mut list = vec![("content-disposition", disposition)];
    if !kind.is_empty() {
        list.push(("content-type", kind));
    }
    PartHead::read(&headers(&list))
}

fn text_kind(charset: &str) -> Kind {
    Kind::Text(charset.to_owned())
}

fn dump_kind(kind: &str) -> Kind {
    Kind::Dump(kind.to_owned())
}

#[test]
fn parts_are_told_apart_by_name_type_and_file_name() {
    let (text, dump) = (text_kind, dump_kind);
    for (disposition, kind, name, expected) in [
        ("form-data; name=Foo", "", Some("Foo"), text("utf-8")),
        ("form-data; Name=\"a\\\"b;c\"", "", Some("a\"b;c"), text("utf-8")),
        (
            "form-data; name=\"a\"",
            "text/plain; charset=latin1",
            Some("a"),
            text("latin1"),
        ),
        (
            "form-data; name=\"a\"; filename=\"\"",
            "text/plain",
            Some("a"),
            text("utf-8"),
        ),
        (
            "form-data; name=\"a\"; filename=\"x\"",
            "",
            Some("a"),
            dump("text/plain"),
        ),
        (
            "form-data; name=\"a\"; filename*=utf-8''x",
            "",
            Some("a"),
            dump("text/plain"),
        ),
        (
            "form-data; name=\"extra\"",
            "application/json",
            Some("extra"),
            text("utf-8"),
        ),
        (
            "form-data; name=\"extra\"; filename=\"x\"",
            "Application/JSON; charset=x",
            Some("extra"),
            dump("Application/JSON; charset=x"),
        ),
        (
            "form-data; name=\"extra\"; filename=\"extra.json\"",
            "application/octet-stream",
            Some("extra"),
            dump("application/octet-stream"),
        ),
        ("form-data; name=\"extra\"", "", Some("extra"), text("utf-8")),
        (
            "form-data; name=\"settings\"; filename=\"settings.json\"",
            "application/json",
            Some("settings"),
            dump("application/json"),
        ),
        ("form-data; name=\"a\"", "application/json", Some("a"), text("utf-8")),
        (
            "form-data; name=\"a\"",
            "application/octet-stream",
            Some("a"),
            dump("application/octet-stream"),
        ),
        (
            "form-data; name=\"upload_file_minidump\"",
            "",
            Some("upload_file_minidump"),
            dump("text/plain"),
        ),
        (
            "form-data; name=upload_file_minidump_browser",
            "text/plain; charset=utf-8",
            Some("upload_file_minidump_browser"),
            dump("text/plain; charset=utf-8"),
        ),
        ("name=\"a\"", "text/html", Some("a"), text("utf-8")),
        ("form-data; name=\"\"", "", None, text("utf-8")),
        ("form-data; filename=\"name=b\"", "", None, dump("text/plain")),
        (
            "form-data; name*=utf-8''%C3%9Cber%20alles",
            "",
            Some("Über alles"),
            text("utf-8"),
        ),
        ("form-data; name*=klingon''x", "", None, text("utf-8")),
        ("form-data; name*=x", "", None, text("utf-8")),
    ] {
        let head = part(disposition.as_bytes(), kind.as_bytes());
        let declared = kind.to_lowercase().contains("json");
        let expected = PartHead {
            name: name.map(str::to_owned),
            extra: (name == Some("extra")).then_some(if declared { Extra::Declared } else { Extra::Named }),
            kind: expected,
            notes: Vec::new(),
        };
        assert_eq!(head, Ok(expected), "{disposition} {kind}");
    }
}

#[test]
fn a_harmless_header_is_noted_and_loses_nothing() {
    for (header, value, kind, notes) in [
        ("content-transfer-encoding", &b"binary"[..], text_kind("utf-8"), &[][..]),
        ("content-transfer-encoding", b"8BIT", text_kind("utf-8"), &[]),
        ("content-transfer-encoding", b"7bit ", text_kind("utf-8"), &[]),
        ("content-transfer-encoding", b"", text_kind("utf-8"), &[]),
        (
            "content-transfer-encoding",
            b"UTF-8",
            text_kind("utf-8"),
            &["part a: unknown transfer encoding"],
        ),
        (
            "content-transfer-encoding",
            b"\xff",
            text_kind("utf-8"),
            &["part a: unknown transfer encoding"],
        ),
        (
            "content-type",
            b"text/\xe9",
            text_kind("utf-8"),
            &["part a: content-type is no UTF-8"],
        ),
        (
            "content-type",
            b"text/plain; charset=utf-8; name=\xe9",
            text_kind("utf-8"),
            &["part a: content-type is no UTF-8"],
        ),
        ("content-type", b" ", text_kind("utf-8"), &[]),
        ("x-anything", b"\xff", text_kind("utf-8"), &[]),
    ] {
        let list = [("content-disposition", &b"form-data; name=a"[..]), (header, value)];
        let expected = PartHead {
            name: Some("a".to_owned()),
            extra: None,
            kind,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        };
        let context = String::from_utf8_lossy(value);
        assert_eq!(PartHead::read(&headers(&list)), Ok(expected), "{header} {context}");
    }
    for (disposition, name, note) in [
        (
            &b"form-data; name=\"d\"; filename=\"caf\xe9.dmp\""[..],
            "d",
            "part d: content-disposition is no UTF-8",
        ),
        (
            b"form-data; name=\"\xff\"; filename=x",
            "\u{fffd}",
            "part \u{fffd}: content-disposition is no UTF-8",
        ),
        (
            b"form-data; name=\"d\"; filename*=klingon''x",
            "d",
            "part d: unknown charset of the file name",
        ),
    ] {
        let expected = PartHead {
            name: Some(name.to_owned()),
            extra: None,
            kind: dump_kind("application/octet-stream"),
            notes: vec![note.to_owned()],
        };
        assert_eq!(part(disposition, b"application/octet-stream"), Ok(expected));
    }
}

#[test]
fn parts_whose_bytes_mean_something_else_are_refused() {
    let long = [b'x'; MAX_PART_HEAD];
    for list in [
        &[("content-transfer-encoding", &b"base64"[..])][..],
        &[("content-transfer-encoding", &b"Quoted-Printable"[..])][..],
        &[
            ("content-transfer-encoding", &b"base64"[..]),
            (
                "content-disposition",
                b"form-data; name=upload_file_minidump; filename=x",
            ),
        ][..],
        &[
            ("content-transfer-encoding", &b"base64"[..]),
            ("content-disposition", b"form-data; name=extra; filename=x"),
        ][..],
        &[("x", &long[..])][..],
    ] {
        assert_eq!(PartHead::read(&headers(list)), Err(Malformed::PayloadStructure));
    }
}

#[test]
fn the_encoding_of_an_attachment_decides_nothing() {
    let head = PartHead::read(&headers(&[
        ("content-transfer-encoding", b"base64"),
        ("content-disposition", b"form-data; name=log; filename=x"),
    ]));
    let head = head.unwrap();
    assert_eq!(head.kind, dump_kind("text/plain"));
    assert_eq!(head.notes, ["part log: its transfer encoding was not undone"]);
}
