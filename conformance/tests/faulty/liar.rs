//! A lie told between an honest connector and its caller.

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

type Ask = Box<dyn Fn(&mut Request) + Send + Sync>;
type Answer = Box<dyn Fn(&Request, &mut Response) + Send + Sync>;
type Rows = Box<dyn Fn(&ReadRecordsRequest, RecordBatch) -> RecordBatch + Send + Sync>;
type Fail =
    Box<dyn Fn(Option<&Request>, InvokeError) -> Result<Response, InvokeError> + Send + Sync>;
type Gate = Box<dyn Fn() -> Option<InvokeError> + Send + Sync>;

/// A function that lies in one way.
pub(crate) struct Liar {
    pub(crate) name: &'static str,
    /// What the suite must call it.
    pub(crate) kind: Kind,
    /// Cases that it takes to be sure.
    pub(crate) cases: u64,
    pub(crate) store: Arc<MemoryStore>,
    inner: Arc<dyn Invoke>,
    ask: Ask,
    answer: Answer,
    rows: Option<Rows>,
    fail: Fail,
    gate: Gate,
}

impl fmt::Debug for Liar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Liar({})", self.name)
    }
}

impl Liar {
    /// One that still tells the truth. It needs no cases unless [`Self::in_cases`] says so.
    pub(crate) fn new(kind: Kind, name: &'static str) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self {
            name,
            kind,
            cases: 0,
            inner: Arc::new(InProcess::new(&store)),
            store,
            ask: Box::new(|_| ()),
            answer: Box::new(|_, _| ()),
            rows: None,
            fail: Box::new(|_, error| Err(error)),
            gate: Box::new(|| None),
        }
    }

    pub(crate) fn in_cases(mut self, cases: u64) -> Self {
        self.cases = cases;
        self
    }

    /// Over another connector than the base.
    pub(crate) fn over(
        mut self,
        inner: impl FnOnce(Arc<dyn Invoke>, &Arc<MemoryStore>) -> Arc<dyn Invoke>,
    ) -> Self {
        self.inner = inner(self.inner, &self.store);
        self
    }

    /// Hears something else than was asked.
    pub(crate) fn hearing(mut self, ask: impl Fn(&mut Request) + Send + Sync + 'static) -> Self {
        self.ask = Box::new(ask);
        self
    }

    /// Hears another read than was asked.
    pub(crate) fn reading(
        self,
        ask: impl Fn(&mut ReadRecordsRequest) + Send + Sync + 'static,
    ) -> Self {
        self.hearing(move |request| {
            if let Request::ReadRecords(request) = request {
                ask(request);
            }
        })
    }

    /// Says something else than the answer.
    pub(crate) fn saying(
        mut self,
        answer: impl Fn(&Request, &mut Response) + Send + Sync + 'static,
    ) -> Self {
        self.answer = Box::new(answer);
        self
    }

    /// Gives other rows, inline or spilled; spilled ones all in one object.
    pub(crate) fn giving(
        mut self,
        rows: impl Fn(&ReadRecordsRequest, RecordBatch) -> RecordBatch + Send + Sync + 'static,
    ) -> Self {
        self.rows = Some(Box::new(rows));
        self
    }

    /// Fails otherwise, or not at all.
    pub(crate) fn failing(
        mut self,
        fail: impl Fn(Option<&Request>, InvokeError) -> Result<Response, InvokeError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.fail = Box::new(fail);
        self
    }

    /// Fails before anything is asked, if this says so.
    pub(crate) fn unless(
        mut self,
        gate: impl Fn() -> Option<InvokeError> + Send + Sync + 'static,
    ) -> Self {
        self.gate = Box::new(gate);
        self
    }

    fn give(&self, request: &ReadRecordsRequest, response: &mut Response) {
        let Some(rows) = &self.rows else { return };
        match response {
            Response::ReadRecords(answer) => answer.records = rows(request, answer.records.clone()),
            Response::RemoteReadRecords(answer) => {
                let place = request.split.spill_location.clone().expect("it spilled");
                let (bucket, key) =
                    (place.bucket.unwrap_or_default(), place.key.unwrap_or_default());
                let blocks = answer.remote_blocks.iter().map(|block| {
                    let object = self
                        .store
                        .object(&bucket, block.key.as_deref().unwrap_or_default())
                        .expect("it is there");
                    decode_object(object, answer.encryption_key.as_ref(), &answer.schema)
                        .expect("it opens")
                });
                let blocks: Vec<RecordBatch> = blocks.collect();
                let all = concat_batches(&answer.schema, &blocks).expect("blocks of one schema");
                let all = rows(request, all);
                answer.remote_blocks.clear();
                if all.num_rows() > 0 {
                    let mut object = Vec::new();
                    encode_batch(&all, Framing::Legacy, &mut object)
                        .expect("rows that were a block");
                    if let Some(key) = &answer.encryption_key {
                        encrypt_in_place(key, &mut object).expect("a good key");
                    }
                    let key = format!("{key}.0");
                    self.store.set_object(&bucket, &key, object.into());
                    let location =
                        S3SpillLocation { bucket: Some(bucket), key: Some(key), directory: false };
                    answer.remote_blocks.push(location);
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Invoke for Liar {
    async fn invoke(&self, bytes: Bytes) -> Result<Bytes, InvokeError> {
        if let Some(error) = (self.gate)() {
            return Err(error);
        }
        let Ok((request, version)) = Request::decode(&bytes) else {
            let error =
                self.inner.invoke(bytes).await.expect_err("the base refuses what is no request");
            let response = (self.fail)(None, error)?;
            return response
                .encode(athena_protocol::SerdeVersion::V5)
                .map(Bytes::from)
                .map_err(|e| refuse(&e.to_string()));
        };
        let mut heard = request.clone();
        (self.ask)(&mut heard);
        let heard = heard.encode(version).map_err(|error| refuse(&error.to_string()))?;
        let mut response = match self.inner.invoke(heard.into()).await {
            Ok(answer) => Response::decode(&answer).expect("the base answers in the protocol"),
            Err(error) => (self.fail)(Some(&request), error)?,
        };
        if let Request::ReadRecords(request) = &request {
            self.give(request, &mut response);
        }
        (self.answer)(&request, &mut response);
        response.encode(version).map(Bytes::from).map_err(|error| refuse(&error.to_string()))
    }
}
