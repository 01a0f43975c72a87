//! One JSON object a line, in which every column is there and every number is told.

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

/// A writer of rows of `schema`.
///
/// # Errors
///
/// If two columns have one name, of which a reader would keep one.
pub(super) fn writer<W: Write>(
    schema: &SchemaRef,
    out: W,
) -> anyhow::Result<LineDelimitedWriter<W>> {
    distinct_names(schema)?;
    let builder = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(std::sync::Arc::new(FloatsAsTold));
    Ok(builder.build::<_, LineDelimited>(out))
}

/// Checks that every column has a name of its own.
pub(super) fn distinct_names(schema: &SchemaRef) -> anyhow::Result<()> {
    let mut seen = std::collections::HashSet::new();
    match schema.fields().iter().find(|field| !seen.insert(field.name())) {
        None => Ok(()),
        Some(field) => {
            anyhow::bail!(
                "two columns of the result are called {:?}; give one another name with AS",
                field.name()
            )
        }
    }
}

/// Writes `NaN` and the infinities, for which JSON has no number, as texts.
#[derive(Debug)]
struct FloatsAsTold;

impl EncoderFactory for FloatsAsTold {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Float64 => Box::new(Told(array.as_primitive::<Float64Type>().values())),
            DataType::Float32 => Box::new(Told(array.as_primitive::<Float32Type>().values())),
            // Not our enum: every other type is as it is.
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

struct Told<'a, T>(&'a [T]);

impl<T: Copy + Into<f64> + std::fmt::Debug> Encoder for Told<'_, T> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let value = self.0[row];
        let wide: f64 = value.into();
        let told = match wide {
            _ if wide.is_nan() => "\"NaN\"".to_owned(),
            f64::INFINITY => "\"Infinity\"".to_owned(),
            f64::NEG_INFINITY => "\"-Infinity\"".to_owned(),
            // The shortest digits that read back as the same value, with a point or an exponent.
            _ => format!("{value:?}"),
        };
        out.extend_from_slice(told.as_bytes());
    }
}
