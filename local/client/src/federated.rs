//! The client of one connector: encode, invoke, decode, write down.

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
    Call, Capabilities, Invoke, InvokeError, Operation, Outcome, Trace, operation::type_name,
};

/// Sizes and the caller's name, the same for all calls of a client.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Largest block that a connector may make, in bytes. Athena's is 16,000,000.
    pub max_block_size: u64,
    /// From this size on, in bytes, a connector spills what it read. Athena's is 5,242,880.
    pub max_inline_block_size: u64,
    /// Spilled blocks of one answer that are fetched before they are asked for.
    pub blocks_ahead: usize,
    /// Highest serde version to speak.
    pub highest_version: SerdeVersion,
    /// Who is said to ask.
    pub identity: FederatedIdentity,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            max_block_size: 16_000_000,
            max_inline_block_size: 5_242_880,
            blocks_ahead: 2,
            highest_version: SerdeVersion::LATEST,
            // Made up, and shaped like the real ones, because connectors may parse them.
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

/// Typed calls to the function of one catalog, in the name of one query.
///
/// Clones are cheap and share what was learned about the function: its version and its
/// capabilities.
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
    /// A client of `function`, registered as `catalog`, that reads spilled blocks from `store`.
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

    /// The same client asking for the query `query_id` and writing into `trace`.
    #[must_use]
    pub fn for_query(&self, query_id: &str, trace: Trace) -> Self {
        Self { shared: Arc::clone(&self.shared), query_id: query_id.into(), trace }
    }

    /// The catalog that the function is registered as.
    pub fn catalog(&self) -> &str {
        &self.shared.catalog
    }

    /// The calls made for this query, by all clients of it.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The version to speak with the function: pinged once, remembered for all queries.
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
        // A ping is the same in every version.
        let (response, place) = self.send(SerdeVersion::V2, &request, &"", "").await?;
        let Response::Ping(pong) = response else {
            return Err(self.wrong_type(Operation::Ping, &"", &response, "PingResponse"));
        };
        let spoken =
            SerdeVersion::negotiate(pong.serde_version).min(self.shared.options.highest_version);
        let source = pong.source_type.as_deref().unwrap_or("unnamed source");
        self.trace.set_outcome(
            place,
            Outcome::Answer(format!(
                "{source}, serde version {}, speaking {}",
                pong.serde_version,
                spoken.number()
            )),
        );
        Ok(spoken)
    }

    /// What the function evaluates itself: asked once, remembered for all queries.
    ///
    /// A function that fails to answer has none, as before version 4: a capability is a promise,
    /// and there is none.
    pub async fn capabilities(&self) -> Result<&Capabilities> {
        self.shared
            .capabilities
            .get_or_try_init(|| async {
                let version = self.version().await?;
                if version == SerdeVersion::V1 {
                    // Its value sets lose what they say, and who speaks it today filters nothing.
                    return Ok(Capabilities::default());
                }
                if version < SerdeVersion::V4 {
                    return Ok(Capabilities::before_version_4());
                }
                match self.ask_capabilities().await {
                    Err(error) if error.kind() != ErrorKind::Timeout => {
                        debug!(catalog = self.catalog(), %error, "no capabilities, so nothing is pushed down");
                        Ok(Capabilities::default())
                    }
                    answer => answer,
                }
            })
            .await
    }

    async fn ask_capabilities(&self) -> Result<Capabilities> {
        let request = Request::GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.shared.catalog.clone(),
        });
        let (response, place) = self.call(&request, &"", "").await?;
        let Response::GetDataSourceCapabilities(answer) = response else {
            let operation = Operation::GetDataSourceCapabilities;
            return Err(self.wrong_type(
                operation,
                &"",
                &response,
                "GetDataSourceCapabilitiesResponse",
            ));
        };
        let capabilities = Capabilities::from_wire(&answer.capabilities);
        self.trace.set_outcome(place, Outcome::Answer(capabilities.in_words()));
        Ok(capabilities)
    }

    pub(super) fn identity(&self) -> FederatedIdentity {
        self.shared.options.identity.clone()
    }

    /// Asks in the negotiated version; returns the answer and the call's place in the trace.
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
        let operation = Operation::of(request);
        let bytes = request.encode(version).map_err(|error| {
            let kind = error.kind();
            Error::new(kind, self.site(operation, subject, "the request has no form on the wire"))
                .with_source(error)
        })?;
        let mut call = Call {
            catalog: self.shared.catalog.clone(),
            operation,
            subject: subject.to_string(),
            pushed: pushed.to_owned(),
            request_bytes: bytes.len(),
            response_bytes: 0,
            elapsed: std::time::Duration::ZERO,
            outcome: Outcome::Answer(String::new()),
        };
        let sent = Instant::now();
        let answer = self.shared.function.invoke(Bytes::from(bytes)).await;
        call.elapsed = sent.elapsed();
        let decoded = match answer {
            Err(error) => Err(self.failure(operation, subject, &error)),
            Ok(bytes) => {
                call.response_bytes = bytes.len();
                Response::decode(&bytes).map_err(|error| {
                    let text = format!("its answer of {} bytes cannot be read", bytes.len());
                    Error::invalid_response(self.site(operation, subject, &text)).with_source(error)
                })
            }
        };
        match decoded {
            Ok(response) => Ok((response, self.trace.add(call))),
            Err(error) => {
                call.outcome = Outcome::Failed(error.to_string());
                self.trace.add(call);
                Err(error)
            }
        }
    }

    /// Says where `text` happened: `function "tpch" failed ReadRecords of sf1.lineitem: text`.
    pub(super) fn site(&self, operation: Operation, subject: &dyn Display, text: &str) -> String {
        let subject = subject.to_string();
        let of = if subject.is_empty() { "" } else { " of " };
        format!("function \"{}\" failed {operation}{of}{subject}: {text}", self.shared.catalog)
    }

    pub(super) fn wrong_type(
        &self,
        operation: Operation,
        subject: &dyn Display,
        response: &Response,
        expected: &str,
    ) -> Error {
        let text = format!("it answered {}, expected {expected}", type_name(response));
        Error::invalid_response(self.site(operation, subject, &text))
    }

    fn failure(&self, operation: Operation, subject: &dyn Display, error: &InvokeError) -> Error {
        let (kind, text) = match error {
            InvokeError::Function(document) => {
                let kind = Error::from(document).kind();
                match (&document.error_message, &document.error_type) {
                    // The class of every error that a connector means; the code is in front of its
                    // message.
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
