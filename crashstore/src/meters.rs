//! The metrics of the crash store.

platform::meters! {
    pub const METRICS;
    /// Search rows that got a number, so that readers of the index see them.
    counter NUMBERED = "datil_crashstore_numbered_rows_total" in "rows";
    /// Search rows that wait for a number after the last step of this process, 10,000 at the most.
    gauge UNNUMBERED = "datil_crashstore_unnumbered_rows" in "rows";
}
