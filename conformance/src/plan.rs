//! Builders of Substrait plans for tests.
//!
//! The builders encode protocol buffers field by field, with the field numbers of
//! `substrait/plan.proto`, `algebra.proto` and `type.proto`.
//!
//! # Examples
//!
//! ```
//! use athena_conformance::plan::{I64, column, fetch, filter, int, plan, simple, table, truth};
//!
//! // SELECT id FROM t WHERE id > 7 LIMIT 10
//! let rows = table(&[("id", simple(I64))]);
//! let rows = filter(&rows, &truth("gt", &[column(0), int(7)]));
//! let bytes = plan(&fetch(&rows, 0, 10), &["id"]).0;
//! assert!(!bytes.is_empty());
//! ```

/// Protocol buffers message under construction; holds the encoded bytes.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct Proto(pub Vec<u8>);

impl Proto {
    /// Appends a field of an integer, an enumeration or a boolean.
    pub fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    /// Appends a field of type `float`.
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends a field of type `double`.
    pub fn double(mut self, field: u64, value: f64) -> Self {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends a field of type `bytes`.
    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Appends a field of type `string`.
    pub fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// Appends a nested message.
    pub fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Appends the messages of a repeated field.
    pub fn messages<'a>(self, field: u64, values: impl IntoIterator<Item = &'a Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(u8::try_from(value & 0x7F).expect("seven bits") | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).expect("seven bits"));
    }
}

/// Creates an empty message.
pub fn new() -> Proto {
    Proto::default()
}

/// Functions that every plan declares. The anchor of a function is its index plus one.
pub const FUNCTIONS: [&str; 22] = [
    "and:bool",
    "or:bool",
    "not:bool",
    "equal:any_any",
    "not_equal:any_any",
    "lt:any_any",
    "lte:any_any",
    "gt:any_any",
    "gte:any_any",
    "is_null:any",
    "is_not_null:any",
    "is_distinct_from:any_any",
    "is_not_distinct_from:any_any",
    "between:any_any_any",
    "nullif:any_any",
    "add:i64_i64",
    "subtract:i64_i64",
    "multiply:i64_i64",
    "divide:i64_i64",
    "like:str_str",
    "negate:i64",
    "modulus:i64_i64",
];

/// Field number of `bool` in `Type` and in `Literal`.
pub const BOOL: u64 = 1;
/// Field number of `i32` in `Type` and in `Literal`.
pub const I32: u64 = 5;
/// Field number of `i64` in `Type` and in `Literal`.
pub const I64: u64 = 7;
/// Field number of `fp64` in `Type` and in `Literal`.
pub const FP64: u64 = 11;
/// Field number of `string` in `Type` and in `Literal`.
pub const STRING: u64 = 12;

/// Creates a nullable type without parameters, by its field number in `Type`.
pub fn simple(kind: u64) -> Proto {
    new().message(kind, &new().number(2, 1))
}

/// Creates a reference to the input column at `index`.
pub fn column(index: i64) -> Proto {
    let segment = new().message(2, &if index == 0 { new() } else { new().number(1, index) });
    new().message(2, &new().message(1, &segment).message(4, &new()))
}

/// Creates a literal expression from the field of a `Literal`.
pub fn literal(value: &Proto) -> Proto {
    new().message(1, value)
}

/// Creates an `i64` literal.
pub fn int(value: i64) -> Proto {
    literal(&new().number(I64, value))
}

/// Creates a `string` literal.
pub fn string(value: &str) -> Proto {
    literal(&new().text(12, value))
}

/// Returns the anchor of the function with this name.
///
/// # Panics
///
/// If the function is not in [`FUNCTIONS`].
pub fn function(name: &str) -> i64 {
    let index = FUNCTIONS.iter().position(|function| function.split(':').next() == Some(name));
    i64::try_from(index.expect("a declared function") + 1).expect("a small number")
}

/// Creates a call of a function by its name, with a result of a simple type.
///
/// # Panics
///
/// If the function is not in [`FUNCTIONS`].
pub fn call(name: &str, result: u64, arguments: &[Proto]) -> Proto {
    call_of(function(name), &simple(result), arguments)
}

/// Creates a call of a function by its anchor, with a result of any type.
pub fn call_of(anchor: i64, result: &Proto, arguments: &[Proto]) -> Proto {
    let values: Vec<Proto> = arguments.iter().map(|argument| new().message(3, argument)).collect();
    new().message(3, &new().number(1, anchor).message(3, result).messages(4, &values))
}

/// Creates a call with a boolean result.
///
/// # Panics
///
/// If the function is not in [`FUNCTIONS`].
pub fn truth(name: &str, arguments: &[Proto]) -> Proto {
    call(name, BOOL, arguments)
}

/// Creates a cast of `input` to a type.
pub fn cast(to: &Proto, input: &Proto) -> Proto {
    new().message(11, &new().message(1, to).message(2, input))
}

/// Creates a `SingularOrList`, which is `value IN (options)`.
pub fn one_of(value: &Proto, options: &[Proto]) -> Proto {
    new().message(8, &new().message(1, value).messages(2, options))
}

/// Creates a `RelCommon` that emits the columns at `indices`.
pub fn emit(indices: &[i64]) -> Proto {
    let mut packed = new();
    for &index in indices {
        packed.varint(index.cast_unsigned());
    }
    new().message(2, &new().bytes(1, &packed.0))
}

/// Creates a read relation of columns with names and types.
pub fn table(columns: &[(&str, Proto)]) -> Proto {
    let types: Vec<Proto> = columns.iter().map(|(_, data_type)| data_type.clone()).collect();
    let schema = columns.iter().fold(new(), |schema, (name, _)| schema.text(1, name));
    let schema = schema.message(2, &new().messages(1, &types).number(3, 2));
    new().message(1, &new().message(1, &new()).message(2, &schema).message(7, &new().text(1, "t")))
}

/// Creates a filter relation.
pub fn filter(input: &Proto, condition: &Proto) -> Proto {
    new().message(2, &new().message(2, input).message(3, condition))
}

/// Creates a project relation that emits `indices` of the columns of `input` followed by
/// `expressions`.
pub fn project(input: &Proto, expressions: &[Proto], indices: &[i64]) -> Proto {
    new().message(7, &new().message(1, &emit(indices)).message(2, input).messages(3, expressions))
}

/// Creates a sort relation. The directions are the numbers 1 to 4 of `SortField.SortDirection`.
pub fn sort(input: &Proto, keys: &[(Proto, i64)]) -> Proto {
    let keys: Vec<Proto> =
        keys.iter().map(|(key, direction)| new().message(1, key).number(2, *direction)).collect();
    new().message(5, &new().message(2, input).messages(3, &keys))
}

/// Creates a fetch relation of `count` rows after the first `offset`.
pub fn fetch(input: &Proto, offset: i64, count: i64) -> Proto {
    new().message(3, &new().message(2, input).number(3, offset).number(4, count))
}

/// Creates a plan with one query, the names of its columns, and the declarations of
/// [`functions`].
pub fn plan(relation: &Proto, names: &[&str]) -> Proto {
    let root = names.iter().fold(new().message(1, relation), |root, name| root.text(2, name));
    functions().message(3, &new().message(2, &root)).message(6, &new().number(2, 74))
}

/// Creates a plan that only declares all [`FUNCTIONS`].
pub fn functions() -> Proto {
    let origin = new().number(1, 1).text(2, "/functions_comparison.yaml");
    let mut anchor = 0;
    FUNCTIONS.iter().fold(new().message(1, &origin), |plan, name| {
        anchor += 1;
        plan.message(2, &new().message(3, &new().number(1, 1).number(2, anchor).text(3, name)))
    })
}
