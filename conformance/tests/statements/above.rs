//! Faults above the protocol: each answer is right by itself, and SQL is wrong.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{Field, Schema, SchemaRef},
};
use athena_conformance::suite::Kind;
use athena_protocol::{Constraints, Request, Response, predicate::Expression};

use super::faulty_connector::FaultyConnector;

/// Returns a connector for each fault.
pub(crate) fn all() -> Vec<FaultyConnector> {
    vec![
        FaultyConnector::new(
            Kind::SqlLimitWrong,
            "a limit is applied to the splits, as if each had as many rows",
        )
        .map_response(|request, response| {
            if let (Request::GetSplits(request), Response::GetSplits(response)) =
                (request, response)
                && request.constraints.limit.is_some()
                && request.constraints.order_by.is_empty()
            {
                response.splits.truncate(1);
            }
        }),
        FaultyConnector::new(Kind::SqlLimitWrong, "a limit with an order is applied to the splits")
            .map_response(|request, response| {
                if let (Request::GetSplits(request), Response::GetSplits(response)) =
                    (request, response)
                    && !request.constraints.order_by.is_empty()
                {
                    response.splits.truncate(1);
                }
            }),
        FaultyConnector::new(
            Kind::SqlRowsLost,
            "splits of a plan with an expression lack the last one",
        )
        .map_response(|request, response| {
            if let (Request::GetSplits(request), Response::GetSplits(response)) =
                (request, response)
                && !request.constraints.expressions.is_empty()
                && response.splits.len() > 1
            {
                response.splits.pop();
            }
        }),
        FaultyConnector::new(
            Kind::SqlRowsLost,
            "partitions of a plan with an expression lack the first one",
        )
        .map_response(|request, response| {
            if let (Request::GetTableLayout(request), Response::GetTableLayout(response)) =
                (request, response)
                && !request.constraints.expressions.is_empty()
                && response.partitions.num_rows() > 1
            {
                response.partitions =
                    response.partitions.slice(1, response.partitions.num_rows() - 1);
            }
        }),
        upper_case_column(),
    ]
}

/// Returns a connector with a column `ID`, which SQL knows as `id`.
fn upper_case_column() -> FaultyConnector {
    FaultyConnector::new(Kind::SqlRefused, "a column has a name in upper case")
        .map_request(|request| match request {
            Request::GetTableLayout(request) => rename_constraints(&mut request.constraints),
            Request::GetSplits(request) => rename_constraints(&mut request.constraints),
            Request::ReadRecords(request) => {
                request.schema = renamed(&request.schema, "ID", "id");
                rename_constraints(&mut request.constraints);
            }
            _ => {}
        })
        .map_response(|request, response| match (request, response) {
            (_, Response::GetTable(response)) => {
                response.schema = renamed(&response.schema, "id", "ID");
            }
            (Request::ReadRecords(request), Response::ReadRecords(response)) => {
                response.records = with_schema(&response.records, &request.schema);
            }
            (Request::ReadRecords(request), Response::RemoteReadRecords(response)) => {
                response.schema = Arc::clone(&request.schema);
            }
            _ => {}
        })
}

fn renamed(schema: &SchemaRef, from: &str, to: &str) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        if field.name() == from {
            Arc::new(field.as_ref().clone().with_name(to))
        } else {
            Arc::clone(field)
        }
    };
    let fields: Vec<_> = schema.fields().iter().map(field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn with_schema(rows: &RecordBatch, schema: &SchemaRef) -> RecordBatch {
    let columns: Vec<ArrayRef> = rows.columns()[..schema.fields().len()].to_vec();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .expect("columns of the same types")
}

fn rename_constraints(constraints: &mut Constraints) {
    let summary = std::mem::take(&mut constraints.summary);
    let rename = |name: String| if name == "ID" { "id".to_owned() } else { name };
    constraints.summary = summary.into_iter().map(|(name, set)| (rename(name), set)).collect();
    for field in &mut constraints.order_by {
        field.column_name = field.column_name.take().map(rename);
    }
    constraints.expressions.iter_mut().for_each(rename_variables);
    // Its names are in bytes, and it says what the other members say.
    constraints.query_plan = None;
}

fn rename_variables(expression: &mut Expression) {
    match expression {
        Expression::Variable { column, .. } if column == "ID" => "id".clone_into(column),
        Expression::Variable { .. } | Expression::Constant { .. } => {}
        Expression::Call { arguments, .. } => arguments.iter_mut().for_each(rename_variables),
    }
}
