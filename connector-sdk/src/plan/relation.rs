//! Relations of a plan, from the table up: what columns there are, which rows are left, in what
//! order.

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Int64Type},
};
use athena_protocol::predicate::{Direction, Expression, OrderByField};

use super::{
    expression::{Reader, Typed},
    protobuf::{Field, Message, damaged, refused},
    types::PlanType,
};
use crate::{Result, wire_type::cast_values};

/// Longest name of a column. Each use copies it, so without a limit what bounds the uses would not
/// bound the memory; Athena has names of 255 bytes at most.
const MAX_NAME_BYTES: usize = 1_000;

/// What a relation makes of the rows of the table.
#[derive(Debug, Default)]
pub(super) struct Relation {
    /// Its columns, in terms of those of the table.
    pub(super) columns: Vec<Typed>,
    /// Conditions on the rows of the table, all of which must be true.
    pub(super) filter: Vec<Expression>,
    pub(super) order_by: Vec<OrderByField>,
    pub(super) fetch: Option<Fetch>,
}

/// Which of the rows that are left, in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fetch {
    pub(super) offset: u64,
    /// How many rows; `None` for all.
    pub(super) count: Option<u64>,
}

impl Reader<'_> {
    /// What a `Rel` message stands for.
    pub(super) fn relation(&mut self, message: Message<'_>) -> Result<Relation> {
        let mut found = None;
        for field in message.fields() {
            let field = field?;
            if found.is_some() {
                return Err(damaged("a relation of two kinds"));
            }
            found = Some(match field.number {
                1 => self.table(field.message("ReadRel")?)?,
                2 => self.filter(field.message("FilterRel")?)?,
                3 => self.fetch(field.message("FetchRel")?)?,
                5 => self.sort(field.message("SortRel")?)?,
                7 => self.project(field.message("ProjectRel")?)?,
                number => return Err(refused(&format!("a relation of kind {}", kind(number)))),
            });
        }
        found.ok_or_else(|| damaged("a relation of no kind"))
    }

    fn table(&mut self, message: Message<'_>) -> Result<Relation> {
        let (mut columns, mut common, mut is_table) = (Vec::new(), None, false);
        let (mut filters, mut projection) = (Vec::new(), None);
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => common = Some(field.message("RelCommon")?),
                2 => columns = base_schema(field.message("NamedStruct")?)?,
                3 => filters.push(field.message("Expression")?),
                4 => projection = Some(field.message("MaskExpression")?),
                7 => is_table = true, // its name is in the request
                10 => check_extension(field.message("AdvancedExtension")?)?,
                11 => {} // a filter that may be left out
                5 => return Err(refused("a virtual table")),
                6 => return Err(refused("local files")),
                8 => return Err(refused("an extension table")),
                9 => return Err(refused("an Iceberg table")),
                _ => return field.refuse(),
            }
        }
        if !is_table {
            return Err(damaged("a read of no table"));
        }
        let mut relation = Relation { columns, ..Relation::default() };
        for filter in filters {
            relation.filter.push(self.read(filter, &relation.columns)?.expression);
        }
        if let Some(projection) = projection {
            let places = mask(projection)?;
            relation.columns = self.pick(&relation.columns, &places)?;
        }
        self.emit(relation, common)
    }

    fn filter(&mut self, message: Message<'_>) -> Result<Relation> {
        let (mut input, mut common, mut condition) = (None, None, None);
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => condition = Some(field.message("Expression")?),
                _ => self.part(&field, &mut common, &mut input)?,
            }
        }
        let (Some(mut input), Some(condition)) = (input, condition) else {
            return Err(damaged("a filter without input or condition"));
        };
        if input.fetch.is_some() {
            return Err(refused("a filter of rows that a fetch has counted"));
        }
        input.filter.push(self.read(condition, &input.columns)?.expression);
        self.emit(input, common)
    }

    fn project(&mut self, message: Message<'_>) -> Result<Relation> {
        let (mut input, mut common, mut expressions) = (None, None, Vec::new());
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => expressions.push(field.message("Expression")?),
                _ => self.part(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(damaged("a projection without input")) };
        // Each is of the input alone, not of what else is computed.
        let computed =
            expressions.into_iter().map(|expression| self.read(expression, &input.columns));
        let computed = computed.collect::<Result<Vec<_>>>()?;
        input.columns.extend(computed);
        self.emit(input, common)
    }

    fn sort(&mut self, message: Message<'_>) -> Result<Relation> {
        let (mut input, mut common, mut keys) = (None, None, Vec::new());
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => keys.push(field.message("SortField")?),
                _ => self.part(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(damaged("a sort without input")) };
        if input.fetch.is_some() {
            return Err(refused("a sort of rows that a fetch has counted"));
        }
        let keys = keys
            .into_iter()
            .map(|key| self.sort_key(key, &input.columns))
            .collect::<Result<Vec<_>>>()?;
        // What was ordered before is left for rows that are equal now.
        input.order_by.splice(0..0, keys);
        self.emit(input, common)
    }

    fn sort_key(&mut self, message: Message<'_>, columns: &[Typed]) -> Result<OrderByField> {
        let (mut key, mut direction) = (None, None);
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
                        other => return Err(refused(&format!("a sort in direction {other}"))),
                    });
                }
                3 => return Err(refused("a sort by a function")),
                _ => return field.refuse(),
            }
        }
        let (Some(key), Some(direction)) = (key, direction) else {
            return Err(damaged("a sort without a key or a direction"));
        };
        match key.expression {
            Expression::Variable { column, .. } => {
                Ok(OrderByField { column_name: Some(column), direction })
            }
            Expression::Constant { .. } | Expression::Call { .. } => {
                Err(refused("a sort by something else than a column of the table"))
            }
        }
    }

    fn fetch(&mut self, message: Message<'_>) -> Result<Relation> {
        let (mut input, mut common, mut fetch) = (None, None, Fetch::default());
        for field in message.fields() {
            let field = field?;
            match field.number {
                3 => fetch.offset = unsigned(field.number()?)?,
                // All rows.
                4 if field.number()? == -1 => fetch.count = None,
                4 => fetch.count = Some(unsigned(field.number()?)?),
                5 => fetch.offset = self.whole(field.message("Expression")?)?.unwrap_or(0),
                6 => fetch.count = self.whole(field.message("Expression")?)?,
                _ => self.part(&field, &mut common, &mut input)?,
            }
        }
        let Some(mut input) = input else { return Err(damaged("a fetch without input")) };
        if input.fetch.replace(fetch).is_some() {
            return Err(refused("a fetch of rows that a fetch has counted"));
        }
        self.emit(input, common)
    }

    /// A number of rows; `None` for null.
    fn whole(&mut self, message: Message<'_>) -> Result<Option<u64>> {
        let Expression::Constant { values: Some(values), .. } = self.read(message, &[])?.expression
        else {
            return Err(refused("a fetch of a computed number of rows"));
        };
        if values.logical_null_count() > 0 {
            return Ok(None);
        }
        let wide = if values.data_type().is_integer() {
            cast_values(&values, &DataType::Int64)
        } else {
            None
        };
        let wide = wide.ok_or_else(|| refused("a fetch of other than a whole number of rows"))?;
        unsigned(wide.as_primitive::<Int64Type>().value(0)).map(Some)
    }

    /// A field that several relations have: what they have in common, their input, or an extension.
    fn part<'a>(
        &mut self,
        field: &Field<'a>,
        common: &mut Option<Message<'a>>,
        input: &mut Option<Relation>,
    ) -> Result<()> {
        match field.number {
            1 => *common = Some(field.message("RelCommon")?),
            2 if input.is_some() => return Err(damaged("a relation of two inputs")),
            2 => *input = Some(self.relation(field.message("Rel")?)?),
            10 => check_extension(field.message("AdvancedExtension")?)?,
            _ => return field.refuse(),
        }
        Ok(())
    }

    /// The relation with the columns that its `RelCommon` says, in that order.
    fn emit(&mut self, mut relation: Relation, common: Option<Message<'_>>) -> Result<Relation> {
        let mut mapping = None;
        for field in common.iter().flat_map(Message::fields) {
            let field = field?;
            match field.number {
                1 => mapping = None,
                2 => {
                    let mut places = Vec::new();
                    for field in field.message("Emit")?.fields() {
                        let field = field?;
                        match field.number {
                            1 => places.extend(field.numbers()?),
                            _ => return field.refuse(),
                        }
                    }
                    mapping = Some(places);
                }
                3 => {} // hints about speed
                4 => check_extension(field.message("AdvancedExtension")?)?,
                _ => return field.refuse(),
            }
        }
        if let Some(places) = mapping {
            relation.columns = self.pick(&relation.columns, &places)?;
        }
        Ok(relation)
    }

    fn pick(&mut self, columns: &[Typed], places: &[i64]) -> Result<Vec<Typed>> {
        let mut picked = Vec::new();
        for &place in places {
            let column = usize::try_from(place).ok().and_then(|place| columns.get(place));
            let column = column
                .ok_or_else(|| damaged(format!("output of field {place} of {}", columns.len())))?;
            self.spend(column.nodes)?;
            picked.push(column.clone());
        }
        Ok(picked)
    }
}

/// The columns of a table, by the names and types that the plan has of them.
fn base_schema(message: Message<'_>) -> Result<Vec<Typed>> {
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => names.push(field.text()?),
            2 => {
                for field in field.message("Type.Struct")?.fields() {
                    let field = field?;
                    match field.number {
                        1 => types.push(PlanType::read(field.message("Type")?)?),
                        2 | 3 => {} // variation and nullability
                        _ => return field.refuse(),
                    }
                }
            }
            _ => return field.refuse(),
        }
    }
    // Names go depth first: those of the fields of a struct come right after its own.
    let mut names = names.into_iter();
    let mut columns = Vec::with_capacity(types.len());
    for plan_type in types {
        let name = names.next().ok_or_else(|| damaged("a schema with fewer names than columns"))?;
        names.by_ref().take(plan_type.inner_names()).for_each(drop);
        if name.len() > MAX_NAME_BYTES {
            return Err(refused(&format!(
                "a column name of {} bytes, more than {MAX_NAME_BYTES},",
                name.len()
            )));
        }
        columns.push(Typed::column(name, plan_type));
    }
    Ok(columns)
}

/// The places of a `MaskExpression`, which must be of whole columns.
fn mask(message: Message<'_>) -> Result<Vec<i64>> {
    let mut places = Vec::new();
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => {
                for item in field.message("StructSelect")?.fields() {
                    let mut place = 0;
                    for field in item?.message("StructItem")?.fields() {
                        let field = field?;
                        match field.number {
                            1 => place = field.number()?,
                            2 => return Err(refused("a projection of parts of a column")),
                            _ => return field.refuse(),
                        }
                    }
                    places.push(place);
                }
            }
            2 => {} // how a single column is shown
            _ => return field.refuse(),
        }
    }
    Ok(places)
}

/// Optimisations may be left out, enhancements not.
pub(super) fn check_extension(message: Message<'_>) -> Result<()> {
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => {}
            2 => return Err(refused("an enhancement that changes its meaning")),
            _ => return field.refuse(),
        }
    }
    Ok(())
}

fn unsigned(rows: i64) -> Result<u64> {
    u64::try_from(rows).map_err(|_| damaged(format!("a fetch of {rows} rows")))
}

/// What the relations are called that are not evaluated.
fn kind(number: u32) -> String {
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
