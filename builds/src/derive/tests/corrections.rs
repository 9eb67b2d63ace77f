//! The effects of corrections on a build.

use super::*;

#[test]
fn what_a_correction_states_is_settled_and_says_nothing_of_the_status() {
    let id = "20181025233934";
    let folder = "firefox/candidates/64.0b4-candidates/build2";
    let first = Record::new(id, folder, "beta", "64.0");
    let mut value = first.value();
    value["source"]["revision"] = json!("other");
    let again = Observation::buildhub_record(SourceName::BUILDHUB, "u", value).unwrap();
    let observations = [first.observation(), again, shipped("firefox-64.0b4", 2)];
    let settled = |corrections: &[Correction]| {
        let derived = derive_all(&observations, corrections);
        let conflicts: Vec<_> = derived.conflicts.iter().map(|one| one.field).collect();
        let [build] = &derived.builds[..] else {
            panic!("{:#?}", derived.builds)
        };
        (conflicts, build.revision.clone(), build.reason)
    };
    let revision = |subject: &str| state(1, subject, Field::Revision, "truth");
    let truth = Some("truth".to_owned());
    let by_number = Reason::ShippedBuildNumber;
    for subject in [
        "Firefox 20181025233934 win64",
        "Firefox 20181025233934",
        "Firefox 64.0b4",
    ] {
        let found = settled(&[revision(subject)]);
        assert_eq!(found, (vec![], truth.clone(), by_number), "{subject}");
    }
    let (conflicts, _, reason) = settled(&[revision("Firefox 20181025233934 mac")]);
    assert_eq!((conflicts, reason), (vec!["revision"], by_number));
    let status = state(1, "Firefox 64.0b4", Field::Status, "pulled");
    let (conflicts, _, reason) = settled(&[status]);
    assert_eq!((conflicts, reason), (vec!["revision"], Reason::Corrected));
}

#[test]
fn a_corrected_status_settles_which_build_shipped() {
    let id = "20181025233934";
    let folder = "firefox/candidates/64.0b4-candidates/build2";
    let observations = [
        record(id, folder, "beta", "64.0"),
        shipped("firefox-64.0b4", 2),
        shipped("firefox-64.0b4", 3),
    ];
    assert_eq!(derive_all(&observations, &[]).conflicts.len(), 1);
    let status = state(1, "Firefox 64.0b4", Field::Status, "shipped");
    assert_eq!(derive_all(&observations, &[status]).conflicts, []);
}

#[test]
fn corrections_state_and_ignore() {
    let observations = [record(
        "20240408000000",
        "firefox/candidates/125.0-candidates/build1",
        "release",
        "125.0",
    )];
    let build = only(derive_all(
        &observations,
        &[state(1, "Firefox 125.0", Field::Status, "pulled")],
    ));
    assert_eq!(
        (build.status, build.certainty, build.reason),
        (Status::Pulled, Certainty::Stated, Reason::Corrected)
    );
    let corrections = [
        state(2, "Firefox 20240408000000", Field::Version, "125.0.9"),
        state(1, "Firefox 20240408000000 win64", Field::Version, "1.0"),
    ];
    assert_eq!(
        only(derive_all(&observations, &corrections)).version.as_str(),
        "125.0.9"
    );
    assert_eq!(
        only(derive_all(
            &observations,
            &[state(1, "Firefox 20240408000000 mac", Field::Version, "1.0")]
        ))
        .version
        .as_str(),
        "125.0"
    );
    assert!(
        derive_all(&observations, &[ignore(&observations[0].digest().to_string())])
            .builds
            .is_empty()
    );
    assert!(
        derive_all(&observations, &[ignore(&observations[0].subject)])
            .builds
            .is_empty()
    );
}
