use std::fs;
use std::path::Path;

use super::compiled::BUILT_IN;
use super::entry::entries;
use super::file::ENTRY_LIMIT;
use super::*;

fn compile(irrelevant: &str) -> Result<Lists, ListError> {
    Lists::of_texts([irrelevant, "", "", ""])
}

/// Checks whether an entry matches the text in Python's sense.
fn check(entry: &str, text: &str, expected: bool) {
    let lists = compile(entry).unwrap();
    assert_eq!(lists.verdict(text).is_some(), expected, "{entry} on {text:?}");
}

#[test]
fn entries_match_at_the_start_in_the_dialect_of_python() {
    let cases = [
        ("zebra", "zebra::leap", true),
        ("zebra", "a zebra", false),
        (".*zebra", "a zebra", true),
        ("zebra$", "zebra", true),
        ("zebra$", "zebra\n", true),
        ("zebra$", "zebras", false),
        (r"zebra\Z", "zebra\n", false),
        (r"\<T\>", "<T>", true),
        ("a{b", "a{b", true),
        ("a{}", "a{}", true),
        ("{closure}", "{closure}", true),
        ("a{2}b", "aab", true),
        ("a{,2}b", "aab", true),
        ("a{2,}b", "aaab", true),
        ("a{x}", "a{x}", true),
        ("[[]x", "[x", true),
        ("[]x]+y", "]xy", true),
        ("[^]x]y", "ay", true),
        ("[a&&b]c", "&c", true),
        (r"[\b]", "\x08", true),
        (r"[\w-]+x", "a_-9x", true),
        (r"\w+\b:", "a_9:", true),
        (r"\Wa", ":a", true),
        (r"\w", "é", false),
        (r"\$VARIANT\$", "$VARIANT$", true),
        (r"a\ b\-c", "a b-c", true),
        ("(?i)ZEBRA", "zebra", true),
        ("a|b", "b", true),
        ("(?P<n>a)b", "ab", true),
    ];
    for (entry, text, expected) in cases {
        check(entry, text, expected);
    }
}

#[test]
fn unsupported_syntax_is_refused_with_file_and_line() {
    let cases = [
        "a(?=b)", "(?<!a)b", "(?>a)", "a++", "a**", r"(a)\1", r"\q", "a(", "[a", "a\\", "*", "a{3,2}",
    ];
    for entry in cases {
        let error = compile(&format!("# comment\nfine\n\n  {entry}\n")).unwrap_err();
        assert_eq!(error.line, Some(4), "{entry}");
        assert_eq!(error.file, Path::new("irrelevant_signature_re.txt"));
        assert!(matches!(&error.problem, ListProblem::Entry { entry: named, .. } if named == entry));
        let text = error.to_string();
        let start = format!("irrelevant_signature_re.txt:4: `{entry}` cannot be used: ");
        assert!(text.starts_with(&start) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn the_first_entry_that_matches_is_named() {
    let lists = compile("# animals\nhorse\n\nzebra::leap\nzebra\n").unwrap();
    let named = |frame| match lists.verdict(frame)? {
        Verdict::Irrelevant(entry) | Verdict::Prefix(entry) => Some(entry.to_string()),
    };
    let file = "irrelevant_signature_re.txt";
    assert_eq!(named("horse"), Some(format!("{file}:2: horse")));
    assert_eq!(named("zebra::leap"), Some(format!("{file}:4: zebra::leap")));
    assert_eq!(named("zebra::run"), Some(format!("{file}:5: zebra")));
    assert_eq!(named("cow"), None);
}

#[test]
fn irrelevant_frames_are_not_prefixes() {
    let lists = Lists::of_texts([".*zebra\nhorse.*run\n", "horse\n.*zebra::\n", "", ""]).unwrap();
    for frame in ["zebra::leap", "horse::run", "horse, zebra"] {
        assert!(matches!(lists.verdict(frame), Some(Verdict::Irrelevant(_))), "{frame}");
    }
    assert!(matches!(lists.verdict("horse"), Some(Verdict::Prefix(_))));
    assert!(lists.verdict("cow").is_none());
}

#[test]
fn an_empty_list_matches_nothing() {
    let lists = compile("# nothing\n").unwrap();
    assert!(lists.verdict("zebra").is_none() && lists.verdict("").is_none());
}

#[test]
fn sentinels_are_literal() {
    let lists = Lists::of_texts(["", "", "zebra.leap\n", ""]).unwrap();
    assert!(lists.sentinel("zebra.leap").is_some());
    assert!(lists.sentinel("zebra:leap").is_none());
    assert!(lists.sentinel("zebra.leaps").is_none());
}

#[test]
fn folders_are_loaded_whole() {
    let folder = tempfile::tempdir().unwrap();
    for name in &LIST_FILES[..3] {
        fs::write(folder.path().join(name), "zebra\r\n").unwrap();
    }
    let missing = Lists::load(folder.path()).unwrap_err();
    assert_eq!(missing.file, folder.path().join(LIST_FILES[3]));
    assert!(matches!(missing.problem, ListProblem::Unreadable(_)));

    fs::write(folder.path().join(LIST_FILES[3]), b"a\n\xff\n").unwrap();
    let not_utf8 = Lists::load(folder.path()).unwrap_err();
    assert_eq!(not_utf8.line, Some(2));
    assert!(matches!(not_utf8.problem, ListProblem::NotUtf8));

    fs::write(folder.path().join(LIST_FILES[3]), vec![b'\n'; LIST_LIMIT + 1]).unwrap();
    let too_big = Lists::load(folder.path()).unwrap_err();
    assert!(matches!(too_big.problem, ListProblem::TooBig));

    fs::write(folder.path().join(LIST_FILES[3]), "zebra").unwrap();
    let lists = Lists::load(folder.path()).unwrap();
    assert_eq!(lists.folder(), folder.path().to_str());
    assert!(lists.verdict("zebra").is_some() && lists.sentinel("zebra").is_some());
    assert_ne!(lists.sha256(), Lists::built_in().sha256());
    fs::write(folder.path().join(LIST_FILES[3]), "horse").unwrap();
    assert_ne!(lists.sha256(), Lists::load(folder.path()).unwrap().sha256());

    // A pipe or a folder is not a list.
    fs::remove_file(folder.path().join(LIST_FILES[3])).unwrap();
    fs::create_dir(folder.path().join(LIST_FILES[3])).unwrap();
    let no_file = Lists::load(folder.path()).unwrap_err().to_string();
    assert!(no_file.ends_with("cannot be read: it is no file"), "{no_file}");
}

#[test]
fn the_digest_is_that_of_the_sorted_entries() {
    // printf '[irrelevant_signature_re.txt]\na\nb\n[prefix_signature_re.txt]\n[signature_sentinels.txt]\nc\n\
    // [signatures_with_line_numbers_re.txt]\n' | sha256sum
    let expected = "fdcea3216404adfbe1eb46403120c8f2b135834c7bfa7b41133c130a640f4e2f";
    for irrelevant in ["a\nb\n", "# comment\n  b\n\n a\r\nb"] {
        let texts = [irrelevant, "", "c", "# nothing"];
        assert_eq!(Lists::of_texts(texts).unwrap().sha256(), expected);
        assert_eq!(Lists::sha256_of(texts), expected);
    }
    assert_ne!(Lists::sha256_of(["", "a\nb", "c", ""]), expected);
}

#[test]
fn entries_that_blow_up_are_named() {
    for (texts, file, line) in [
        (["fine\n(a{1000}){1000}", "", "", ""], 0, 2),
        (["fine", "# x\nfine\n((a{99}){99}){99}", "", ""], 1, 3),
        (["", "", "", "(\\d{999}){999}"], 3, 1),
    ] {
        let error = Lists::of_texts(texts).unwrap_err();
        assert_eq!(error.file, Path::new(LIST_FILES[file]), "{error}");
        assert_eq!(error.line, Some(line), "{error}");
    }
    let deep = "(".repeat(2_000) + "a" + &")".repeat(2_000);
    assert_eq!(Lists::of_texts([&deep, "", "", ""]).unwrap_err().line, Some(1));
    let many = "a\n".repeat(ENTRY_LIMIT + 1);
    let error = Lists::of_texts(["", &many, "", ""]).unwrap_err();
    assert!(matches!(error.problem, ListProblem::TooMany), "{error}");
}

#[test]
fn entries_are_counted_and_those_that_match_anything_reported() {
    let lists = Lists::of_texts(["a\nb", "z*\nc", "d\nd", "e"]).unwrap();
    assert_eq!(lists.counts(), [2, 2, 1, 1]);
    let anything: Vec<&str> = lists.matching_anything().iter().map(|e| e.text.as_str()).collect();
    assert_eq!(anything, ["z*"]);
    assert!(Lists::built_in().matching_anything().is_empty());
}

#[test]
fn the_agreement_was_measured_with_these_lists() {
    assert_eq!(
        AGREEMENT.built_in,
        Lists::built_in().sha256(),
        "the lists were changed: DATIL_SHARED=DIR cargo test -p signature --test conformance says the new figures"
    );
    assert!(AGREEMENT.percent() >= 99.5);
}

#[test]
fn no_built_in_entry_matches_nothing_or_appears_twice() {
    for (file, text) in LIST_FILES.into_iter().zip(BUILT_IN) {
        let mut texts: Vec<String> = entries(file, text).map(|entry| entry.text).collect();
        let count = texts.len();
        assert!(count > 0, "{file}");
        for text in &texts {
            if file != LIST_FILES[2] {
                check(text, "", false);
                check(text, "herd::Zebra::leap", false);
            }
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), count, "{file} has an entry twice");
    }
}

/// Checks the signature that the built-in lists make of functions.
fn check_stack(functions: &[&str], expected: &str) {
    use crate::{CrashData, Frame, Thread, generate};
    let frames = functions
        .iter()
        .map(|function| Frame {
            function: Some((*function).into()),
            file: function.contains("{{").then_some("/src/lib.rs".into()),
            ..Frame::default()
        })
        .collect();
    let crash = CrashData {
        threads: vec![Thread {
            frames,
            ..Thread::default()
        }],
        ..CrashData::default()
    };
    assert_eq!(generate(&crash, &Lists::built_in()).signature, expected);
}

#[test]
fn built_in_lists_name_what_failed_and_who_is_to_blame() {
    let cases: &[(&[&str], &str)] = &[
        (
            &["memcpy", "herd::Zebra::copy(int)", "main"],
            "memcpy | herd::Zebra::copy",
        ),
        // Variants of one C function for different processors.
        (&["__memmove_avx_unaligned_erms", "herd::copy()"], "herd::copy"),
        (&["_platform_memmove$VARIANT$Haswell", "herd::copy()"], "herd::copy"),
        // A damaged heap.
        (
            &[
                "raise",
                "abort",
                "__libc_message",
                "malloc_printerr",
                "_int_free",
                "free",
                "herd::drop()",
            ],
            "raise | abort | malloc_printerr | _int_free | free | herd::drop",
        ),
        (
            &[
                "RtlReportFatalFailure",
                "RtlpHeapHandleError",
                "RtlFreeHeap",
                "HeapFree",
                "herd::drop()",
            ],
            "RtlFreeHeap | HeapFree | herd::drop",
        ),
        (
            &["arena_dalloc", "je_free", "herd::drop()"],
            "arena_dalloc | je_free | herd::drop",
        ),
        // An assertion, of C and of Rust.
        (
            &[
                "__pthread_kill_implementation",
                "raise",
                "abort",
                "__assert_fail_base.cold",
                "__assert_fail",
                "herd::check()",
            ],
            "herd::check",
        ),
        (
            &[
                "mozglue_static::panic_hook",
                "std::panicking::rust_panic_with_hook",
                "core::panicking::panic_fmt",
                "core::option::expect_failed",
                "core::option::Option<T>::expect",
                "herd::zebra::leap::{{closure}}",
            ],
            "core::option::expect_failed | herd::zebra::leap::{{closure}}",
        ),
        (
            &[
                "__rust_start_panic",
                "core::panicking::panic_bounds_check",
                "herd::zebra::leap",
            ],
            "herd::zebra::leap",
        ),
        (
            &[
                "MOZ_Crash",
                "mozilla::detail::InvalidArrayIndex_CRASH(unsigned int)",
                "nsTArray_Impl<x>::ElementAt()",
                "herd::at()",
            ],
            "mozilla::detail::InvalidArrayIndex_CRASH | nsTArray_Impl<T>::ElementAt | herd::at",
        ),
        // Waiting for a lock or an event.
        (
            &[
                "NtWaitForAlertByThreadId",
                "RtlSleepConditionVariableSRW",
                "SleepConditionVariableSRW",
                "herd::wait()",
            ],
            "herd::wait",
        ),
        (
            &[
                "futex_wait",
                "__lll_lock_wait",
                "pthread_mutex_lock",
                "mozilla::detail::MutexImpl::mutexLock()",
                "herd::lock()",
            ],
            "herd::lock",
        ),
        (&["mach_msg_trap", "mach_msg", "herd::wait()"], "herd::wait"),
        // Steps on the way to a value.
        (
            &[
                "PLDHashTable::Search(void const*)",
                "nsTHashtable<x>::Get()",
                "herd::find()",
            ],
            "herd::find",
        ),
        (
            &["RefPtr<Zebra>::~RefPtr()", "herd::Zebra::Release()", "herd::forget()"],
            "herd::Zebra::Release",
        ),
        // Messages between processes.
        (
            &[
                "IPC::ReadParam<int>()",
                "mozilla::ipc::MessageChannel::Send(x)",
                "herd::send()",
            ],
            "mozilla::ipc::MessageChannel::Send | herd::send",
        ),
        (
            &["IPC::MessageReader::FatalError(char const*)", "herd::read()"],
            "IPC::MessageReader::FatalError | herd::read",
        ),
        (&["objc_msgSend", "-[Zebra leap]"], "objc_msgSend | -[Zebra leap]"),
        // Memory ran out.
        (
            &["mozalloc_abort", "mozalloc_handle_oom", "moz_xmalloc", "herd::grow()"],
            "herd::grow",
        ),
        (
            &[
                "NS_ABORT_OOM(unsigned int)",
                "nsTSubstring<char>::Append()",
                "herd::grow()",
            ],
            "OOM | unknown | NS_ABORT_OOM | nsTSubstring<T>::Append | herd::grow",
        ),
        // Names with only a beginning or an end in common.
        (&["portal::open()", "main"], "portal::open"),
        (&["handle_errorf", "main"], "handle_errorf"),
        (&["handle_error", "herd::parse()"], "herd::parse"),
        (&["JS::CallArgs::get()", "main"], "JS::CallArgs::get"),
    ];
    for (functions, expected) in cases {
        check_stack(functions, expected);
    }
}

#[test]
fn built_in_lists_know_well_known_frames() {
    let cases = [
        ("@0x7ff812345678", "irrelevant"),
        ("@0x0", "prefix"),
        ("KiUserExceptionDispatch", "irrelevant"),
        ("BaseThreadInitThunk", "stop"),
        ("_purecall", "sentinel, prefix"),
        ("_sigtramp", "sentinel, irrelevant"),
        ("core::panicking::panic", "sentinel, irrelevant"),
        ("std::__1::vector<T>::push_back", "irrelevant"),
        ("std::vector<T>::push_back", "stop"),
        ("NS_ProcessNextEvent", "irrelevant"),
        ("mozilla::SpinEventLoopUntil<T>", "prefix"),
        ("ntdll.dll", "prefix"),
        ("XUL", "prefix"),
        ("libxul.so", "prefix"),
        ("libnss3.so", "stop"),
        ("js_Interpret", "stop, line number"),
        ("js::Interpret", "stop"),
        ("NtUserGetMessage", "prefix"),
        ("ZwClose", "stop"),
        ("abort", "prefix"),
        ("PR_WaitCondVar", "irrelevant"),
        ("PR_Lock", "prefix"),
        ("herd::Gate::release", "stop"),
    ];
    let lists = Lists::built_in();
    for (frame, expected) in cases {
        assert_eq!(lists.treatment(frame).to_string(), expected, "{frame}");
    }
}
