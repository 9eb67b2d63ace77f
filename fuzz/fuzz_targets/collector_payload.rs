#![no_main]

use std::cell::LazyCell;

#[path = "../checks/collector_payload.rs"]
mod collector_payload;

thread_local! {
    static RUNTIME: LazyCell<tokio::runtime::Runtime> = LazyCell::new(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be built")
    });
    static DB: LazyCell<(platform::db::Db, tempfile::TempDir)> = LazyCell::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let db = RUNTIME.with(|runtime| runtime.block_on(collector_payload::database(folder.path())));
        (db, folder)
    });
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    DB.with(|db| RUNTIME.with(|runtime| runtime.block_on(collector_payload::check(&db.0, bytes))));
});
