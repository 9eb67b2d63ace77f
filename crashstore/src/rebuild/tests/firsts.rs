//! The first crashes of signatures are noted again.

use serde_json::json;

use super::site::{DAY, Site, id};
use crate::db::{self, First};

#[tokio::test]
async fn first_crashes_are_those_of_all_processed_crashes_also_where_rows_are_there() {
    for site in Site::all().await {
        for (number, day, date, build) in [
            (1, DAY, "2026-06-01T10:00:00+00:00", "20260501000000"),
            (2, DAY, "2026-06-01T09:00:00+00:00", "x"),
            (3, "260602", "2026-06-02T09:00:00+00:00", "20260101000000"),
        ] {
            let id = id(number, day);
            site.put_raw(&id, &json!({"submitted_timestamp": date, "BuildID": build}))
                .await;
            site.put_processed(&id, &json!({"submitted_timestamp": date, "build": build}))
                .await;
        }
        site.put_both(&id(4, DAY)).await;
        site.put_processed(&id(4, DAY), &json!({"signature": "other", "build": null}))
            .await;
        site.put_both(&id(5, DAY)).await;
        site.put_processed(&id(5, DAY), &json!({"signature": ""})).await;
        site.put_raw(&id(6, DAY), &json!({})).await;
        let first = |signature: &str, date, build| First {
            signature: signature.to_owned(),
            date,
            build,
        };
        let expected = [
            first("a | b", 1_780_304_400_000_000, Some(20_260_101_000_000)),
            first("other", 1_780_308_000_250_000, None),
        ];
        for round in 0..2 {
            let mut rebuild = site.rebuild();
            rebuild.anew = true;
            super::site::run(&rebuild).await;
            let firsts = db::signature_firsts(&site.test.db, &["a | b", "other", ""]).await;
            assert_eq!(firsts.unwrap(), expected, "{} {round}", site.test.db.engine());
            site.execute("DELETE FROM signature_first").await;
        }
    }
}
