//! What must hold for every row, and which rows there are.

use std::collections::BTreeSet;

use super::annotations;
use super::field::Access::{Protected, Public};
use super::{Access, FRAMES, Field, Kind, PUBLIC_DUMPS, Shape, THEMES, access_of, all, by_name, searched};
use crate::collector;

/// The search fields that clients know, one per line; `P` marks what is protected.
const SEARCHED: &str = include_str!("tests/searched.txt");

/// Search fields of our own; `frames`, the fifth one that the index has, stands beside the table.
const OWN: [&str; 5] = [
    "build_certainty",
    "build_status",
    "builds_behind",
    "version_reported",
    "weight",
];

/// Calls `check` for every field and all that is in it, with where it stands and whether something around it is
/// protected.
fn visit(check: &mut dyn FnMut(&str, &'static Field, bool)) {
    fn below(
        check: &mut dyn FnMut(&str, &'static Field, bool),
        above: &str,
        field: &'static Field,
        is_protected: bool,
    ) {
        let path = format!("{above}{}", field.name);
        check(&path, field, is_protected);
        if let Shape::Members(members) = field.shape {
            assert!(members.is_sorted_by(|a, b| a.name < b.name), "{path}");
            for member in members {
                let above = format!("{path}.");
                below(check, &above, member, is_protected || field.access == Protected);
            }
        }
    }
    for field in all() {
        below(check, "", field, false);
    }
}

fn assert_all_different(what: &str, names: impl IntoIterator<Item = &'static str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name), "{what}: {name} is there twice");
    }
}

#[test]
fn the_rows_are_sorted_and_each_name_is_there_once() {
    for theme in THEMES {
        assert!(theme.rows.is_sorted_by(|a, b| a.name < b.name), "{}", theme.title);
    }
    assert!(all().is_sorted_by(|a, b| a.name < b.name));
    assert!(annotations::all().is_sorted_by(|a, b| a.name < b.name));
    assert_all_different(
        "two fields copy one annotation",
        all().iter().filter_map(|field| field.annotation),
    );
    assert_all_different("searches", searched().iter().map(|searched| searched.name));
    for field in all() {
        assert_eq!(by_name(field.name), Some(*field));
    }
    for annotation in annotations::all() {
        assert_eq!(annotations::by_name(annotation.name), Some(*annotation));
    }
}

#[test]
fn shapes_fit_their_kinds() {
    visit(&mut |path, field, is_in_protected| {
        let fits = match field.shape {
            // Of an object that nothing describes, nothing is public.
            Shape::Plain => field.kind != Kind::Object || field.access == Protected,
            Shape::FileName => field.kind == Kind::Text,
            Shape::ReportKey | Shape::DumpName => field.kind == Kind::List,
            Shape::Members(members) => [Kind::Object, Kind::List].contains(&field.kind) && !members.is_empty(),
        };
        assert!(fits, "{path}");
        assert!(
            !is_in_protected || field.access == Protected,
            "{path} is in something protected"
        );
        assert!(
            field.annotation.is_none() || !path.contains('.'),
            "{path}: only whole fields are copied"
        );
    });
}

#[test]
fn what_can_be_searched_can_be_reached() {
    let mut rows = 0;
    visit(&mut |_, field, _| rows += usize::from(field.search.is_some()));
    assert_eq!(searched().len(), rows, "an item of a list has no path");
    assert!(searched().is_sorted_by(|a, b| a.path < b.path));
    for (name, path) in [
        ("date", &["date_processed"][..]),
        ("memory_explicit", &["memory_measures", "explicit"]),
        ("collector_notes", &["collector_metadata", "collector_notes"]),
    ] {
        let found = searched().iter().find(|searched| searched.name == name);
        assert_eq!(found.map(|found| &*found.path), Some(path), "{name}");
    }
}

#[test]
fn searches_know_the_fields_that_clients_know() {
    let expected = SEARCHED.lines().map(|line| match line.strip_suffix(" P") {
        Some(name) => (name, Protected),
        None => (line, Public),
    });
    let expected: BTreeSet<(&str, bool)> = expected.map(|(name, access)| (name, access == Public)).collect();
    assert_eq!(
        (expected.len(), expected.iter().filter(|(_, public)| !public).count()),
        (156, 17)
    );
    let found = searched().iter().filter(|searched| !OWN.contains(&searched.name));
    let found = found.map(|searched| (searched.name, searched.field.search_access() == Public));
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
    for name in OWN {
        let own = searched().iter().find(|searched| searched.name == name);
        assert_eq!(own.map(|own| own.field.search_access()), Some(Public), "{name}");
    }
    assert_eq!((FRAMES.search, FRAMES.search_access()), (Some("frames"), Public));
    // Of what is protected, everyone may search by this only.
    let by_all = searched().iter().filter(|searched| searched.field.searched_by_all);
    assert_eq!(by_all.map(|searched| searched.name).collect::<Vec<_>>(), ["weight"]);
}

#[test]
fn the_protected_fields_are_these() {
    let protected = all().iter().filter(|field| field.access == Protected);
    let protected: Vec<&str> = protected.map(|field| field.name).collect();
    assert_eq!(
        protected,
        [
            "breadcrumbs",
            "collector_metadata",
            "dumper_error",
            "glean_client_id",
            "gmp_library_path",
            "has_guard_page_access",
            "java_stack_trace_raw",
            "mac_boot_args",
            "mdsw_return_code",
            "mdsw_stderr",
            "memory_report",
            "memory_report_error",
            "moz_crash_reason_raw",
            "phc_alloc_stack",
            "phc_base_address",
            "phc_free_stack",
            "phc_kind",
            "phc_usable_size",
            "processor_details",
            "remote_type",
            "signature_debug",
            "soft_errors",
            "submitted_from_infobar",
            "telemetry_environment",
            "url",
            "user_comments",
        ]
    );
    let mut nested = BTreeSet::new();
    visit(&mut |path, field, is_in_protected| {
        if field.access == Protected && !is_in_protected && path.contains('.') {
            nested.insert(path.to_owned());
        }
    });
    for expected in [
        "java_exception.exception.values.stacktrace.value",
        "json_dump.crash_info.memory_accesses.is_likely_guard_page",
        "json_dump.crashing_thread.frames.registers",
        "json_dump.mac_boot_args",
        "json_dump.soft_errors",
        "json_dump.threads.frames.registers",
        "upload_file_minidump_browser.json_dump.threads.frames.registers",
        "upload_file_minidump_browser.mdsw_return_code",
        "upload_file_minidump_browser.mdsw_stderr",
    ] {
        assert!(nested.contains(expected), "{expected}");
    }
}

#[test]
fn an_annotation_is_as_public_as_the_field_that_copies_it() {
    for (name, expected) in [
        ("ProductName", Public),
        ("CrashTime", Public),
        (collector::ID, Public),
        ("Add-ons", Public),
        ("Breadcrumbs", Protected),
        ("Comments", Protected),
        ("Email", Protected),
        ("GleanClientId", Protected),
        // A document in one text, though members of its field are public.
        ("JavaException", Protected),
        ("JavaStackTrace", Protected),
        ("ModuleSignatureInfo", Protected),
        ("MozCrashReason", Protected),
        ("PHCKind", Protected),
        ("RemoteType", Protected),
        ("TelemetryEnvironment", Protected),
        ("URL", Protected),
        ("additional_minidumps", Protected),
        (collector::METADATA, Protected),
        // Not known.
        ("SomethingNew", Protected),
        ("productname", Protected),
        ("ProductName ", Protected),
        ("", Protected),
    ] {
        assert_eq!(annotations::access_of(name), expected, "{name}");
    }
    for field in all() {
        let Some(name) = field.annotation else { continue };
        let annotation = annotations::by_name(name).unwrap();
        assert_eq!((annotation.field, annotation.about), (Some(field.name), field.about));
        let access: Access = if field.kind == Kind::Object {
            Protected
        } else {
            field.access
        };
        assert_eq!(annotation.access, access, "{name}");
    }
}

#[test]
fn what_is_not_known_is_protected() {
    for (name, expected) in [
        ("signature", Public),
        ("url", Protected),
        ("upload_file_minidump_browser", Public),
        ("upload_file_minidump_content", Protected),
        ("Signature", Protected),
        ("", Protected),
    ] {
        assert_eq!(access_of(name), expected, "{name}");
    }
    assert_eq!(by_name("nothing"), None);
    assert_eq!(annotations::by_name("Nothing"), None);
}

#[test]
fn dumps_with_public_names_have_public_results() {
    for name in PUBLIC_DUMPS {
        assert!(name == crate::MAIN_DUMP || access_of(name) == Public, "{name}");
    }
}

#[test]
fn every_row_says_what_it_is() {
    let check = |of: &str, about: &str| {
        assert!(
            about.len() >= 10 && about.len() <= 300,
            "{of}: {} characters",
            about.len()
        );
        assert!(about.is_ascii() && !about.contains(['\n', '\t']), "{of}: {about}");
        assert!(
            about.ends_with('.') && !about.contains("  ") && !about.contains(" ."),
            "{of}: {about}"
        );
        assert!(
            about.starts_with(|first: char| first.is_ascii_uppercase() || first == '`'),
            "{of}: {about}"
        );
        assert!(about.matches('`').count().is_multiple_of(2), "{of}: {about}");
    };
    visit(&mut |path, field, _| check(path, field.about));
    for annotation in annotations::all() {
        check(annotation.name, annotation.about);
    }
}
