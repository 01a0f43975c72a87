//! JSON for this protocol: a lenient reader that borrows large strings, and a writer that keeps the
//! order of members.

mod reader;
mod tape;
mod text;
mod writer;

pub(crate) use reader::{JsonCursor, ReadContext};
use tape::{Content, Node, Tape};
pub(crate) use text::parse;
pub(crate) use writer::Writer;
