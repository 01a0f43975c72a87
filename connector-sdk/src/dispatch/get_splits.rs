//! The splits of partitions, each with a place to spill to and a key.

use std::sync::Arc;

use athena_protocol::{
    EncryptionKey, Response, S3SpillLocation,
    message::{GetSplitsRequest, GetSplitsResponse},
    timestamp_tz::unpack_batch,
};
use athena_spill::SpillSettings;
use futures::{StreamExt, TryStreamExt};

use super::{
    Call,
    page::{Capacity, Page, json_len, take},
};
use crate::{
    Connector, Error, GetSplits, Result, Split,
    spilling::{new_location, place_of_splits},
    token::Binding,
};

/// Most splits of a page. Athena reads the splits of one page while it asks for the next, so
/// smaller pages start the query earlier; and a KMS key for each takes a call.
const PAGE_SPLITS: usize = 1_000;

/// Keys that are made at a time: calls of KMS when they are not made here.
const KEYS_AT_A_TIME: usize = 16;

impl Call<'_> {
    pub(super) async fn get_splits(&self, request: GetSplitsRequest) -> Result<Response> {
        let (columns, rows) = (request.partitions.num_columns(), request.partitions.num_rows());
        if columns == 0 && rows > 1 {
            return Err(Error::invalid_input(format!(
                "{rows} partitions have no column that tells them apart"
            )));
        }
        let source = self.source(&request.constraints.query_passthrough_arguments)?;
        let place = place_of_splits(self.settings, self.context.claimed_identity())?;
        let start_after = match &request.continuation_token {
            Some(token) => Some(Binding::get_splits(&request)?.open(token)?),
            None => None,
        };
        let page = self.page(&source, &request, start_after, &place);
        // The check is a call of S3 that nothing waits for unless it fails.
        let spilling = &self.handler.spilling;
        let (page, ()) = futures::try_join!(page, spilling.check_bucket(self.settings))?;
        let continuation_token = match &page.next {
            Some(cursor) => Some(Binding::get_splits(&request)?.seal(cursor)),
            None => None,
        };
        let key = async || {
            if place.bucket.is_some() { spilling.key(self.settings).await } else { Ok(None) }
        };
        let keys = futures::stream::iter(0..page.items.len()).map(|_| key());
        let keys: Vec<_> = keys.buffered(KEYS_AT_A_TIME).try_collect().await?;
        let query_id = self.context.query_id.as_deref();
        let splits = page.items.into_iter().zip(keys).map(|(split, encryption_key)| {
            athena_protocol::Split {
                spill_location: new_location(&place, query_id),
                encryption_key,
                properties: split.properties,
            }
        });
        Ok(Response::GetSplits(GetSplitsResponse {
            catalog_name: request.catalog_name,
            splits: splits.collect(),
            continuation_token,
        }))
    }

    async fn page(
        &self,
        source: &Arc<dyn Connector>,
        request: &GetSplitsRequest,
        start_after: Option<crate::Cursor>,
        place: &SpillSettings,
    ) -> Result<Page<Split>> {
        let ask = GetSplits {
            context: self.context(),
            table: request.table_name.clone(),
            partitions: unpack_batch(&request.partitions)?,
            partition_columns: request.partition_columns.clone(),
            constraints: self
                .constraints(source, request.constraints.clone(), &request.table_name)
                .await?,
            start_after,
        };
        if ask.partitions.num_rows() == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let around = around(new_location(place, self.context.query_id.as_deref()));
        let pages = source.get_splits(ask).await?;
        take(pages, Capacity::items(PAGE_SPLITS), |split| around + properties_len(split)).await
    }
}

/// How many bytes of JSON a split takes beside its properties.
fn around(location: Option<S3SpillLocation>) -> usize {
    // The names of all members; a key of 32 bytes and a nonce of 12 take 60 bytes as base64.
    const MEMBERS: usize = 240;
    const KEY: usize = 80;
    let text = |text: Option<String>| text.as_deref().map_or(4, json_len);
    let location = location.map_or(0, |location| text(location.bucket) + text(location.key));
    MEMBERS + KEY + size_of::<EncryptionKey>() + location
}

fn properties_len(split: &Split) -> usize {
    split.properties.iter().map(|(name, value)| json_len(name) + json_len(value) + 2).sum()
}
