//! The SQL engine: runs a query over connectors and returns its rows.
//!
//! `DataFusion` parses, plans and executes. This crate exposes the tables of connectors to it,
//! pushes down filters, orders and limits that a connector supports, and adapts its SQL to
//! Athena's where that is cheap.
//!
//! An [`Engine`] holds the catalogs; [`Engine::query`] plans a [`Query`]; [`Query::execute`]
//! returns [`QueryRows`]; a [`RowWriter`] writes them.

mod athena_sql;
mod casts;
mod catalog;
mod checked_arithmetic;
mod column_names;
mod columns_view;
mod common_type;
mod decimal_aggregates;
mod deep_plans;
mod describe;
mod error;
mod external_calls;
mod external_function;
mod float_comparison;
mod implicit_casts;
mod information_schema;
mod integer_literals;
mod large_stack;
mod limit_pushdown;
mod long_chains;
mod nested_subqueries;
mod output;
mod pushdown;
mod pushed_limit;
mod query;
mod query_size;
mod scan;
mod scan_options;
mod session;
mod show;
mod sql_parser;
mod statements;
mod table;
mod table_cache;
mod table_functions;
mod type_mapping;
mod type_name;
mod types;
mod udf;

pub use output::{Format, RowWriter, escape_controls};
pub use pushdown::PushdownMode;
pub use query::{Engine, EngineOptions, OpenFunction, Query, QueryRows};
pub use statements::{has_statement, take_statements};
