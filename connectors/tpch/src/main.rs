//! TPC-H connector as a Lambda function.

use athena_connector_sdk::{MiMalloc, lambda};
use athena_connector_tpch::Tpch;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    lambda::block_on(lambda::run(Tpch))
}
