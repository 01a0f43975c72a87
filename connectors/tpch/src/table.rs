//! The tables, the grid over their rows, and the generators.

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

use crate::{Scale, text::text};

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
    /// A cell is `total / cells` rows that begin at `(cell - 1) * (total / cells)`, and the last
    /// one takes the rest; that is how the generator cuts, and it depends on the scale and the
    /// number of cells alone. Lines are cut by their orders.
    pub fn cells(self, scale: Scale) -> i32 {
        // Rows at scale 1 and rows to a cell, both in what the grid counts: orders for lines, parts
        // for their suppliers.
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

    /// Generates the rows of `cell` (from 1) of a grid of `cells`, with the columns of
    /// `projection`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a column that the table has not, and for comments that the function has
    /// no memory for.
    pub(crate) fn rows(
        self,
        projection: &SchemaRef,
        scale: Scale,
        (cell, cells): (i32, i32),
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let schema = self.schema();
        let wanted = projection.fields().iter().map(|field| schema.index_of(field.name()));
        let wanted: Vec<usize> = wanted.collect::<Result<_, _>>().map_err(|error| {
            Error::invalid_input(format!("table {} has no such column", self.name()))
                .with_source(error)
        })?;
        let with_comments =
            wanted.iter().any(|&column| schema.field(column).name().ends_with("_comment"));
        let batches = self.all_columns(scale, (cell, cells), text(with_comments)?);
        Ok(batches.map(move |batch| {
            let batch = batch.and_then(|batch| batch.project(&wanted));
            batch.map_err(|error| Error::internal("the generator failed").with_source(error))
        }))
    }

    fn all_columns(self, scale: Scale, (cell, cells): (i32, i32), text: &'static TextPool) -> Rows {
        let (words, factor) = (Distributions::static_default(), scale.factor());
        macro_rules! rows {
            ($arrow:ident, $generator:ident) => {{
                let new = $generator::new_with_distributions_and_text_pool;
                Box::new($arrow::new(new(factor, cell, cells, words, text)))
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
                factor, cell, cells, text,
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

    fn all(table: TpchTable, scale: Scale, cell: i32, cells: i32) -> RecordBatch {
        let batches = table.rows(&table.schema(), scale, (cell, cells)).unwrap();
        concat_batches(&table.schema(), &batches.collect::<Result<Vec<_>>>().unwrap()).unwrap()
    }

    #[test]
    fn columns_do_not_change_where_comments_are_left_out() {
        let scale = "sf0_01".parse().unwrap();
        for table in TpchTable::ALL {
            let schema = table.schema();
            let others: Vec<_> = (0..schema.fields().len() - 1).collect();
            assert!(schema.fields()[others.len()].name().ends_with("_comment"));
            let projection = schema.project(&others).unwrap().into();
            let without = table
                .rows(&projection, scale, (1, 1))
                .unwrap()
                .collect::<Result<Vec<_>>>()
                .unwrap();
            let whole = all(table, scale, 1, 1).project(&others).unwrap();
            assert_eq!(concat_batches(&projection, &without).unwrap(), whole, "{table:?}");
        }
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
