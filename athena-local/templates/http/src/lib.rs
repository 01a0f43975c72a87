//! Tables of an API that returns JSON, as `http.json` declares them. What a declaration can say is
//! in the README of the crate `athena-connector-http`, whose parts are here for what it cannot.

use athena_connector_http::{Http, config::Api};
use athena_connector_sdk::{Result, Secrets};

/// Address, headers and tables of the API. It is in the program, so that the function needs no
/// file.
///
/// `file:samples/` stands for the API until `base_url` has its address: saved responses, by the
/// paths of the tables.
pub const DECLARATION: &str = include_str!("../http.json");

/// Creates the connector.
///
/// # Errors
///
/// `InvalidInput` with all problems of the declaration.
pub fn connector() -> Result<Http> {
    let api = Api::parse(DECLARATION)?.with_samples_in(env!("CARGO_MANIFEST_DIR"));
    Ok(Http::new(api, Secrets::from_env()))
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{Handler, testing::Harness};

    use super::*;

    #[tokio::test]
    async fn the_sample_has_the_rows_that_its_response_has() {
        let harness = Harness::new(Handler::from(connector()));
        let orders = harness.table("shop", "orders").columns(["id", "amount", "customer"]);
        assert_eq!(
            orders.text().await.unwrap(),
            "+----+--------+----------+\n\
             | id | amount | customer |\n\
             +----+--------+----------+\n\
             | 7  | 19.99  | Ada      |\n\
             | 8  | 5.00   |          |\n\
             +----+--------+----------+"
        );
    }
}
