//! Search over crashes: what is asked, the columns, and the evaluation.

pub mod answer;
pub mod columns;
pub mod fields;
pub mod query;
pub mod row;
