//! Tables, the grid over their rows, and their generators.

use arrow::{datatypes::SchemaRef, error::ArrowError, record_batch::RecordBatch};
use athena_connector_sdk::{Error, Result, arrow};
use tpchgen::{
    distribution::Distributions,
    generators::{
        CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
        PartSuppGenerator, RegionGenerator, SupplierGenerator,
    },
    text::TextPool,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow,
    SupplierArrow,
};

use crate::{Scale, text::text_pool};

/// TPC-H table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
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

/// Cell of a grid over the rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// Number of the cell, counted from 1.
    pub(crate) number: i32,
    /// Number of cells in the grid.
    pub(crate) grid: i32,
}

/// Batches of one cell.
type CellBatches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

impl TpchTable {
    /// All tables, in order of their names.
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

    /// Returns the name in SQL.
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

    /// Returns the columns, in the types of the generator.
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

    /// Returns the number of cells of the grid at `scale`, of about a million rows each.
    ///
    /// A cell has `total / cells` rows and begins at row `(cell - 1) * (total / cells)`; the last
    /// one takes the remainder. The generator cuts this way, and the result depends only on the
    /// scale and the number of cells. Lines are cut by their orders.
    pub fn cells(self, scale: Scale) -> i32 {
        // Rows at scale 1 and rows per cell, counted as the generator does: orders for line items,
        // parts for part suppliers.
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

    /// Generates the rows of a cell, with the columns of `projection`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an unknown column, and for comments if the function has too little memory
    /// for them.
    pub(crate) fn rows(
        self,
        projection: &SchemaRef,
        scale: Scale,
        cell: Cell,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let schema = self.schema();
        let indices = projection.fields().iter().map(|field| schema.index_of(field.name()));
        let indices: Vec<usize> = indices.collect::<Result<_, _>>().map_err(|error| {
            Error::invalid_input(format!(
                "table {:?} does not have a requested column",
                self.name()
            ))
            .with_source(error)
        })?;
        let with_comments =
            indices.iter().any(|&column| schema.field(column).name().ends_with("_comment"));
        let batches = self.all_columns(scale, cell, text_pool(with_comments)?);
        Ok(batches.map(move |batch| {
            let batch = batch.and_then(|batch| batch.project(&indices));
            batch.map_err(|error| {
                Error::internal("the generator failed to build a batch").with_source(error)
            })
        }))
    }

    fn all_columns(self, scale: Scale, cell: Cell, text: &'static TextPool) -> CellBatches {
        let Cell { number, grid } = cell;
        let words = Distributions::static_default();
        let factor = scale.factor();
        macro_rules! rows {
            ($arrow:ident, $generator:ident) => {{
                let new = $generator::new_with_distributions_and_text_pool;
                Box::new($arrow::new(new(factor, number, grid, words, text)))
            }};
        }
        match self {
            Self::Customer => rows!(CustomerArrow, CustomerGenerator),
            Self::LineItem => rows!(LineItemArrow, LineItemGenerator),
            Self::Nation => Box::new(NationArrow::new(
                NationGenerator::new_with_distributions_and_text_pool(words, text),
            )),
            Self::Orders => rows!(OrderArrow, OrderGenerator),
            Self::Part => rows!(PartArrow, PartGenerator),
            Self::PartSupp => Box::new(PartSuppArrow::new(PartSuppGenerator::new_with_text_pool(
                factor, number, grid, text,
            ))),
            Self::Region => Box::new(RegionArrow::new(
                RegionGenerator::new_with_distributions_and_text_pool(words, text),
            )),
            Self::Supplier => rows!(SupplierArrow, SupplierGenerator),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::compute::concat_batches;

    use super::*;

    fn all(table: TpchTable, scale: Scale, number: i32, grid: i32) -> RecordBatch {
        let batches = table.rows(&table.schema(), scale, Cell { number, grid }).unwrap();
        concat_batches(&table.schema(), &batches.collect::<Result<Vec<_>>>().unwrap()).unwrap()
    }

    #[test]
    fn columns_are_the_same_without_comments() {
        let scale = "sf0_01".parse().unwrap();
        for table in TpchTable::ALL {
            let schema = table.schema();
            let others: Vec<_> = (0..schema.fields().len() - 1).collect();
            assert!(schema.fields()[others.len()].name().ends_with("_comment"));
            let projection = schema.project(&others).unwrap().into();
            let without = table
                .rows(&projection, scale, Cell { number: 1, grid: 1 })
                .unwrap()
                .collect::<Result<Vec<_>>>()
                .unwrap();
            let whole = all(table, scale, 1, 1).project(&others).unwrap();
            assert_eq!(concat_batches(&projection, &without).unwrap(), whole, "{table:?}");
        }
    }

    #[test]
    fn the_cells_of_a_grid_add_up_to_the_table_in_order() {
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
    fn row_counts_match_the_specification() {
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
    fn the_number_of_cells_grows_with_the_scale() {
        let cells = |schema: &str| TpchTable::LineItem.cells(schema.parse().unwrap());
        assert_eq!(["sf0_01", "sf0_1", "sf1", "sf10", "sf1000"].map(cells), [1, 1, 6, 60, 6_000]);
    }
}
