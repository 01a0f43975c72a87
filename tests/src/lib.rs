//! Recorded wire data of the Java SDK, and the code of guides, for tests across crates.

pub mod golden;

/// Guide of connector authors, whose code is compiled and run.
#[expect(clippy::doc_markdown, reason = "the page names products")]
#[doc = include_str!("../../docs/connector-author.md")]
pub mod author_guide {}
