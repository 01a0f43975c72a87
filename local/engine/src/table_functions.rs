//! Table functions of connectors: `TABLE(catalog.schema.function(NAME => '...'))`.
//!
//! A connector announces such a function to run queries in the language of its source. Its result
//! is a table, whose name stands for the call in the statement.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use anyhow::{Context as _, bail};
use athena_client::{FederatedClient, TableFunction};
use athena_protocol::TableName;
use datafusion::{
    catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider},
    prelude::SessionContext,
    sql::{
        parser::Statement as DfStatement,
        sqlparser::ast::{
            Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
            TableFactor, Value, VisitMut, VisitorMut,
        },
    },
};

use super::{error::from_datafusion, scan_options::ScanOptions, table::FederatedTable};

/// Catalog and schema of the tables that stand for calls. No name in SQL begins so.
const CATALOG: &str = "$function";
const SCHEMA: &str = "result";

/// Argument of the protocol with the name of the function.
const FUNCTION_NAME: &str = "schemaFunctionName";

/// Call of a table function.
#[derive(Debug)]
pub(crate) struct TableFunctionCall {
    /// Name of the function: catalog, if it is given, schema, and name, in lower case.
    name: Vec<String>,
    /// Arguments with their names, if they have one.
    arguments: Vec<(Option<String>, String)>,
}

/// Replaces each call of a table function in `statement` with the name of a table, and returns the
/// calls in order.
///
/// # Errors
///
/// For a call without `TABLE`, or with an argument that is no text.
pub(crate) fn split_off(statement: &mut DfStatement) -> anyhow::Result<Vec<TableFunctionCall>> {
    let DfStatement::Statement(statement) = statement else { return Ok(Vec::new()) };
    let mut calls = Calls::default();
    match statement.visit(&mut calls) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(calls.0),
    }
}

/// Describes the result of each call, and registers it under the name that stands for the call.
///
/// # Errors
///
/// For a function that its catalog does not have, missing or unknown arguments, and any error of
/// the connector.
pub(crate) async fn register(
    context: &SessionContext,
    calls: Vec<TableFunctionCall>,
    catalogs: &[FederatedClient],
    options: ScanOptions,
) -> anyhow::Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let schema = Arc::new(MemorySchemaProvider::new());
    for (number, call) in calls.into_iter().enumerate() {
        let table = call.open(catalogs, options).await?;
        schema
            .register_table(number.to_string(), Arc::new(table))
            .map_err(|error| from_datafusion(&error))?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, schema).map_err(|error| from_datafusion(&error))?;
    context.register_catalog(CATALOG, Arc::new(catalog));
    Ok(())
}

#[derive(Default)]
struct Calls(Vec<TableFunctionCall>);

impl VisitorMut for Calls {
    type Break = anyhow::Error;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        match self.replace(factor) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Calls {
    fn replace(&mut self, factor: &mut TableFactor) -> anyhow::Result<()> {
        let (expr, alias) = match factor {
            TableFactor::TableFunction { expr, alias } => (expr, alias),
            TableFactor::Table { name, args: Some(_), .. } => {
                bail!("{name} is called like a function: write TABLE({name}(...))")
            }
            // Foreign enum: no other factor is a function of a connector.
            _ => return Ok(()),
        };
        let Expr::Function(function) = expr else {
            bail!("TABLE(...) needs a call of a table function, such as TABLE(system.query(...))");
        };
        let call = TableFunctionCall::read(function)?;
        let parts =
            [CATALOG, SCHEMA, &self.0.len().to_string()].map(|part| Ident::with_quote('"', part));
        let alias = alias.take();
        *factor = TableFactor::Table {
            name: ObjectName::from(parts.to_vec()),
            alias,
            args: None,
            with_hints: Vec::new(),
            version: None,
            with_ordinality: false,
            partitions: Vec::new(),
            json_path: None,
            sample: None,
            index_hints: Vec::new(),
        };
        self.0.push(call);
        Ok(())
    }
}

impl TableFunctionCall {
    fn read(function: &Function) -> anyhow::Result<Self> {
        let parts: Option<Vec<String>> = (function.name.0.iter())
            .map(|part| part.as_ident().map(|ident| ident.value.to_lowercase()))
            .collect();
        let name = parts.filter(|parts| matches!(parts.len(), 2 | 3)).with_context(|| {
            format!("table function {} needs a schema, such as system.query", function.name)
        })?;
        let FunctionArguments::List(list) = &function.args else {
            bail!("table function {} needs its arguments in parentheses", function.name);
        };
        let mut arguments = Vec::new();
        for argument in &list.args {
            let (key, value) = match argument {
                FunctionArg::Named { name, arg, .. } => (Some(name.value.clone()), arg),
                FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, .. } => {
                    (Some(name.value.clone()), arg)
                }
                FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => (None, arg),
            };
            let FunctionArgExpr::Expr(Expr::Value(value)) = value else {
                bail!("argument {argument} of table function {} is no text", function.name);
            };
            let Value::SingleQuotedString(text) = &value.value else {
                bail!("argument {argument} of table function {} is no text", function.name);
            };
            arguments.push((key, text.clone()));
        }
        Ok(Self { name, arguments })
    }

    async fn open(
        self,
        catalogs: &[FederatedClient],
        options: ScanOptions,
    ) -> anyhow::Result<FederatedTable> {
        let (catalog, schema, name) = match &self.name[..] {
            [catalog, schema, name] => (Some(catalog), schema, name),
            [schema, name] => (None, schema, name),
            _ => bail!("a table function has a schema and a name"),
        };
        let client = match catalog {
            None => catalogs.first(),
            Some(catalog) => catalogs.iter().find(|client| client.catalog() == catalog),
        };
        let client = client.with_context(|| {
            let catalog = catalog.map_or("", String::as_str);
            format!("catalog {catalog} of table function {schema}.{name} does not exist")
        })?;
        let announced = &client.capabilities().await?.table_functions;
        let function = announced.iter().find(|function| {
            function.schema.eq_ignore_ascii_case(schema) && function.name.eq_ignore_ascii_case(name)
        });
        let function = function.with_context(|| {
            let all: Vec<_> = announced.iter().map(full_name).collect();
            let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            let catalog = client.catalog();
            format!("catalog {catalog} has no table function {schema}.{name}; it has {all}")
        })?;
        let arguments = self.by_name(function)?;
        let result = TableName::new(&function.schema, &function.name);
        let definition = client.get_query(&result, arguments.clone()).await?;
        let table = FederatedTable::open(client.clone(), definition, options).await?;
        Ok(table.with_arguments(arguments))
    }

    /// Returns the arguments by the names in the signature, in the form of the protocol.
    fn by_name(
        &self,
        function: &TableFunction,
    ) -> anyhow::Result<BTreeMap<String, Option<String>>> {
        let name = full_name(function);
        let expected = function.arguments.join(", ");
        let mut arguments = BTreeMap::new();
        for (position, (key, value)) in self.arguments.iter().enumerate() {
            let declared = match key {
                None => function.arguments.get(position),
                Some(key) => {
                    function.arguments.iter().find(|argument| argument.eq_ignore_ascii_case(key))
                }
            };
            let Some(declared) = declared else {
                let key = key.clone().unwrap_or_else(|| (position + 1).to_string());
                bail!("table function {name} has no argument {key}; it has {expected}");
            };
            if arguments.insert(declared.clone(), Some(value.clone())).is_some() {
                bail!("argument {declared} of table function {name} is given twice");
            }
        }
        for argument in &function.arguments {
            if !arguments.contains_key(argument) {
                bail!(
                    "argument {argument} of table function {name} is missing: {argument} => '...'"
                );
            }
        }
        arguments.insert(FUNCTION_NAME.to_owned(), Some(name.to_uppercase()));
        Ok(arguments)
    }
}

fn full_name(function: &TableFunction) -> String {
    format!("{}.{}", function.schema, function.name)
}
