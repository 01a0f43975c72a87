//! `GetSplits`: splits, each with a spill location and a key.

use std::sync::Arc;

use athena_protocol::{
    EncryptionKey, Response, S3SpillLocation,
    message::{GetSplitsRequest, GetSplitsResponse},
    timestamp_tz::unpack_batch,
};
use athena_spill::SpillSettings;
use futures::{StreamExt, TryStreamExt};

use super::{
    Dispatch,
    page::{Capacity, Page, json_len, take_page},
};
use crate::{
    Connector, Error, GetSplits, Result, Split,
    seal::{MAX_SEAL_LEN, SEAL_PROPERTY, Subject},
    spilling::{new_spill_location, spill_settings_of_splits},
    token::Binding,
};

/// Largest number of splits of a page.
///
/// Athena reads the splits of one page while it requests the next, so smaller pages start the query
/// earlier; and with KMS, each split takes a call for its key.
const MAX_PAGE_SPLITS: usize = 1_000;

/// Number of keys that are created at a time: calls of KMS unless the function generates keys.
const CONCURRENT_KEYS: usize = 16;

impl Dispatch<'_> {
    pub(super) async fn get_splits(&self, request: GetSplitsRequest) -> Result<Response> {
        let rows = request.partitions.num_rows();
        if request.partitions.num_columns() == 0 && rows > 1 {
            return Err(Error::invalid_input(format!(
                "the request has {rows} partitions without columns, which cannot be told apart"
            )));
        }
        let arguments = &request.constraints.query_passthrough_arguments;
        let access = self.access(&request.table_name, !arguments.is_empty())?;
        let source = self.source(arguments)?;
        let spill = spill_settings_of_splits(self.settings, self.context.claimed_identity())?;
        let keys = self.seal_keys().await?;
        let binding = || Binding::get_splits(&request, self.configuration(), keys);
        let start_after = match &request.continuation_token {
            Some(token) => Some(binding()?.decode_token(token, &self.context)?),
            None => None,
        };
        let constraints =
            self.constraints(&source, request.constraints.clone(), &request.table_name).await?;
        let splits = GetSplits {
            context: self.context(),
            table: request.table_name.clone(),
            partitions: unpack_batch(&request.partitions)?,
            partition_columns: request.partition_columns.clone(),
            constraints: access.source_constraints(constraints),
            start_after,
        };
        let page = self.page(&source, splits, &spill);
        // The check calls S3, concurrently so that only a failure delays the response.
        let spilling = &self.handler.spilling;
        let check = async {
            let checked = spilling.check_bucket(self.settings).await;
            checked.inspect_err(|_| self.context.counters.set_spill_failed())
        };
        let (page, ()) = futures::try_join!(page, check)?;
        let continuation_token = match &page.next {
            Some(cursor) => Some(binding()?.encode_token(cursor)),
            None => None,
        };
        let encryption_keys = futures::stream::iter(0..page.items.len()).map(async |_| {
            if spill.bucket.is_some() { spilling.key(self.settings).await } else { Ok(None) }
        });
        let encryption_keys: Vec<_> =
            encryption_keys.buffered(CONCURRENT_KEYS).try_collect().await?;
        let query_id = self.context.query_id.as_deref();
        let splits: Vec<_> = page
            .items
            .into_iter()
            .zip(encryption_keys)
            .map(|(split, encryption_key)| {
                let mut split = athena_protocol::Split {
                    spill_location: new_spill_location(&spill, query_id),
                    encryption_key,
                    properties: split.properties,
                };
                if let Some(keys) = keys {
                    let query_id = query_id.unwrap_or_default();
                    let catalog = &request.catalog_name;
                    let table = &request.table_name;
                    let split_of = Subject::Split { query_id, catalog, table, split: &split };
                    let seal = keys.seal(&split_of);
                    split.properties.insert(SEAL_PROPERTY.to_owned(), seal);
                }
                split
            })
            .collect();
        Ok(Response::GetSplits(GetSplitsResponse {
            catalog_name: request.catalog_name,
            splits,
            continuation_token,
        }))
    }

    async fn page(
        &self,
        source: &Arc<dyn Connector>,
        request: GetSplits,
        spill: &SpillSettings,
    ) -> Result<Page<Split>> {
        if request.partitions.num_rows() == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let location = new_spill_location(spill, self.context.query_id.as_deref());
        let overhead = split_overhead(location);
        let pages = source.get_splits(request).await?;
        let capacity = Capacity::items(MAX_PAGE_SPLITS);
        take_page(pages, capacity, |split| overhead + properties_len(split)).await
    }
}

/// Returns the bytes of JSON that a split takes in addition to its properties.
fn split_overhead(location: Option<S3SpillLocation>) -> usize {
    // Names of all members. A key of 32 bytes and a nonce of 12 take 60 bytes as base64.
    const MEMBERS: usize = 240;
    const KEY: usize = 80;
    let text = |text: Option<String>| text.as_deref().map_or(4, json_len);
    let location = location.map_or(0, |location| text(location.bucket) + text(location.key));
    MEMBERS + KEY + MAX_SEAL_LEN + size_of::<EncryptionKey>() + location
}

fn properties_len(split: &Split) -> usize {
    split.properties.iter().map(|(name, value)| json_len(name) + json_len(value) + 2).sum()
}
