//! The client of one connector: encodes, invokes, decodes and records.

use std::{collections::BTreeMap, fmt::Display, sync::Arc, time::Instant};

use athena_protocol::{
    Error, ErrorKind, FederatedIdentity, Request, Response, Result, SerdeVersion,
    message::{GetDataSourceCapabilitiesRequest, PingRequest},
};
use athena_spill::ObjectStore;
use bytes::Bytes;
use tokio::sync::OnceCell;
use tracing::debug;

use crate::{
    CallOutcome, CallRecord, Capabilities, FederationOperation, Invoke, InvokeError, Trace,
};

/// Options for all calls of a client. The default sizes are those of Athena.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Maximum size of a block that a connector makes, in bytes. 16,000,000 by default.
    pub max_block_size: u64,
    /// Size in bytes from which on a connector spills its rows. 3,465,000 by default.
    ///
    /// Inline rows are in base64, in a response of at most 6,291,556 bytes: more than 4,718,667
    /// bytes do not fit.
    pub max_inline_block_size: u64,
    /// Number of spilled blocks of one response to fetch in advance. 2 by default.
    pub blocks_ahead: usize,
    /// Highest serde version to negotiate. The latest one by default.
    pub highest_version: SerdeVersion,
    /// Identity of the caller in each request.
    pub identity: FederatedIdentity,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            max_block_size: 16_000_000,
            max_inline_block_size: 3_465_000,
            blocks_ahead: 2,
            highest_version: SerdeVersion::LATEST,
            // Fictitious, but in the form of real ones, because connectors may parse them.
            identity: FederatedIdentity {
                account: Some("111122223333".to_owned()),
                arn: Some("arn:aws:sts::111122223333:assumed-role/athena-local/analyst".to_owned()),
                tags: BTreeMap::new(),
                groups: Vec::new(),
                config_options: BTreeMap::new(),
            },
        }
    }
}

/// A client of the function of one catalog, for one query.
///
/// Clones are cheap and share the serde version and the capabilities of the function, each
/// requested once, and the [`Trace`].
///
/// Errors name the catalog, the operation and its subject. The kind of an error that the function
/// returned is kept; a function that cannot be run is `Internal`.
#[derive(Debug, Clone)]
pub struct FederatedClient {
    pub(super) shared: Arc<Shared>,
    pub(super) query_id: Arc<str>,
    trace: Trace,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) catalog: String,
    function: Arc<dyn Invoke>,
    pub(super) store: Option<Arc<dyn ObjectStore>>,
    pub(super) options: ClientOptions,
    version: OnceCell<SerdeVersion>,
    capabilities: OnceCell<Capabilities>,
}

impl FederatedClient {
    /// Creates a client of `function`, registered as `catalog`, that reads spilled blocks from
    /// `store`.
    ///
    /// Sends nothing. Without a store, reading spilled rows fails with `Unsupported`.
    pub fn new(
        catalog: impl Into<String>,
        function: Arc<dyn Invoke>,
        store: Option<Arc<dyn ObjectStore>>,
        options: ClientOptions,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                catalog: catalog.into(),
                function,
                store,
                options,
                version: OnceCell::new(),
                capabilities: OnceCell::new(),
            }),
            query_id: uuid::Uuid::new_v4().to_string().into(),
            trace: Trace::default(),
        }
    }

    /// Returns a client for the query `query_id` that records its calls in `trace`.
    #[must_use]
    pub fn for_query(&self, query_id: &str, trace: Trace) -> Self {
        Self { shared: Arc::clone(&self.shared), query_id: query_id.into(), trace }
    }

    /// Returns the catalog that the function is registered as.
    pub fn catalog(&self) -> &str {
        &self.shared.catalog
    }

    /// Returns the record of the calls made for this query, by all its clients.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Returns the serde version negotiated with the function.
    ///
    /// Pings the function once and remembers the version for all queries.
    ///
    /// # Errors
    ///
    /// If the ping fails, or with `InvalidResponse` if its response is of another type. The next
    /// call pings again.
    pub async fn version(&self) -> Result<SerdeVersion> {
        let version = self.shared.version.get_or_try_init(|| self.ping()).await?;
        Ok(*version)
    }

    async fn ping(&self) -> Result<SerdeVersion> {
        let request = Request::Ping(PingRequest {
            identity: Some(self.identity()),
            catalog_name: self.shared.catalog.clone(),
            query_id: self.query_id.to_string(),
        });
        // A ping is the same in all versions.
        let (response, index) = self.send(SerdeVersion::V2, &request, &"", "").await?;
        let Response::Ping(pong) = response else {
            return Err(self.wrong_type(FederationOperation::Ping, &"", &response, "PingResponse"));
        };
        let negotiated =
            SerdeVersion::negotiate(pong.serde_version).min(self.shared.options.highest_version);
        let source = pong.source_type.as_deref().unwrap_or("unnamed source");
        self.trace.set_outcome(
            index,
            CallOutcome::Response(format!(
                "{source}, serde version {}, using {}",
                pong.serde_version,
                negotiated.number()
            )),
        );
        Ok(negotiated)
    }

    /// Returns the pushdown capabilities of the function.
    ///
    /// Requests them once and remembers them for all queries. A function that fails to return them
    /// has none, because a capability is a promise. Before version 4, which introduced the request,
    /// they follow from the version.
    ///
    /// # Errors
    ///
    /// If the [version](Self::version) cannot be negotiated, or with `Timeout`. The next call
    /// requests them again.
    pub async fn capabilities(&self) -> Result<&Capabilities> {
        self.shared
            .capabilities
            .get_or_try_init(|| async {
                let version = self.version().await?;
                if version == SerdeVersion::V1 {
                    // Value sets lose information in this version, and no connector that uses it
                    // today filters.
                    return Ok(Capabilities::default());
                }
                if version < SerdeVersion::V4 {
                    return Ok(Capabilities::before_version_4());
                }
                match self.request_capabilities().await {
                    Err(error) if error.kind() != ErrorKind::Timeout => {
                        debug!(catalog = self.catalog(), %error, "no capabilities: no pushdown");
                        Ok(Capabilities::default())
                    }
                    capabilities => capabilities,
                }
            })
            .await
    }

    async fn request_capabilities(&self) -> Result<Capabilities> {
        let request = Request::GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.shared.catalog.clone(),
        });
        let (response, index) = self.call(&request, &"", "").await?;
        let Response::GetDataSourceCapabilities(answer) = response else {
            let operation = FederationOperation::GetDataSourceCapabilities;
            return Err(self.wrong_type(
                operation,
                &"",
                &response,
                "GetDataSourceCapabilitiesResponse",
            ));
        };
        let capabilities = Capabilities::from_wire(&answer.capabilities);
        self.trace.set_outcome(index, CallOutcome::Response(capabilities.to_string()));
        Ok(capabilities)
    }

    pub(super) fn identity(&self) -> FederatedIdentity {
        self.shared.options.identity.clone()
    }

    /// Sends `request` in the negotiated version and returns the response with the index of the
    /// call in the trace.
    pub(super) async fn call(
        &self,
        request: &Request,
        subject: &(dyn Display + Sync),
        pushed: &str,
    ) -> Result<(Response, usize)> {
        let version = self.version().await?;
        self.send(version, request, subject, pushed).await
    }

    async fn send(
        &self,
        version: SerdeVersion,
        request: &Request,
        subject: &(dyn Display + Sync),
        pushed: &str,
    ) -> Result<(Response, usize)> {
        let operation = FederationOperation::of(request);
        let bytes = request.encode(version).map_err(|error| {
            let kind = error.kind();
            Error::new(kind, self.site(operation, subject, "the request cannot be encoded"))
                .with_source(error)
        })?;
        let mut call = CallRecord {
            catalog: self.shared.catalog.clone(),
            operation,
            subject: subject.to_string(),
            pushed: pushed.to_owned(),
            request_bytes: bytes.len(),
            response_bytes: 0,
            elapsed: std::time::Duration::ZERO,
            outcome: CallOutcome::Response(String::new()),
        };
        let sent = Instant::now();
        let invoked = self.shared.function.invoke(Bytes::from(bytes)).await;
        call.elapsed = sent.elapsed();
        let decoded = match invoked {
            Err(error) => Err(self.failure(operation, subject, &error)),
            Ok(bytes) => {
                call.response_bytes = bytes.len();
                Response::decode(&bytes).map_err(|error| {
                    let text = format!("its response of {} bytes cannot be decoded", bytes.len());
                    Error::invalid_response(self.site(operation, subject, &text)).with_source(error)
                })
            }
        };
        match decoded {
            Ok(response) => Ok((response, self.trace.add(call))),
            Err(error) => {
                call.outcome = CallOutcome::Failed(error.to_string());
                self.trace.add(call);
                Err(error)
            }
        }
    }

    /// Returns the message of an error: `function "tpch" failed ReadRecords of sf1.lineitem: text`.
    pub(super) fn site(
        &self,
        operation: FederationOperation,
        subject: &dyn Display,
        text: &str,
    ) -> String {
        let subject = subject.to_string();
        let of = if subject.is_empty() { "" } else { " of " };
        format!("function \"{}\" failed {operation}{of}{subject}: {text}", self.shared.catalog)
    }

    pub(super) fn wrong_type(
        &self,
        operation: FederationOperation,
        subject: &dyn Display,
        response: &Response,
        expected: &str,
    ) -> Error {
        let text = format!("it returned {}, expected {expected}", response.type_name());
        Error::invalid_response(self.site(operation, subject, &text))
    }

    fn failure(
        &self,
        operation: FederationOperation,
        subject: &dyn Display,
        error: &InvokeError,
    ) -> Error {
        let (kind, text) = match error {
            InvokeError::Function(document) => {
                let kind = Error::from(document).kind();
                match (&document.error_message, &document.error_type) {
                    // The Java class of all errors that connectors raise on purpose. The message
                    // begins with the error code, so the class adds nothing.
                    (Some(message), Some(class))
                        if class.ends_with(".AthenaConnectorException") =>
                    {
                        (kind, message.clone())
                    }
                    (_, _) => (kind, error.to_string()),
                }
            }
            InvokeError::Host(_) => (ErrorKind::Internal, error.to_string()),
        };
        Error::new(kind, self.site(operation, subject, &text))
    }
}
