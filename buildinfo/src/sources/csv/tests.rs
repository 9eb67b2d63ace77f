use std::collections::BTreeSet;

use builds::said::observation::Observation;
use builds::{BuildIndex, Question, Status, derive_all, group_of, resolve};
use proptest::prelude::*;

use super::{BadRow, MAX_LINE, history, rows};

fn read(text: &str) -> (Vec<Observation>, Vec<BadRow>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows(text.as_bytes(), "csv:/test") {
        match row.expect("memory can be read") {
            Ok(row) => good.push(row),
            Err(row) => bad.push(row),
        }
    }
    (good, bad)
}

const ROW: &str = "Firefox,beta,64,64.0,64.0b4,20181025233934,\
    https://archive.mozilla.org/pub/firefox/candidates/64.0b4-candidates/build2/win64/en-US/buildhub.json";

#[test]
fn every_known_form_of_the_table_gives_the_same_row() {
    let url = ROW.rsplit(',').next().unwrap();
    let header = "product_name,release_channel,major_version,release_version,version_string,build_id,archive_url";
    let expected = Observation::csv_row("csv:/test", "Firefox", "beta", "64.0b4", "20181025233934", Some(url));
    for text in [
        ROW.to_owned(),
        format!("{ROW}\r\n"),
        format!("\u{feff}{ROW}\n"),
        format!("{header}\n{ROW}\n"),
        format!("\u{feff}{header}\r\n{ROW}\r\n\r\n"),
        format!("product,channel,major,release_version,version_string,build_id,archive_url\n{ROW}\n"),
        format!(
            "archive_url,build_id,note,version_string,product,Channel\n{url},20181025233934,x,64.0b4,Firefox,beta\n"
        ),
        format!("# a note\n\n{}\n", ROW.replace("Firefox", "\" Firefox \"")),
    ] {
        assert_eq!(read(&text), (vec![expected.clone()], vec![]), "{text}");
    }
}

#[test]
fn a_bad_line_is_one_error_with_its_number_and_never_the_end() {
    let long = "x".repeat(usize::try_from(MAX_LINE).unwrap() * 3);
    let field = "x".repeat(3000);
    for (bad, why) in [
        ("Firefox,beta", "no version_string"),
        ("Firefox,beta,64,64.0,64.0b4,,", "no build_id"),
        (",beta,64,64.0,64.0b4,20181025233934,", "no product"),
        (
            "Waterfowl,beta,64,64.0,64.0b4,20181025233934,",
            "unknown product \"Waterfowl\"",
        ),
        (
            "Firefox,beta,64,64.0,64.0b4,20189925233934,",
            "not a build id: \"20189925233934\"",
        ),
        ("Firefox,beta,64,64.0,N/A,20181025233934,", "not a version: \"N/A\""),
        ("Firefox,\"beta,64,64.0,64.0b4", "no version_string"),
        (&long, "longer than 16384 bytes"),
        (
            &format!("Firefox,beta,64,64.0,64.0b4,20181025233934,{field}"),
            "more than 64 columns, or a value of more than 2048 bytes",
        ),
        (
            &",".repeat(70).replace(',', "1,"),
            "more than 64 columns, or a value of more than 2048 bytes",
        ),
    ] {
        let (good, errors) = read(&format!("{ROW}\n{bad}\n{ROW}\n"));
        assert_eq!(good.len(), 2, "{why}");
        let expected = BadRow {
            line: 2,
            why: why.to_owned(),
        };
        assert_eq!(errors, [expected]);
    }
    let mut bytes = format!("{ROW}\n").into_bytes();
    bytes.extend(b"Firefox,\xff\n");
    let found: Vec<_> = rows(bytes.as_slice(), "u").map(Result::unwrap).collect();
    assert!(found[0].is_ok() && found[1].is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_the_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let lines = bytes.split(|byte| *byte == b'\n').count();
        prop_assert!(rows(bytes.as_slice(), "u").count() <= lines);
    }
}

#[test]
fn every_row_of_the_history_is_read_and_belongs_to_a_group() {
    let text = include_str!("../../../data/history.csv");
    let (good, bad) = read(text);
    assert_eq!(bad, []);
    let lines = text
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(good.len(), lines.count());
    assert_eq!(history().len(), good.len());
    assert!(history().iter().all(|row| group_of(row).is_ok()));
    let subjects: BTreeSet<String> = good.into_iter().map(|row| row.subject).collect();
    assert_eq!(subjects.len(), history().len(), "no row is there a second time");
}

fn answers(observations: &[Observation], expected: &[(&str, &str, &str, Status)]) {
    let derived = derive_all(observations, &[]);
    assert_eq!(derived.conflicts, []);
    let index = BuildIndex::from_builds(1, &derived.builds).unwrap();
    for (channel, id, version, status) in expected {
        let question = Question {
            product: "Firefox".to_owned(),
            channel: (*channel).to_owned(),
            build_id: (*id).to_owned(),
            version: None,
            asked_at: None,
        };
        let answer = resolve(&index, &question);
        assert_eq!(
            (answer.version.as_deref(), answer.status),
            (Some(*version), *status),
            "{id} {answer:?}"
        );
    }
}

#[test]
fn the_history_answers_what_no_source_knows_any_more() {
    use Status::{Aborted, Shipped};
    answers(
        &history(),
        &[
            ("beta", "20150702173756", "40.0b1", Shipped),
            ("beta", "20150702113555", "40.0b1rc1", Aborted),
            ("release", "20151029151421", "42.0", Shipped),
            ("beta", "20151029151421", "42.0rc2", Shipped),
            ("release", "20151216175450", "43.0.1", Shipped),
            ("release", "20160104150030", "43.0.4", Shipped),
            ("release", "20160105164030", "43.0.4", Shipped),
            ("aurora", "20170612224034", "55.0b1", Shipped),
            ("aurora", "20180824192747", "63.0b1", Shipped),
        ],
    );
}

#[test]
fn rows_of_a_dump_are_named_as_the_crash_system_names_them() {
    use Status::{Candidate, Shipped};
    let dump = "product,channel,major,release_version,version_string,build_id,archive_url\n\
                DevEdition,aurora,55,55.0,55.0b1,20170612224034,\n\
                Firefox,beta,40,40.0,40.0b99,20150728203509,\n\
                Firefox,beta,50,50.0,50.0b1,20160920155715,\n\
                Firefox,beta,50,50.0,50.0rc2,20161104212021,\n\
                Firefox,release,50,50.0,50.0,20161104212021,\n\
                Firefox,beta,51,51.0,51.0b5,20161129164126,\n\
                Firefox,beta,54,54.0,54.0b5,20170504103226,\n\
                Firefox,beta,54,54.0,54.0b5,20170504173217,\n";
    let (good, bad) = read(dump);
    assert_eq!(bad, []);
    answers(
        &good,
        &[
            ("aurora", "20170612224034", "55.0b1", Shipped),
            // Until 2015 the last candidates of a release were all called b99 on beta; which one it was, the table
            // does not say.
            ("beta", "20150728203509", "40.0", Candidate),
            ("beta", "20160920155715", "50.0b1", Shipped),
            ("beta", "20161104212021", "50.0rc2", Shipped),
            ("release", "20161104212021", "50.0", Shipped),
            ("beta", "20161129164126", "51.0b5", Shipped),
            ("beta", "20170504103226", "54.0b5", Shipped),
            ("beta", "20170504173217", "54.0b5", Shipped),
        ],
    );
}
