//! Faults in table definitions.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use athena_conformance::suite::Kind;
use athena_protocol::{Request, Response, message::GetTableResponse};

use super::{super::faulty_connector::FaultyConnector, every_other_time};

/// Injects a fault in definitions.
fn described(
    connector: FaultyConnector,
    fault: impl Fn(&mut GetTableResponse) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.map_response(move |_, response| {
        if let Response::GetTable(response) = response {
            fault(response);
        }
    })
}

/// Returns the schema with an additional column.
fn with_column(schema: &Schema, name: &str, data_type: DataType) -> Arc<Schema> {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone());
    let fields: Vec<Field> = fields.chain([Field::new(name, data_type, true)]).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    let turn = every_other_time();
    vec![
        described(
            FaultyConnector::new(Kind::TypeIllegal, "a column has an unsigned type"),
            |response| {
                response.schema = with_column(&response.schema, "more", DataType::UInt32);
            },
        ),
        described(
            FaultyConnector::new(Kind::ColumnsIllegal, "two column names differ only in case"),
            |response| {
                response.schema = with_column(&response.schema, "ID", DataType::Int64);
            },
        ),
        described(
            FaultyConnector::new(
                Kind::PartitionColumnUnknown,
                "a partition column is not in the table",
            ),
            |response| {
                response.partition_columns.push("moon".to_owned());
            },
        ),
        described(
            FaultyConnector::new(Kind::TableNameChanged, "the definition has another table name"),
            |response| {
                response.table_name.table.push('x');
            },
        ),
        described(
            FaultyConnector::new(
                Kind::DefinitionUnstable,
                "every other definition has an additional column",
            ),
            move |response| {
                if turn() {
                    response.schema = with_column(&response.schema, "more", DataType::Int64);
                }
            },
        ),
        FaultyConnector::new(Kind::ListedTableUnknown, "a listed table cannot be described")
            .map_request(|request| {
                if let Request::GetTable(request) = request
                    && request.table_name.table == "kinds"
                {
                    request.table_name.table.push('x');
                }
            }),
    ]
}
