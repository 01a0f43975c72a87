//! Casts with Trino's result where `DataFusion` has another.
//!
//! | Cast | Result |
//! |---|---|
//! | double, real or decimal to an integer | rounded half away from zero, not cut |
//! | double or real to varchar | `1.5E0` |
//! | timestamp to varchar | `2024-01-01 00:00:00.000`, with the time zone if it has one |
//! | text to `varchar(n)` | cut to `n` characters |
//! | any other type to `varchar(n)` | an error if it has more than `n` characters |

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray as _, StringArray, StringBuilder},
    compute::cast,
    datatypes::{DataType, Float32Type, Float64Type},
    util::display::{ArrayFormatter, FormatOptions},
};
use datafusion::{
    common::{DFSchema, Result, ScalarValue, exec_err},
    functions::math::round,
    logical_expr::{
        Cast, ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
        Signature, Volatility, lit,
    },
};

/// Name of the function of casts to text, which SQL can only write in quotes.
pub(crate) const TO_VARCHAR: &str = "cast to varchar";

/// Digits of the fraction of a timestamp that is not a literal.
const MILLISECONDS: usize = 3;

/// Returns the expression that replaces the cast, or `None` if `DataFusion`'s has the same result.
pub(crate) fn replace(Cast { expr, field }: &Cast, schema: &DFSchema) -> Option<Expr> {
    let target = field.data_type();
    if let (Expr::Literal(ScalarValue::Int64(Some(value)), _), DataType::Int32) = (&**expr, target)
    {
        return Some(lit(i32::try_from(*value).ok()?));
    }
    let source = expr.get_type(schema).ok()?;
    let has_fraction = match &source {
        DataType::Float32 | DataType::Float64 => true,
        DataType::Decimal128(_, scale) => *scale > 0,
        _ => false,
    };
    if target.is_integer() && has_fraction {
        if matches!(&**expr, Expr::ScalarFunction(call) if call.name() == "round") {
            return None;
        }
        let rounded = round().call(vec![expr.as_ref().clone()]);
        return Some(Expr::Cast(Cast { expr: Box::new(rounded), field: Arc::clone(field) }));
    }
    let is_text = matches!(target, DataType::Utf8);
    match &source {
        DataType::Float32 | DataType::Float64 if is_text => {
            Some(to_varchar().call(vec![expr.as_ref().clone()]))
        }
        DataType::Timestamp(..) if is_text => {
            let digits = i64::try_from(digits_of_literal(expr).unwrap_or(MILLISECONDS)).ok()?;
            Some(to_varchar().call(vec![expr.as_ref().clone(), lit(-1_i64 - digits)]))
        }
        // Every other cast has the same result.
        _ => None,
    }
}

/// Returns the digits of the fraction of a timestamp literal.
fn digits_of_literal(expr: &Expr) -> Option<usize> {
    let Expr::Cast(Cast { expr, .. }) = expr else { return None };
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &**expr else { return None };
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    Some(fraction.bytes().take_while(u8::is_ascii_digit).count())
}

/// Returns the function of casts to text.
///
/// The second argument is the maximum length, or `-1 - n` for `n` digits of the fraction of a
/// timestamp.
pub(crate) fn to_varchar() -> ScalarUDF {
    ScalarUDF::from(ToVarchar { signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ToVarchar {
    signature: Signature,
}

impl ScalarUDFImpl for ToVarchar {
    fn name(&self) -> &'static str {
        TO_VARCHAR
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let option = match args.args.get(1) {
            Some(ColumnarValue::Scalar(option)) => match option.cast_to(&DataType::Int64)? {
                ScalarValue::Int64(option) => option,
                _ => None,
            },
            _ => None,
        };
        let Some(value) = args.args.first() else { return exec_err!("CAST needs a value") };
        let is_scalar = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if is_scalar { 1 } else { args.number_rows })?;
        let text = match option {
            Some(option) if option < 0 => {
                text(&array, usize::try_from(-1 - option).unwrap_or(MILLISECONDS))?
            }
            Some(length) => {
                let text = text(&array, MILLISECONDS)?;
                bounded(&text, usize::try_from(length).unwrap_or(usize::MAX), array.data_type())?
            }
            None => text(&array, MILLISECONDS)?,
        };
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&text, 0)?));
        }
        Ok(ColumnarValue::Array(text))
    }
}

/// Converts values to text. A timestamp has `digits` digits of its fraction.
fn text(array: &ArrayRef, digits: usize) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().iter();
            Arc::new(
                values
                    .map(|value| value.map(|v| scientific(v, format!("{v:E}"))))
                    .collect::<StringArray>(),
            )
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().iter();
            let text =
                values.map(|value| value.map(|v| scientific(f64::from(v), format!("{v:E}"))));
            Arc::new(text.collect::<StringArray>())
        }
        DataType::Timestamp(_, zone) => Arc::new(timestamps(array, zone.as_deref(), digits)?),
        _ => cast(array, &DataType::Utf8)?,
    })
}

/// Adds the fraction that every number has in Trino: `1.0E10`.
fn scientific(value: f64, shortest: String) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if shortest.contains('.') { shortest } else { shortest.replacen('E', ".0E", 1) }
}

fn timestamps(array: &ArrayRef, zone: Option<&str>, digits: usize) -> Result<StringArray> {
    const FORMAT: &str = "%Y-%m-%d %H:%M:%S%.9f";
    /// Length of the fraction, with its point.
    const FRACTION: usize = 10;
    let options = FormatOptions::default()
        .with_display_error(false)
        .with_timestamp_format(Some(FORMAT))
        .with_timestamp_tz_format(Some(FORMAT));
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 23);
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
            continue;
        }
        let text = formatter.value(row).try_to_string()?;
        let whole = text.len().saturating_sub(FRACTION);
        let end = if digits == 0 { whole } else { (whole + 1 + digits).min(text.len()) };
        let text = &text[..end];
        match zone {
            None => texts.append_value(text),
            Some(zone) => texts.append_value(format!("{text} {zone}")),
        }
    }
    Ok(texts.finish())
}

/// Cuts text to `length` characters; a value of another type that is longer is an error.
fn bounded(text: &ArrayRef, length: usize, source: &DataType) -> Result<ArrayRef> {
    let is_text = matches!(source, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let texts = text.as_string::<i32>();
    let end = |text: &str| text.char_indices().nth(length).map(|(end, _)| end);
    if !is_text {
        if texts.iter().flatten().any(|text| end(text).is_some()) {
            return exec_err!(
                "a value of a cast cannot be represented as varchar({length}); \
                 cast to varchar, and use substr"
            );
        }
        return Ok(Arc::clone(text));
    }
    let cut = texts.iter().map(|text| text.map(|text| &text[..end(text).unwrap_or(text.len())]));
    Ok(Arc::new(cut.collect::<StringArray>()))
}
