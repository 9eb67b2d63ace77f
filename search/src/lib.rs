//! Search over crashes: what is asked, the columns, and the evaluation.

pub mod answer;
pub mod columns;
pub mod document;
pub mod evaluate;
pub mod fields;
mod follow;
pub mod hits;
pub mod interval;
pub mod json;
pub mod matching;
pub mod meters;
pub mod naive;
pub mod parse;
pub mod position;
pub mod query;
pub mod row;
pub mod service;
