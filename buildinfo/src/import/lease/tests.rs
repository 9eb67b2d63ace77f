use platform_testing::databases;

use crate::db::{IMPORT, Writes};

#[tokio::test]
async fn only_its_holder_writes_what_imports_write() {
    for test in databases().await {
        let db = &test.db;
        db.begin_import().await.unwrap().commit().await.unwrap();
        let now = platform::clock::now_micros();
        let lease = IMPORT.take(db, "one", now).await.unwrap().unwrap();
        assert!(db.begin_import().await.is_err());
        assert!(db.begin_import_repeatable().await.is_err());
        lease.begin_import().await.unwrap().commit().await.unwrap();
        lease.begin_import_repeatable().await.unwrap().commit().await.unwrap();
        lease.release().await.unwrap();
        assert!(lease.begin_import().await.is_err());
        assert!(lease.begin_import_repeatable().await.is_err());
        db.begin_import().await.unwrap().commit().await.unwrap();
    }
}
