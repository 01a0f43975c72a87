//! Columns of a table as a plan declares and selects them.

use super::{
    expression::PlanExpression,
    protobuf::{Message, malformed, unsupported},
    types::PlanType,
};
use crate::Result;

/// Maximum length of a column name in bytes. Each use copies it, so limiting the uses would not
/// limit the memory otherwise; Athena's names have at most 255 bytes.
const MAX_NAME_BYTES: usize = 1_000;

/// Reads the columns of a table by name and type.
pub(super) fn base_schema(message: Message<'_>) -> Result<Vec<PlanExpression>> {
    let mut names = Vec::new();
    let mut types = Vec::new();
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
                        _ => return field.reject(),
                    }
                }
            }
            _ => return field.reject(),
        }
    }
    // Names are listed depth first: the fields of a struct directly follow the struct.
    let mut names = names.into_iter();
    let mut columns = Vec::with_capacity(types.len());
    for plan_type in types {
        let name =
            names.next().ok_or_else(|| malformed("a schema has fewer names than columns"))?;
        names.by_ref().take(plan_type.nested_names()).for_each(drop);
        if name.len() > MAX_NAME_BYTES {
            return Err(unsupported(&format!(
                "a column name of {} bytes, more than {MAX_NAME_BYTES}",
                name.len()
            )));
        }
        columns.push(PlanExpression::column(name, plan_type));
    }
    Ok(columns)
}

/// Reads the column indices of a `MaskExpression`, which must select whole columns.
pub(super) fn mask_indices(message: Message<'_>) -> Result<Vec<i64>> {
    let mut indices = Vec::new();
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => {
                for item in field.message("StructSelect")?.fields() {
                    let mut index = 0;
                    for field in item?.message("StructItem")?.fields() {
                        let field = field?;
                        match field.number {
                            1 => index = field.number()?,
                            2 => return Err(unsupported("a projection of a nested field")),
                            _ => return field.reject(),
                        }
                    }
                    indices.push(index);
                }
            }
            2 => {} // representation of a single column
            _ => return field.reject(),
        }
    }
    Ok(indices)
}
