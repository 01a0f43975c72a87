//! HTTP connector as a Lambda function.

use athena_connector_http::{Http, config::Api};
use athena_connector_sdk::{Handler, MiMalloc, Secrets, lambda};

/// Reuses the memory of one block for the next.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), lambda::BoxError> {
    let handler = match Api::from_env() {
        Ok((api, configuration)) => {
            Handler::new(Http::new(api, Secrets::from_env())).with_configuration(configuration)
        }
        Err(error) => Handler::from(Err::<Http, _>(error)),
    };
    lambda::block_on(handler.run())
}
