//! Query plans for tests, written field by field as a producer would.

/// A message that is being written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proto(pub(crate) Vec<u8>);

impl Proto {
    pub(crate) fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    pub(crate) fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    pub(crate) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    pub(crate) fn messages<'a>(self, field: u64, values: impl IntoIterator<Item = &'a Self>) -> Self {
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

pub(crate) fn new() -> Proto {
    Proto::default()
}

/// Functions that plans of tests declare; a function's number is its place here and one more.
pub(crate) const FUNCTIONS: [&str; 21] = [
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
];

/// Types by the numbers of their fields in a `Type`.
pub(crate) const BOOL: u64 = 1;
pub(crate) const I32: u64 = 5;
pub(crate) const I64: u64 = 7;
pub(crate) const FP64: u64 = 11;
pub(crate) const STRING: u64 = 12;

/// A type without parameters, nullable.
pub(crate) fn simple(kind: u64) -> Proto {
    new().message(kind, &new().number(2, 1))
}

pub(crate) fn column(place: i64) -> Proto {
    let segment = new().message(2, &if place == 0 { new() } else { new().number(1, place) });
    new().message(2, &new().message(1, &segment).message(4, &new()))
}

/// A constant: the value in the field of its type.
pub(crate) fn literal(value: &Proto) -> Proto {
    new().message(1, value)
}

pub(crate) fn int(value: i64) -> Proto {
    literal(&new().number(I64, value))
}

pub(crate) fn string(value: &str) -> Proto {
    literal(&new().text(12, value))
}

/// A function by its name, of a simple type.
pub(crate) fn call(name: &str, result: u64, arguments: &[Proto]) -> Proto {
    let place = FUNCTIONS.iter().position(|function| function.split(':').next() == Some(name));
    let anchor = i64::try_from(place.expect("a declared function") + 1).expect("a small number");
    call_of(anchor, &simple(result), arguments)
}

/// A function by its number, of any type.
pub(crate) fn call_of(anchor: i64, result: &Proto, arguments: &[Proto]) -> Proto {
    let values: Vec<Proto> = arguments.iter().map(|argument| new().message(3, argument)).collect();
    new().message(3, &new().number(1, anchor).message(3, result).messages(4, &values))
}

pub(crate) fn truth(name: &str, arguments: &[Proto]) -> Proto {
    call(name, BOOL, arguments)
}

pub(crate) fn cast(to: &Proto, input: &Proto) -> Proto {
    new().message(11, &new().message(1, to).message(2, input))
}

pub(crate) fn one_of(value: &Proto, options: &[Proto]) -> Proto {
    new().message(8, &new().message(1, value).messages(2, options))
}

/// A `RelCommon` that puts out these fields.
pub(crate) fn emit(places: &[i64]) -> Proto {
    let mut packed = new();
    for &place in places {
        packed.varint(place.cast_unsigned());
    }
    new().message(2, &new().bytes(1, &packed.0))
}

/// A read of columns with these names and types.
pub(crate) fn table(columns: &[(&str, Proto)]) -> Proto {
    let types: Vec<Proto> = columns.iter().map(|(_, data_type)| data_type.clone()).collect();
    let schema = columns.iter().fold(new(), |schema, (name, _)| schema.text(1, name));
    let schema = schema.message(2, &new().messages(1, &types).number(3, 2));
    new().message(1, &new().message(1, &new()).message(2, &schema).message(7, &new().text(1, "t")))
}

pub(crate) fn filter(input: &Proto, condition: &Proto) -> Proto {
    new().message(2, &new().message(2, input).message(3, condition))
}

pub(crate) fn project(input: &Proto, expressions: &[Proto], places: &[i64]) -> Proto {
    new().message(7, &new().message(1, &emit(places)).message(2, input).messages(3, expressions))
}

/// A sort by expressions, each in a direction: 1 to 4 as in the specification.
pub(crate) fn sort(input: &Proto, keys: &[(Proto, i64)]) -> Proto {
    let keys: Vec<Proto> = keys.iter().map(|(key, direction)| new().message(1, key).number(2, *direction)).collect();
    new().message(5, &new().message(2, input).messages(3, &keys))
}

pub(crate) fn fetch(input: &Proto, offset: i64, count: i64) -> Proto {
    new().message(3, &new().message(2, input).number(3, offset).number(4, count))
}

/// A plan of one query whose columns have these names, and the functions it may use.
pub(crate) fn plan(relation: &Proto, names: &[&str]) -> Proto {
    let root = names.iter().fold(new().message(1, relation), |root, name| root.text(2, name));
    functions().message(3, &new().message(2, &root)).message(6, &new().number(2, 74))
}

/// The declarations of all functions.
pub(crate) fn functions() -> Proto {
    let origin = new().number(1, 1).text(2, "/functions_comparison.yaml");
    let mut anchor = 0;
    FUNCTIONS.iter().fold(new().message(1, &origin), |plan, name| {
        anchor += 1;
        plan.message(2, &new().message(3, &new().number(1, 1).number(2, anchor).text(3, name)))
    })
}
