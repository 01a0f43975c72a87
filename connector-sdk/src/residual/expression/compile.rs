//! Compilation of wire expressions to [`Node`]s, or to the name of the part that cannot be
//! evaluated.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, new_null_array},
    compute::concat,
    datatypes::DataType,
};
use athena_protocol::predicate::{Expression, functions};

use super::{
    super::{constant::decode, value_set::ValueTest},
    Condition, Node, Value,
    arithmetic::Operation,
    coerce::{exact_cast, integer_width, is_comparable, is_number},
    compare::Comparison,
    like::LikePattern,
    operand::{TypedNode, operands, to_common_type},
    vector::Failure,
};
use crate::{Error, Result, column_index::ColumnIndex};

/// Reason for which an expression has no [`Node`].
#[derive(Debug)]
pub(in super::super) enum Unevaluated {
    /// The function or column of this name is unknown, or not supported with these arguments.
    Name(String),
    /// The request is invalid.
    Error(Error),
}

impl From<Error> for Unevaluated {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Compiler of the expressions of one request.
#[derive(Debug)]
pub(in super::super) struct Compiler<'a> {
    fields: &'a ColumnIndex<'a>,
    /// Indices of the columns that compiled expressions read.
    pub(in super::super) columns: BTreeSet<usize>,
    /// Number of enclosing [`Node::Let`]s.
    bound: usize,
}

type Compiled<T = TypedNode> = Result<T, Unevaluated>;

impl<'a> Compiler<'a> {
    /// Creates a compiler of expressions over these columns.
    pub(in super::super) fn new(fields: &'a ColumnIndex<'a>) -> Self {
        Self { fields, columns: BTreeSet::new(), bound: 0 }
    }

    /// Compiles a condition.
    pub(in super::super) fn condition(
        &mut self,
        condition: &Expression,
    ) -> Result<Condition, Unevaluated> {
        self.boolean(condition, name_of(condition)).map(Condition)
    }

    /// Compiles an expression of any type.
    pub(in super::super) fn value(&mut self, value: &Expression) -> Result<Value, Unevaluated> {
        self.compile(value, name_of(value)).map(|TypedNode { node, .. }| Value(node))
    }

    fn boolean(&mut self, expression: &Expression, function: &str) -> Compiled<Node> {
        let TypedNode { node, data_type } = self.compile(expression, function)?;
        match node {
            Node::Constant(value) => exact_cast(&value, &DataType::Boolean)
                .map(Node::Constant)
                .ok_or_else(|| unevaluated(function)),
            node if data_type == DataType::Boolean => Ok(node),
            _ => Err(unevaluated(function)),
        }
    }

    /// Compiles an argument of `function`.
    fn compile(&mut self, expression: &Expression, function: &str) -> Compiled {
        match expression {
            Expression::Constant { values, .. } => {
                let value = match values {
                    Some(values) if !values.is_empty() => {
                        decode(values)?.ok_or_else(|| unevaluated(function))?
                    }
                    _ => new_null_array(&DataType::Null, 1),
                };
                if value.len() != 1 {
                    return Err(unevaluated(function));
                }
                Ok(TypedNode { data_type: value.data_type().clone(), node: Node::Constant(value) })
            }
            Expression::Variable { column, .. } => {
                let (index, field) = self.fields.find(column).ok_or_else(|| unevaluated(column))?;
                self.columns.insert(index);
                Ok(TypedNode { node: Node::Column(index), data_type: field.data_type().clone() })
            }
            Expression::Call { function, arguments, data_type } => {
                self.call(function, arguments, data_type)
            }
        }
    }

    fn call(&mut self, function: &str, arguments: &[Expression], declared: &DataType) -> Compiled {
        let boolean = |node| Ok(TypedNode { node, data_type: DataType::Boolean });
        match (function, arguments) {
            (functions::AND, [_, ..]) => boolean(Node::And(self.arms(arguments, function)?)),
            (functions::OR, [_, ..]) => boolean(Node::Or(self.arms(arguments, function)?)),
            (functions::NOT, [value]) => {
                boolean(Node::Not(Box::new(self.boolean(value, function)?)))
            }
            (functions::IS_NULL, [value]) => {
                boolean(Node::IsNull(Box::new(self.compile(value, function)?.node)))
            }
            (functions::NULLIF, [value, other]) => self.bind(value, function, |compiler, value| {
                let other = compiler.compile(other, function)?;
                let equal = compare(Comparison::Equal, [value(), other], function)?;
                let TypedNode { node, data_type } = value();
                Ok(TypedNode { node: Node::NullIf(Box::new(node), Box::new(equal)), data_type })
            }),
            (functions::IN, [value, list]) => self.membership(value, list),
            (functions::LIKE_PATTERN, [value, pattern]) => {
                boolean(self.like(value, pattern, None)?)
            }
            (functions::LIKE_PATTERN, [value, pattern, escape]) => {
                boolean(self.like(value, pattern, Some(escape))?)
            }
            (functions::NEGATE, [value]) => self.negation(value, declared),
            (_, [left, right]) => {
                if let Some(comparison) = Comparison::of_function(function) {
                    return boolean(self.comparison(comparison, [left, right], function)?);
                }
                let operation =
                    Operation::of_function(function).ok_or_else(|| unevaluated(function))?;
                self.arithmetic(operation, [left, right], declared)
            }
            _ => Err(unevaluated(function)),
        }
    }

    fn arms(&mut self, arguments: &[Expression], function: &str) -> Compiled<Vec<Node>> {
        arguments.iter().map(|argument| self.boolean(argument, function)).collect()
    }

    fn comparison(
        &mut self,
        comparison: Comparison,
        [left, right]: [&Expression; 2],
        function: &str,
    ) -> Compiled<Node> {
        compare(
            comparison,
            [self.compile(left, function)?, self.compile(right, function)?],
            function,
        )
    }

    /// Compiles an expression that uses `value` several times, so that it is compiled and evaluated
    /// only once: if it were repeated, every level of nesting would double the size. `body` obtains
    /// the value from the function it is given.
    fn bind(
        &mut self,
        value: &Expression,
        function: &str,
        body: impl FnOnce(&mut Self, &dyn Fn() -> TypedNode) -> Compiled,
    ) -> Compiled {
        let TypedNode { node: value, data_type } = self.compile(value, function)?;
        let depth = self.bound;
        let leaf = || match &value {
            Node::Column(index) => Some(Node::Column(*index)),
            // Not bound, because a constant takes the type of the other operand.
            Node::Constant(value) => Some(Node::Constant(Arc::clone(value))),
            _ => None,
        };
        let is_leaf = leaf().is_some();
        self.bound += usize::from(!is_leaf);
        let result = body(self, &|| TypedNode {
            node: leaf().unwrap_or(Node::Bound(depth)),
            data_type: data_type.clone(),
        });
        self.bound = depth;
        let TypedNode { node, data_type } = result?;
        Ok(TypedNode {
            node: if is_leaf { node } else { Node::Let(Box::new([value, node])) },
            data_type,
        })
    }

    /// Compiles `value IN list`.
    fn membership(&mut self, value: &Expression, list: &Expression) -> Compiled {
        self.bind(value, functions::IN, |compiler, value| {
            Ok(TypedNode { node: compiler.disjunction(value, list)?, data_type: DataType::Boolean })
        })
    }

    /// Compiles `value IN list` as a disjunction of one lookup per type of constants, of
    /// comparisons, and of null if the list has one.
    fn disjunction(&mut self, value: &dyn Fn() -> TypedNode, list: &Expression) -> Compiled<Node> {
        let unsupported = || unevaluated(functions::IN);
        let items = match list {
            Expression::Call { function, arguments, .. } if function == functions::ARRAY => {
                &arguments[..]
            }
            list @ Expression::Constant { .. } => std::slice::from_ref(list),
            Expression::Call { .. } | Expression::Variable { .. } => return Err(unsupported()),
        };
        let mut constants = Vec::<ArrayRef>::new();
        let mut arms = Vec::new();
        let mut has_null = false;
        for item in items {
            match item {
                Expression::Constant { values: Some(values), .. } => {
                    let values = list_items(decode(values)?.ok_or_else(unsupported)?);
                    has_null |= values.logical_null_count() > 0;
                    if *values.data_type() != DataType::Null && !values.is_empty() {
                        constants.push(values);
                    }
                }
                Expression::Constant { values: None, .. } => has_null = true,
                Expression::Variable { .. } | Expression::Call { .. } => {
                    let item = self.compile(item, functions::IN)?;
                    arms.push(compare(Comparison::Equal, [value(), item], functions::IN)?);
                }
            }
        }
        for same_type in constants.chunk_by(|left, right| left.data_type() == right.data_type()) {
            let arrays: Vec<&dyn Array> = same_type.iter().map(AsRef::as_ref).collect();
            let values = concat(&arrays).map_err(|e| {
                Error::internal("the constants of a list do not make one array").with_source(e)
            })?;
            let value = value();
            let list = ValueTest::of_list(&value.data_type, values).ok_or_else(unsupported)?;
            arms.push(Node::In(Box::new(value.node), list));
        }
        if has_null {
            arms.push(null());
        }
        // SQL has no empty list.
        if arms.is_empty() { Err(unsupported()) } else { Ok(Node::Or(arms)) }
    }

    fn like(
        &mut self,
        value: &Expression,
        pattern: &Expression,
        escape: Option<&Expression>,
    ) -> Compiled<Node> {
        let unsupported = || unevaluated(functions::LIKE_PATTERN);
        let value = self.compile(value, functions::LIKE_PATTERN)?;
        if value.data_type != DataType::Utf8 {
            return Err(unsupported());
        }
        let pattern = self.text(pattern)?;
        let escape = escape.map(|escape| self.text(escape)).transpose()?;
        // The result is null if either is.
        let Some(pattern) = pattern else { return Ok(null()) };
        let escape = match escape {
            None => None,
            Some(None) => return Ok(null()),
            Some(Some(escape)) => {
                let mut chars = escape.chars();
                match (chars.next(), chars.next()) {
                    (escape, None) => escape,
                    (_, Some(_)) => return Err(unsupported()),
                }
            }
        };
        let pattern = LikePattern::parse(&pattern, escape).ok_or_else(unsupported)?;
        Ok(Node::Like(Box::new(value.node), pattern))
    }

    /// Returns the text of a constant; `None` for null.
    fn text(&mut self, expression: &Expression) -> Compiled<Option<String>> {
        match self.compile(expression, functions::LIKE_PATTERN)?.node {
            Node::Constant(value) if *value.data_type() == DataType::Null || value.is_null(0) => {
                Ok(None)
            }
            Node::Constant(value) => {
                let strings = value
                    .as_string_opt::<i32>()
                    .ok_or_else(|| unevaluated(functions::LIKE_PATTERN))?;
                Ok(Some(strings.value(0).to_owned()))
            }
            _ => Err(unevaluated(functions::LIKE_PATTERN)),
        }
    }

    fn arithmetic(
        &mut self,
        operation: Operation,
        [left, right]: [&Expression; 2],
        declared: &DataType,
    ) -> Compiled {
        let function = operation.function();
        let failure = failure(function, &[left, right]);
        let left = self.compile(left, function)?;
        let right = self.compile(right, function)?;
        let (left, right, data_type) =
            operands(operation, left, right, declared).ok_or_else(|| unevaluated(function))?;
        let arguments = Box::new([left, right]);
        Ok(TypedNode {
            node: Node::Arithmetic { operation, arguments, data_type: data_type.clone(), failure },
            data_type,
        })
    }

    fn negation(&mut self, value: &Expression, declared: &DataType) -> Compiled {
        let failure = failure(functions::NEGATE, &[value]);
        let TypedNode { node, data_type } = self.compile(value, functions::NEGATE)?;
        // A wider result would overflow for fewer values.
        if !is_number(&data_type) || integer_width(&data_type) != integer_width(declared) {
            return Err(unevaluated(functions::NEGATE));
        }
        Ok(TypedNode { node: Node::Negate(Box::new(node), failure), data_type })
    }
}

fn compare(
    comparison: Comparison,
    [left, right]: [TypedNode; 2],
    function: &str,
) -> Compiled<Node> {
    if !is_comparable(&left.data_type) || !is_comparable(&right.data_type) {
        return Err(unevaluated(function));
    }
    let (left, right, _) = to_common_type(left, right).ok_or_else(|| unevaluated(function))?;
    Ok(Node::Compare(comparison, Box::new([left, right])))
}

/// Returns the name by which an unevaluated expression is reported.
fn name_of(expression: &Expression) -> &str {
    match expression {
        Expression::Constant { .. } => "constant",
        Expression::Variable { column, .. } => column,
        Expression::Call { function, .. } => function,
    }
}

fn unevaluated(name: &str) -> Unevaluated {
    Unevaluated::Name(name.to_owned())
}

/// Returns the Boolean constant null.
fn null() -> Node {
    Node::Constant(new_null_array(&DataType::Boolean, 1))
}

fn failure(function: &'static str, arguments: &[&Expression]) -> Arc<Failure> {
    let mut columns: Vec<String> = Vec::new();
    for column in arguments.iter().flat_map(|argument| argument.columns()) {
        if !columns.iter().any(|known| known == column) {
            columns.push(column.to_owned());
        }
    }
    Arc::new(Failure { function, columns })
}

/// Returns the values of a constant list: its rows, or the items of its only row.
fn list_items(values: ArrayRef) -> ArrayRef {
    match values.as_list_opt::<i32>() {
        Some(list) if list.len() == 1 && list.is_valid(0) => list.value(0),
        _ => values,
    }
}
