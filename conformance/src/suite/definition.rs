//! What a table is said to look like.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema, TimeUnit};
use athena_protocol::{TableName, predicate::is_orderable};

use super::{
    Area, Kind,
    caller::{Caller, Definition},
    report::{Fault, Report},
};

/// The definition of `table`, if its rows can be asked for, and what is wrong with it.
pub(crate) async fn check(
    caller: &Caller,
    report: &mut Report,
    table: &TableName,
) -> Option<Definition> {
    report.checked(Area::Definition);
    let described = match caller.get_table(table).await {
        Ok(described) => described,
        Err(fault) => {
            report.add(Some(table), Fault { kind: Kind::ListedTableUnknown, ..fault });
            return None;
        }
    };
    let (request, definition) = (described.request, described.answer);
    let mut add =
        |kind, sentence: String| report.add(Some(table), Fault::new(kind, &request, sentence));
    if definition.name != *table {
        add(Kind::TableNameChanged, format!("asked for {table}, {} is described", definition.name));
    }
    if let Some(sentence) = illegal_columns(&definition.schema) {
        add(Kind::ColumnsIllegal, sentence);
    }
    for field in definition.schema.fields() {
        if let Some(illegal) = illegal_type(field.data_type()) {
            add(
                Kind::TypeIllegal,
                format!("column {:?} has type {illegal}, which Athena does not take", field.name()),
            );
        }
    }
    let mut partition_columns = BTreeSet::new();
    for column in &definition.partition_columns {
        if definition.schema.column_with_name(column).is_none() {
            add(
                Kind::PartitionColumnUnknown,
                format!("partition column {column:?} is not a column"),
            );
        } else if !partition_columns.insert(column) {
            add(
                Kind::PartitionColumnUnknown,
                format!("partition column {column:?} is named twice"),
            );
        }
    }
    if let Some(again) = report.take(Some(table), caller.get_table(table).await)
        && again.answer != definition
    {
        report.add(
            Some(table),
            Fault::new(
                Kind::DefinitionUnstable,
                &again.request,
                "described again, it looks different",
            ),
        );
    }
    lower_case(caller, report, table, &definition).await;
    (!definition.schema.fields().is_empty())
        .then_some(Definition { name: table.clone(), ..definition })
}

/// SQL asks in lower case, whatever case a name was listed in.
async fn lower_case(
    caller: &Caller,
    report: &mut Report,
    table: &TableName,
    definition: &Definition,
) {
    let lower = TableName::new(table.schema.to_lowercase(), table.table.to_lowercase());
    if lower == *table {
        return;
    }
    let fault = match caller.get_table(&lower).await {
        Ok(found) if found.answer.schema == definition.schema => return,
        Ok(found) => Fault::new(
            Kind::NameNotInLowerCase,
            &found.request,
            format!("{lower} is another table than {table}"),
        ),
        Err(fault) => Fault {
            kind: Kind::NameNotInLowerCase,
            sentence: format!(
                "{table} is not found as {lower}, which is what SQL asks for: {}",
                fault.sentence
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
        "" => Some("a column has no name".to_owned()),
        name if !names.insert(name.to_lowercase()) => {
            Some(format!("two columns are {name:?}, in case at most apart"))
        }
        _ => None,
    })
}

/// The type, or the first inside of it, that no table may have (section 6.1 of the protocol).
fn illegal_type(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        scalar if is_orderable(scalar) => None,
        // A legal type, though nothing says how its values compare.
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
