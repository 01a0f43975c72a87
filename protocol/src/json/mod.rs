//! JSON as this protocol needs it: a lenient reader that keeps big strings borrowed, and a writer
//! that keeps order.

mod node;
mod reader;
mod writer;

pub(crate) use node::{Node, parse};
pub(crate) use reader::{Cursor, ReadContext};
pub(crate) use writer::Writer;
