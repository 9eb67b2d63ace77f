//! Search over crashes: what is asked, the columns, and the evaluation.

pub mod answer;
pub mod columns;
pub mod document;
pub mod evaluate;
pub mod fields;
pub mod hits;
pub mod interval;
pub mod json;
pub mod matching;
#[doc(hidden)]
pub mod naive;
pub mod parse;
pub mod query;
pub mod row;
