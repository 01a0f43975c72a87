//! External functions as asynchronous scalar functions of `DataFusion`.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::ArrayRef,
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, FieldRef, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use async_trait::async_trait;
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
        async_udf::AsyncScalarUDFImpl,
    },
};

use super::{
    error::to_datafusion,
    type_mapping::{sql_type, to_sql, to_wire, wire_type},
};
use athena_client::FederatedClient;

/// A user-defined function that a Lambda function implements.
#[derive(Debug)]
pub(crate) struct ExternalUdf {
    client: FederatedClient,
    name: String,
    arguments: Vec<DataType>,
    returns: DataType,
    signature: Signature,
}

impl ExternalUdf {
    pub(crate) fn new(
        client: FederatedClient,
        name: String,
        arguments: Vec<DataType>,
        returns: &DataType,
    ) -> Self {
        // Volatile, so that the engine does not evaluate a call with constants while planning.
        let signature = match arguments.len() {
            0 => Signature::nullary(Volatility::Volatile),
            count => Signature::any(count, Volatility::Volatile),
        };
        Self { client, name, arguments, returns: sql_type(&wire_type(returns)), signature }
    }
}

/// Returns whether a value of type `given` can be passed to an argument of type `declared` without
/// a CAST.
///
/// The engine types the literal `2` as BIGINT and `1.5` as a decimal, and both have to be accepted
/// for narrower arguments. A value out of range fails the query.
fn fits(given: &DataType, declared: &DataType) -> bool {
    let is_decimal = |data_type: &DataType| {
        matches!(data_type, DataType::Decimal128(..) | DataType::Decimal256(..))
    };
    let is_text = |data_type: &DataType| {
        matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    };
    let is_time =
        |data_type: &DataType| matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
    given == declared
        || given.is_null()
        || (given.is_integer() && declared.is_numeric())
        || (is_decimal(given) && (is_decimal(declared) || declared.is_floating()))
        || (given.is_floating() && declared.is_floating())
        || (is_text(given) && is_text(declared))
        || (is_time(given) && matches!(declared, DataType::Timestamp(..)))
}

impl PartialEq for ExternalUdf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.arguments == other.arguments
            && self.returns == other.returns
            && self.client.catalog() == other.client.catalog()
    }
}

impl Eq for ExternalUdf {}

impl Hash for ExternalUdf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.arguments.hash(state);
        self.client.catalog().hash(state);
    }
}

impl ScalarUDFImpl for ExternalUdf {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        for (index, (given, declared)) in given.iter().zip(&self.arguments).enumerate() {
            if !fits(given, declared) {
                let number = index + 1;
                return Err(DataFusionError::Plan(format!(
                    "argument {number} of {} is {given}, declared as {declared}: add a CAST",
                    self.name
                )));
            }
        }
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::NotImplemented(format!(
            "function {} cannot be called while planning",
            self.name
        )))
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for ExternalUdf {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut fields: Vec<Field> = Vec::new();
        for (index, value) in args.args.into_iter().enumerate() {
            let options = CastOptions { safe: false, ..CastOptions::default() };
            let column =
                cast_with_options(&value.into_array(rows)?, &self.arguments[index], &options)?;
            let column = to_wire(&column).map_err(to_datafusion)?;
            fields.push(Field::new(index.to_string(), column.data_type().clone(), true));
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let arguments =
            RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
        let result: FieldRef = Arc::new(Field::new(&self.name, wire_type(&self.returns), true));
        let values =
            self.client.udf(&self.name, &arguments, &result).await.map_err(to_datafusion)?;
        let wire = RecordBatch::try_new(Arc::new(Schema::new(vec![result])), vec![values])?;
        let sql = Arc::new(Schema::new(vec![Field::new(&self.name, self.returns.clone(), true)]));
        let batch = to_sql(&wire, &sql).map_err(to_datafusion)?;
        Ok(ColumnarValue::Array(Arc::clone(batch.column(0))))
    }
}
