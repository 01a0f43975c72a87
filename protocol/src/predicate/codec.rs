//! The JSON form of constraints.

use super::{
    AllOrNoneValueSet, Bound, Constraints, EquatableValueSet, Expression, Marker, OrderByField,
    QueryPlan, Range, SortedRangeSet, ValueSet,
};
use crate::{
    data_type,
    error::{Error, Result},
    json::{JsonCursor, Writer},
    version::SerdeVersion,
    wire_block::{read_values, write_no_values, write_values},
};
use arrow::array::Array;

impl Constraints {
    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        let version = if !at.member("queryPlan").is_missing() {
            SerdeVersion::V6
        } else if !at.member("queryPassthroughArguments").is_missing() {
            SerdeVersion::V5
        } else if ["expression", "orderByClause", "limit"]
            .iter()
            .any(|name| !at.member(name).is_missing())
        {
            SerdeVersion::V4
        } else {
            SerdeVersion::V3
        };
        at.context.by_members.set(Some(version));
        let limit = at.member("limit");
        Ok(Self {
            summary: at.member("summary").entries(ValueSet::read)?,
            expressions: at
                .member("expression")
                .or_default(|list| list.elements(Expression::read))?,
            order_by: at
                .member("orderByClause")
                .or_default(|list| list.elements(OrderByField::read))?,
            // A negative limit means none. Java reads null and any text as zero, and the query
            // would have no rows.
            limit: if limit.is_missing() { None } else { u64::try_from(limit.limit()?).ok() },
            query_passthrough_arguments: at
                .member("queryPassthroughArguments")
                .or_default(|map| map.entries(|argument| argument.optional_string()))?,
            query_plan: at.member("queryPlan").optional().map(QueryPlan::read).transpose()?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<()> {
        let version = writer.version;
        self.check_version(version)?;
        writer.object(|writer| {
            writer.name("summary").object(|writer| {
                self.summary.iter().try_for_each(|(column, set)| set.write(writer.name(column)))
            })?;
            if version >= SerdeVersion::V4 {
                writer
                    .name("expression")
                    .list(&self.expressions, |writer, expression| expression.write(writer))?;
                writer
                    .name("orderByClause")
                    .list(&self.order_by, |writer, field| field.write(writer))?;
                let limit = self.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
                writer.name("limit").integer(limit);
            }
            if version >= SerdeVersion::V5 {
                writer
                    .name("queryPassthroughArguments")
                    .text_map(&self.query_passthrough_arguments)?;
            }
            if version >= SerdeVersion::V6 {
                writer.name("queryPlan");
                match &self.query_plan {
                    Some(plan) => plan.write(writer)?,
                    None => writer.null(),
                }
            }
            Ok(())
        })
    }

    /// Checks that `version` has a member for every part that is set.
    fn check_version(&self, version: SerdeVersion) -> Result<()> {
        let needs = [
            (SerdeVersion::V4, "an expression", self.expressions.is_empty()),
            (SerdeVersion::V4, "an order", self.order_by.is_empty()),
            (SerdeVersion::V4, "a limit", self.limit.is_none()),
            (
                SerdeVersion::V5,
                "passthrough arguments",
                self.query_passthrough_arguments.is_empty(),
            ),
            (SerdeVersion::V6, "a query plan", self.query_plan.is_none()),
        ];
        match needs.into_iter().find(|(since, _, absent)| version < *since && !absent) {
            Some((since, part, _)) => Err(Error::unsupported(format!(
                "serde version {} cannot carry {part}: use version {} or later",
                version.number(),
                since.number()
            ))),
            None => Ok(()),
        }
    }
}

impl QueryPlan {
    fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        Ok(Self {
            substrait_version: at.member("substraitVersion").optional_string()?,
            substrait_plan: at.member("substraitPlan").string()?,
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("substraitVersion").optional_text(self.substrait_version.as_deref());
            writer.name("substraitPlan").text(&self.substrait_plan);
            Ok(())
        })
    }
}

impl ValueSet {
    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let kind = at.object()?.member("@type");
        let null_allowed = at.member("nullAllowed").boolean()?;
        let all = at.member("all");
        Ok(match &*kind.text()? {
            "SortedRangeSet" | "sortable" => Self::SortedRange(SortedRangeSet {
                data_type: data_type::read(at.member("type"))?,
                ranges: at.member("ranges").elements(Range::read)?,
                null_allowed,
            }),
            "EquatableValueSet" | "equatable" => Self::Equatable(EquatableValueSet {
                values: read_values(at.member("valueBlock"))?,
                inclusive: at.member("whiteList").boolean()?,
                null_allowed,
            }),
            "AllOrNoneValueSet" | "allOrNone" => Self::AllOrNone(AllOrNoneValueSet {
                data_type: data_type::read(at.member("type"))?,
                // Only version 1 may omit the member; it then means false.
                all: if &*kind.text()? == "allOrNone" && all.is_missing() {
                    false
                } else {
                    all.boolean()?
                },
                null_allowed,
            }),
            _ => {
                return Err(
                    kind.unexpected("SortedRangeSet, EquatableValueSet or AllOrNoneValueSet")
                );
            }
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        let version = writer.version;
        let named = |name, version_1| if version == SerdeVersion::V1 { version_1 } else { name };
        let kind = match self {
            Self::SortedRange(_) => named("SortedRangeSet", "sortable"),
            Self::Equatable(_) => named("EquatableValueSet", "equatable"),
            Self::AllOrNone(_) => named("AllOrNoneValueSet", "allOrNone"),
        };
        writer.object(|writer| {
            writer.name("@type").text(kind);
            match self {
                Self::SortedRange(set) => {
                    data_type::write(&set.data_type, writer.name("type"))?;
                    writer.name("ranges").list(&set.ranges, |writer, range| range.write(writer))?;
                }
                Self::Equatable(set) => {
                    write_values(&set.values, writer.name("valueBlock"))?;
                    writer.name("whiteList").boolean(set.inclusive);
                }
                Self::AllOrNone(set) => {
                    data_type::write(&set.data_type, writer.name("type"))?;
                    writer.name("all").boolean(set.all);
                }
            }
            writer.name("nullAllowed").boolean(self.null_allowed());
            Ok(())
        })
    }
}

impl Range {
    fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        let range =
            Self { low: Marker::read(at.member("low"))?, high: Marker::read(at.member("high"))? };
        if range.low.bound == Bound::Below {
            return Err(at.member("low").error("is just BELOW a value, expected EXACTLY or ABOVE"));
        }
        if range.high.bound == Bound::Above {
            return Err(at
                .member("high")
                .error("is just ABOVE a value, expected EXACTLY or BELOW"));
        }
        Ok(range)
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            self.low.write(writer.name("low"))?;
            self.high.write(writer.name("high"))
        })
    }
}

impl Marker {
    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let values = read_values(at.object()?.member("valueBlock"))?;
        let bound = at.member("bound");
        Ok(Self {
            data_type: values.data_type().clone(),
            bound: match &*bound.text()? {
                "BELOW" => Bound::Below,
                "EXACTLY" => Bound::Exactly,
                "ABOVE" => Bound::Above,
                _ => return Err(bound.unexpected("BELOW, EXACTLY or ABOVE")),
            },
            value: (!values.is_empty()).then(|| values.slice(0, 1)),
            null_value: at.member("nullValue").boolean()?,
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("valueBlock");
            match &self.value {
                Some(value) => write_values(value, writer)?,
                None => write_no_values(&self.data_type, writer)?,
            }
            writer.name("bound").text(match self.bound {
                Bound::Below => "BELOW",
                Bound::Exactly => "EXACTLY",
                Bound::Above => "ABOVE",
            });
            writer.name("nullValue").boolean(self.null_value);
            Ok(())
        })
    }
}

impl Expression {
    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let kind = at.object()?.member("@type");
        let data_type = data_type::read(at.member("type"))?;
        Ok(match &*kind.text()? {
            "ConstantExpression" | "constant" => Self::Constant {
                values: at.member("valueBlock").optional().map(read_values).transpose()?,
                data_type,
            },
            "VariableExpression" | "variable" => {
                Self::Variable { column: at.member("columnName").string()?, data_type }
            }
            "FunctionCallExpression" | "functionCall" => Self::Call {
                function: at.member("functionName").object()?.member("functionName").string()?,
                arguments: at.member("arguments").elements(Self::read)?,
                data_type,
            },
            _ => {
                return Err(kind.unexpected(
                    "ConstantExpression, VariableExpression or FunctionCallExpression",
                ));
            }
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| match self {
            Self::Constant { values, data_type } => {
                writer.name("@type").text("ConstantExpression");
                writer.name("valueBlock");
                match values {
                    Some(values) => write_values(values, writer)?,
                    None => writer.null(),
                }
                data_type::write(data_type, writer.name("type"))
            }
            Self::Variable { column, data_type } => {
                writer.name("@type").text("VariableExpression");
                writer.name("columnName").text(column);
                data_type::write(data_type, writer.name("type"))
            }
            Self::Call { function, arguments, data_type } => {
                writer.name("@type").text("FunctionCallExpression");
                data_type::write(data_type, writer.name("type"))?;
                writer.name("functionName").object(|writer| {
                    writer.name("functionName").text(function);
                    Ok(())
                })?;
                writer.name("arguments").list(arguments, |writer, argument| argument.write(writer))
            }
        })
    }
}
