//! Example connector as a Lambda function.

use athena_connector_example::{Example, udfs};
use athena_connector_sdk::{Handler, MiMalloc, lambda};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    lambda::block_on(Handler::new(Example::from_env()).with_udfs(udfs()).run())
}
