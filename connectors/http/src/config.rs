//! The declaration of an API: its address, headers, tables, columns, pages and conditions.
//!
//! [`Declaration`] is the form of the file; [`Api`] is what has been found to be consistent.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use athena_connector_sdk::{
    Error, Result, TableDef,
    arrow::datatypes::{DataType, Field},
};
use reqwest::Url;
use serde::Deserialize;

use crate::{
    json::Pointer,
    paging::Paging,
    types::{self, ColumnType},
};

/// File that declares an API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Address that the paths of tables are relative to: `https://HOST/PATH/`, or `file:FOLDER/` for
    /// a folder of saved responses.
    pub base_url: String,
    /// Headers of every request. `${NAME}` stands for the environment variable `NAME`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// File with further certificate authorities, as PEM.
    pub ca_file: Option<String>,
    /// Limits of a request.
    #[serde(default)]
    pub limits: Limits,
    /// Tables by name, by schema.
    pub schemas: BTreeMap<String, BTreeMap<String, TableDeclaration>>,
}

/// Limits of a request.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds to connect.
    pub connect_seconds: u64,
    /// Seconds between two parts of a response.
    pub read_seconds: u64,
    /// Bytes of a response, decompressed.
    pub response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect_seconds: 10, read_seconds: 30, response_bytes: 32 << 20 }
    }
}

/// Declaration of a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDeclaration {
    /// Comment of the table.
    pub comment: Option<String>,
    /// Path below the address, such as `orders`.
    pub path: String,
    /// Parameters of every request, by name.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Where the array of rows is in a response, as a JSON pointer; by default, the response is the
    /// array.
    #[serde(default)]
    pub rows: String,
    /// How the next page is asked for; without, the first response has all rows.
    pub paging: Option<Paging>,
    /// Columns, in order.
    pub columns: Vec<ColumnDeclaration>,
    /// Column that divides the table.
    pub partition: Option<PartitionDeclaration>,
    /// Conditions that the API can apply.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Parameter for the number of rows that are enough.
    pub limit: Option<String>,
}

/// Declaration of a column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnDeclaration {
    /// Name in SQL, in lower case.
    pub name: String,
    /// Type: see [`types`].
    #[serde(rename = "type")]
    pub data_type: String,
    /// Where the value is in a row, as a JSON pointer; by default, `/NAME`.
    pub from: Option<String>,
    /// Comment of the column.
    pub comment: Option<String>,
}

/// Column that divides a table: each value is a partition, and is asked for with a parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionDeclaration {
    /// Name of the column, of type `varchar`. It is not among `columns`.
    pub column: String,
    /// Parameter of the API.
    pub parameter: String,
    /// All values that there are.
    pub values: Vec<String>,
}

/// Condition that the API can apply: `column operator VALUE` becomes `parameter=VALUE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Name of the column.
    pub column: String,
    /// Operator in SQL.
    pub operator: Operator,
    /// Parameter of the API.
    pub parameter: String,
    /// Whether the API returns exactly the rows that SQL would: same case, same time zone, same
    /// treatment of null. If in doubt, it is not: then more rows are correct.
    #[serde(default)]
    pub exact: bool,
    /// How several values of `in` are sent.
    #[serde(default)]
    pub list: List,
}

/// Operators of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Operator {
    /// Equal to one value.
    #[serde(rename = "=")]
    Equal,
    /// Equal to one of several values.
    #[serde(rename = "in")]
    In,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
    /// Greater or equal.
    #[serde(rename = ">=")]
    GreaterOrEqual,
    /// Less.
    #[serde(rename = "<")]
    Less,
    /// Less or equal.
    #[serde(rename = "<=")]
    LessOrEqual,
}

/// Form of several values in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// `status=open,paid`. Values with a comma are not sent.
    #[default]
    Comma,
    /// `status=open&status=paid`.
    Repeat,
}

/// Consistent declaration of an API.
#[derive(Debug)]
pub struct Api {
    /// Address that paths are relative to.
    pub base: Base,
    /// Headers as declared.
    pub headers: BTreeMap<String, String>,
    /// File with further certificate authorities.
    pub ca_file: Option<String>,
    /// Limits of a request.
    pub limits: Limits,
    /// Tables by schema, by name.
    pub schemas: BTreeMap<String, BTreeMap<String, Arc<Table>>>,
}

/// Place of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Server, and a path that ends with `/`.
    Server(Url),
    /// Folder of saved responses, `PATH.json` for each table.
    Folder(String),
}

/// Table of an API.
#[derive(Debug)]
pub struct Table {
    /// Definition, with the partition column last.
    pub definition: TableDef,
    /// Columns by name, without the partition column.
    pub columns: BTreeMap<String, Column>,
    /// Declaration of the rest.
    pub declaration: TableDeclaration,
    /// Where the rows are in a response.
    pub rows: Pointer,
}

/// Column in a response.
#[derive(Debug, Clone)]
pub struct Column {
    /// Type.
    pub data_type: ColumnType,
    /// Where the value is in a row.
    pub from: Pointer,
}

impl Api {
    /// Reads the declaration that the environment variable `http_declaration` has, or whose file it
    /// names; by default, `http.json` in the folder of the function. Returns its text, too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is none, or with all its problems.
    pub fn from_env() -> Result<(Self, String)> {
        let value = env::var("http_declaration").unwrap_or_else(|_| "http.json".to_owned());
        if value.trim_start().starts_with('{') {
            return Ok((Self::parse(&value)?, value));
        }
        let file = match env::var_os("LAMBDA_TASK_ROOT") {
            Some(root) => Path::new(&root).join(&value),
            None => PathBuf::from(&value),
        };
        let text = fs::read_to_string(&file).map_err(|error| {
            Error::invalid_input(format!(
                "the declaration {} cannot be read: {error}; http_declaration is JSON, or names a \
                 file of the function",
                file.display()
            ))
        })?;
        Ok((Self::parse(&text)?, text))
    }

    /// Looks for saved responses in `folder`, if the declaration names a folder that is relative.
    #[must_use]
    pub fn with_samples_in(mut self, folder: impl AsRef<Path>) -> Self {
        if let Base::Folder(saved) = &self.base {
            self.base = Base::Folder(folder.as_ref().join(saved).to_string_lossy().into_owned());
        }
        self
    }

    /// Reads and checks a declaration.
    ///
    /// # Errors
    ///
    /// `InvalidInput` with all problems.
    pub fn parse(text: &str) -> Result<Self> {
        let declaration: Declaration = serde_json::from_str(text).map_err(|error| {
            // The declaration has no secrets: it names them.
            Error::invalid_input(format!("the declaration of the API cannot be read: {error}"))
        })?;
        let mut problems = Vec::new();
        let base = base(&declaration, &mut problems);
        let mut schemas = BTreeMap::new();
        for (schema, tables) in declaration.schemas {
            check_name("schema", &schema, &mut problems);
            let tables = tables.into_iter().filter_map(|(name, table)| {
                check_name("table", &name, &mut problems);
                let mut found = Vec::new();
                let checked = Table::check(table, &mut found);
                problems.extend(found.into_iter().map(|text| format!("{schema}.{name}: {text}")));
                Some((name, Arc::new(checked?)))
            });
            schemas.insert(schema.clone(), tables.collect());
        }
        let Some(base) = base.filter(|_| problems.is_empty()) else {
            return Err(Error::invalid_input(format!(
                "the declaration of the API is wrong: {}",
                problems.join("; ")
            )));
        };
        Ok(Self {
            base,
            headers: declaration.headers,
            ca_file: declaration.ca_file,
            limits: declaration.limits,
            schemas,
        })
    }
}

/// Checks the address. Secrets leave this machine only encrypted.
fn base(declaration: &Declaration, problems: &mut Vec<String>) -> Option<Base> {
    let text = &declaration.base_url;
    if let Some(folder) = text.strip_prefix("file:") {
        return Some(Base::Folder(folder.to_owned()));
    }
    let Ok(mut url) = Url::parse(text) else {
        problems.push(format!("base_url {text:?} is no URL, such as https://api.example.com/v2/"));
        return None;
    };
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        problems.push("base_url contains credentials; send them in a header".to_owned());
    }
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        problems.push(format!("base_url {:?} is not https", url.as_str()));
    }
    Some(Base::Server(url))
}

fn check_name(kind: &str, name: &str, problems: &mut Vec<String>) {
    if name.is_empty() || name != name.to_lowercase() {
        problems.push(format!("the name {name:?} of a {kind} is not in lower case"));
    }
}

impl Table {
    fn check(declaration: TableDeclaration, problems: &mut Vec<String>) -> Option<Self> {
        let before = problems.len();
        let columns = columns(&declaration.columns, problems);
        for filter in &declaration.filters {
            if !columns.contains_key(&filter.column) {
                problems.push(format!("there is no column {:?} to filter", filter.column));
            }
        }
        if let Some(partition) = &declaration.partition {
            check_name("column", &partition.column, problems);
            if columns.contains_key(&partition.column) {
                problems.push(format!("the partition {:?} is also a column", partition.column));
            }
            let distinct: BTreeSet<_> = partition.values.iter().collect();
            if distinct.len() != partition.values.len() {
                problems.push(format!("a value of the partition {:?} is twice", partition.column));
            }
        }
        if let Some(paging) = &declaration.paging {
            paging.check(problems);
        }
        let rows = pointer(&declaration.rows, problems)?;
        let definition = definition(&declaration, &columns);
        (problems.len() == before).then_some(Self { definition, columns, declaration, rows })
    }
}

fn columns(
    declarations: &[ColumnDeclaration],
    problems: &mut Vec<String>,
) -> BTreeMap<String, Column> {
    let mut columns = BTreeMap::<String, Column>::new();
    if declarations.is_empty() {
        problems.push("there are no columns".to_owned());
    }
    for column in declarations {
        let name = &column.name;
        check_name("column", name, problems);
        let from = match &column.from {
            Some(from) => pointer(from, problems),
            None => Some(Pointer::member(name)),
        };
        let data_type = types::parse(&column.data_type).map_err(|text| problems.push(text));
        let (Some(from), Ok(data_type)) = (from, data_type) else { continue };
        let column = Column { data_type, from };
        if let Some((other, _)) = columns.iter().find(|(_, other)| other.overlaps(&column)) {
            problems.push(format!(
                "{name:?} at {} is part of {other:?} or the reverse; make one of them json",
                column.from
            ));
        }
        if columns.insert(name.clone(), column).is_some() {
            problems.push(format!("the column {name:?} is twice"));
        }
    }
    columns
}

/// Returns the definition, with the partition column last.
fn definition(table: &TableDeclaration, columns: &BTreeMap<String, Column>) -> TableDef {
    let declared = table.columns.iter().filter_map(|column| {
        Some(Field::new(&column.name, columns.get(&column.name)?.data_type.arrow(), true))
    });
    let partition = table.partition.iter();
    let partition = partition.map(|partition| Field::new(&partition.column, DataType::Utf8, false));
    let mut definition = TableDef::new(declared.chain(partition))
        .with_partition_columns(table.partition.iter().map(|partition| &partition.column));
    if let Some(comment) = &table.comment {
        definition = definition.with_table_comment(comment);
    }
    for column in &table.columns {
        if let Some(comment) = &column.comment {
            definition = definition.with_comment(&column.name, comment);
        }
    }
    definition
}

fn pointer(text: &str, problems: &mut Vec<String>) -> Option<Pointer> {
    Pointer::parse(text).map_err(|text| problems.push(text)).ok()
}

impl Column {
    /// Returns whether the value of one is within the value of the other, so that no single
    /// structure of a row has both.
    fn overlaps(&self, other: &Self) -> bool {
        let json = [self, other].iter().any(|column| column.data_type == ColumnType::Json);
        !json && self.from.overlaps(&other.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(table: &str) -> Result<Api> {
        Api::parse(&format!(
            r#"{{"base_url": "https://api.example.com/v2", "schemas": {{"shop": {{"orders": {table}}}}}}}"#
        ))
    }

    #[test]
    fn a_path_is_below_the_whole_base_url() {
        let api = declare(r#"{"path": "orders", "columns": [{"name": "id", "type": "bigint"}]}"#);
        let Base::Server(url) = api.unwrap().base else { panic!("it is a server") };
        assert_eq!(url.join("orders").unwrap().as_str(), "https://api.example.com/v2/orders");
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let error = declare(
            r#"{"path": "orders", "paging": {"kind": "page", "parameter": "page", "size": 0},
                "filters": [{"column": "when", "operator": ">=", "parameter": "since"}],
                "partition": {"column": "id", "parameter": "month", "values": ["1", "1"]},
                "columns": [{"name": "id", "type": "bigint"}, {"name": "Total", "type": "money"},
                            {"name": "a", "type": "row(x bigint)", "from": "/a"},
                            {"name": "b", "type": "bigint", "from": "/a/x"},
                            {"name": "c", "type": "bigint", "from": "c"}]}"#,
        );
        let error = error.unwrap_err();
        for part in [
            "\"Total\"",
            "\"money\" is no type",
            "\"b\" at /a/x is part of \"a\"",
            "\"c\" is no JSON pointer",
            "no column \"when\"",
            "partition \"id\" is also a column",
            "\"id\" is twice",
            "size",
        ] {
            assert!(error.message().contains(part), "{part} in {}", error.message());
        }
    }

    #[test]
    fn an_unknown_member_is_refused() {
        let error = declare(r#"{"path": "orders", "colums": []}"#).unwrap_err();
        assert!(error.message().contains("unknown field `colums`"), "{}", error.message());
    }

    #[test]
    fn secrets_leave_the_machine_only_encrypted() {
        for (url, accepted) in [
            ("https://api.example.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://api.example.com", false),
            ("https://user:password@api.example.com", false),
            ("api.example.com", false),
        ] {
            let text = format!(r#"{{"base_url": "{url}", "schemas": {{}}}}"#);
            assert_eq!(Api::parse(&text).is_ok(), accepted, "{url}");
        }
    }
}
