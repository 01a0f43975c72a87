//! Connector as a Lambda function.

use athena_connector_sdk::{MiMalloc, StaticConnector, lambda};
use athena_template_table::Squares;

/// Reuses the memory of one block for the next.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    let connector = StaticConnector::new().table("math", "squares", Squares);
    lambda::block_on(lambda::run(connector))
}
