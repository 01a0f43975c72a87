//! HTTP connector as a Lambda function.

use athena_connector_http::{Http, config::Api};
use athena_connector_sdk::{Handler, MiMalloc, lambda};

/// Reuses the memory of one block for the next.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    let (api, configuration) = Api::from_env()?;
    let handler = Handler::new(Http::new(api)).with_configuration(configuration);
    lambda::block_on(handler.run())
}
