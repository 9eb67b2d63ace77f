//! Crashes on Android: one in native code, from a synthetic minidump, and one in Java, which sends none.

use serde_json::json;

use crate::annotations;
use crate::sample::{Expect, MAIN_DUMP, Sample};
use crate::synthetic::{Crash, Identity, LoadedModule, Raised, RunningThread, System};

const LIBC: u64 = 0x7a_2000_0000;
const XUL: u64 = 0x7a_3000_0000;

const SIGSEGV: u32 = 11;
const SEGV_MAPERR: u32 = 1;

const MODULES: &[LoadedModule] = &[
    LoadedModule {
        path: "/apex/com.android.runtime/lib64/bionic/libc.so",
        base: LIBC,
        size: 0x10_0000,
        debug_file: "libc.so",
        identity: Identity::BuildId([
            0x4c, 0x1e, 0x83, 0xd9, 0x07, 0x5a, 0xb2, 0x6f, 0xe0, 0x34, 0x98, 0xc1, 0x2d, 0x7b, 0x56, 0xaf, 0x63, 0x08,
            0xd4, 0x1b,
        ]),
    },
    LoadedModule {
        path: "/data/app/org.mozilla.fenix/lib/arm64/libxul.so",
        base: XUL,
        size: 0x800_0000,
        debug_file: "libxul.so",
        identity: Identity::BuildId([
            0x9a, 0x27, 0x6e, 0x05, 0xb1, 0x48, 0x3d, 0xfc, 0x82, 0x19, 0xc7, 0x50, 0x6d, 0xe3, 0x94, 0x2b, 0x71, 0xf6,
            0x0c, 0xa8,
        ]),
    },
];

/// Symbols of `libxul.so`: debug file, debug id, text.
pub(crate) const SYMBOLS: (&str, &str, &str) = (
    "libxul.so",
    "056E279A48B1FC3D8219C7506DE3942B0",
    "\
MODULE Linux arm64 056E279A48B1FC3D8219C7506DE3942B0 libxul.so
INFO CODE_ID 9A276E05B1483DFC8219C7506DE3942B71F60CA8
FILE 0 hg:hg.mozilla.org/mozilla-central:gfx/wr/webrender/src/renderer/mod.rs:0123456789abcdef0123456789abcdef01234567
FILE 1 hg:hg.mozilla.org/mozilla-central:gfx/webrender_bindings/src/bindings.rs:0123456789abcdef0123456789abcdef01234567
FILE 2 hg:hg.mozilla.org/mozilla-central:gfx/webrender_bindings/RendererOGL.cpp:0123456789abcdef0123456789abcdef01234567
FILE 3 hg:hg.mozilla.org/mozilla-central:xpcom/threads/nsThread.cpp:0123456789abcdef0123456789abcdef01234567
FUNC 200000 400 0 webrender::renderer::Renderer::draw_frame
200000 400 5102 0
FUNC 201000 400 0 webrender::renderer::Renderer::render_impl
201000 400 1544 0
FUNC 210000 200 0 wr_renderer_render
210000 200 701 1
FUNC 300000 400 0 \
mozilla::wr::RendererOGL::UpdateAndRender(mozilla::Maybe<mozilla::gfx::IntSizeTyped<mozilla::gfx::UnknownUnits>> const&)
300000 400 238 2
FUNC 400000 300 0 nsThread::ProcessNextEvent(bool, bool*)
400000 300 1199 3
FUNC 401000 200 0 nsThread::ThreadFunc(void*)
401000 200 378 3
",
);

/// The crashes on Android.
pub(crate) fn samples() -> Vec<Sample> {
    vec![native(), java()]
}

fn native() -> Sample {
    let renderer = RunningThread {
        id: 9127,
        name: "Renderer",
        frames: vec![
            XUL + 0x20_0110,
            XUL + 0x20_1204,
            XUL + 0x21_0080,
            XUL + 0x30_0210,
            XUL + 0x40_0120,
            XUL + 0x40_1080,
            LIBC + 0x6_e0d4,
        ],
    };
    let gecko = RunningThread {
        id: 9101,
        name: "Gecko",
        frames: vec![LIBC + 0xa_2f18, XUL + 0x40_0120, LIBC + 0x6_e0d4],
    };
    let crash = Crash {
        system: System::Android,
        modules: MODULES,
        threads: vec![renderer, gecko],
        exception: Raised {
            code: SIGSEGV,
            flags: SEGV_MAPERR,
            address: 0x58,
            parameters: &[],
        },
    };
    Sample {
        name: "android-native",
        os: "Android",
        about: "The Renderer thread of Android's browser touches 0x58 in Rust code, called from C++ code, on arm64.",
        annotations: annotations::android(&[
            ("ProcessType", "main"),
            ("ThreadIdNameMapping", "9101:\"Gecko\",9127:\"Renderer\","),
            ("URL", "https://example.org/map"),
            ("UptimeTS", "43.2"),
        ]),
        dumps: vec![(MAIN_DUMP, crash.minidump())],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x58),
            thread: "Renderer",
            functions: &[
                "webrender::renderer::Renderer::draw_frame",
                "webrender::renderer::Renderer::render_impl",
                "wr_renderer_render",
                "mozilla::wr::RendererOGL::UpdateAndRender(\
                 mozilla::Maybe<mozilla::gfx::IntSizeTyped<mozilla::gfx::UnknownUnits>> const&)",
                "nsThread::ProcessNextEvent(bool, bool*)",
                "nsThread::ThreadFunc(void*)",
            ],
        }),
    }
}

fn java() -> Sample {
    let exception = json!({
        "exception": {
            "values": [{
                "stacktrace": {
                    "type": "IllegalStateException",
                    "module": "java.lang",
                    "value": "Tab jane@example.org is not in the store",
                    "frames": [
                        {
                            "module": "org.mozilla.fenix.tabs.TabStore",
                            "function": "select",
                            "in_app": true,
                            "lineno": 88,
                            "filename": "TabStore.kt",
                        },
                        {
                            "module": "org.mozilla.fenix.tabs.TabTray",
                            "function": "onTabClicked",
                            "in_app": true,
                            "lineno": 214,
                            "filename": "TabTray.kt",
                        },
                        {
                            "module": "android.view.View",
                            "function": "performClick",
                            "in_app": false,
                            "lineno": 7892,
                            "filename": "View.java",
                        },
                    ],
                },
            }],
        },
    });
    let stack = "\
java.lang.IllegalStateException: Tab jane@example.org is not in the store
\tat org.mozilla.fenix.tabs.TabStore.select(TabStore.kt:88)
\tat org.mozilla.fenix.tabs.TabTray.onTabClicked(TabTray.kt:214)
\tat android.view.View.performClick(View.java:7892)
\tat android.os.Handler.dispatchMessage(Handler.java:99)
\tat android.os.Looper.loop(Looper.java:317)
\tat android.app.ActivityThread.main(ActivityThread.java:8705)
";
    Sample {
        name: "android-java",
        os: "Android",
        about: "Java code of Android's browser throws an IllegalStateException: there is no minidump, and the \
            exception's message is protected.",
        annotations: annotations::android(&[
            ("JavaException", &exception.to_string()),
            ("JavaStackTrace", stack),
            ("ProcessType", "main"),
            ("UptimeTS", "9.75"),
        ]),
        dumps: Vec::new(),
        expect: None,
    }
}
