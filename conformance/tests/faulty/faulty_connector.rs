//! A fault injected between a correct connector and its client.

use std::{fmt, sync::Arc};

use arrow::{compute::concat_batches, record_batch::RecordBatch};

use athena_client::{Invoke, InvokeError};
use athena_conformance::suite::Kind;
use athena_connector_sdk::async_trait;
use athena_protocol::{
    Request, Response, S3SpillLocation,
    block::{Framing, encode_batch},
    message::ReadRecordsRequest,
};
use athena_spill::{decode_object, encrypt_in_place, testing::MemoryStore};
use bytes::Bytes;

use super::{base::InProcess, paged::refuse};

type MapRequest = Box<dyn Fn(&mut Request) + Send + Sync>;
type MapResponse = Box<dyn Fn(&Request, &mut Response) + Send + Sync>;
type MapRows = Box<dyn Fn(&ReadRecordsRequest, RecordBatch) -> RecordBatch + Send + Sync>;
type MapError =
    Box<dyn Fn(Option<&Request>, InvokeError) -> Result<Response, InvokeError> + Send + Sync>;
type FailIf = Box<dyn Fn() -> Option<InvokeError> + Send + Sync>;

/// Correct connector with one injected fault.
pub(crate) struct FaultyConnector {
    pub(crate) name: &'static str,
    /// Kind of the finding that the suite must report.
    pub(crate) kind: Kind,
    /// Number of generated cases that reveal the fault with certainty.
    pub(crate) cases: u64,
    pub(crate) store: Arc<MemoryStore>,
    inner: Arc<dyn Invoke>,
    map_request: MapRequest,
    map_response: MapResponse,
    map_rows: Option<MapRows>,
    map_error: MapError,
    fail_if: FailIf,
}

impl fmt::Debug for FaultyConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyConnector({})", self.name)
    }
}

impl FaultyConnector {
    /// Creates a connector without a fault yet, and without cases.
    pub(crate) fn new(kind: Kind, name: &'static str) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self {
            name,
            kind,
            cases: 0,
            inner: Arc::new(InProcess::new(&store)),
            store,
            map_request: Box::new(|_| ()),
            map_response: Box::new(|_, _| ()),
            map_rows: None,
            map_error: Box::new(|_, error| Err(error)),
            fail_if: Box::new(|| None),
        }
    }

    /// Sets the number of generated cases.
    pub(crate) fn with_cases(mut self, cases: u64) -> Self {
        self.cases = cases;
        self
    }

    /// Replaces the inner connector.
    pub(crate) fn map_inner(
        mut self,
        inner: impl FnOnce(Arc<dyn Invoke>, &Arc<MemoryStore>) -> Arc<dyn Invoke>,
    ) -> Self {
        self.inner = inner(self.inner, &self.store);
        self
    }

    /// Changes every request before the inner connector receives it.
    pub(crate) fn map_request(
        mut self,
        map: impl Fn(&mut Request) + Send + Sync + 'static,
    ) -> Self {
        self.map_request = Box::new(map);
        self
    }

    /// Changes every read before the inner connector receives it.
    pub(crate) fn map_read_request(
        self,
        map: impl Fn(&mut ReadRecordsRequest) + Send + Sync + 'static,
    ) -> Self {
        self.map_request(move |request| {
            if let Request::ReadRecords(request) = request {
                map(request);
            }
        })
    }

    /// Changes every response.
    pub(crate) fn map_response(
        mut self,
        map: impl Fn(&Request, &mut Response) + Send + Sync + 'static,
    ) -> Self {
        self.map_response = Box::new(map);
        self
    }

    /// Changes the rows of every read. Spilled rows are merged into one object.
    pub(crate) fn map_rows(
        mut self,
        map: impl Fn(&ReadRecordsRequest, RecordBatch) -> RecordBatch + Send + Sync + 'static,
    ) -> Self {
        self.map_rows = Some(Box::new(map));
        self
    }

    /// Replaces every error by another one or by a response. The request is `None` if it cannot be
    /// decoded.
    pub(crate) fn map_error(
        mut self,
        map: impl Fn(Option<&Request>, InvokeError) -> Result<Response, InvokeError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.map_error = Box::new(map);
        self
    }

    /// Fails without calling the inner connector whenever `condition` returns an error.
    pub(crate) fn fail_if(
        mut self,
        condition: impl Fn() -> Option<InvokeError> + Send + Sync + 'static,
    ) -> Self {
        self.fail_if = Box::new(condition);
        self
    }

    fn apply_map_rows(&self, request: &ReadRecordsRequest, response: &mut Response) {
        let Some(map) = &self.map_rows else { return };
        match response {
            Response::ReadRecords(response) => {
                response.records = map(request, response.records.clone());
            }
            Response::RemoteReadRecords(response) => {
                let location = request.split.spill_location.clone().expect("the rows are spilled");
                let bucket = location.bucket.unwrap_or_default();
                let key = location.key.unwrap_or_default();
                let blocks = response.remote_blocks.iter().map(|block| {
                    let object = self
                        .store
                        .object(&bucket, block.key.as_deref().unwrap_or_default())
                        .expect("the object exists");
                    decode_object(object, response.encryption_key.as_ref(), &response.schema)
                        .expect("the object is a block")
                });
                let blocks: Vec<RecordBatch> = blocks.collect();
                let all = concat_batches(&response.schema, &blocks).expect("blocks of one schema");
                let all = map(request, all);
                response.remote_blocks.clear();
                if all.num_rows() > 0 {
                    let mut object = Vec::new();
                    encode_batch(&all, Framing::Legacy, &mut object)
                        .expect("the rows were a block");
                    if let Some(key) = &response.encryption_key {
                        encrypt_in_place(key, &mut object).expect("the key was used before");
                    }
                    let key = format!("{key}.0");
                    self.store.set_object(&bucket, &key, object.into());
                    let location =
                        S3SpillLocation { bucket: Some(bucket), key: Some(key), directory: false };
                    response.remote_blocks.push(location);
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Invoke for FaultyConnector {
    async fn invoke(&self, bytes: Bytes) -> Result<Bytes, InvokeError> {
        if let Some(error) = (self.fail_if)() {
            return Err(error);
        }
        let Ok((request, version)) = Request::decode(&bytes) else {
            let error = self
                .inner
                .invoke(bytes)
                .await
                .expect_err("the inner connector refuses malformed requests");
            let response = (self.map_error)(None, error)?;
            return response
                .encode(athena_protocol::SerdeVersion::V5)
                .map(Bytes::from)
                .map_err(|e| refuse(&e.to_string()));
        };
        let mut changed = request.clone();
        (self.map_request)(&mut changed);
        let changed = changed.encode(version).map_err(|error| refuse(&error.to_string()))?;
        let mut response = match self.inner.invoke(changed.into()).await {
            Ok(response) => {
                Response::decode(&response).expect("the inner connector returns a response")
            }
            Err(error) => (self.map_error)(Some(&request), error)?,
        };
        if let Request::ReadRecords(request) = &request {
            self.apply_map_rows(request, &mut response);
        }
        (self.map_response)(&request, &mut response);
        response.encode(version).map(Bytes::from).map_err(|error| refuse(&error.to_string()))
    }
}
