//! Tables of the benchmarks: their rows by definition, and reads from failing stores.

mod faults;
mod rows;
