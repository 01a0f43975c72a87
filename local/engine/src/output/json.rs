//! JSON lines: one object per row, with all columns and with non-finite numbers as strings.

use std::io::Write;

use arrow::{
    array::{Array, AsArray as _},
    datatypes::{DataType, FieldRef, Float32Type, Float64Type, SchemaRef},
    error::ArrowError,
    json::{
        EncoderFactory, EncoderOptions, LineDelimitedWriter, WriterBuilder,
        writer::{Encoder, LineDelimited, NullableEncoder},
    },
};

/// Creates a writer of rows of `schema`.
///
/// # Errors
///
/// If two columns have the same name, because a JSON parser would keep only one of them.
pub(super) fn writer<W: Write>(
    schema: &SchemaRef,
    out: W,
) -> anyhow::Result<LineDelimitedWriter<W>> {
    distinct_names(schema)?;
    let builder = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(std::sync::Arc::new(FloatEncoders));
    Ok(builder.build::<_, LineDelimited>(out))
}

/// Checks that the names of all columns are distinct.
pub(super) fn distinct_names(schema: &SchemaRef) -> anyhow::Result<()> {
    let mut seen = std::collections::HashSet::new();
    match schema.fields().iter().find(|field| !seen.insert(field.name())) {
        None => Ok(()),
        Some(field) => {
            anyhow::bail!(
                "two columns of the result are named {:?}; rename one with AS",
                field.name()
            )
        }
    }
}

/// Encodes `NaN` and the infinities as strings, because JSON has no such numbers.
#[derive(Debug)]
struct FloatEncoders;

impl EncoderFactory for FloatEncoders {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Float64 => {
                Box::new(FloatEncoder(array.as_primitive::<Float64Type>().values()))
            }
            DataType::Float32 => {
                Box::new(FloatEncoder(array.as_primitive::<Float32Type>().values()))
            }
            // Foreign enum: every other type has the default encoder.
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

struct FloatEncoder<'a, T>(&'a [T]);

impl<T: Copy + Into<f64> + std::fmt::Debug> Encoder for FloatEncoder<'_, T> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let value = self.0[row];
        let wide: f64 = value.into();
        let text = match wide {
            _ if wide.is_nan() => "\"NaN\"".to_owned(),
            f64::INFINITY => "\"Infinity\"".to_owned(),
            f64::NEG_INFINITY => "\"-Infinity\"".to_owned(),
            // The shortest digits that parse as the same value, with a point or an exponent.
            _ => format!("{value:?}"),
        };
        out.extend_from_slice(text.as_bytes());
    }
}
