//! The TPC-H connector as a Lambda function.

use athena_connector_sdk::lambda;
use athena_connector_tpch::Tpch;

fn main() -> Result<(), lambda::BoxError> {
    lambda::block_on(lambda::run(Tpch))
}
