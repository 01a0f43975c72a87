//! Substrait plans for tests, written field by field as a producer would.
//!
//! The numbers of fields are those of `substrait/plan.proto`, `algebra.proto` and `type.proto`.

/// A message that is being written.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct Proto(pub Vec<u8>);

impl Proto {
    /// A field of an integer or a boolean.
    pub fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    /// A field of a `float`.
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A field of a `double`.
    pub fn double(mut self, field: u64, value: f64) -> Self {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A field of bytes.
    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A field of text.
    pub fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A field of a message.
    pub fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// A field of several messages.
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

/// An empty message.
pub fn new() -> Proto {
    Proto::default()
}

/// Functions that plans of tests declare; a function's number is its place here and one more.
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

/// Types by the numbers of their fields in a `Type`.
pub const BOOL: u64 = 1;
/// See [`BOOL`].
pub const I32: u64 = 5;
/// See [`BOOL`].
pub const I64: u64 = 7;
/// See [`BOOL`].
pub const FP64: u64 = 11;
/// See [`BOOL`].
pub const STRING: u64 = 12;

/// A type without parameters, nullable.
pub fn simple(kind: u64) -> Proto {
    new().message(kind, &new().number(2, 1))
}

/// The field of this place in the rows that come in.
pub fn column(place: i64) -> Proto {
    let segment = new().message(2, &if place == 0 { new() } else { new().number(1, place) });
    new().message(2, &new().message(1, &segment).message(4, &new()))
}

/// A constant: the value in the field of its type.
pub fn literal(value: &Proto) -> Proto {
    new().message(1, value)
}

/// A `bigint`.
pub fn int(value: i64) -> Proto {
    literal(&new().number(I64, value))
}

/// A text.
pub fn string(value: &str) -> Proto {
    literal(&new().text(12, value))
}

/// The number of the function of this name.
///
/// # Panics
///
/// If it is none of [`FUNCTIONS`].
pub fn function(name: &str) -> i64 {
    let place = FUNCTIONS.iter().position(|function| function.split(':').next() == Some(name));
    i64::try_from(place.expect("a declared function") + 1).expect("a small number")
}

/// A function by its name, of a simple type.
pub fn call(name: &str, result: u64, arguments: &[Proto]) -> Proto {
    call_of(function(name), &simple(result), arguments)
}

/// A function by its number, of any type.
pub fn call_of(anchor: i64, result: &Proto, arguments: &[Proto]) -> Proto {
    let values: Vec<Proto> = arguments.iter().map(|argument| new().message(3, argument)).collect();
    new().message(3, &new().number(1, anchor).message(3, result).messages(4, &values))
}

/// A function of the type boolean.
pub fn truth(name: &str, arguments: &[Proto]) -> Proto {
    call(name, BOOL, arguments)
}

/// A cast of `input`.
pub fn cast(to: &Proto, input: &Proto) -> Proto {
    new().message(11, &new().message(1, to).message(2, input))
}

/// `value IN (options)`.
pub fn one_of(value: &Proto, options: &[Proto]) -> Proto {
    new().message(8, &new().message(1, value).messages(2, options))
}

/// A `RelCommon` that puts out these fields.
pub fn emit(places: &[i64]) -> Proto {
    let mut packed = new();
    for &place in places {
        packed.varint(place.cast_unsigned());
    }
    new().message(2, &new().bytes(1, &packed.0))
}

/// A read of columns with these names and types.
pub fn table(columns: &[(&str, Proto)]) -> Proto {
    let types: Vec<Proto> = columns.iter().map(|(_, data_type)| data_type.clone()).collect();
    let schema = columns.iter().fold(new(), |schema, (name, _)| schema.text(1, name));
    let schema = schema.message(2, &new().messages(1, &types).number(3, 2));
    new().message(1, &new().message(1, &new()).message(2, &schema).message(7, &new().text(1, "t")))
}

/// The rows of `input` for which `condition` is true.
pub fn filter(input: &Proto, condition: &Proto) -> Proto {
    new().message(2, &new().message(2, input).message(3, condition))
}

/// Of the fields of `input`, and `expressions` behind them, those of `places`.
pub fn project(input: &Proto, expressions: &[Proto], places: &[i64]) -> Proto {
    new().message(7, &new().message(1, &emit(places)).message(2, input).messages(3, expressions))
}

/// A sort by expressions, each in a direction: 1 to 4 as in the specification.
pub fn sort(input: &Proto, keys: &[(Proto, i64)]) -> Proto {
    let keys: Vec<Proto> =
        keys.iter().map(|(key, direction)| new().message(1, key).number(2, *direction)).collect();
    new().message(5, &new().message(2, input).messages(3, &keys))
}

/// `count` rows after the first `offset`.
pub fn fetch(input: &Proto, offset: i64, count: i64) -> Proto {
    new().message(3, &new().message(2, input).number(3, offset).number(4, count))
}

/// A plan of one query whose columns have these names, and the functions it may use.
pub fn plan(relation: &Proto, names: &[&str]) -> Proto {
    let root = names.iter().fold(new().message(1, relation), |root, name| root.text(2, name));
    functions().message(3, &new().message(2, &root)).message(6, &new().number(2, 74))
}

/// The declarations of all functions.
pub fn functions() -> Proto {
    let origin = new().number(1, 1).text(2, "/functions_comparison.yaml");
    let mut anchor = 0;
    FUNCTIONS.iter().fold(new().message(1, &origin), |plan, name| {
        anchor += 1;
        plan.message(2, &new().message(3, &new().number(1, 1).number(2, anchor).text(3, name)))
    })
}
