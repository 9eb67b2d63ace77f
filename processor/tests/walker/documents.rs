//! The contents of a walk's document.

use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use processor::walk::Cut;
use serde_json::{Value, json};

use crate::{document, dumps, job, pool, put_symbols, run, walked};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// The functions of the crashing thread, inlined ones before the function they are in.
fn functions(document: &Value) -> Vec<String> {
    let frames = document["crashing_thread"]["frames"].as_array().unwrap();
    let mut names = Vec::new();
    for frame in frames {
        let inlines = frame["inlines"].as_array().into_iter().flatten();
        let all = inlines.chain([frame]);
        names.extend(all.filter_map(|place| place["function"].as_str().map(str::to_owned)));
    }
    names
}

pub(crate) fn a_windows_dump_is_walked_with_symbols() {
    run(async {
        let symbols = tempfile::tempdir().unwrap();
        put_symbols(symbols.path());
        let pool = pool(&[symbols.path()]);
        let walked = walked(&pool, &job(dumps::windows())).await;
        assert_eq!(walked.cut, Cut::default());
        let document = document(&walked);
        assert_eq!(
            functions(&document),
            [
                "Maybe<int>::operator*() const",
                "Document::Crash(nsISupports*)",
                "Document::Dispatch()",
                "XREMain::XRE_mainRun()"
            ]
        );
        let info = &document["crash_info"];
        assert_eq!(info["type"], "EXCEPTION_ACCESS_VIOLATION_READ");
        assert_eq!(info["address"], "0x0000000000000018");
        assert_eq!(document["crashing_thread"]["thread_name"], "Socket Thread");
        let module = &document["modules"][0];
        assert_eq!(module["loaded_symbols"], true);
        assert_eq!(module["missing_symbols"], false);
        let keys = pool.modules(&Bytes::from(dumps::windows())).await.unwrap();
        let parts = keys[0].path_parts();
        assert_eq!(parts, [dumps::DEBUG_FILE, dumps::DEBUG_ID, "xul.sym"]);
    });
}

pub(crate) fn no_innocent_thread_is_named() {
    run(async {
        let pool = pool(&[]);
        for (crashed, asked, expected) in [
            (Some(2), None, Some(1)),
            (Some(2), Some(3), Some(1)),
            // A snapshot of a process that hangs.
            (None, Some(3), Some(2)),
            (None, None, None),
            // An exception of a thread that is not in the dump.
            (Some(99), None, None),
            (Some(99), Some(3), Some(2)),
            (Some(99), Some(98), None),
        ] {
            let dump = dumps::of_threads(3, crashed, asked);
            let document = document(&walked(&pool, &job(dump)).await);
            let named = document["crash_info"]["crashing_thread"].as_u64();
            assert_eq!(named, expected, "{crashed:?} {asked:?}");
            let shown = document["crashing_thread"]["threads_index"].as_u64();
            assert_eq!(shown, expected, "{crashed:?} {asked:?}");
        }
    });
}

pub(crate) fn modules_of_one_name_and_names_of_any_bytes_are_shown_as_they_are() {
    run(async {
        let symbols = tempfile::tempdir().unwrap();
        put_symbols(symbols.path());
        let pool = pool(&[symbols.path()]);
        let document = document(&walked(&pool, &job(dumps::with_twin())).await);
        let modules = document["modules"].as_array().unwrap();
        let flags: Vec<_> = modules
            .iter()
            .map(|module| (&module["filename"], &module["loaded_symbols"]))
            .collect();
        assert_eq!(
            flags,
            [(&json!("xul.dll"), &json!(true)), (&json!("xul.dll"), &json!(false))]
        );
        assert_eq!(
            document["crashing_thread"]["thread_name"],
            "Socket\u{fffd} \u{fffd}[31mThread"
        );
    });
}

pub(crate) fn threads_that_were_left_out_are_counted() {
    run(async {
        let pool = pool(&[]);
        let walked = walked(&pool, &job(dumps::of_threads(2_500, Some(2_300), None))).await;
        assert_eq!(
            walked.cut.notes(),
            [
                "threads that were left out before walking: 500",
                "the crashing thread, 2299 in the dump, stands last",
            ]
        );
        let document = document(&walked);
        assert_eq!(document["thread_count"], 2_500);
        assert_eq!(document["threads"].as_array().unwrap().len(), 2_000);
        assert_eq!(document["crash_info"]["crashing_thread"], 1_999);
    });
}

pub(crate) fn one_broken_list_or_name_costs_no_stack() {
    run(async {
        let symbols = tempfile::tempdir().unwrap();
        put_symbols(symbols.path());
        let pool = pool(&[symbols.path()]);
        let mut half = dumps::windows();
        let name: Vec<u8> = "Datil\\xul.dll".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let at = half.windows(name.len()).position(|bytes| bytes == name).unwrap();
        half[at..at + 2].copy_from_slice(&0xd800_u16.to_le_bytes());
        let broken = |size, count| dumps::with_handles([16, size, count]);
        for (dump, notes) in [
            (half, &["names that cannot be read were replaced: 1"][..]),
            (broken(0, u32::MAX), &["the list of handles was left out"]),
            (broken(40, 0), &[]),
        ] {
            let walked = walked(&pool, &job(dump.clone())).await;
            assert_eq!(walked.cut.notes(), notes);
            let document = document(&walked);
            assert_eq!(document["modules"][0]["filename"], "xul.dll");
            assert_eq!(functions(&document).len(), 4, "{notes:?}");
            let keys = pool.modules(&Bytes::from(dump)).await.unwrap();
            assert_eq!(keys.len(), 1, "{notes:?}");
        }
    });
}

pub(crate) fn a_packed_minidump_is_walked() {
    run(async {
        let pool = pool(&[]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&dumps::windows()).unwrap();
        let walked = walked(&pool, &job(encoder.finish().unwrap())).await;
        assert_eq!(walked.cut.notes(), ["the minidump was taken out of a packing"]);
        assert_eq!(document(&walked)["crash_info"]["crashing_thread"], 0);
    });
}

pub(crate) fn the_two_annotations_reach_the_document() {
    run(async {
        let pool = pool(&[]);
        let mut job = job(dumps::windows());
        job.module_signatures = Some(r#"{"Datil Project":["xul.dll","other.dll"]}"#.to_owned());
        job.microcode = Some("0x1b".to_owned());
        let signed = document(&walked(&pool, &job).await);
        assert_eq!(signed["modules"][0]["cert_subject"], "Datil Project");
        assert_eq!(signed["system_info"]["cpu_microcode_version"], "0x1b");
        job.module_signatures = Some("no JSON".to_owned());
        job.microcode = None;
        let unsigned = document(&walked(&pool, &job).await);
        assert_eq!(unsigned["modules"][0]["cert_subject"], Value::Null);
        assert_eq!(unsigned["system_info"]["cpu_microcode_version"], Value::Null);
    });
}

pub(crate) fn symbols_are_parsed_once_and_new_ones_seen() {
    run(async {
        let symbols = tempfile::tempdir().unwrap();
        let pool = pool(&[symbols.path()]);
        let job = job(dumps::windows());
        let without = walked(&pool, &job).await;
        assert_eq!(without.symbol_files_parsed, 0);
        assert_eq!(document(&without)["modules"][0]["missing_symbols"], true);
        let path = put_symbols(symbols.path());
        let cold = walked(&pool, &job).await;
        let warm = walked(&pool, &job).await;
        assert_eq!((cold.symbol_files_parsed, warm.symbol_files_parsed), (1, 0));
        assert_eq!(cold.json_dump, warm.json_dump);
        std::fs::write(
            path,
            "MODULE windows x86_64 00000000000000000000000000000001F xul.pdb\n",
        )
        .unwrap();
        let wrong = document(&walked(&pool, &job).await);
        let module = &wrong["modules"][0];
        assert_eq!(module["corrupt_symbols"], true);
        assert_eq!(module["loaded_symbols"], false);
    });
}

pub(crate) fn the_sample_crashes_have_the_stacks_they_were_made_for() {
    run(async {
        let pool = pool(&[&fixtures().join("symbols")]);
        let mut compared = 0;
        for entry in std::fs::read_dir(fixtures().join("crashes")).unwrap() {
            let folder = entry.unwrap().path();
            let crash = std::fs::read(folder.join("crash.json")).unwrap();
            let crash: Value = serde_json::from_slice(&crash).unwrap();
            let Some(file) = crash["dumps"]["upload_file_minidump"].as_str() else {
                continue;
            };
            let dump = std::fs::read(folder.join(file)).unwrap();
            let walked = walked(&pool, &job(dump)).await;
            assert_eq!(walked.cut, Cut::default(), "{folder:?}");
            let document = document(&walked);
            let expected = &crash["expect"];
            let shown = json!({
                "reason": document["crash_info"]["type"],
                "address": document["crash_info"]["address"],
                "crashing_thread_name": document["crashing_thread"]["thread_name"],
            });
            for (field, value) in shown.as_object().unwrap() {
                assert_eq!(value, &expected[field], "{field} of {folder:?}");
            }
            let functions = functions(&document);
            let top = expected["top_functions"].as_array().unwrap();
            assert_eq!(
                &json!(functions[..top.len().min(functions.len())]),
                &json!(top),
                "{folder:?}"
            );
            compared += 1;
        }
        assert!(compared >= 10, "{compared}");
    });
}

/// If `DATIL_SHARED` names a folder with `data/minidumps/` of `*.dmp`, `*.expected.json` and `symbols/`: the documents
/// equal those of the command-line tool.
pub(crate) fn documents_equal_those_of_minidump_stackwalk() {
    let Some(data) = platform_testing::recordings("documents of minidumps") else {
        return;
    };
    let folder = data.join("minidumps");
    run(async {
        let pool = pool(&[&folder.join("symbols")]);
        let mut compared = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "dmp") {
                continue;
            }
            let begun = std::time::Instant::now();
            let walked = walked(&pool, &job(std::fs::read(&path).unwrap())).await;
            println!(
                "{:?} {:?} {} KiB",
                path.file_name().unwrap(),
                begun.elapsed(),
                walked.rss_bytes >> 10
            );
            match std::fs::read(path.with_extension("expected.json")) {
                Ok(expected) => {
                    let expected: Value = serde_json::from_slice(&expected).unwrap();
                    assert_eq!(document(&walked), expected, "{path:?}");
                }
                Err(_) => assert_eq!(walked.status, "MissingThreadList", "{path:?}"),
            }
            compared += 1;
        }
        assert!(compared > 0);
    });
}
