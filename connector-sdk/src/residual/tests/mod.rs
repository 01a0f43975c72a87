//! Claims about the residual predicate, the limit and the order.

mod limits;
mod oracle;
mod random;
mod sample;
mod traps;
