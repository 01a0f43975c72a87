//! For which values of a column a condition is true, and for which it is false.

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

/// A condition on one column in three-valued logic: true for some values, false for others, unknown
/// for the rest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Truth {
    /// The column.
    pub(super) column: String,
    /// Values for which it is true.
    pub(super) yes: Domain,
    /// Values for which it is false; `None` if they have no form. NaN is why: it is neither below
    /// nor above a value, so that the opposite of a range of floating-point numbers is not a range.
    no: Option<Domain>,
}

impl Truth {
    /// Reads `condition`; `None` if it is not about one orderable column of `schema` and constants.
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
            // Not our enum: whatever else there is says nothing that a value set could.
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
        let yes = Domain::any_of(column.data_type, values);
        // Beside a null, a value that is not in the list is not known to be in it or not: never
        // false.
        let no =
            if with_null { Some(Domain::nothing(column.data_type)) } else { column.opposite(&yes) };
        let inside = Self { column: column.name.to_owned(), yes, no };
        if list.negated { inside.negated() } else { Some(inside) }
    }

    fn negated(self) -> Option<Self> {
        let Self { column, yes, no } = self;
        Some(Self { column, yes: no?, no: Some(yes) })
    }

    fn and(&self, other: &Self) -> Option<Self> {
        let no = self.no.as_ref().zip(other.no.as_ref()).map(|(a, b)| a.union(b));
        (self.column == other.column).then(|| Self {
            column: self.column.clone(),
            yes: self.yes.intersect(&other.yes),
            no,
        })
    }

    fn or(&self, other: &Self) -> Option<Self> {
        let no = self.no.as_ref().zip(other.no.as_ref()).map(|(a, b)| a.intersect(b));
        let yes = self.yes.union(&other.yes);
        // Below a value or above it is every number, and not NaN, which every value that is not
        // null would let in.
        let lets_in_nan = yes.has_nan_by_union_of(&self.yes, &other.yes);
        (self.column == other.column && !lets_in_nan).then(|| Self {
            column: self.column.clone(),
            yes,
            no,
        })
    }

    /// True where it is true, false elsewhere: never unknown.
    fn definite(self) -> Self {
        // Its complement has a form only where its opposite has one: see `no`.
        let no = self.no.as_ref().map(|_| self.yes.complement());
        Self { no, ..self }
    }

    fn unknown(self) -> Option<Self> {
        let known = self.yes.union(self.no.as_ref()?);
        Some(Self { column: self.column, yes: known.complement(), no: Some(known) })
    }
}

/// A column that value sets can speak of.
#[derive(Debug, Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    /// On the wire.
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

    fn compared(&self, comparison: Comparison, value: &ScalarValue) -> Truth {
        let yes = Domain::compared(comparison, value);
        let no = self.opposite(&yes);
        Truth { column: self.name.to_owned(), yes, no }
    }

    fn is_null(&self) -> Truth {
        let no = Some(Domain::not_null(self.data_type));
        Truth { column: self.name.to_owned(), yes: Domain::null(self.data_type), no }
    }

    /// Every value that is not in `domain`, null aside.
    fn opposite(&self, domain: &Domain) -> Option<Domain> {
        let has_nan = self.data_type.is_floating();
        (!has_nan).then(|| domain.complement().intersect(&Domain::not_null(self.data_type)))
    }
}
