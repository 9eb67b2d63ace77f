//! A crash on macOS, from a synthetic minidump.

use crate::annotations;
use crate::sample::{Expect, MAIN_DUMP, Sample};
use crate::synthetic::{Crash, Identity, LoadedModule, Raised, RunningThread, System};

const FIREFOX: u64 = 0x1_0000_0000;
const XUL: u64 = 0x1_1000_0000;
const APP_KIT: u64 = 0x7ff8_1000_0000;
const PTHREAD: u64 = 0x7ff8_2000_0000;

const EXC_BAD_ACCESS: u32 = 1;
const KERN_INVALID_ADDRESS: u32 = 1;

const MODULES: &[LoadedModule] = &[
    LoadedModule {
        path: "/Applications/Firefox.app/Contents/MacOS/firefox",
        base: FIREFOX,
        size: 0x1_0000,
        debug_file: "firefox",
        identity: Identity::Guid(
            0x5be1_07d4,
            0x3a92,
            0x3c1f,
            [0x88, 0x60, 0x1d, 0xf4, 0x2e, 0xa7, 0x59, 0x03],
            0,
        ),
    },
    LoadedModule {
        path: "/Applications/Firefox.app/Contents/MacOS/XUL",
        base: XUL,
        size: 0x800_0000,
        debug_file: "XUL",
        identity: Identity::Guid(
            0xc2d8_4e61,
            0x7f05,
            0x3b9a,
            [0x94, 0x2c, 0xe6, 0x13, 0x0b, 0x58, 0xaf, 0x7d],
            0,
        ),
    },
    LoadedModule {
        path: "/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit",
        base: APP_KIT,
        size: 0x100_0000,
        debug_file: "AppKit",
        identity: Identity::Guid(
            0x0a6f_93be,
            0x51c8,
            0x3d40,
            [0xb7, 0xe9, 0x62, 0x8d, 0x14, 0xfc, 0x35, 0xa2],
            0,
        ),
    },
    LoadedModule {
        path: "/usr/lib/system/libsystem_pthread.dylib",
        base: PTHREAD,
        size: 0xc000,
        debug_file: "libsystem_pthread.dylib",
        identity: Identity::Guid(
            0x83d0_5f2c,
            0xe7b4,
            0x3916,
            [0xac, 0x05, 0x79, 0x42, 0xd1, 0x6e, 0x98, 0x1b],
            0,
        ),
    },
];

/// Symbols of `XUL`: debug file, debug id, text.
pub(crate) const SYMBOLS: (&str, &str, &str) = (
    "XUL",
    "C2D84E617F053B9A942CE6130B58AF7D0",
    "\
MODULE mac x86_64 C2D84E617F053B9A942CE6130B58AF7D0 XUL
FILE 0 hg:hg.mozilla.org/mozilla-central:gfx/layers/NativeLayerCA.mm:0123456789abcdef0123456789abcdef01234567
FILE 1 hg:hg.mozilla.org/mozilla-central:gfx/webrender_bindings/RendererOGL.cpp:0123456789abcdef0123456789abcdef01234567
FILE 2 hg:hg.mozilla.org/mozilla-central:gfx/webrender_bindings/RenderThread.cpp:\
0123456789abcdef0123456789abcdef01234567
FILE 3 hg:hg.mozilla.org/mozilla-central:xpcom/threads/nsThread.cpp:0123456789abcdef0123456789abcdef01234567
FILE 4 hg:hg.mozilla.org/mozilla-central:widget/cocoa/nsAppShell.mm:0123456789abcdef0123456789abcdef01234567
FILE 5 hg:hg.mozilla.org/mozilla-central:toolkit/xre/nsAppRunner.cpp:0123456789abcdef0123456789abcdef01234567
FUNC 200000 300 0 mozilla::layers::NativeLayerCA::ApplyChanges(mozilla::layers::NativeLayerCA::UpdateType)
200000 300 1411 0
FUNC 201000 200 0 mozilla::layers::NativeLayerRootCA::CommitToScreen()
201000 200 335 0
FUNC 300000 400 0 \
mozilla::wr::RendererOGL::UpdateAndRender(mozilla::Maybe<mozilla::gfx::IntSizeTyped<mozilla::gfx::UnknownUnits>> const&)
300000 400 238 1
FUNC 310000 400 0 mozilla::wr::RenderThread::UpdateAndRender(mozilla::wr::WrWindowId, \
mozilla::layers::BaseTransactionId<mozilla::VsyncIdType> const&)
310000 400 722 2
FUNC 400000 300 0 nsThread::ProcessNextEvent(bool, bool*)
400000 300 1199 3
FUNC 401000 200 0 nsThread::ThreadFunc(void*)
401000 200 378 3
FUNC 500000 200 0 -[GeckoNSApplication nextEventMatchingMask:untilDate:inMode:dequeue:]
500000 200 178 4
FUNC 3f02000 300 0 XREMain::XRE_main(int, char**, mozilla::BootstrapConfig const&)
3f02000 300 5915 5
",
);

/// The crash on macOS.
pub(crate) fn sample() -> Sample {
    let renderer = RunningThread {
        id: 0x2a07,
        name: "Renderer",
        frames: vec![
            XUL + 0x20_0044,
            XUL + 0x20_1090,
            XUL + 0x30_0210,
            XUL + 0x31_0180,
            XUL + 0x40_0120,
            XUL + 0x40_1080,
            PTHREAD + 0x61d3,
        ],
    };
    let main_thread = RunningThread {
        id: 0x0103,
        name: "MainThread",
        frames: vec![
            APP_KIT + 0x3_9f00,
            XUL + 0x50_0080,
            APP_KIT + 0x2_c81a,
            XUL + 0x3f0_2100,
            FIREFOX + 0x1a50,
        ],
    };
    let crash = Crash {
        system: System::Mac,
        modules: MODULES,
        threads: vec![renderer, main_thread],
        exception: Raised {
            code: EXC_BAD_ACCESS,
            flags: KERN_INVALID_ADDRESS,
            address: 0x30,
            parameters: &[],
        },
    };
    Sample {
        name: "mac-bad-access",
        os: "Mac OS X",
        about: "The Renderer thread of a Mac's browser touches 0x30 while it commits a layer to the screen; only XUL \
            has symbols.",
        annotations: annotations::mac(&[
            ("ProcessType", "main"),
            ("ThreadIdNameMapping", "10759:\"Renderer\","),
            ("URL", "https://example.org/video"),
            ("UptimeTS", "86400.5"),
        ]),
        dumps: vec![(MAIN_DUMP, crash.minidump())],
        expect: Some(Expect {
            reason: "EXC_BAD_ACCESS / KERN_INVALID_ADDRESS",
            address: Some(0x30),
            thread: "Renderer",
            functions: &[
                "mozilla::layers::NativeLayerCA::ApplyChanges(mozilla::layers::NativeLayerCA::UpdateType)",
                "mozilla::layers::NativeLayerRootCA::CommitToScreen()",
                "mozilla::wr::RendererOGL::UpdateAndRender(\
                 mozilla::Maybe<mozilla::gfx::IntSizeTyped<mozilla::gfx::UnknownUnits>> const&)",
                "mozilla::wr::RenderThread::UpdateAndRender(mozilla::wr::WrWindowId, \
                 mozilla::layers::BaseTransactionId<mozilla::VsyncIdType> const&)",
                "nsThread::ProcessNextEvent(bool, bool*)",
                "nsThread::ThreadFunc(void*)",
            ],
        }),
    }
}
