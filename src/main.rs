//! datil
fn main() {}
