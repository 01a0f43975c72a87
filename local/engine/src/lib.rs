//! The SQL engine: a query in, rows out, connectors asked on the way.
//!
//! `DataFusion` parses, plans and executes; what is here makes a connector's tables its tables,
//! sends them what they can take of a query, and bends its SQL towards Athena's where that is
//! cheap.

mod athena_sql;
mod bound;
mod catalog;
mod common_type;
mod error;
mod external_calls;
mod external_function;
mod float_comparison;
mod listing;
mod output;
mod presentation;
mod pushdown;
mod query;
mod scan;
mod session;
mod statements;
mod table;
mod types;
mod udf;

pub use output::{Format, RowWriter};
pub use pushdown::PushdownMode;
pub use query::{Engine, EngineOptions, OpenFunction, Query, Rows};
pub use statements::{has_statement, take_statements};
