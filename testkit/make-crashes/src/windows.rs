//! Crashes on Windows, from synthetic minidumps.

use crate::annotations;
use crate::sample::{Expect, MAIN_DUMP, Sample};
use crate::synthetic::{Crash, Identity, LoadedModule, Raised, RunningThread, System};

const FIREFOX: u64 = 0x7ff7_a000_0000;
const XUL: u64 = 0x7ffb_1000_0000;
const KERNEL32: u64 = 0x7ffc_5000_0000;
const NTDLL: u64 = 0x7ffc_6000_0000;

const EXCEPTION_ACCESS_VIOLATION: u32 = 0xc000_0005;
const EXCEPTION_STACK_OVERFLOW: u32 = 0xc000_00fd;

const MODULES: &[LoadedModule] = &[
    LoadedModule {
        path: r"C:\Program Files\Mozilla Firefox\firefox.exe",
        base: FIREFOX,
        size: 0xa_0000,
        debug_file: "firefox.pdb",
        identity: Identity::Guid(
            0x11f3_2c8a,
            0x90e4,
            0x4d27,
            [0xa1, 0x5b, 0x3e, 0x70, 0x66, 0xd2, 0x08, 0x9c],
            1,
        ),
    },
    LoadedModule {
        path: r"C:\Program Files\Mozilla Firefox\xul.dll",
        base: XUL,
        size: 0x800_0000,
        debug_file: r"c:\build\obj\toolkit\library\build\xul.pdb",
        identity: Identity::Guid(
            0x7a1c_35e2,
            0x4b0d,
            0x49f6,
            [0x8e, 0x11, 0x52, 0xc3, 0x9d, 0x60, 0x7f, 0xa8],
            1,
        ),
    },
    LoadedModule {
        path: r"C:\Windows\System32\kernel32.dll",
        base: KERNEL32,
        size: 0xc_0000,
        debug_file: "kernel32.pdb",
        identity: Identity::Guid(
            0x2b44_91d0,
            0x1f6a,
            0xb8c3,
            [0x5d, 0x02, 0xee, 0x19, 0x84, 0x37, 0xcb, 0x60],
            1,
        ),
    },
    LoadedModule {
        path: r"C:\Windows\System32\ntdll.dll",
        base: NTDLL,
        size: 0x20_0000,
        debug_file: "ntdll.pdb",
        identity: Identity::Guid(
            0x9e07_5c16,
            0xd3b2,
            0x6a4f,
            [0x30, 0xf8, 0x4c, 0x2d, 0x91, 0xa5, 0x1b, 0x77],
            1,
        ),
    },
];

/// What Thunderbird loads: its own program and library, and the system's.
const THUNDERBIRD_MODULES: &[LoadedModule] = &[
    LoadedModule {
        path: r"C:\Program Files\Mozilla Thunderbird\thunderbird.exe",
        debug_file: "thunderbird.pdb",
        identity: Identity::Guid(
            0x6d90_41fb,
            0x2ac7,
            0x4e15,
            [0x93, 0x0d, 0x58, 0xb6, 0xe1, 0x7c, 0x24, 0xaf],
            1,
        ),
        ..MODULES[0]
    },
    LoadedModule {
        path: r"C:\Program Files\Mozilla Thunderbird\xul.dll",
        identity: Identity::Guid(
            0xc41e_7a06,
            0x95d3,
            0x4b82,
            [0xae, 0x37, 0x1f, 0x60, 0xd8, 0x29, 0x5b, 0xe4],
            1,
        ),
        ..MODULES[1]
    },
    MODULES[2],
    MODULES[3],
];

/// Symbols of Firefox's `xul.dll`: debug file, debug id, text.
pub(crate) const SYMBOLS: (&str, &str, &str) = (
    "xul.pdb",
    "7A1C35E24B0D49F68E1152C39D607FA81",
    "\
MODULE windows x86_64 7A1C35E24B0D49F68E1152C39D607FA81 xul.pdb
INFO CODE_ID 5F0000008000000 xul.dll
FILE 0 hg:hg.mozilla.org/mozilla-central:dom/base/Document.cpp:0123456789abcdef0123456789abcdef01234567
FILE 1 hg:hg.mozilla.org/mozilla-central:mfbt/RefPtr.h:0123456789abcdef0123456789abcdef01234567
FILE 2 hg:hg.mozilla.org/mozilla-central:layout/base/PresShell.cpp:0123456789abcdef0123456789abcdef01234567
FILE 3 hg:hg.mozilla.org/mozilla-central:layout/base/nsRefreshDriver.cpp:0123456789abcdef0123456789abcdef01234567
FILE 4 hg:hg.mozilla.org/mozilla-central:xpcom/threads/nsThread.cpp:0123456789abcdef0123456789abcdef01234567
FILE 5 hg:hg.mozilla.org/mozilla-central:toolkit/xre/nsAppRunner.cpp:0123456789abcdef0123456789abcdef01234567
FILE 6 hg:hg.mozilla.org/mozilla-central:layout/generic/nsBlockFrame.cpp:0123456789abcdef0123456789abcdef01234567
FILE 7 hg:hg.mozilla.org/mozilla-central:layout/generic/nsContainerFrame.cpp:0123456789abcdef0123456789abcdef01234567
FILE 8 hg:hg.mozilla.org/mozilla-central:netwerk/base/nsSocketTransportService2.cpp:\
0123456789abcdef0123456789abcdef01234567
INLINE_ORIGIN 0 RefPtr<mozilla::PresShell>::operator->() const
FUNC 400000 300 0 nsThread::ProcessNextEvent(bool, bool*)
400000 300 1199 4
FUNC 401000 200 0 nsThread::ThreadFunc(void*)
401000 200 378 4
FUNC 700000 400 0 mozilla::net::nsSocketTransportService::Run()
700000 400 1237 8
FUNC 12a4000 200 0 mozilla::dom::Document::FlushPendingNotifications(mozilla::FlushType)
INLINE 0 11342 0 0 12a4010 20
12a4000 10 11340 0
12a4010 20 314 1
12a4030 1d0 11345 0
FUNC 1b30000 180 0 mozilla::PresShell::DoFlushPendingNotifications(mozilla::ChangesToFlush)
1b30000 180 4242 2
FUNC 1b31000 280 0 mozilla::PresShell::DoReflow(nsIFrame*, bool, mozilla::OverflowChangedTracker*)
1b31000 280 9644 2
FUNC 1c44000 240 0 nsRefreshDriver::Tick(mozilla::BaseTransactionId<mozilla::VsyncIdType>, mozilla::TimeStamp)
1c44000 240 2678 3
FUNC 1d00000 800 0 nsBlockFrame::Reflow(nsPresContext*, mozilla::ReflowOutput&, mozilla::ReflowInput const&, \
nsReflowStatus&)
1d00000 800 1391 6
FUNC 1d02000 600 0 nsBlockFrame::ReflowDirtyLines(mozilla::BlockReflowState&)
1d02000 600 2887 6
FUNC 1d10000 200 0 nsContainerFrame::ReflowChild(nsIFrame*, nsPresContext*, mozilla::ReflowOutput&, \
mozilla::ReflowInput const&)
1d10000 200 890 7
FUNC 3f00000 400 0 XREMain::XRE_mainRun()
3f00000 400 5694 5
FUNC 3f02000 300 0 XREMain::XRE_main(int, char**, mozilla::BootstrapConfig const&)
3f02000 300 5915 5
",
);

/// Symbols of Thunderbird's `xul.dll`: debug file, debug id, text.
pub(crate) const THUNDERBIRD_SYMBOLS: (&str, &str, &str) = (
    "xul.pdb",
    "C41E7A0695D34B82AE371F60D8295BE41",
    "\
MODULE windows x86_64 C41E7A0695D34B82AE371F60D8295BE41 xul.pdb
INFO CODE_ID 5F0000008000000 xul.dll
FILE 0 hg:hg.mozilla.org/comm-central:mailnews/imap/src/nsImapMailFolder.cpp:0123456789abcdef0123456789abcdef01234567
FILE 1 hg:hg.mozilla.org/comm-central:mailnews/db/msgdb/src/nsMsgDatabase.cpp:0123456789abcdef0123456789abcdef01234567
FILE 2 hg:hg.mozilla.org/comm-central:mailnews/imap/src/nsSyncRunnableHelpers.cpp:\
0123456789abcdef0123456789abcdef01234567
FILE 4 hg:hg.mozilla.org/mozilla-central:xpcom/threads/nsThread.cpp:0123456789abcdef0123456789abcdef01234567
FILE 5 hg:hg.mozilla.org/mozilla-central:toolkit/xre/nsAppRunner.cpp:0123456789abcdef0123456789abcdef01234567
FILE 8 hg:hg.mozilla.org/mozilla-central:netwerk/base/nsSocketTransportService2.cpp:\
0123456789abcdef0123456789abcdef01234567
FUNC 400000 300 0 nsThread::ProcessNextEvent(bool, bool*)
400000 300 1199 4
FUNC 401000 200 0 nsThread::ThreadFunc(void*)
401000 200 378 4
FUNC 700000 400 0 mozilla::net::nsSocketTransportService::Run()
700000 400 1237 8
FUNC 2a10000 300 0 nsMsgDatabase::GetMsgHdrForKey(unsigned int, nsIMsgDBHdr**)
2a10000 300 1716 1
FUNC 2b40000 400 0 nsImapMailFolder::NotifyMessageFlags(unsigned int, nsTSubstring<char> const&, unsigned int, \
unsigned long long)
2b40000 400 5082 0
FUNC 2b90000 200 0 (anonymous namespace)::SyncRunnable4<nsIImapMessageSink, unsigned int, nsTSubstring<char> const&, \
unsigned int, unsigned long long>::Run()
2b90000 200 149 2
FUNC 3f00000 400 0 XREMain::XRE_mainRun()
3f00000 400 5694 5
FUNC 3f02000 300 0 XREMain::XRE_main(int, char**, mozilla::BootstrapConfig const&)
3f02000 300 5915 5
",
);

/// The crashes on Windows.
pub(crate) fn samples() -> Vec<Sample> {
    vec![access_violation(), stack_overflow(), thunderbird()]
}

fn thunderbird() -> Sample {
    let main_thread = RunningThread {
        id: 0x1234,
        name: "MainThread",
        frames: [
            &[XUL + 0x2a1_0024, XUL + 0x2b4_0130, XUL + 0x2b9_0060][..],
            &start_of_main_thread(),
        ]
        .concat(),
    };
    let crash = Crash {
        system: System::Windows,
        modules: THUNDERBIRD_MODULES,
        threads: vec![main_thread, socket_thread()],
        exception: Raised {
            code: EXCEPTION_ACCESS_VIOLATION,
            flags: 0,
            address: XUL + 0x2a1_0024,
            parameters: &[0, 0x90],
        },
    };
    Sample {
        name: "windows-thunderbird",
        os: "Windows NT",
        about: "Thunderbird's main thread reads 0x90 of a mail database that was closed; thunderbird.exe, \
            kernel32.dll and ntdll.dll have no symbols.",
        annotations: annotations::windows(&[
            (
                "ModuleSignatureInfo",
                "{\"Mozilla Corporation\":[\"thunderbird.exe\",\"xul.dll\"],\
                 \"Microsoft Windows\":[\"kernel32.dll\",\"ntdll.dll\"]}",
            ),
            ("ProcessType", "main"),
            ("ThreadIdNameMapping", "22136:\"Socket Thread\","),
            ("UptimeTS", "1894.2"),
        ]),
        dumps: vec![(MAIN_DUMP, crash.minidump())],
        expect: Some(Expect {
            reason: "EXCEPTION_ACCESS_VIOLATION_READ",
            address: Some(0x90),
            thread: "MainThread",
            functions: &[
                "nsMsgDatabase::GetMsgHdrForKey(unsigned int, nsIMsgDBHdr**)",
                "nsImapMailFolder::NotifyMessageFlags(unsigned int, nsTSubstring<char> const&, unsigned int, unsigned \
                 long long)",
                "(anonymous namespace)::SyncRunnable4<nsIImapMessageSink, unsigned int, nsTSubstring<char> const&, \
                 unsigned int, unsigned long long>::Run()",
                "nsThread::ProcessNextEvent(bool, bool*)",
                "XREMain::XRE_mainRun()",
                "XREMain::XRE_main(int, char**, mozilla::BootstrapConfig const&)",
            ],
        }),
    }
}

fn access_violation() -> Sample {
    let main_thread = RunningThread {
        id: 0x1234,
        name: "MainThread",
        frames: [
            &[XUL + 0x12a_4018, XUL + 0x1b3_0040, XUL + 0x1c4_4080][..],
            &start_of_main_thread(),
        ]
        .concat(),
    };
    let crash = Crash {
        system: System::Windows,
        modules: MODULES,
        threads: vec![main_thread, socket_thread()],
        exception: Raised {
            code: EXCEPTION_ACCESS_VIOLATION,
            flags: 0,
            address: XUL + 0x12a_4018,
            parameters: &[0, 0x48],
        },
    };
    Sample {
        name: "windows-access-violation",
        os: "Windows NT",
        about: "The main thread of Windows' browser reads 0x48 in an inlined RefPtr operator; firefox.exe, \
            kernel32.dll and ntdll.dll have no symbols.",
        annotations: annotations::windows(&[
            ("ProcessType", "main"),
            ("TelemetryEnvironment", &annotations::telemetry_environment()),
            ("ThreadIdNameMapping", "22136:\"Socket Thread\","),
            ("URL", "https://example.org/news/today"),
            ("UptimeTS", "5120.75"),
        ]),
        dumps: vec![(MAIN_DUMP, crash.minidump())],
        expect: Some(Expect {
            reason: "EXCEPTION_ACCESS_VIOLATION_READ",
            address: Some(0x48),
            thread: "MainThread",
            functions: &[
                "RefPtr<mozilla::PresShell>::operator->() const",
                "mozilla::dom::Document::FlushPendingNotifications(mozilla::FlushType)",
                "mozilla::PresShell::DoFlushPendingNotifications(mozilla::ChangesToFlush)",
                "nsRefreshDriver::Tick(mozilla::BaseTransactionId<mozilla::VsyncIdType>, mozilla::TimeStamp)",
                "nsThread::ProcessNextEvent(bool, bool*)",
                "XREMain::XRE_mainRun()",
                "XREMain::XRE_main(int, char**, mozilla::BootstrapConfig const&)",
            ],
        }),
    }
}

fn stack_overflow() -> Sample {
    let nested = [XUL + 0x1d1_0030, XUL + 0x1d0_2100, XUL + 0x1d0_0200];
    let main_thread = RunningThread {
        id: 0x1234,
        name: "MainThread",
        frames: [
            &[XUL + 0x1d0_0010][..],
            &nested.repeat(40),
            &[XUL + 0x1b3_1100, XUL + 0x1c4_4080],
            &start_of_main_thread(),
        ]
        .concat(),
    };
    let crash = Crash {
        system: System::Windows,
        modules: MODULES,
        threads: vec![main_thread, socket_thread()],
        exception: Raised {
            code: EXCEPTION_STACK_OVERFLOW,
            flags: 0,
            address: XUL + 0x1d0_0010,
            parameters: &[1, 0x12_344f_f000],
        },
    };
    Sample {
        name: "windows-stack-overflow",
        os: "Windows NT",
        about: "The main thread reflows blocks nested in blocks until its stack overflows: three functions repeat \
            forty times.",
        annotations: annotations::windows(&[
            ("ProcessType", "main"),
            ("URL", "https://example.org/nested/blocks"),
            ("UptimeTS", "77.31"),
            ("XPCOMSpinEventLoopStack", "default: BrowsingContext::InternalLoad"),
            ("useragent_locale", "ja"),
        ]),
        dumps: vec![(MAIN_DUMP, crash.minidump())],
        expect: Some(Expect {
            reason: "EXCEPTION_STACK_OVERFLOW",
            address: Some(XUL + 0x1d0_0010),
            thread: "MainThread",
            functions: &[
                "nsBlockFrame::Reflow(nsPresContext*, mozilla::ReflowOutput&, mozilla::ReflowInput const&, \
                 nsReflowStatus&)",
                "nsContainerFrame::ReflowChild(nsIFrame*, nsPresContext*, mozilla::ReflowOutput&, \
                 mozilla::ReflowInput const&)",
                "nsBlockFrame::ReflowDirtyLines(mozilla::BlockReflowState&)",
                "nsBlockFrame::Reflow(nsPresContext*, mozilla::ReflowOutput&, mozilla::ReflowInput const&, \
                 nsReflowStatus&)",
            ],
        }),
    }
}

/// Where the callers of an event in the main thread go on.
fn start_of_main_thread() -> [u64; 6] {
    [
        XUL + 0x40_0120,
        XUL + 0x3f0_0200,
        XUL + 0x3f0_2100,
        FIREFOX + 0x1a50,
        KERNEL32 + 0x1_2560,
        NTDLL + 0x5_4830,
    ]
}

fn socket_thread() -> RunningThread {
    RunningThread {
        id: 0x5678,
        name: "Socket Thread",
        frames: vec![
            NTDLL + 0x9_d6c4,
            XUL + 0x70_0200,
            XUL + 0x40_0120,
            XUL + 0x40_1080,
            KERNEL32 + 0x1_2560,
            NTDLL + 0x5_4830,
        ],
    }
}
