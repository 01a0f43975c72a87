//! A wrapper that paginates the tables and splits of a connector, with tokens that may be off.

use std::sync::Arc;

use athena_client::{Invoke, InvokeError};
use athena_connector_sdk::{Error, async_trait};
use athena_protocol::{Request, Response, error::FunctionError, message::ListTablesRequest};
use bytes::Bytes;

/// Number of splits in a page: fewer than a table has, and more than a partition.
const PAGE_SIZE: usize = 3;

/// Connector whose page tokens are positions in the list.
#[derive(Debug)]
pub(crate) struct Paged {
    pub(crate) inner: Arc<dyn Invoke>,
    /// Error of the token of a page of tables, in positions.
    pub(crate) table_offset: i64,
    /// Error of the token of a page of splits, in positions.
    pub(crate) split_offset: i64,
}

impl Paged {
    pub(crate) fn correct(inner: Arc<dyn Invoke>) -> Self {
        Self { inner, table_offset: 0, split_offset: 0 }
    }

    /// Returns the items of a page and the token of the next.
    fn page<T: Clone>(
        items: &[T],
        token: Option<&str>,
        size: usize,
        offset: i64,
    ) -> Result<(Vec<T>, Option<String>), InvokeError> {
        let begin: usize = token
            .unwrap_or("0")
            .parse()
            .map_err(|_| refuse("the token is not a position in the list"))?;
        let end = begin.saturating_add(size).min(items.len());
        let page = items.get(begin..end).unwrap_or_default().to_vec();
        let next =
            (end < items.len()).then(|| (i64::try_from(end).unwrap_or(0) + offset).to_string());
        Ok((page, next))
    }

    /// Sends a request without a page token.
    async fn whole(&self, request: &Request, bytes: &Bytes) -> Result<Response, InvokeError> {
        let (_, version) = Request::decode(bytes).map_err(|error| refuse(&error.to_string()))?;
        let whole = request.encode(version).map_err(|error| refuse(&error.to_string()))?;
        let response = self.inner.invoke(whole.into()).await?;
        Response::decode(&response).map_err(|error| refuse(&error.to_string()))
    }
}

pub(crate) fn refuse(message: &str) -> InvokeError {
    InvokeError::Function(FunctionError::from(&Error::invalid_input(message)))
}

#[async_trait]
impl Invoke for Paged {
    async fn invoke(&self, bytes: Bytes) -> Result<Bytes, InvokeError> {
        let Ok((request, version)) = Request::decode(&bytes) else {
            return self.inner.invoke(bytes).await;
        };
        let response = match request {
            Request::ListTables(mut request) => {
                let token = request.next_token.take();
                let size = usize::try_from(request.page_size).unwrap_or(usize::MAX);
                request.page_size = ListTablesRequest::UNLIMITED;
                let Response::ListTables(mut response) =
                    self.whole(&Request::ListTables(request), &bytes).await?
                else {
                    unreachable!("the inner connector answers the request")
                };
                let page = Self::page(&response.tables, token.as_deref(), size, self.table_offset)?;
                (response.tables, response.next_token) = page;
                Response::ListTables(response)
            }
            Request::GetSplits(mut request) => {
                let token = request.continuation_token.take();
                let Response::GetSplits(mut response) =
                    self.whole(&Request::GetSplits(request), &bytes).await?
                else {
                    unreachable!("the inner connector answers the request")
                };
                let page =
                    Self::page(&response.splits, token.as_deref(), PAGE_SIZE, self.split_offset)?;
                (response.splits, response.continuation_token) = page;
                Response::GetSplits(response)
            }
            _ => return self.inner.invoke(bytes).await,
        };
        response.encode(version).map(Bytes::from).map_err(|error| refuse(&error.to_string()))
    }
}
