//! A connector behind pages of its own: few tables and few splits to a page, and tokens that may be
//! off by some.

use std::sync::Arc;

use athena_client::{Invoke, InvokeError};
use athena_connector_sdk::{Error, async_trait};
use athena_protocol::{Request, Response, error::FunctionError, message::ListTablesRequest};
use bytes::Bytes;

/// Splits of a page: fewer than a table has, and more than a partition.
const SPLITS: usize = 3;

/// Pages whose tokens are places in the list.
#[derive(Debug)]
pub(crate) struct Paged {
    pub(crate) inner: Arc<dyn Invoke>,
    /// Places that the token of a page of tables is off by.
    pub(crate) tables_off: i64,
    /// The same for splits.
    pub(crate) splits_off: i64,
}

impl Paged {
    pub(crate) fn honest(inner: Arc<dyn Invoke>) -> Self {
        Self { inner, tables_off: 0, splits_off: 0 }
    }

    /// The items of a page and the token of the next.
    fn page<T: Clone>(
        items: &[T],
        token: Option<&str>,
        (size, off): (usize, i64),
    ) -> Result<(Vec<T>, Option<String>), InvokeError> {
        let begin: usize = token
            .unwrap_or("0")
            .parse()
            .map_err(|_| refuse("the token is not a place in the list"))?;
        let end = begin.saturating_add(size).min(items.len());
        let page = items.get(begin..end).unwrap_or_default().to_vec();
        let next = (end < items.len()).then(|| (i64::try_from(end).unwrap_or(0) + off).to_string());
        Ok((page, next))
    }

    async fn whole(&self, request: &Request, bytes: &Bytes) -> Result<Response, InvokeError> {
        let (_, version) = Request::decode(bytes).map_err(|error| refuse(&error.to_string()))?;
        let whole = request.encode(version).map_err(|error| refuse(&error.to_string()))?;
        let answer = self.inner.invoke(whole.into()).await?;
        Response::decode(&answer).map_err(|error| refuse(&error.to_string()))
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
        let answer = match request {
            Request::ListTables(mut request) => {
                let (token, size) = (request.next_token.take(), request.page_size);
                request.page_size = ListTablesRequest::UNLIMITED;
                let Response::ListTables(mut answer) =
                    self.whole(&Request::ListTables(request), &bytes).await?
                else {
                    unreachable!("the base answers what it is asked")
                };
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let page = Self::page(&answer.tables, token.as_deref(), (size, self.tables_off))?;
                (answer.tables, answer.next_token) = page;
                Response::ListTables(answer)
            }
            Request::GetSplits(mut request) => {
                let token = request.continuation_token.take();
                let Response::GetSplits(mut answer) =
                    self.whole(&Request::GetSplits(request), &bytes).await?
                else {
                    unreachable!("the base answers what it is asked")
                };
                let page = Self::page(&answer.splits, token.as_deref(), (SPLITS, self.splits_off))?;
                (answer.splits, answer.continuation_token) = page;
                Response::GetSplits(answer)
            }
            _ => return self.inner.invoke(bytes).await,
        };
        answer.encode(version).map(Bytes::from).map_err(|error| refuse(&error.to_string()))
    }
}
