//! Claims about the residual predicate.
