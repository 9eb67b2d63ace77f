//! For how many crashes that happened a crash stands.

use std::io;

use crate::columns::{Numbers, Snapshot, number_of};
use crate::fields::FieldId;

/// The sampling weights of a snapshot.
pub(super) struct Weights {
    of_segments: Vec<Option<Numbers>>,
}

impl Weights {
    /// # Errors
    /// The files are damaged.
    pub(super) fn of(snapshot: &Snapshot) -> io::Result<Self> {
        let field = FieldId::of("weight").ok_or_else(|| io::Error::other("no field has the weights"))?;
        let columns = snapshot.segments.iter().map(|segment| segment.numbers(field));
        Ok(Self {
            of_segments: columns.collect::<Result<_, _>>()?,
        })
    }

    /// The weight of a row in the segment at this place of the snapshot; without one, a crash stands for itself.
    pub(super) fn weight(&self, segment: usize, row: u32) -> f64 {
        let column = self.of_segments.get(segment).and_then(Option::as_ref);
        column.and_then(|column| column.first(row)).map_or(1.0, number_of)
    }
}
