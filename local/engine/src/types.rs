//! Type names of Athena's SQL that differ from `DataFusion`.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::{
    error::Result,
    logical_expr::planner::TypePlanner,
    sql::sqlparser::ast::{DataType as SqlType, TimezoneInfo},
};

/// Plans `TIMESTAMP` in microseconds, because nanoseconds have too small a range, and `VARBINARY`
/// as bytes.
#[derive(Debug)]
pub(crate) struct AthenaTypes;

impl TypePlanner for AthenaTypes {
    fn plan_type(&self, sql_type: &SqlType) -> Result<Option<DataType>> {
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        Ok(match sql_type {
            SqlType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                Some(micros(None))
            }
            SqlType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                Some(micros(Some("UTC")))
            }
            SqlType::Varbinary(_) | SqlType::Binary(_) => Some(DataType::Binary),
            // Foreign enum: every other type has the default meaning.
            _ => None,
        })
    }
}
