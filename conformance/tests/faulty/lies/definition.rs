//! Lies about what a table looks like.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use athena_conformance::suite::Kind;
use athena_protocol::{Request, Response, message::GetTableResponse};

use super::{super::liar::Liar, every_other_time};

fn described(liar: Liar, lie: impl Fn(&mut GetTableResponse) + Send + Sync + 'static) -> Liar {
    liar.saying(move |_, answer| {
        if let Response::GetTable(answer) = answer {
            lie(answer);
        }
    })
}

/// The schema with one column more.
fn with_column(schema: &Schema, name: &str, data_type: DataType) -> Arc<Schema> {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone());
    let fields: Vec<Field> = fields.chain([Field::new(name, data_type, true)]).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

pub(super) fn lies() -> Vec<Liar> {
    let turn = every_other_time();
    vec![
        described(Liar::new(Kind::TypeIllegal, "a column has a type without a sign"), |answer| {
            answer.schema = with_column(&answer.schema, "more", DataType::UInt32);
        }),
        described(Liar::new(Kind::ColumnsIllegal, "two columns differ in case alone"), |answer| {
            answer.schema = with_column(&answer.schema, "ID", DataType::Int64);
        }),
        described(
            Liar::new(Kind::PartitionColumnUnknown, "a partition column is none of the table's"),
            |answer| {
                answer.partition_columns.push("moon".to_owned());
            },
        ),
        described(Liar::new(Kind::TableNameChanged, "another name is described"), |answer| {
            answer.table_name.table.push('x');
        }),
        described(Liar::new(Kind::DefinitionUnstable, "a column comes and goes"), move |answer| {
            if turn() {
                answer.schema = with_column(&answer.schema, "more", DataType::Int64);
            }
        }),
        Liar::new(Kind::ListedTableUnknown, "a listed table is not there").hearing(|request| {
            if let Request::GetTable(request) = request
                && request.table_name.table == "kinds"
            {
                request.table_name.table.push('x');
            }
        }),
    ]
}
