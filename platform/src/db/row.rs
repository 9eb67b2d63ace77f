//! Rows as structs, without a derive.

/// Reads a struct from a row of either database, whose columns have the names of its fields:
/// `from_row!(Size { height, width });`. A field that is such a struct itself stands behind:
/// `from_row!(Parcel { name } and size);`.
/// A macro of few lines, because sqlx's own derive lets every driver be built a second time for the compiler.
#[macro_export]
macro_rules! from_row {
    ($row:ident { $($field:ident),+ $(,)? } $(and $part:ident)*) => {
        $crate::from_row!(@ sqlx::sqlite::SqliteRow, $row { $($field),+ } $($part),*);
        $crate::from_row!(@ sqlx::postgres::PgRow, $row { $($field),+ } $($part),*);
    };
    (@ $engine:ty, $row:ident { $($field:ident),+ } $($part:ident),*) => {
        impl sqlx::FromRow<'_, $engine> for $row {
            fn from_row(row: &$engine) -> Result<Self, sqlx::Error> {
                use sqlx::Row as _;
                Ok(Self {
                    $($field: row.try_get(stringify!($field))?,)+
                    $($part: sqlx::FromRow::from_row(row)?,)*
                })
            }
        }
    };
}
