use super::*;

/// Answers each line of an input with its number and length.
fn answered(input: &[u8]) -> String {
    let mut out = Vec::new();
    each_line(input, &mut out, |line, out| {
        let text = line.text.map(|text| text.len());
        writeln!(out, "{} {text:?}", line.number).unwrap();
    })
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_line_has_an_answer_in_its_place() {
    assert_eq!(answered(b""), "");
    assert_eq!(answered(b"ab\n\nc"), "1 Ok(2)\n2 Ok(0)\n3 Ok(1)\n");
    let lengths: Vec<usize> = (0..5_000).map(|i| i * 7919 % 400).collect();
    let input: Vec<u8> = lengths
        .iter()
        .flat_map(|length| [vec![b'x'; *length], vec![b'\n']].concat())
        .collect();
    let expected: String = (1..)
        .zip(&lengths)
        .map(|(number, length)| format!("{number} Ok({length})\n"))
        .collect();
    assert_eq!(answered(&input), expected);
}

#[test]
fn lines_that_are_too_long_are_refused_in_their_place() {
    let input = b"12345\n123456\n1\n1234567890\n12345";
    let mut batches = Batches::of(&input[..], 5);
    let mut seen = Vec::new();
    while let Some(batch) = batches.next().unwrap() {
        batch.each(|line| seen.push((line.number, line.text.ok().map(<[u8]>::len))));
    }
    let expected = [(1, Some(5)), (2, None), (3, Some(1)), (4, None), (5, Some(5))];
    assert_eq!(seen, expected);
}

#[test]
fn what_was_answered_before_the_input_broke_is_written() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let mut out = Vec::new();
    let result = each_line(b"a\n".chain(Broken), &mut out, |_, out| out.push(b'.'));
    assert!(result.unwrap_err().to_string().contains("the disk is gone"));
    assert_eq!(out, b".");
}
