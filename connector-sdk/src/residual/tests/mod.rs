//! Tests of the residual predicate, the limit and the order.

mod build;
mod edge_table;
mod expression_traps;
mod limits;
mod oracle;
mod random;
mod sample;
mod set_traps;
mod tally;
