//! `avg` and `sum` with Trino's types.
//!
//! | Call | Type |
//! |---|---|
//! | `avg(decimal(p, s))` | `decimal(p, s)`, rounded half away from zero |
//! | `sum(decimal(p, s))` | `decimal(38, s)` |
//!
//! `DataFusion` returns an average with four more digits, cut. Rounding depends only on the first
//! of them, so that rounding the cut one gives the same result as rounding the exact one.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray},
    compute::{CastOptions, cast_with_options},
    datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, ScalarValue},
    functions_aggregate::{average::avg_udaf, sum::sum_udaf},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
        Signature,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::AggregateOrderSensitivity,
    },
};

/// Returns the functions that replace those of `DataFusion`.
pub(crate) fn functions() -> [AggregateUDF; 2] {
    [
        AggregateUDF::new_from_impl(DecimalAggregate { inner: avg_udaf(), kind: Kind::Avg }),
        AggregateUDF::new_from_impl(DecimalAggregate { inner: sum_udaf(), kind: Kind::Sum }),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Avg,
    Sum,
}

/// An aggregate of `DataFusion` with another type for decimals.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DecimalAggregate {
    inner: Arc<AggregateUDF>,
    kind: Kind,
}

impl DecimalAggregate {
    /// Replaces the type of the result with that of the inner function, if they differ.
    fn inner_args<'a>(&self, args: AccumulatorArgs<'a>) -> Result<AccumulatorArgs<'a>> {
        Ok(match self.kind {
            Kind::Sum => args,
            Kind::Avg => {
                let types: Vec<DataType> =
                    args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
                AccumulatorArgs {
                    return_field: self.inner_field(&args.return_field, &types)?,
                    ..args
                }
            }
        })
    }

    fn inner_field(&self, field: &FieldRef, types: &[DataType]) -> Result<FieldRef> {
        let data_type = self.inner.return_type(types)?;
        Ok(Arc::new(Field::clone(field).with_data_type(data_type)))
    }
}

impl AggregateUDFImpl for DecimalAggregate {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.kind, types) {
            (Kind::Avg, [DataType::Decimal128(precision, scale)]) => {
                Ok(DataType::Decimal128(*precision, *scale))
            }
            (Kind::Sum, [DataType::Decimal128(_, scale)]) => {
                Ok(DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale))
            }
            _ => self.inner.return_type(types),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let data_type = args.return_field.data_type().clone();
        let inner = self.inner.accumulator(self.inner_args(args)?)?;
        Ok(rounded(inner, data_type, self.kind))
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        let data_type = args.return_field.data_type().clone();
        let inner = self.inner.create_sliding_accumulator(self.inner_args(args)?)?;
        Ok(rounded(inner, data_type, self.kind))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let args = match self.kind {
            Kind::Sum => args,
            Kind::Avg => {
                let types: Vec<DataType> =
                    args.input_fields.iter().map(|field| field.data_type().clone()).collect();
                StateFieldsArgs {
                    return_field: self.inner_field(&args.return_field, &types)?,
                    ..args
                }
            }
        };
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner_args(args).is_ok_and(|args| self.inner.groups_accumulator_supported(args))
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let data_type = args.return_field.data_type().clone();
        let inner = self.inner.create_groups_accumulator(self.inner_args(args)?)?;
        Ok(match (self.kind, &data_type) {
            (Kind::Avg, DataType::Decimal128(..)) => Box::new(RoundedGroups { inner, data_type }),
            _ => inner,
        })
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

fn rounded(inner: Box<dyn Accumulator>, data_type: DataType, kind: Kind) -> Box<dyn Accumulator> {
    match (kind, &data_type) {
        (Kind::Avg, DataType::Decimal128(..)) => Box::new(Rounded { inner, data_type }),
        _ => inner,
    }
}

/// An accumulator of which the result is rounded.
#[derive(Debug)]
struct Rounded {
    inner: Box<dyn Accumulator>,
    data_type: DataType,
}

impl Accumulator for Rounded {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let rounded = round(&self.inner.evaluate()?.to_array()?, &self.data_type)?;
        ScalarValue::try_from_array(&rounded, 0)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// An accumulator of groups of which the results are rounded.
struct RoundedGroups {
    inner: Box<dyn GroupsAccumulator>,
    data_type: DataType,
}

impl GroupsAccumulator for RoundedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.inner.update_batch(values, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        round(&self.inner.evaluate(emit_to)?, &self.data_type)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(values, groups, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

/// Rounds averages half away from zero, as a cast to fewer digits does.
fn round(averages: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(averages, data_type, &strict)?)
}
