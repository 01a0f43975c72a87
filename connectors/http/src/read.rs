//! Reading a list page by page.

use std::sync::Arc;

use athena_connector_sdk::{
    BatchReader, Context, Error, RecordBatchStream, Result, arrow::record_batch::RecordBatch,
    async_trait,
};
use serde_json::value::RawValue;

use crate::{
    client::{Answer, Client},
    json::{Decoder, Pointer},
    paging::{Page, Paging, Received, Walk},
};

/// List of rows to request.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Path below the address of the API.
    pub path: String,
    /// Parameters of every request.
    pub query: Vec<(String, String)>,
    /// How the list is divided; without, the first response has all rows.
    pub paging: Option<Paging>,
    /// Number of rows that are enough.
    pub limit: Option<u64>,
}

/// Pages of a list, requested as batches are taken.
#[derive(Debug)]
pub struct Pages {
    /// Client of the API.
    pub client: Arc<Client>,
    /// Invocation that the requests belong to.
    pub context: Context,
    /// List to request.
    pub list: List,
    /// Where the rows are in a response.
    pub rows: Pointer,
}

impl Pages {
    /// Returns one batch for each page.
    ///
    /// The next page is requested when its batch is, so that a slow reader slows the requests
    /// down, and memory holds one page.
    pub fn batches(self, decoder: Decoder) -> RecordBatchStream {
        let walk = Walk::new(self.list.paging.clone());
        let page = Some(walk.first());
        RecordBatchStream::from_reader(Reader { pages: self, decoder, walk, page, rows: 0 })
    }
}

struct Reader {
    pages: Pages,
    decoder: Decoder,
    walk: Walk,
    /// Page to request; none after the last one.
    page: Option<Page>,
    /// Rows so far.
    rows: u64,
}

#[async_trait]
impl BatchReader for Reader {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(page) = self.page.take() else { return Ok(None) };
        let Pages { client, context, list, .. } = &self.pages;
        let answer = client.get(context, &list.path, &list.query, &page).await?;
        let (batch, next) = self.decode(&answer)?;
        self.rows += batch.num_rows() as u64;
        let is_enough = self.pages.list.limit.is_some_and(|limit| self.rows >= limit);
        self.page = next.filter(|_| !is_enough);
        Ok(Some(batch))
    }
}

impl Reader {
    fn decode(&mut self, answer: &Answer) -> Result<(RecordBatch, Option<Page>)> {
        let path = &self.pages.list.path;
        let invalid = |what: String, error: Option<serde_json::Error>| {
            let invalid = Error::invalid_response(format!("the response of {path} {what}"));
            match error {
                Some(error) => invalid.with_source(error),
                None => invalid,
            }
        };
        let no_json = |error| invalid("is no JSON".to_owned(), Some(error));
        let no_rows = |error| {
            let place = self.pages.rows.to_string();
            invalid(format!("has no array of rows at {place:?}"), error)
        };
        let body: &RawValue = serde_json::from_slice(&answer.body).map_err(no_json)?;
        let found = self.pages.rows.find(body).map_err(no_json)?.ok_or_else(|| no_rows(None))?;
        let rows: Vec<&RawValue> =
            serde_json::from_str(found.get()).map_err(|error| no_rows(Some(error)))?;
        let batch = self.decoder.decode(&rows)?;
        let next = self.walk.next(Received { body, rows: &rows, links: &answer.links })?;
        Ok((batch, next))
    }
}
