//! The tables of the generator in memory, queried with plain `DataFusion`.

use std::sync::Arc;

use arrow::{array::RecordBatchReader, record_batch::RecordBatch};
use datafusion::{
    catalog::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow,
    SupplierArrow,
};

/// Returns the generator of `lineitem`.
pub(super) fn lineitem(factor: f64) -> LineItemArrow {
    LineItemArrow::new(LineItemGenerator::new(factor, 1, 1))
}

/// Registers the eight tables in a session.
pub(super) fn tables(factor: f64) -> SessionContext {
    let context = SessionContext::new_with_config(SessionConfig::new());
    // In the dialect of the queries, 0.06 is a decimal.
    context.state_ref().write().config_mut().options_mut().sql_parser.parse_float_as_decimal = true;
    register(&context, "customer", CustomerArrow::new(CustomerGenerator::new(factor, 1, 1)));
    register(&context, "lineitem", lineitem(factor));
    register(&context, "nation", NationArrow::new(NationGenerator::new(factor, 1, 1)));
    register(&context, "orders", OrderArrow::new(OrderGenerator::new(factor, 1, 1)));
    register(&context, "part", PartArrow::new(PartGenerator::new(factor, 1, 1)));
    register(&context, "partsupp", PartSuppArrow::new(PartSuppGenerator::new(factor, 1, 1)));
    register(&context, "region", RegionArrow::new(RegionGenerator::new(factor, 1, 1)));
    register(&context, "supplier", SupplierArrow::new(SupplierGenerator::new(factor, 1, 1)));
    context
}

fn register(context: &SessionContext, name: &str, rows: impl RecordBatchReader) {
    let schema = rows.schema();
    let batches: Vec<RecordBatch> = rows.collect::<Result<_, _>>().unwrap();
    let table = MemTable::try_new(schema, vec![batches]).unwrap();
    context.register_table(name, Arc::new(table)).unwrap();
}
