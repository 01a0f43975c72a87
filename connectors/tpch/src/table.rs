//! The tables, the grid over their rows, and the generators.

use arrow::{datatypes::SchemaRef, error::ArrowError, record_batch::RecordBatch};
use athena_connector_sdk::arrow;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow,
};

use crate::Scale;

/// A table of TPC-H.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum TpchTable {
    Customer,
    LineItem,
    Nation,
    Orders,
    Part,
    PartSupp,
    Region,
    Supplier,
}

/// The rows of one cell, batch by batch.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

impl TpchTable {
    /// Every table, by name.
    pub const ALL: [Self; 8] = [
        Self::Customer,
        Self::LineItem,
        Self::Nation,
        Self::Orders,
        Self::Part,
        Self::PartSupp,
        Self::Region,
        Self::Supplier,
    ];

    /// The name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::LineItem => "lineitem",
            Self::Nation => "nation",
            Self::Orders => "orders",
            Self::Part => "part",
            Self::PartSupp => "partsupp",
            Self::Region => "region",
            Self::Supplier => "supplier",
        }
    }

    /// The columns, in the types of the generator.
    pub fn schema(self) -> SchemaRef {
        match self {
            Self::Customer => CustomerArrow::schema_ref(),
            Self::LineItem => LineItemArrow::schema_ref(),
            Self::Nation => NationArrow::schema_ref(),
            Self::Orders => OrderArrow::schema_ref(),
            Self::Part => PartArrow::schema_ref(),
            Self::PartSupp => PartSuppArrow::schema_ref(),
            Self::Region => RegionArrow::schema_ref(),
            Self::Supplier => SupplierArrow::schema_ref(),
        }
    }

    /// How many cells the grid has at `scale`: about a million rows each.
    ///
    /// A cell is `total / cells` rows that begin at `(cell - 1) * (total / cells)`, and the last one takes the rest; that is how
    /// the generator cuts, and it depends on the scale and the number of cells alone. Lines are cut by their orders.
    pub fn cells(self, scale: Scale) -> i32 {
        // Rows at scale 1 and rows to a cell, both in what the grid counts: orders for lines, parts for their suppliers.
        let (rows, per_cell) = match self {
            Self::Nation | Self::Region => return 1,
            Self::Customer => (150_000.0, 1_000_000.0),
            Self::LineItem => (1_500_000.0, 250_000.0),
            Self::Orders => (1_500_000.0, 1_000_000.0),
            Self::Part => (200_000.0, 1_000_000.0),
            Self::PartSupp => (200_000.0, 250_000.0),
            Self::Supplier => (10_000.0, 1_000_000.0),
        };
        #[expect(clippy::cast_possible_truncation, reason = "the largest scale has 600,000 cells")]
        let cells = (rows * scale.factor() / per_cell).ceil() as i32;
        cells.max(1)
    }

    /// Generates the rows of `cell` (from 1) of a grid of `cells`.
    pub(crate) fn rows(self, scale: Scale, cell: i32, cells: i32) -> Rows {
        let factor = scale.factor();
        match self {
            Self::Customer => Box::new(CustomerArrow::new(CustomerGenerator::new(factor, cell, cells))),
            Self::LineItem => Box::new(LineItemArrow::new(LineItemGenerator::new(factor, cell, cells))),
            Self::Nation => Box::new(NationArrow::new(NationGenerator::new(factor, cell, cells))),
            Self::Orders => Box::new(OrderArrow::new(OrderGenerator::new(factor, cell, cells))),
            Self::Part => Box::new(PartArrow::new(PartGenerator::new(factor, cell, cells))),
            Self::PartSupp => Box::new(PartSuppArrow::new(PartSuppGenerator::new(factor, cell, cells))),
            Self::Region => Box::new(RegionArrow::new(RegionGenerator::new(factor, cell, cells))),
            Self::Supplier => Box::new(SupplierArrow::new(SupplierGenerator::new(factor, cell, cells))),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::compute::concat_batches;

    use super::*;

    fn all(table: TpchTable, scale: Scale, cell: i32, cells: i32) -> RecordBatch {
        let batches: Vec<_> = table.rows(scale, cell, cells).collect::<Result<_, _>>().unwrap();
        concat_batches(&table.schema(), &batches).unwrap()
    }

    #[test]
    fn the_cells_of_a_grid_are_the_whole_table_in_order() {
        let scale = "sf0_01".parse().unwrap();
        for table in TpchTable::ALL {
            let whole = all(table, scale, 1, 1);
            // Tables of a fixed size are never cut.
            let cells = if table.cells("sf100000".parse().unwrap()) == 1 { 1 } else { 7 };
            let parts: Vec<_> = (1..=cells).map(|cell| all(table, scale, cell, cells)).collect();
            assert_eq!(concat_batches(&table.schema(), &parts).unwrap(), whole, "{table:?}");
        }
    }

    #[test]
    fn row_counts_are_those_of_the_specification() {
        let scale = "sf0_01".parse().unwrap();
        let counts = TpchTable::ALL.map(|table| (table.name(), all(table, scale, 1, 1).num_rows()));
        assert_eq!(
            counts,
            [
                ("customer", 1_500),
                ("lineitem", 60_175),
                ("nation", 25),
                ("orders", 15_000),
                ("part", 2_000),
                ("partsupp", 8_000),
                ("region", 5),
                ("supplier", 100),
            ]
        );
    }

    #[test]
    fn cells_grow_with_the_scale() {
        let cells = |schema: &str| TpchTable::LineItem.cells(schema.parse().unwrap());
        assert_eq!(["sf0_01", "sf0_1", "sf1", "sf10", "sf1000"].map(cells), [1, 1, 6, 60, 6_000]);
    }
}
