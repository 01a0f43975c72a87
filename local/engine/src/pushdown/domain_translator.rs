//! Translation of a condition into the values of a column for which it is true and for which it is
//! false.

use arrow::datatypes::{DataType, Schema, SchemaRef};
use athena_protocol::predicate::is_orderable;
use datafusion::{
    common::ScalarValue,
    logical_expr::{BinaryExpr, Expr, Operator, expr::InList},
};

use super::{
    domain::{Comparison, Domain},
    literal,
};

/// A condition on one column in three-valued logic. It is unknown for values in neither domain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnDomains {
    /// Name of the column.
    pub(super) column: String,
    /// Values for which the condition is true.
    pub(super) when_true: Domain,
    /// Values for which the condition is false, or `None` if a domain cannot represent them.
    ///
    /// The reason is NaN, which is neither less nor greater than a value: the opposite of a range
    /// of floating-point numbers is not a range.
    when_false: Option<Domain>,
}

impl ColumnDomains {
    /// Translates `condition`. Returns `None` unless it has one orderable column of `schema` and
    /// constants only.
    pub(super) fn of(condition: &Expr, schema: &SchemaRef) -> Option<Self> {
        match condition {
            Expr::Alias(alias) => Self::of(&alias.expr, schema),
            Expr::Column(_) => {
                let column = Column::of(condition, schema)?;
                let holds = ScalarValue::Boolean(Some(true));
                (column.data_type == &DataType::Boolean)
                    .then(|| column.compared(Comparison::Equal, &holds))
            }
            Expr::Not(inner) => Self::of(inner, schema)?.negated(),
            Expr::IsNull(inner) => Some(Column::of(inner, schema)?.is_null()),
            Expr::IsNotNull(inner) => Column::of(inner, schema)?.is_null().negated(),
            Expr::IsTrue(inner) => Some(Self::of(inner, schema)?.definite()),
            Expr::IsNotTrue(inner) => Self::of(inner, schema)?.definite().negated(),
            Expr::IsFalse(inner) => Some(Self::of(inner, schema)?.negated()?.definite()),
            Expr::IsNotFalse(inner) => Self::of(inner, schema)?.negated()?.definite().negated(),
            Expr::IsUnknown(inner) => Self::of(inner, schema)?.unknown(),
            Expr::IsNotUnknown(inner) => Self::of(inner, schema)?.unknown()?.negated(),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::And => Self::of(left, schema)?.and(&Self::of(right, schema)?),
                Operator::Or => Self::of(left, schema)?.or(&Self::of(right, schema)?),
                _ => Self::of_comparison(left, *op, right, schema),
            },
            Expr::Between(between) => {
                let column = Column::of(&between.expr, schema)?;
                let low =
                    column.compared(Comparison::GreaterOrEqual, &column.literal(&between.low)?);
                let high =
                    column.compared(Comparison::LessOrEqual, &column.literal(&between.high)?);
                let inside = low.and(&high)?;
                if between.negated { inside.negated() } else { Some(inside) }
            }
            Expr::InList(list) => Self::of_list(list, schema),
            // Foreign enum: no other expression is equivalent to a value set.
            _ => None,
        }
    }

    fn of_comparison(left: &Expr, op: Operator, right: &Expr, schema: &SchemaRef) -> Option<Self> {
        let (column, op, value) = match Column::of(left, schema) {
            Some(column) => (column, op, right),
            None => (Column::of(right, schema)?, op.swap()?, left),
        };
        let value = &column.literal(value)?;
        match op {
            Operator::Eq => Some(column.compared(Comparison::Equal, value)),
            Operator::NotEq => column.compared(Comparison::Equal, value).negated(),
            Operator::Lt => Some(column.compared(Comparison::Less, value)),
            Operator::LtEq => Some(column.compared(Comparison::LessOrEqual, value)),
            Operator::Gt => Some(column.compared(Comparison::Greater, value)),
            Operator::GtEq => Some(column.compared(Comparison::GreaterOrEqual, value)),
            Operator::IsDistinctFrom => {
                column.compared(Comparison::Equal, value).definite().negated()
            }
            Operator::IsNotDistinctFrom => {
                Some(column.compared(Comparison::Equal, value).definite())
            }
            _ => None,
        }
    }

    fn of_list(list: &InList, schema: &SchemaRef) -> Option<Self> {
        let column = Column::of(&list.expr, schema)?;
        let mut values = Vec::with_capacity(list.list.len());
        let mut with_null = false;
        for item in &list.list {
            match item {
                Expr::Literal(value, _) if value.is_null() => with_null = true,
                item => values.push(column.literal(item)?),
            }
        }
        let when_true = Domain::any_of(column.data_type, values);
        // If the list contains null, a value outside of it makes the condition unknown, not false.
        let when_false = if with_null {
            Some(Domain::none(column.data_type))
        } else {
            column.opposite(&when_true)
        };
        let inside = Self { column: column.name.to_owned(), when_true, when_false };
        if list.negated { inside.negated() } else { Some(inside) }
    }

    fn negated(self) -> Option<Self> {
        let Self { column, when_true, when_false } = self;
        Some(Self { column, when_true: when_false?, when_false: Some(when_true) })
    }

    fn and(&self, other: &Self) -> Option<Self> {
        let both_false = self.when_false.as_ref().zip(other.when_false.as_ref());
        (self.column == other.column).then(|| Self {
            column: self.column.clone(),
            when_true: self.when_true.intersect(&other.when_true),
            when_false: both_false.map(|(left, right)| left.union(right)),
        })
    }

    fn or(&self, other: &Self) -> Option<Self> {
        let both_false = self.when_false.as_ref().zip(other.when_false.as_ref());
        let when_true = self.when_true.union(&other.when_true);
        // The union of the values below and above a value excludes NaN, but as a domain of all
        // values it would include NaN.
        let adds_nan = when_true.adds_nan(&self.when_true, &other.when_true);
        (self.column == other.column && !adds_nan).then(|| Self {
            column: self.column.clone(),
            when_true,
            when_false: both_false.map(|(left, right)| left.intersect(right)),
        })
    }

    /// Returns the condition `IS TRUE`, which is never unknown.
    fn definite(self) -> Self {
        // A domain can represent the complement only if it can represent the opposite.
        let when_false = self.when_false.as_ref().map(|_| self.when_true.complement());
        Self { when_false, ..self }
    }

    /// Returns the condition `IS UNKNOWN`.
    fn unknown(self) -> Option<Self> {
        let known = self.when_true.union(self.when_false.as_ref()?);
        Some(Self { column: self.column, when_true: known.complement(), when_false: Some(known) })
    }
}

/// A column whose type value sets support.
#[derive(Debug, Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    /// Its wire type.
    data_type: &'a DataType,
}

impl<'a> Column<'a> {
    fn of(expr: &Expr, schema: &'a Schema) -> Option<Self> {
        let Expr::Column(column) = expr else {
            return None;
        };
        let (_, field) = schema.column_with_name(&column.name)?;
        is_orderable(field.data_type())
            .then(|| Self { name: field.name(), data_type: field.data_type() })
    }

    fn literal(&self, expr: &Expr) -> Option<ScalarValue> {
        match expr {
            Expr::Literal(value, _) => literal::to_wire(value, self.data_type),
            _ => None,
        }
    }

    fn compared(&self, comparison: Comparison, value: &ScalarValue) -> ColumnDomains {
        let when_true = Domain::compared(comparison, value);
        let when_false = self.opposite(&when_true);
        ColumnDomains { column: self.name.to_owned(), when_true, when_false }
    }

    fn is_null(&self) -> ColumnDomains {
        ColumnDomains {
            column: self.name.to_owned(),
            when_true: Domain::null(self.data_type),
            when_false: Some(Domain::not_null(self.data_type)),
        }
    }

    /// Returns all values except null that are not in `domain`, or `None` for floating-point
    /// numbers because of NaN.
    fn opposite(&self, domain: &Domain) -> Option<Domain> {
        let has_nan = self.data_type.is_floating();
        (!has_nan).then(|| domain.complement().intersect(&Domain::not_null(self.data_type)))
    }
}
