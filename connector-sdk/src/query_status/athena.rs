//! State of queries in Athena.

use async_trait::async_trait;
use athena_aws::{AwsOperation, ClientConfig};
use aws_sdk_athena::{Client, types::QueryExecutionState};
use futures::FutureExt;
use tokio::sync::OnceCell;

use super::QueryStatus;
use crate::Result;

/// State of the queries of the function's own account, from Athena.
///
/// Needs `athena:GetQueryExecution` on the workgroups of the queries. Region, credentials and
/// `AWS_ENDPOINT_URL_ATHENA` come from the environment. A query of another account is not visible,
/// whatever the permissions.
#[derive(Debug, Default)]
pub struct AthenaQueryStatus {
    client: OnceCell<Client>,
}

impl AthenaQueryStatus {
    /// Creates the state of queries. Calls nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl QueryStatus for AthenaQueryStatus {
    async fn has_ended(&self, query_id: &str) -> Result<bool> {
        let create = async || Client::new(&ClientConfig::Environment.load().await);
        let client = self.client.get_or_init(create).await;
        // Boxed, because the client's futures are nested too deep for the compiler's limit.
        let response =
            client.get_query_execution().query_execution_id(query_id).send().boxed().await;
        let response = response.map_err(|error| operation(query_id).error(error))?;
        let status = response.query_execution.and_then(|execution| execution.status);
        Ok(matches!(
            status.and_then(|status| status.state),
            Some(
                QueryExecutionState::Cancelled
                    | QueryExecutionState::Failed
                    | QueryExecutionState::Succeeded
            )
        ))
    }
}

fn operation(query_id: &str) -> AwsOperation {
    AwsOperation {
        service: "Athena",
        name: "GetQueryExecution",
        resource: format!("the query {query_id:?}"),
        permissions: "athena:GetQueryExecution on the workgroup in the policy of the role"
            .to_owned(),
        not_found: "the query is not one of this account and region",
    }
}
