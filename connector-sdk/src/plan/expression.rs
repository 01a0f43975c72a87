//! Conversion of plan expressions to wire expressions.

use arrow::{
    array::{Array, AsArray},
    datatypes::DataType,
};
use athena_protocol::predicate::{Expression, functions};

use super::{
    function::{Functions, Translation, check_option},
    literal,
    protobuf::{Message, malformed, unsupported},
    types::PlanType,
};
use crate::Result;

/// Maximum number of nodes in all expressions of a plan, with each use of a computed column counted
/// again, so that time and memory are bounded. An `IN` of 10,000 values takes as many nodes.
const MAX_NODES: usize = 100_000;

/// Maximum depth of an expression after its columns have been substituted.
const MAX_DEPTH: usize = 100;

/// Wire expression with its type and size.
#[derive(Debug, Clone)]
pub(super) struct PlanExpression {
    pub(super) expression: Expression,
    pub(super) plan_type: PlanType,
    /// Number of nodes, including itself.
    pub(super) nodes: usize,
    depth: usize,
}

impl PlanExpression {
    /// Creates a reference to a column of the table.
    pub(super) fn column(name: &str, plan_type: PlanType) -> Self {
        let expression =
            Expression::Variable { column: name.to_owned(), data_type: plan_type.data_type() };
        Self { expression, plan_type, nodes: 1, depth: 1 }
    }

    fn plain(expression: Expression, data_type: DataType) -> Self {
        Self { expression, plan_type: PlanType::Plain(data_type), nodes: 1, depth: 1 }
    }

    /// Creates a call of `function`.
    fn call(function: &str, arguments: Vec<Self>, data_type: DataType) -> Result<Self> {
        let nodes = 1 + arguments.iter().map(|argument| argument.nodes).sum::<usize>();
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(unsupported(&format!("an expression with more than {MAX_DEPTH} levels")));
        }
        // Nullness is known for every type, anything else only for supported types.
        let unsupported_type = arguments.iter().find_map(|argument| match argument.plan_type {
            PlanType::Other { name, .. } if function != functions::IS_NULL => Some(name),
            _ => None,
        });
        if let Some(name) = unsupported_type {
            return Err(unsupported(&format!(
                "function {function:?} with an argument of type {name}"
            )));
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

/// `PlanReader` of the expressions and relations of one plan.
pub(super) struct PlanReader<'a> {
    pub(super) functions: &'a Functions,
    /// Number of nodes read so far, in all expressions of the plan.
    pub(super) nodes: usize,
}

impl PlanReader<'_> {
    /// Converts an `Expression` message to an expression over columns of the table.
    pub(super) fn read(
        &mut self,
        message: Message<'_>,
        columns: &[PlanExpression],
    ) -> Result<PlanExpression> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            found = Some(match field.number {
                1 => {
                    let values = literal::read(field.message("Literal")?)?;
                    let data_type = values.data_type().clone();
                    let constant =
                        Expression::Constant { data_type: data_type.clone(), values: Some(values) };
                    PlanExpression::plain(constant, data_type)
                }
                2 => {
                    let column = reference(field.message("FieldReference")?, columns)?;
                    self.count_nodes(column.nodes)?;
                    column.clone()
                }
                3 => self.scalar_function(field.message("ScalarFunction")?, columns)?,
                8 => self.list(field.message("SingularOrList")?, columns)?,
                11 => self.cast(field.message("Cast")?, columns)?,
                number => {
                    return Err(unsupported(&format!("expression {}", expression_name(number))));
                }
            });
        }
        self.count_nodes(1)?;
        found.ok_or_else(|| malformed("an expression is empty"))
    }

    /// Counts the nodes of an expression or an output against the limit.
    pub(super) fn count_nodes(&mut self, nodes: usize) -> Result<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(unsupported(&format!("expressions with more than {MAX_NODES} nodes")));
        }
        Ok(())
    }

    fn scalar_function(
        &mut self,
        message: Message<'_>,
        columns: &[PlanExpression],
    ) -> Result<PlanExpression> {
        let mut anchor = 0;
        let mut arguments = Vec::new();
        let mut result = None;
        let mut options = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => anchor = field.number()?,
                2 => arguments.push(self.read(field.message("Expression")?, columns)?), // deprecated field
                3 => result = Some(PlanType::read(field.message("Type")?)?),
                4 => arguments.push(self.argument(field.message("FunctionArgument")?, columns)?),
                5 => options.push(field.message("FunctionOption")?),
                _ => return field.reject(),
            }
        }
        let functions = self.functions;
        let (translation, name) = functions.translate(anchor)?;
        for option in options {
            check_option(option, name)?;
        }
        let boolean = DataType::Boolean;
        match translation {
            Translation::Call(function) => {
                let result = result
                    .ok_or_else(|| malformed(format!("function {name:?} has no output type")))?;
                if let PlanType::Other { name: type_name, .. } = result {
                    return Err(unsupported(&format!(
                        "function {name:?} with output type {type_name}"
                    )));
                }
                PlanExpression::call(function, arguments, result.data_type())
            }
            Translation::NegatedCall(function) => PlanExpression::call(
                functions::NOT,
                vec![PlanExpression::call(function, arguments, boolean.clone())?],
                boolean,
            ),
            Translation::Between => {
                let [value, low, high] =
                    <[PlanExpression; 3]>::try_from(arguments).map_err(|arguments| {
                        malformed(format!("function {name:?} has {} arguments", arguments.len()))
                    })?;
                self.count_nodes(value.nodes)?;
                let above = PlanExpression::call(
                    functions::GREATER_THAN_OR_EQUAL,
                    vec![value.clone(), low],
                    boolean.clone(),
                )?;
                let below = PlanExpression::call(
                    functions::LESS_THAN_OR_EQUAL,
                    vec![value, high],
                    boolean.clone(),
                )?;
                PlanExpression::call(functions::AND, vec![above, below], boolean)
            }
        }
    }

    fn argument(
        &mut self,
        message: Message<'_>,
        columns: &[PlanExpression],
    ) -> Result<PlanExpression> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => {
                    return Err(unsupported(&format!(
                        "a function with enumeration argument {:?}",
                        field.text()?
                    )));
                }
                2 => return Err(unsupported("a function with a type argument")),
                3 => found = Some(self.read(field.message("Expression")?, columns)?),
                _ => return field.reject(),
            }
        }
        found.ok_or_else(|| malformed("a function argument is empty"))
    }

    /// Converts `value IN (options)`.
    fn list(&mut self, message: Message<'_>, columns: &[PlanExpression]) -> Result<PlanExpression> {
        let mut value = None;
        let mut options = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => value = Some(self.read(field.message("Expression")?, columns)?),
                2 => options.push(self.read(field.message("Expression")?, columns)?),
                _ => return field.reject(),
            }
        }
        let value = value.ok_or_else(|| malformed("a SingularOrList has no value"))?;
        let array = PlanExpression::call(functions::ARRAY, options, DataType::Null)?;
        PlanExpression::call(functions::IN, vec![value, array], DataType::Boolean)
    }

    /// Removes a cast that changes no value: values of different types can be compared, and the
    /// result of arithmetic must have the declared type of the plan anyway.
    fn cast(&mut self, message: Message<'_>, columns: &[PlanExpression]) -> Result<PlanExpression> {
        let mut to = None;
        let mut input = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => to = Some(PlanType::read(field.message("Type")?)?),
                2 => input = Some(self.read(field.message("Expression")?, columns)?),
                3 => {} // failure behavior, irrelevant because every value fits
                _ => return field.reject(),
            }
        }
        let (Some(to), Some(input)) = (to, input) else {
            return Err(malformed("a cast has no type or no input"));
        };
        if !is_lossless(&input, &to) {
            return Err(unsupported(&format!("a cast from {:?} to {to:?}", input.plan_type)));
        }
        Ok(PlanExpression { plan_type: to, ..input })
    }
}

/// Returns whether every value of `input` is a value of `to`.
fn is_lossless(input: &PlanExpression, to: &PlanType) -> bool {
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

/// Returns the column that a `FieldReference` selects from the input rows.
fn reference<'a>(
    message: Message<'_>,
    columns: &'a [PlanExpression],
) -> Result<&'a PlanExpression> {
    let mut index = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => index = Some(segment_index(field.message("ReferenceSegment")?)?),
            2 => return Err(unsupported("a masked reference")),
            4 => {} // rooted in the input rows
            3 => return Err(unsupported("a reference rooted in an expression")),
            5 => return Err(unsupported("an outer reference")),
            _ => return field.reject(),
        }
    }
    let index = index.ok_or_else(|| malformed("a field reference is empty"))?;
    column_at(columns, index)
}

/// Returns the column at a position, which comes from the plan.
pub(super) fn column_at(columns: &[PlanExpression], index: i64) -> Result<&PlanExpression> {
    let column = usize::try_from(index).ok().and_then(|index| columns.get(index));
    column.ok_or_else(|| {
        malformed(format!("column index {index} is out of range for {} columns", columns.len()))
    })
}

/// Returns the index of a field of the row itself.
fn segment_index(message: Message<'_>) -> Result<i64> {
    let mut index = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => return Err(unsupported("a reference into a map")),
            2 => {
                index = Some(0); // the default, which is not encoded
                for field in field.message("StructField")?.fields() {
                    let field = field?;
                    match field.number {
                        1 => index = Some(field.number()?),
                        2 => return Err(unsupported("a reference into a struct, list or map")),
                        _ => return field.reject(),
                    }
                }
            }
            3 => return Err(unsupported("a reference into a list")),
            _ => return field.reject(),
        }
    }
    index.ok_or_else(|| malformed("a reference segment is empty"))
}

/// Returns the name of an unsupported expression kind.
fn expression_name(number: u32) -> String {
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
