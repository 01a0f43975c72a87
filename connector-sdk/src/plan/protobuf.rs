//! Decoder of the protocol buffers wire format, field by field.
//!
//! Nothing is skipped here. The reader of a message handles every field it knows and rejects the
//! others by name, because an unknown field may be the one that excludes rows.

use crate::{Error, Result};

/// Maximum nesting of messages. Plans of hand-written queries have 10 to 40 levels; every level
/// takes stack.
const MAX_DEPTH: usize = 120;

/// Encoded message and its nesting depth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    depth: usize,
    /// Type of the message, for errors.
    name: &'static str,
}

/// Field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Field number.
    pub(super) number: u32,
    value: Value<'a>,
    message: &'static str,
    depth: usize,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Message<'a> {
    /// Creates the outermost message, of type `name`.
    pub(super) fn new(bytes: &'a [u8], name: &'static str) -> Self {
        Self { bytes, depth: 0, name }
    }

    /// Iterates over the fields, in the order they were written.
    pub(super) fn fields(&self) -> impl Iterator<Item = Result<Field<'a>>> + use<'a> {
        let mut rest = self.bytes;
        let message = self.name;
        let depth = self.depth;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let field = take_field(&mut rest).map(|(number, value)| Field {
                number,
                value,
                message,
                depth,
            });
            if field.is_none() {
                rest = &[];
            }
            Some(field.ok_or_else(|| {
                malformed(format!(
                    "a field of {message} is truncated or has an invalid number or type"
                ))
            }))
        })
    }
}

impl<'a> Field<'a> {
    /// Returns the embedded message, of type `name`.
    pub(super) fn message(&self, name: &'static str) -> Result<Message<'a>> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::unsupported(format!(
                "the query plan nests messages more than {MAX_DEPTH} deep; send a simpler plan, or \
                 value sets and expressions"
            )));
        }
        Ok(Message { bytes: self.bytes()?, depth: self.depth + 1, name })
    }

    /// Returns the value as bytes.
    pub(super) fn bytes(&self) -> Result<&'a [u8]> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => Err(self.mistyped("bytes")),
        }
    }

    /// Returns the value as text.
    pub(super) fn text(&self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|e| self.mistyped("text").with_source(e))
    }

    /// Returns the value as a number: `int32`, `int64`, `uint32` or an enumeration.
    pub(super) fn number(&self) -> Result<i64> {
        match self.value {
            Value::Varint(value) => Ok(value.cast_signed()),
            Value::Fixed64(_) | Value::Bytes(_) | Value::Fixed32(_) => {
                Err(self.mistyped("a number"))
            }
        }
    }

    /// Returns the value as a number of a narrower type.
    pub(super) fn narrow<T: TryFrom<i64>>(&self) -> Result<T> {
        T::try_from(self.number()?).map_err(|_| self.mistyped("a smaller number"))
    }

    /// Returns the value as a `double`.
    pub(super) fn double(&self) -> Result<f64> {
        match self.value {
            Value::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
            Value::Varint(_) | Value::Bytes(_) | Value::Fixed32(_) => {
                Err(self.mistyped("a double"))
            }
        }
    }

    /// Returns the value as a `float`.
    pub(super) fn float(&self) -> Result<f32> {
        match self.value {
            Value::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            Value::Varint(_) | Value::Bytes(_) | Value::Fixed64(_) => Err(self.mistyped("a float")),
        }
    }

    /// Returns the values of a repeated number: one, or several packed into bytes.
    pub(super) fn numbers(&self) -> Result<Vec<i64>> {
        let Value::Bytes(mut rest) = self.value else { return Ok(vec![self.number()?]) };
        let mut numbers = Vec::new();
        while !rest.is_empty() {
            numbers.push(
                take_varint(&mut rest)
                    .ok_or_else(|| self.mistyped("packed numbers"))?
                    .cast_signed(),
            );
        }
        Ok(numbers)
    }

    /// Rejects the field, whose meaning is not supported.
    pub(super) fn reject<T>(&self) -> Result<T> {
        Err(unsupported(&format!("field {} of {}", self.number, self.message)))
    }

    fn mistyped(&self, expected: &str) -> Error {
        malformed(format!("field {} of {} is not {expected}", self.number, self.message))
    }
}

/// Creates the error of a valid plan with a part that is not evaluated.
pub(super) fn unsupported(part: &str) -> Error {
    Error::unsupported(format!(
        "the query plan contains {part}, which is not supported; supported are filter, project, \
         sort and fetch with the functions in the capabilities. Evaluate the rest in the engine, \
         or send serde version 5, without a plan"
    ))
}

/// Creates the error of bytes that are not a plan.
pub(super) fn malformed(problem: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("the query plan is not a valid Substrait plan: {problem}"))
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let tag = u32::try_from(take_varint(rest)?).ok()?;
    let number = tag >> 3;
    let value = match tag & 7 {
        0 => Value::Varint(take_varint(rest)?),
        1 => Value::Fixed64(*take(rest, 8)?.first_chunk()?),
        2 => {
            let length = usize::try_from(take_varint(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        5 => Value::Fixed32(*take(rest, 4)?.first_chunk()?),
        _ => return None,
    };
    (number > 0).then_some((number, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7F);
        // The tenth byte has one bit left.
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn fields(bytes: &[u8]) -> Result<Vec<Field<'_>>> {
        Message::new(bytes, "Test").fields().collect()
    }

    #[test]
    fn every_wire_type_is_decoded() {
        let bytes = [
            &[8, 0xAC, 2][..],
            &[18, 2, b'h', b'i'],
            &[25, 0, 0, 0, 0, 0, 0, 12, 64],
            &[37, 0, 0, 96, 64],
        ]
        .concat();
        let fields = fields(&bytes).unwrap();
        assert_eq!(fields.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(fields[0].number().unwrap(), 300);
        assert_eq!(fields[1].text().unwrap(), "hi");
        assert!((fields[2].double().unwrap() - 3.5).abs() < f64::EPSILON);
        assert!((fields[3].float().unwrap() - 3.5).abs() < f32::EPSILON);
        assert!(
            fields[0].text().is_err() && fields[1].number().is_err() && fields[2].float().is_err()
        );
    }

    #[test]
    fn a_negative_number_takes_ten_bytes() {
        let bytes = [&[8][..], &[0xFF; 9], &[1]].concat();
        let fields = fields(&bytes).unwrap();
        assert_eq!(fields[0].number().unwrap(), -1);
        assert_eq!(fields[0].narrow::<i8>().unwrap(), -1);
        assert!(fields[0].narrow::<u32>().is_err());
    }

    #[test]
    fn malformed_input_is_an_error_and_ends_the_message() {
        let malformed: [&[u8]; 8] = [
            &[8],                                                                // no value
            &[18, 5, 1], // fewer bytes than its length
            &[18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], // a length beyond any input
            &[0, 1],                                                        // field 0
            &[11],                                                          // group
            &[8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], // more than 64 bits
            &[25, 1, 2],                                                         // truncated double
            &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], // a field number out of range
        ];
        for bytes in malformed {
            assert_eq!(fields(bytes).unwrap_err().kind(), ErrorKind::InvalidInput, "{bytes:?}");
        }
    }

    #[test]
    fn messages_nest_only_to_the_maximum_depth() {
        fn descend(message: Message<'_>) -> Result<usize> {
            match message.fields().next() {
                None => Ok(0),
                Some(field) => Ok(1 + descend(field?.message("Test")?)?),
            }
        }
        let nested = |depth: usize| {
            let mut bytes = Vec::new();
            for _ in 0..depth {
                let mut length = bytes.len();
                let mut head = vec![10];
                while length >= 0x80 {
                    head.push(u8::try_from(length & 0x7F).unwrap() | 0x80);
                    length >>= 7;
                }
                head.push(u8::try_from(length).unwrap());
                bytes.splice(0..0, head);
            }
            bytes
        };
        assert_eq!(descend(Message::new(&nested(MAX_DEPTH), "Test")).unwrap(), MAX_DEPTH);
        let error = descend(Message::new(&nested(MAX_DEPTH + 1), "Test")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
