//! JSON for this protocol: a lenient reader that borrows large strings, and a writer that keeps the
//! order of members.

mod node;
mod reader;
mod writer;

pub(crate) use node::{Node, parse};
pub(crate) use reader::{JsonCursor, ReadContext};
pub(crate) use writer::Writer;
