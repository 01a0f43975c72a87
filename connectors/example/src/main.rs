//! Example connector as a Lambda function.

use athena_connector_example::{Example, udfs};
use athena_connector_sdk::{Handler, MiMalloc, lambda};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    let example = Example::from_env();
    let configuration = example.configuration();
    let handler = Handler::new(example).with_configuration(configuration).with_udfs(udfs());
    lambda::block_on(handler.run())
}
