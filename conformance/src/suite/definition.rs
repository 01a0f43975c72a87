//! Table definitions.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema, TimeUnit};
use athena_protocol::{TableName, predicate::is_orderable};

use super::{
    Area, Kind,
    client::{Client, Definition},
    report::{Fault, Report},
};

/// Checks the definition of `table`, and returns it if the table has columns.
pub(crate) async fn check(
    client: &Client,
    report: &mut Report,
    table: &TableName,
) -> Option<Definition> {
    report.count_check(Area::Definition);
    let described = match client.get_table(table).await {
        Ok(described) => described,
        Err(fault) => {
            report.add(Some(table), Fault { kind: Kind::ListedTableUnknown, ..fault });
            return None;
        }
    };
    let request = described.request;
    let definition = described.response;
    let mut add =
        |kind, message: String| report.add(Some(table), Fault::new(kind, &request, message));
    if definition.name != *table {
        add(Kind::TableNameChanged, format!("{} is described, expected {table}", definition.name));
    }
    if let Some(message) = illegal_columns(&definition.schema) {
        add(Kind::ColumnsIllegal, message);
    }
    for field in definition.schema.fields() {
        if let Some(illegal) = illegal_type(field.data_type()) {
            add(
                Kind::TypeIllegal,
                format!(
                    "column {:?} has type {illegal}, which Athena does not support",
                    field.name()
                ),
            );
        }
    }
    let mut partition_columns = BTreeSet::new();
    for column in &definition.partition_columns {
        if definition.schema.column_with_name(column).is_none() {
            add(
                Kind::PartitionColumnUnknown,
                format!("partition column {column:?} is not a column of the table"),
            );
        } else if !partition_columns.insert(column) {
            add(
                Kind::PartitionColumnUnknown,
                format!("partition column {column:?} is listed twice"),
            );
        }
    }
    if let Some(again) = report.ok_or_record(Some(table), client.get_table(table).await)
        && again.response != definition
    {
        report.add(
            Some(table),
            Fault::new(
                Kind::DefinitionUnstable,
                &again.request,
                "a second request returns another definition",
            ),
        );
    }
    lower_case(client, report, table, &definition).await;
    (!definition.schema.fields().is_empty())
        .then_some(Definition { name: table.clone(), ..definition })
}

/// Checks that the table is found under its name in lower case, the only one that SQL uses.
async fn lower_case(
    client: &Client,
    report: &mut Report,
    table: &TableName,
    definition: &Definition,
) {
    let lower = TableName::new(table.schema.to_lowercase(), table.table.to_lowercase());
    if lower == *table {
        return;
    }
    let fault = match client.get_table(&lower).await {
        Ok(found) if found.response.schema == definition.schema => return,
        Ok(found) => Fault::new(
            Kind::NameNotInLowerCase,
            &found.request,
            format!("{lower} has another schema than {table}"),
        ),
        Err(fault) => Fault {
            kind: Kind::NameNotInLowerCase,
            message: format!(
                "{table} is not found as {lower}, the name that SQL uses: {}",
                fault.message
            ),
            ..fault
        },
    };
    report.add(Some(table), fault);
}

fn illegal_columns(schema: &Schema) -> Option<String> {
    if schema.fields().is_empty() {
        return Some("the table has no columns".to_owned());
    }
    let mut names = BTreeSet::new();
    schema.fields().iter().find_map(|field| match field.name().as_str() {
        "" => Some("a column has an empty name".to_owned()),
        name if !names.insert(name.to_lowercase()) => {
            Some(format!("two columns are named {name:?}, ignoring case"))
        }
        _ => None,
    })
}

/// Returns the type, or the first nested one, that no table may have (section 6.1 of the
/// protocol).
fn illegal_type(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        scalar if is_orderable(scalar) => None,
        // Legal, although no order of its values is specified.
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => None,
        DataType::List(item) => illegal_type(item.data_type()),
        DataType::Struct(fields) => fields.iter().find_map(|field| illegal_type(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => pair.iter().find_map(|field| illegal_type(field.data_type())),
            other => Some(other),
        },
        other => Some(other),
    }
}
