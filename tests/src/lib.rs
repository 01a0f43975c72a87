//! The suite that any connector is run against.
//!
//! Everything here goes through [`Invoke`]: bytes in, bytes out, so that a connector in any language can be tested.

mod invoke;

pub use invoke::{Invoke, InvokeError};
