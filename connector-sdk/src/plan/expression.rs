//! Expressions of a plan, as expressions of the wire.

use arrow::{
    array::{Array, AsArray},
    datatypes::DataType,
};
use athena_protocol::predicate::{Expression, functions};

use super::{
    function::{Functions, Meaning, check_option},
    literal,
    protobuf::{Message, damaged, refused},
    types::PlanType,
};
use crate::Result;

/// Most parts that all expressions of a plan may have together, each use of a computed column
/// counted again: what bounds time and memory. An `IN` of 10,000 values takes as many.
const MAX_NODES: usize = 100_000;

/// How deep an expression may become once the columns it uses are put in.
const MAX_DEPTH: usize = 100;

/// An expression of the wire, and what is to be known of it.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) expression: Expression,
    pub(super) plan_type: PlanType,
    /// Parts, itself among them.
    pub(super) nodes: usize,
    depth: usize,
}

impl Typed {
    /// A column of the table.
    pub(super) fn column(name: &str, plan_type: PlanType) -> Self {
        let expression =
            Expression::Variable { column: name.to_owned(), data_type: plan_type.data_type() };
        Self { expression, plan_type, nodes: 1, depth: 1 }
    }

    fn plain(expression: Expression, data_type: DataType) -> Self {
        Self { expression, plan_type: PlanType::Plain(data_type), nodes: 1, depth: 1 }
    }

    /// A function of these arguments.
    fn call(function: &str, arguments: Vec<Self>, data_type: DataType) -> Result<Self> {
        let nodes = 1 + arguments.iter().map(|argument| argument.nodes).sum::<usize>();
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(refused(&format!("an expression of more than {MAX_DEPTH} levels")));
        }
        // Whether there is a value can be told of every type, and more only of those that are
        // evaluated.
        let strange = arguments.iter().find_map(|argument| match argument.plan_type {
            PlanType::Other { name, .. } if function != functions::IS_NULL => Some(name),
            _ => None,
        });
        if let Some(name) = strange {
            return Err(refused(&format!("function {function:?} of a value of type {name}")));
        }
        let arguments = arguments.into_iter().map(|argument| argument.expression).collect();
        let expression = Expression::Call {
            function: function.to_owned(),
            arguments,
            data_type: data_type.clone(),
        };
        Ok(Self { expression, plan_type: PlanType::Plain(data_type), nodes, depth })
    }
}

/// Reads expressions over the columns of one relation.
pub(super) struct Reader<'a> {
    pub(super) functions: &'a Functions,
    /// Parts read so far, of all expressions of the plan.
    pub(super) nodes: usize,
}

impl Reader<'_> {
    /// The expression that an `Expression` message stands for, in terms of columns of the table.
    pub(super) fn read(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<Typed> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            found = Some(match field.number {
                1 => {
                    let values = literal::read(field.message("Literal")?)?;
                    let data_type = values.data_type().clone();
                    let constant =
                        Expression::Constant { data_type: data_type.clone(), values: Some(values) };
                    Typed::plain(constant, data_type)
                }
                2 => {
                    let column = reference(field.message("FieldReference")?, columns)?;
                    self.spend(column.nodes)?;
                    column.clone()
                }
                3 => self.function(field.message("ScalarFunction")?, columns)?,
                8 => self.list(field.message("SingularOrList")?, columns)?,
                11 => self.cast(field.message("Cast")?, columns)?,
                number => return Err(refused(&format!("an expression of kind {}", kind(number)))),
            });
        }
        self.spend(1)?;
        found.ok_or_else(|| damaged("an expression of no kind"))
    }

    /// Counts parts that an expression or an output takes.
    pub(super) fn spend(&mut self, nodes: usize) -> Result<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(refused(&format!("expressions of more than {MAX_NODES} parts")));
        }
        Ok(())
    }

    fn function(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<Typed> {
        let (mut anchor, mut arguments, mut result) = (0, Vec::new(), None);
        let mut options = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => anchor = field.number()?,
                2 => arguments.push(self.read(field.message("Expression")?, columns)?), // before there were named kinds
                3 => result = Some(PlanType::read(field.message("Type")?)?),
                4 => arguments.push(self.argument(field.message("FunctionArgument")?, columns)?),
                5 => options.push(field.message("FunctionOption")?),
                _ => return field.refuse(),
            }
        }
        let functions = self.functions;
        let (meaning, name) = functions.meaning(anchor)?;
        for option in options {
            check_option(option, name)?;
        }
        let boolean = DataType::Boolean;
        match meaning {
            Meaning::Same(function) => {
                let result =
                    result.ok_or_else(|| damaged(format!("function {name:?} without a type")))?;
                if let PlanType::Other { name: type_name, .. } = result {
                    return Err(refused(&format!("function {name:?} of type {type_name}")));
                }
                Typed::call(function, arguments, result.data_type())
            }
            Meaning::Not(function) => Typed::call(
                functions::NOT,
                vec![Typed::call(function, arguments, boolean.clone())?],
                boolean,
            ),
            Meaning::Between => {
                let [value, low, high] =
                    <[Typed; 3]>::try_from(arguments).map_err(|arguments| {
                        damaged(format!("function {name:?} of {} arguments", arguments.len()))
                    })?;
                self.spend(value.nodes)?;
                let above = Typed::call(
                    functions::GREATER_THAN_OR_EQUAL,
                    vec![value.clone(), low],
                    boolean.clone(),
                )?;
                let below =
                    Typed::call(functions::LESS_THAN_OR_EQUAL, vec![value, high], boolean.clone())?;
                Typed::call(functions::AND, vec![above, below], boolean)
            }
        }
    }

    fn argument(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<Typed> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => {
                    return Err(refused(&format!(
                        "a function with the choice {:?}",
                        field.text()?
                    )));
                }
                2 => return Err(refused("a function with a type as its argument")),
                3 => found = Some(self.read(field.message("Expression")?, columns)?),
                _ => return field.refuse(),
            }
        }
        found.ok_or_else(|| damaged("a function with an argument of no kind"))
    }

    /// `value IN (options)`.
    fn list(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<Typed> {
        let (mut value, mut options) = (None, Vec::new());
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => value = Some(self.read(field.message("Expression")?, columns)?),
                2 => options.push(self.read(field.message("Expression")?, columns)?),
                _ => return field.refuse(),
            }
        }
        let value = value.ok_or_else(|| damaged("a list without a value"))?;
        let array = Typed::call(functions::ARRAY, options, DataType::Null)?;
        Typed::call(functions::IN, vec![value, array], DataType::Boolean)
    }

    /// A cast that changes no value is left out: values of different types compare, and what
    /// arithmetic makes of them must be of the type that the plan declares anyway.
    fn cast(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<Typed> {
        let (mut to, mut input) = (None, None);
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => to = Some(PlanType::read(field.message("Type")?)?),
                2 => input = Some(self.read(field.message("Expression")?, columns)?),
                3 => {} // what becomes of values that do not fit: all do
                _ => return field.refuse(),
            }
        }
        let (Some(to), Some(input)) = (to, input) else {
            return Err(damaged("a cast without a type or a value"));
        };
        if !changes_nothing(&input, &to) {
            return Err(refused(&format!("a cast from {:?} to {to:?}", input.plan_type)));
        }
        Ok(Typed { plan_type: to, ..input })
    }
}

/// Whether every value of `input` is a value of `to`.
fn changes_nothing(input: &Typed, to: &PlanType) -> bool {
    use DataType as T;
    if input.plan_type == *to {
        return !matches!(to, PlanType::Other { .. });
    }
    let length_of_constant = || match &input.expression {
        Expression::Constant { values: Some(values), .. } => {
            let text = values.as_string_opt::<i32>()?;
            Some(if values.logical_null_count() > 0 { 0 } else { text.value(0).chars().count() })
        }
        _ => None,
    };
    let (from, to) = match (&input.plan_type, to) {
        (PlanType::VarChar(from), PlanType::VarChar(to)) => return from <= to,
        (PlanType::VarChar(_), PlanType::Plain(T::Utf8)) => return true,
        (PlanType::Plain(T::Utf8), PlanType::VarChar(to)) => {
            return length_of_constant().is_some_and(|length| length <= *to);
        }
        (PlanType::Plain(from), PlanType::Plain(to)) => (from, to),
        _ => return false,
    };
    let digits = |data_type: &DataType| match data_type {
        T::Int8 => Some((3_i16, 0_i16)),
        T::Int16 => Some((5, 0)),
        T::Int32 => Some((10, 0)),
        T::Int64 => Some((19, 0)),
        T::Decimal128(precision, scale) => Some((i16::from(*precision), i16::from(*scale))),
        _ => None,
    };
    match (from, to) {
        (T::Null, _)
        | (T::Int8 | T::Int16, T::Float32)
        | (T::Int8 | T::Int16 | T::Int32 | T::Float32, T::Float64)
        | (T::Date32, T::Date64) => true,
        (from, to) if from.is_integer() && to.is_integer() => {
            from.primitive_width() <= to.primitive_width()
        }
        (from, T::Decimal128(_, _)) => {
            let (Some((precision, scale)), Some((to_precision, to_scale))) =
                (digits(from), digits(to))
            else {
                return false;
            };
            to_scale >= scale && to_precision - to_scale >= precision - scale
        }
        _ => false,
    }
}

/// The column of this place in the rows that come in.
fn reference<'a>(message: Message<'_>, columns: &'a [Typed]) -> Result<&'a Typed> {
    let mut place = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => place = Some(segment(field.message("ReferenceSegment")?)?),
            2 => return Err(refused("a masked reference")),
            4 => {} // from the rows that come in
            3 => return Err(refused("a reference into an expression")),
            5 => return Err(refused("a reference out of a subquery")),
            _ => return field.refuse(),
        }
    }
    let place = place.ok_or_else(|| damaged("a reference to nothing"))?;
    let column = usize::try_from(place).ok().and_then(|place| columns.get(place));
    column.ok_or_else(|| damaged(format!("a reference to field {place} of {}", columns.len())))
}

/// The place of a field of the row itself.
fn segment(message: Message<'_>) -> Result<i64> {
    let mut place = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => return Err(refused("a reference into a map")),
            2 => {
                place = Some(0); // the default, which is not written
                for field in field.message("StructField")?.fields() {
                    let field = field?;
                    match field.number {
                        1 => place = Some(field.number()?),
                        2 => return Err(refused("a reference into a struct, list or map")),
                        _ => return field.refuse(),
                    }
                }
            }
            3 => return Err(refused("a reference into a list")),
            _ => return field.refuse(),
        }
    }
    place.ok_or_else(|| damaged("a reference of no kind"))
}

/// What the expressions are called that are not evaluated.
fn kind(number: u32) -> String {
    let name = match number {
        5 => "window_function",
        6 => "if_then",
        7 => "switch_expression",
        9 => "multi_or_list",
        10 => "enum",
        12 => "subquery",
        13 => "nested",
        14 => "dynamic_parameter",
        15 => "lambda",
        16 => "lambda_invocation",
        other => return other.to_string(),
    };
    name.to_owned()
}
