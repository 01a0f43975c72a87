//! Connector as a Lambda function.

use athena_connector_sdk::{Handler, MiMalloc, lambda};

/// Reuses the memory of one block for the next.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    let handler = Handler::from(athena_template_http::connector());
    lambda::block_on(handler.with_configuration(athena_template_http::DECLARATION).run())
}
