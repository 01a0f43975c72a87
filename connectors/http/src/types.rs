//! Types of columns, written as Athena writes them, and their Arrow types.
//!
//! | Type | In JSON |
//! |---|---|
//! | `boolean` | `true`, `false` |
//! | `tinyint`, `smallint`, `integer`, `bigint` | a number without fraction, or a text with one |
//! | `real`, `double` | a number, or a text such as `"NaN"` |
//! | `decimal(P, S)` | a number or a text; read exactly, digit by digit |
//! | `varchar` | a text; numbers and booleans as they are written |
//! | `date` | a text such as `"2024-02-29"` |
//! | `timestamp` | a text such as `"2024-02-29T12:30:00.5"`; with an offset, it is converted to UTC |
//! | `timestamp with time zone` | the same, shown in UTC |
//! | `json` | any value, as its text |
//! | `array(T)`, `map(varchar, T)`, `row(NAME T, ...)` | an array, an object, an object |
//!
//! An absent member and `null` are null.

use athena_connector_sdk::arrow::datatypes::{DataType, Field, TimeUnit};

/// Type of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnType {
    /// Decoded to this type.
    Arrow(DataType),
    /// Any JSON value, as text.
    Json,
}

impl ColumnType {
    /// Returns the type of the column in a table.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Arrow(data_type) => data_type.clone(),
            Self::Json => DataType::Utf8,
        }
    }
}

/// Parses a type.
///
/// # Errors
///
/// The text with the unknown part, and the types that there are.
pub fn parse(text: &str) -> Result<ColumnType, String> {
    if text.trim().eq_ignore_ascii_case("json") {
        return Ok(ColumnType::Json);
    }
    let mut parser = Parser { text, rest: text.trim_start() };
    let data_type = parser.data_type().ok_or_else(|| parser.error())?;
    if parser.rest.is_empty() { Ok(ColumnType::Arrow(data_type)) } else { Err(parser.error()) }
}

struct Parser<'a> {
    text: &'a str,
    /// Text after the last token, without white space before.
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn error(&self) -> String {
        let end = self.text.len() - self.rest.len();
        format!(
            "{:?} is no type{}; types are boolean, tinyint, smallint, integer, bigint, real, \
             double, decimal(P, S), varchar, date, timestamp, timestamp with time zone, json, \
             array(T), map(varchar, T) and row(NAME T, ...)",
            self.text,
            if end == 0 { String::new() } else { format!(" (from character {})", end + 1) }
        )
    }

    fn data_type(&mut self) -> Option<DataType> {
        let start = self.rest;
        Some(match self.word()?.to_ascii_lowercase().as_str() {
            "boolean" => DataType::Boolean,
            "tinyint" => DataType::Int8,
            "smallint" => DataType::Int16,
            "integer" | "int" => DataType::Int32,
            "bigint" => DataType::Int64,
            "real" => DataType::Float32,
            "double" => DataType::Float64,
            "varchar" => DataType::Utf8,
            "date" => DataType::Date32,
            "timestamp" => self.timestamp(),
            "decimal" => self.decimal()?,
            "array" => {
                self.symbol("(")?;
                let item = self.data_type()?;
                self.symbol(")")?;
                DataType::new_list(item, true)
            }
            "map" => self.map()?,
            "row" => self.row()?,
            _ => {
                self.rest = start;
                return None;
            }
        })
    }

    fn timestamp(&mut self) -> DataType {
        let mut ahead = Parser { text: self.text, rest: self.rest };
        let zoned = ["with", "time", "zone"]
            .iter()
            .all(|word| ahead.word().is_some_and(|found| found.eq_ignore_ascii_case(word)));
        if zoned {
            self.rest = ahead.rest;
        }
        DataType::Timestamp(TimeUnit::Millisecond, zoned.then(|| "+00:00".into()))
    }

    fn decimal(&mut self) -> Option<DataType> {
        self.symbol("(")?;
        let precision: u8 = self.word()?.parse().ok()?;
        let scale: i8 = match self.symbol(",") {
            Some(()) => self.word()?.parse().ok()?,
            None => 0,
        };
        self.symbol(")")?;
        let valid = (1..=38).contains(&precision) && scale.cast_unsigned() <= precision;
        valid.then_some(DataType::Decimal128(precision, scale))
    }

    fn map(&mut self) -> Option<DataType> {
        self.symbol("(")?;
        (self.word()?.eq_ignore_ascii_case("varchar")).then_some(())?;
        self.symbol(",")?;
        let value = self.data_type()?;
        self.symbol(")")?;
        let entries = DataType::Struct(
            [Field::new("key", DataType::Utf8, false), Field::new("value", value, true)]
                .into_iter()
                .collect(),
        );
        Some(DataType::Map(Field::new("entries", entries, false).into(), false))
    }

    fn row(&mut self) -> Option<DataType> {
        self.symbol("(")?;
        let mut fields = Vec::<Field>::new();
        loop {
            let name = self.word()?;
            fields.push(Field::new(name, self.data_type()?, true));
            if self.symbol(",").is_none() {
                break;
            }
        }
        self.symbol(")")?;
        let distinct = fields.iter().enumerate().all(|(index, field)| {
            !fields[..index].iter().any(|other| other.name().eq_ignore_ascii_case(field.name()))
        });
        distinct.then(|| DataType::Struct(fields.into()))
    }

    /// Takes a name, keyword or number.
    fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        (!word.is_empty()).then(|| self.rest = rest.trim_start())?;
        Some(word)
    }

    fn symbol(&mut self, symbol: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(symbol)?.trim_start();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_as_athena_writes_it() {
        let timestamp = DataType::Timestamp(TimeUnit::Millisecond, None);
        for (text, expected) in [
            ("BIGINT", DataType::Int64),
            ("decimal(18, 4)", DataType::Decimal128(18, 4)),
            ("decimal(38)", DataType::Decimal128(38, 0)),
            ("timestamp", timestamp.clone()),
            ("array( timestamp )", DataType::new_list(timestamp, true)),
        ] {
            assert_eq!(parse(text), Ok(ColumnType::Arrow(expected)), "{text}");
        }
        let zoned = parse("timestamp with time zone").unwrap().arrow();
        assert!(matches!(zoned, DataType::Timestamp(_, Some(_))));
        let nested =
            parse("row(id bigint, lines array(row(sku varchar, labels map(varchar, double))))");
        assert!(
            matches!(nested, Ok(ColumnType::Arrow(DataType::Struct(fields))) if fields.len() == 2)
        );
    }

    #[test]
    fn an_unknown_type_is_refused_with_its_position() {
        for text in [
            "",
            "text",
            "decimal(39, 0)",
            "decimal(4, 5)",
            "decimal(4, -1)",
            "array(bigint",
            "map(bigint, varchar)",
            "row()",
            "row(a bigint, A bigint)",
            "bigint bigint",
        ] {
            assert!(parse(text).unwrap_err().contains("types are boolean"), "{text}");
        }
        assert!(
            parse("array(text)")
                .unwrap_err()
                .starts_with("\"array(text)\" is no type (from character 7)")
        );
    }
}
