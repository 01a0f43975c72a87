//! Benchmark connector as a Lambda function.

use athena_connector_bench::Bench;
use athena_connector_sdk::{MiMalloc, lambda};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    lambda::block_on(lambda::run(Bench))
}
