//! Conversion of plan relations, from the table up: columns, conditions, order and fetch.

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Int64Type},
};
use athena_protocol::predicate::{Direction, Expression, OrderByField};

use super::{
    expression::{PlanExpression, PlanReader, column_at},
    protobuf::{Field, Message, malformed, unsupported},
    schema::{base_schema, mask_indices},
};
use crate::{Result, wire_type::cast_values};

/// Effect of a relation on the rows of the table.
#[derive(Debug, Default)]
pub(super) struct Relation {
    /// Columns of the relation, in terms of the table's columns.
    pub(super) columns: Vec<PlanExpression>,
    /// Conditions on the rows of the table, which must all be true.
    pub(super) filter: Vec<Expression>,
    pub(super) order_by: Vec<OrderByField>,
    pub(super) fetch: Option<Fetch>,
}

/// Subset of the ordered rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fetch {
    pub(super) offset: u64,
    /// Number of rows; `None` for all.
    pub(super) count: Option<u64>,
}

impl PlanReader<'_> {
    /// Converts a `Rel` message.
    pub(super) fn relation(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            if found.is_some() {
                return Err(malformed("a relation has two kinds"));
            }
            found = Some(match field.number {
                1 => self.table_scan(field.message("ReadRel")?)?,
                2 => self.filter(field.message("FilterRel")?)?,
                3 => self.fetch(field.message("FetchRel")?)?,
                5 => self.sort(field.message("SortRel")?)?,
                7 => self.project(field.message("ProjectRel")?)?,
                number => return Err(unsupported(&format!("relation {}", relation_name(number)))),
            });
        }
        found.ok_or_else(|| malformed("a relation is empty"))
    }

    fn table_scan(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut columns = Vec::new();
        let mut common = None;
        let mut is_table = false;
        let mut filters = Vec::new();
        let mut projection = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => common = Some(field.message("RelCommon")?),
                2 => columns = base_schema(field.message("NamedStruct")?)?,
                3 => filters.push(field.message("Expression")?),
                4 => projection = Some(field.message("MaskExpression")?),
                7 => is_table = true, // its name is in the request
                10 => check_extension(field.message("AdvancedExtension")?)?,
                11 => {} // a best-effort filter, optional
                5 => return Err(unsupported("a virtual table")),
                6 => return Err(unsupported("local files")),
                8 => return Err(unsupported("an extension table")),
                9 => return Err(unsupported("an Iceberg table")),
                _ => return field.reject(),
            }
        }
        if !is_table {
            return Err(malformed("a read names no table"));
        }
        let mut relation = Relation { columns, ..Relation::default() };
        for filter in filters {
            relation.filter.push(self.read(filter, &relation.columns)?.expression);
        }
        if let Some(projection) = projection {
            let indices = mask_indices(projection)?;
            relation.columns = self.select(&relation.columns, &indices)?;
        }
        self.emit(relation, common)
    }

    fn filter(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut input = None;
        let mut common = None;
        let mut condition = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => condition = Some(field.message("Expression")?),
                _ => self.shared_field(&field, &mut common, &mut input)?,
            }
        }
        let (Some(mut input), Some(condition)) = (input, condition) else {
            return Err(malformed("a filter has no input or no condition"));
        };
        if input.fetch.is_some() {
            return Err(unsupported("a filter above a fetch"));
        }
        input.filter.push(self.read(condition, &input.columns)?.expression);
        self.emit(input, common)
    }

    fn project(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut input = None;
        let mut common = None;
        let mut expressions = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => expressions.push(field.message("Expression")?),
                _ => self.shared_field(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(malformed("a projection has no input")) };
        // Each expression refers to the input only, not to the other computed columns.
        let computed =
            expressions.into_iter().map(|expression| self.read(expression, &input.columns));
        let computed = computed.collect::<Result<Vec<_>>>()?;
        input.columns.extend(computed);
        self.emit(input, common)
    }

    fn sort(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut input = None;
        let mut common = None;
        let mut keys = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => keys.push(field.message("SortField")?),
                _ => self.shared_field(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(malformed("a sort has no input")) };
        if input.fetch.is_some() {
            return Err(unsupported("a sort above a fetch"));
        }
        let keys = keys
            .into_iter()
            .map(|key| self.sort_key(key, &input.columns))
            .collect::<Result<Vec<_>>>()?;
        // The previous order breaks ties of the new one.
        input.order_by.splice(0..0, keys);
        self.emit(input, common)
    }

    fn sort_key(
        &mut self,
        message: Message<'_>,
        columns: &[PlanExpression],
    ) -> Result<OrderByField> {
        let mut key = None;
        let mut direction = None;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => key = Some(self.read(field.message("Expression")?, columns)?),
                2 => {
                    direction = Some(match field.number()? {
                        1 => Direction::AscNullsFirst,
                        2 => Direction::AscNullsLast,
                        3 => Direction::DescNullsFirst,
                        4 => Direction::DescNullsLast,
                        other => return Err(unsupported(&format!("a sort in direction {other}"))),
                    });
                }
                3 => return Err(unsupported("a sort by a function")),
                _ => return field.reject(),
            }
        }
        let (Some(key), Some(direction)) = (key, direction) else {
            return Err(malformed("a sort has no key or no direction"));
        };
        match key.expression {
            Expression::Variable { column, .. } => {
                Ok(OrderByField { column_name: Some(column), direction })
            }
            Expression::Constant { .. } | Expression::Call { .. } => {
                Err(unsupported("a sort by an expression"))
            }
        }
    }

    fn fetch(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut input = None;
        let mut common = None;
        let mut fetch = Fetch::default();
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => fetch.offset = unsigned(field.number()?)?,
                // -1 stands for all rows.
                4 if field.number()? == -1 => fetch.count = None,
                4 => fetch.count = Some(unsigned(field.number()?)?),
                5 => fetch.offset = self.row_count(field.message("Expression")?)?.unwrap_or(0),
                6 => fetch.count = self.row_count(field.message("Expression")?)?,
                _ => self.shared_field(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(malformed("a fetch has no input")) };
        if input.fetch.replace(fetch).is_some() {
            return Err(unsupported("a fetch above a fetch"));
        }
        self.emit(input, common)
    }

    /// Reads a constant number of rows; `None` for null.
    fn row_count(&mut self, message: Message<'_>) -> Result<Option<u64>> {
        let Expression::Constant { values: Some(values), .. } = self.read(message, &[])?.expression
        else {
            return Err(unsupported("a fetch with a computed count"));
        };
        if values.logical_null_count() > 0 {
            return Ok(None);
        }
        let wide = if values.data_type().is_integer() {
            cast_values(&values, &DataType::Int64)
        } else {
            None
        };
        let wide =
            wide.ok_or_else(|| unsupported("a fetch with a count that is not an integer"))?;
        unsigned(wide.as_primitive::<Int64Type>().value(0)).map(Some)
    }

    /// Reads a field that several relations share: common properties, input or extension.
    fn shared_field<'a>(
        &mut self,
        field: &Field<'a>,
        common: &mut Option<Message<'a>>,
        input: &mut Option<Relation>,
    ) -> Result<()> {
        match field.number {
            1 => *common = Some(field.message("RelCommon")?),
            2 if input.is_some() => return Err(malformed("a relation has two inputs")),
            2 => *input = Some(self.relation(field.message("Rel")?)?),
            10 => check_extension(field.message("AdvancedExtension")?)?,
            _ => return field.reject(),
        }
        Ok(())
    }

    /// Selects the columns that `RelCommon` emits, in that order.
    fn emit(&mut self, mut relation: Relation, common: Option<Message<'_>>) -> Result<Relation> {
        let mut mapping = None;
        for field in common.iter().flat_map(Message::fields) {
            let field = field?;
            match field.number {
                1 => mapping = None,
                2 => {
                    let mut indices = Vec::new();
                    for field in field.message("Emit")?.fields() {
                        let field = field?;
                        match field.number {
                            1 => indices.extend(field.numbers()?),
                            _ => return field.reject(),
                        }
                    }
                    mapping = Some(indices);
                }
                3 => {} // optimization hints
                4 => check_extension(field.message("AdvancedExtension")?)?,
                _ => return field.reject(),
            }
        }
        if let Some(indices) = mapping {
            relation.columns = self.select(&relation.columns, &indices)?;
        }
        Ok(relation)
    }

    fn select(
        &mut self,
        columns: &[PlanExpression],
        indices: &[i64],
    ) -> Result<Vec<PlanExpression>> {
        let mut selected = Vec::new();
        for &index in indices {
            let column = column_at(columns, index)?;
            self.count_nodes(column.nodes)?;
            selected.push(column.clone());
        }
        Ok(selected)
    }
}

/// Checks an extension: optimizations may be ignored, enhancements may not.
pub(super) fn check_extension(message: Message<'_>) -> Result<()> {
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => {}
            2 => return Err(unsupported("an enhancement, which changes its semantics")),
            _ => return field.reject(),
        }
    }
    Ok(())
}

fn unsigned(rows: i64) -> Result<u64> {
    u64::try_from(rows).map_err(|_| malformed(format!("a fetch has a count of {rows}")))
}

/// Returns the name of an unsupported relation kind.
fn relation_name(number: u32) -> String {
    let name = match number {
        4 => "aggregate",
        6 => "join",
        8 => "set",
        9 => "extension_single",
        10 => "extension_multi",
        11 => "extension_leaf",
        12 => "cross",
        13 => "hash_join",
        14 => "merge_join",
        15 => "exchange",
        16 => "expand",
        17 => "window",
        18 => "nested_loop_join",
        19 => "write",
        20 => "ddl",
        21 => "reference",
        22 => "update",
        other => return other.to_string(),
    };
    name.to_owned()
}
