//! Requests in, answers out: bytes both.

use std::{fmt, sync::Arc, time::SystemTime};

use athena_protocol::{MAX_PAYLOAD_BYTES, Request, Response, SerdeVersion};
use athena_spill::{KeyFactory, ObjectStore};
use tracing::Instrument;

use crate::{
    Connector, Context, Error, Passthrough, Result, Settings, Udfs,
    context::{Counters, known},
    deadline::Deadline,
    dispatch::{self, Call},
    spilling::Spilling,
    split::in_words,
};

/// A connector, its functions and its settings, ready to answer.
///
/// [`handle`](Self::handle) is all there is to it; [`run`](Self::run) puts it behind AWS Lambda.
/// One handler serves all invocations of a process, several at a time. Clients of S3 and KMS are
/// made when they are first needed.
///
/// ```
/// # use athena_connector_sdk::{StaticConnector, Handler, Settings, Udfs};
/// let udfs = Udfs::new().scalar("mask", |text: &str, keep: i32| {
///     let keep = usize::try_from(keep).unwrap_or(0);
///     text.chars().enumerate().map(|(at, c)| if at < keep { c } else { '*' }).collect::<String>()
/// });
/// let settings = Settings::from_vars([("spill_bucket", "my-spill-bucket")])?;
/// let handler = Handler::new(StaticConnector::new()).with_udfs(udfs).with_settings(settings);
/// # let _ = handler;
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
pub struct Handler {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) udfs: Udfs,
    pub(crate) passthrough: Option<Arc<dyn Passthrough>>,
    pub(crate) settings: Option<Settings>,
    /// What is wrong with the environment; the answer to everything but a ping.
    pub(crate) misconfigured: Option<Error>,
    pub(crate) spilling: Spilling,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("source_type", &self.connector.source_type())
            .field("udfs", &self.udfs)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Handler {
    /// A handler of `connector`, without user-defined functions.
    pub fn new(connector: impl Connector) -> Self {
        Self {
            connector: Arc::new(connector),
            udfs: Udfs::new(),
            passthrough: None,
            settings: None,
            misconfigured: None,
            spilling: Spilling::default(),
        }
    }

    /// The handler with these user-defined functions.
    #[must_use]
    pub fn with_udfs(mut self, udfs: Udfs) -> Self {
        self.udfs = udfs;
        self
    }

    /// The handler that announces a table function for queries in the source's own language, and
    /// answers them.
    #[must_use]
    pub fn with_passthrough(mut self, passthrough: impl Passthrough) -> Self {
        self.passthrough = Some(Arc::new(passthrough));
        self
    }

    /// The handler with these settings, whatever the environment says.
    ///
    /// Without them, [`run`](Self::run) reads the environment, and [`handle`](Self::handle) alone
    /// uses the defaults.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// The handler that spills to `store` rather than to S3.
    #[must_use]
    pub fn with_object_store(mut self, store: Arc<dyn ObjectStore>) -> Self {
        self.spilling = self.spilling.with_store(store);
        self
    }

    /// The handler whose splits get their keys from `keys`, unless encryption is off.
    #[must_use]
    pub fn with_key_factory(mut self, keys: Arc<dyn KeyFactory>) -> Self {
        self.spilling = self.spilling.with_keys(keys);
        self
    }

    /// Answers one request, in the version that it came in.
    ///
    /// `deadline` is when the runtime ends the invocation; shortly before it, the answer is
    /// `Timeout` and says what was going on. `None` and the epoch mean that it is not known.
    ///
    /// # Errors
    ///
    /// What the caller is to be told; [`FunctionError`](athena_protocol::error::FunctionError) is
    /// how it travels.
    pub async fn handle(&self, request: &[u8], deadline: Option<SystemTime>) -> Result<Vec<u8>> {
        let (request, version) = Request::decode(request)?;
        // Nothing else runs for a ping: it is the first message of a cold start, and it must not
        // fail.
        if let Request::Ping(ping) = &request {
            return dispatch::ping(self.connector.source_type(), ping).encode(version);
        }
        if let Some(error) = &self.misconfigured {
            return Err(Error::new(error.kind(), error.message()));
        }
        let defaults;
        let settings = if let Some(settings) = &self.settings {
            settings
        } else {
            defaults = Settings::default();
            &defaults
        };
        let context = context(&request, deadline);
        let span = tracing::info_span!(
            "invocation",
            request = request.type_name(),
            query_id = context.query_id.as_deref(),
            catalog = context.catalog_name,
        );
        let subject = subject(&request);
        let call = Call { handler: self, settings, context, version };
        let deadline = Deadline::new(deadline, settings.deadline_margin);
        let work = async {
            let answer = call.answer(request).await.and_then(|response| encode(&response, version));
            answer.map_err(|error| error.with_context("while", subject.as_str()))
        };
        deadline.race(&subject, work).instrument(span).await
    }
}

/// Writes the answer, which must not be larger than Lambda lets through.
fn encode(response: &Response, version: SerdeVersion) -> Result<Vec<u8>> {
    let bytes = response.encode(version)?;
    if bytes.len() > MAX_PAYLOAD_BYTES {
        let remedy = match response {
            // Its length is that of the list of blocks.
            Response::RemoteReadRecords(_) => ": make smaller splits or larger blocks",
            _ => "",
        };
        return Err(Error::unsupported(format!(
            "the {} is {} bytes, and a Lambda function can answer {MAX_PAYLOAD_BYTES} at most{remedy}",
            response.type_name(),
            bytes.len()
        )));
    }
    Ok(bytes)
}

fn context(request: &Request, deadline: Option<SystemTime>) -> Context {
    let (query_id, catalog_name, identity) = match request {
        Request::Ping(r) => (Some(r.query_id.as_str()), r.catalog_name.as_str(), &r.identity),
        Request::ListSchemas(r) => (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity),
        Request::ListTables(r) => (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity),
        Request::GetTable(r) => (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity),
        Request::GetTableLayout(r) => (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity),
        Request::GetSplits(r) => (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity),
        Request::GetDataSourceCapabilities(r) => {
            (r.query_id.as_deref(), r.catalog_name.as_str(), &r.identity)
        }
        Request::ReadRecords(r) => {
            (Some(r.query_id.as_str()), r.catalog_name.as_str(), &r.identity)
        }
        Request::UserDefinedFunction(r) => (None, "", &r.identity),
    };
    Context {
        query_id: query_id.map(str::to_owned),
        catalog_name: catalog_name.to_owned(),
        identity: identity.clone(),
        deadline: known(deadline),
        counters: Arc::new(Counters::default()),
    }
}

/// What is being worked on, for people: `reading sf1.lineitem, split part=3`.
fn subject(request: &Request) -> String {
    match request {
        Request::Ping(_) => "answering a ping".to_owned(),
        Request::ListSchemas(_) => "listing schemas".to_owned(),
        Request::ListTables(r) => {
            format!("listing tables of {}", r.schema_name.as_deref().unwrap_or("all schemas"))
        }
        Request::GetTable(r) => format!("describing {}", r.table_name),
        Request::GetTableLayout(r) => format!("listing partitions of {}", r.table_name),
        Request::GetSplits(r) => format!("making splits of {}", r.table_name),
        Request::GetDataSourceCapabilities(_) => "listing capabilities".to_owned(),
        Request::ReadRecords(r) => {
            format!("reading {}, split {}", r.table_name, in_words(&r.split.properties))
        }
        Request::UserDefinedFunction(r) => format!("evaluating {}", r.method_name),
    }
}

#[cfg(test)]
mod tests {
    use athena_protocol::message::{ListSchemasRequest, PingRequest};

    use super::*;
    use crate::{ErrorKind, StaticConnector};

    #[tokio::test]
    async fn a_misconfigured_handler_answers_pings_and_nothing_else() {
        let mut handler = Handler::new(StaticConnector::new());
        handler.misconfigured = Some(Error::invalid_input("spill_bucket is wrong"));
        let ping = PingRequest { identity: None, catalog_name: "c".into(), query_id: "q".into() };
        let ping = Request::Ping(ping).encode(SerdeVersion::V2).unwrap();
        assert!(handler.handle(&ping, None).await.is_ok());
        let list = ListSchemasRequest { identity: None, query_id: None, catalog_name: "c".into() };
        let list = Request::ListSchemas(list).encode(SerdeVersion::V2).unwrap();
        let error = handler.handle(&list, None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::InvalidInput, "spill_bucket is wrong")
        );
    }
}
