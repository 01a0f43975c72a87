//! Handler of requests: bytes in, bytes out.

use std::{fmt, sync::Arc, time::SystemTime};

use athena_protocol::{MAX_PAYLOAD_BYTES, Request, Response, SerdeVersion, error::shorten_names};
use athena_spill::{KeyFactory, ObjectStore};
use futures::future::pending;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::{
    AccessRule, Connector, Context, Error, ErrorKind, Passthrough, Result, Settings,
    StaticConnector, Udfs,
    audit::AuditLine,
    context::{Counters, known_deadline},
    deadline::{Deadline, TimeLimit},
    dispatch::{self, Dispatch},
    hook::{Hook, Invocation, Next},
    query_status::{QueryStatus, QueryWatch},
    seal::Seals,
    spilling::Spilling,
    split::describe_properties,
};

/// Connector with its functions and settings, ready to handle requests.
///
/// [`handle`](Self::handle) maps one request to one response; `run`, of the feature `lambda`,
/// serves AWS Lambda invocations. One handler serves all invocations of a process, several at a
/// time. S3 and KMS clients are created on first use.
///
/// # Examples
///
/// Configuration:
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
///
/// A test without Lambda:
///
/// ```
/// use athena_connector_sdk::{Handler, StaticConnector};
///
/// # futures::executor::block_on(async {
/// let request = br#"{
///     "@type": "ListSchemasRequest",
///     "identity": null,
///     "queryId": "q-1",
///     "catalogName": "shop"
/// }"#;
/// let response = Handler::new(StaticConnector::new()).handle(request, None).await?;
/// assert!(String::from_utf8_lossy(&response).contains("ListSchemasResponse"));
/// # Ok::<(), athena_connector_sdk::Error>(())
/// # })?;
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
pub struct Handler {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) udfs: Udfs,
    pub(crate) passthrough: Option<Arc<dyn Passthrough>>,
    pub(crate) settings: Option<Settings>,
    /// Configuration of the connector that page tokens are bound to.
    pub(crate) configuration: Option<String>,
    /// Error of the environment's settings, returned for every request but a ping.
    pub(crate) misconfigured: Option<Error>,
    pub(crate) spilling: Spilling,
    pub(crate) seals: Seals,
    pub(crate) access: Option<Arc<dyn AccessRule>>,
    /// Hooks, the outermost first.
    pub(crate) hooks: Vec<Arc<dyn Hook>>,
    pub(crate) query_watch: Option<QueryWatch>,
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
    /// Creates a handler of `connector`, without user-defined functions or query passthrough.
    pub fn new(connector: impl Connector) -> Self {
        Self {
            connector: Arc::new(connector),
            udfs: Udfs::new(),
            passthrough: None,
            settings: None,
            configuration: None,
            misconfigured: None,
            spilling: Spilling::default(),
            seals: Seals::default(),
            access: None,
            hooks: Vec::new(),
            query_watch: None,
        }
    }

    /// Sets the user-defined functions.
    #[must_use]
    pub fn with_udfs(mut self, udfs: Udfs) -> Self {
        self.udfs = udfs;
        self
    }

    /// Enables query passthrough: announces the table function of `passthrough`, and routes its
    /// queries there.
    ///
    /// [`Setting::EnableQueryPassthrough`](crate::Setting::EnableQueryPassthrough) can disable it.
    #[must_use]
    pub fn with_passthrough(mut self, passthrough: impl Passthrough) -> Self {
        self.passthrough = Some(Arc::new(passthrough));
        self
    }

    /// Shows rows and columns by caller: `rule` says what the identity in a request may see of a
    /// table.
    ///
    /// Applies to lists, definitions, partitions, splits and reads, to order and limit, whatever
    /// the connector does. Query passthrough is refused, unless the rule gives full access to the
    /// table function, because its queries can read any table.
    ///
    /// An identity is a claim of the caller. It is true only in a deployment where only Athena may
    /// invoke the function, which [`Setting::TrustIdentity`](crate::Setting::TrustIdentity) states;
    /// without it, every request on a table fails with `AccessDenied`.
    ///
    /// ```
    /// # use athena_connector_sdk::{Handler, StaticConnector};
    /// use athena_connector_sdk::{Access, FederatedIdentity, Mask, TableName};
    ///
    /// # let connector = StaticConnector::new();
    /// let rule = |table: &TableName, caller: &FederatedIdentity| {
    ///     let is_auditor = caller.arn.as_deref().is_some_and(|arn| arn.contains("/Auditor/"));
    ///     match table.table.as_str() {
    ///         "staff" if is_auditor => Access::full(),
    ///         "staff" => Access::full().with_mask("salary", Mask::Null),
    ///         _ => Access::hidden(),
    ///     }
    /// };
    /// let handler = Handler::new(connector).with_access(rule);
    /// ```
    #[must_use]
    pub fn with_access(mut self, rule: impl AccessRule) -> Self {
        self.access = Some(Arc::new(rule));
        self
    }

    /// Adds code around each invocation, inside of the hooks that were added before.
    #[must_use]
    pub fn with_hook(mut self, hook: impl Hook) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// Stops reads whose query has ended, as when it was cancelled or has the rows that it needs.
    ///
    /// Asks `status` after 10 seconds of reading, then after 20, 40, and every 60 seconds, once for
    /// all reads of a query in a process. A query that cannot be seen, as one of another account,
    /// is not asked for again, and after `AccessDenied` none is.
    ///
    /// With the feature `query-status`, `AthenaQueryStatus` asks Athena.
    #[must_use]
    pub fn with_query_status(mut self, status: impl QueryStatus) -> Self {
        self.query_watch = Some(QueryWatch::new(status));
        self
    }

    /// Uses `settings` instead of reading the environment.
    ///
    /// Without this call, `run` reads the environment, and [`handle`](Self::handle) by itself uses
    /// the defaults, with which nothing can be spilled.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Binds page tokens to `configuration`, a text that is different if the lists of the connector
    /// are.
    ///
    /// A token contains a position in a list of splits or tables. Athena sends it back with the
    /// next request, which may reach a function that has been configured otherwise in the meantime:
    /// another source, another size of a split. In its list, the position would skip or repeat
    /// items. With this call, such a request fails with `InvalidInput`.
    ///
    /// Include no secrets: tokens contain a digest, which would allow guessing them.
    ///
    /// ```
    /// # use athena_connector_sdk::{Handler, StaticConnector};
    /// # let connector = StaticConnector::new();
    /// # let (url, rows_per_split) = ("postgres://shop", 10_000);
    /// let handler =
    ///     Handler::new(connector).with_configuration(format!("{url} {rows_per_split}"));
    /// ```
    #[must_use]
    pub fn with_configuration(mut self, configuration: impl Into<String>) -> Self {
        self.configuration = Some(configuration.into());
        self
    }

    /// Spills to `store` instead of S3.
    #[must_use]
    pub fn with_object_store(mut self, store: Arc<dyn ObjectStore>) -> Self {
        self.spilling = self.spilling.with_store(store);
        self
    }

    /// Takes the encryption keys of splits from `keys`, unless encryption is disabled.
    #[must_use]
    pub fn with_key_factory(mut self, keys: Arc<dyn KeyFactory>) -> Self {
        self.spilling = self.spilling.with_keys(keys);
        self
    }

    /// Handles one request, and encodes the response in the serde version of the request.
    ///
    /// `deadline` is the time at which the runtime ends the invocation; `None` and the Unix epoch
    /// mean that it is unknown. Shortly before, the request fails with `Timeout`, and the error
    /// names the operation ([`Setting::DeadlineMargin`](crate::Setting::DeadlineMargin)). Dropping
    /// the future cancels the request.
    ///
    /// # Errors
    ///
    /// Any error of the connector, with its kind. The SDK adds `InvalidInput` for a malformed
    /// request or wrong settings, `Unsupported` for a request that it cannot evaluate or a response
    /// over the 6 MiB limit of Lambda, `Timeout` for the deadline, and `Internal` for a connector
    /// that breaks its contract. Convert it into a
    /// [`FunctionError`](athena_protocol::error::FunctionError) to send it.
    ///
    /// # Panics
    ///
    /// Panics if the connector does.
    pub async fn handle(&self, request: &[u8], deadline: Option<SystemTime>) -> Result<Vec<u8>> {
        let defaults;
        let settings = if let Some(settings) = &self.settings {
            settings
        } else {
            defaults = Settings::default();
            &defaults
        };
        let result = if settings.audit || !self.hooks.is_empty() {
            self.respond_observed(request, deadline, settings).await
        } else {
            self.respond_unobserved(request, deadline, settings).await
        };
        settings.capture.log(request, result.is_err());
        result
    }

    async fn respond_unobserved(
        &self,
        request: &[u8],
        deadline: Option<SystemTime>,
        settings: &Settings,
    ) -> Result<Vec<u8>> {
        let (request, version) = Request::decode(request)?;
        let context = context(&request, deadline);
        self.respond(request, version, context, deadline, settings).await
    }

    /// Responds with the audit line and the hooks around.
    async fn respond_observed(
        &self,
        request: &[u8],
        deadline: Option<SystemTime>,
        settings: &Settings,
    ) -> Result<Vec<u8>> {
        let mut audit = settings.audit.then(AuditLine::begin);
        let mut invocation =
            Invocation { operation: "unknown", object: String::new(), context: Context::default() };
        let decoded = Request::decode(request);
        if let Ok((request, _)) = &decoded {
            invocation.operation = request.type_name();
            invocation.object = object(request);
            invocation.context = context(request, deadline);
            if let Some(audit) = &mut audit {
                audit.describe(request, &invocation);
            }
        }
        let context = invocation.context.clone();
        let mut next = Next::new(async move {
            let (request, version) = decoded?;
            self.respond(request, version, context, deadline, settings).await
        });
        for hook in self.hooks.iter().rev() {
            let (inner, invocation) = (next, &invocation);
            next = Next::new(async move { hook.around(invocation, inner).await });
        }
        let result = next.run().await;
        if let Some(audit) = audit {
            audit.end(&result);
        }
        result
    }

    async fn respond(
        &self,
        request: Request,
        version: SerdeVersion,
        context: Context,
        deadline: Option<SystemTime>,
        settings: &Settings,
    ) -> Result<Vec<u8>> {
        let budget = Deadline::new(deadline, settings.deadline_margin);
        let context = Context { time_limit: budget.time_limit(), ..context };
        // A ping is the first message of a cold start and must not fail, so nothing else runs.
        if let Request::Ping(ping) = &request {
            return dispatch::ping(self.connector.source_type(), ping).encode(version);
        }
        if let Some(error) = &self.misconfigured {
            return Err(Error::new(error.kind(), error.message()));
        }
        let span = tracing::info_span!(
            "invocation",
            request = request.type_name(),
            query_id = context.query_id.as_deref().map(shorten_names).as_deref(),
            catalog = &*shorten_names(&context.catalog_name),
        );
        let operation = describe_operation(&request);
        let definition = OnceCell::new();
        let is_read = matches!(request, Request::ReadRecords(_));
        let query_id = context.query_id.clone().filter(|_| is_read);
        let invocation = Dispatch { handler: self, settings, context, version, definition };
        // Boxed, because the futures of all operations are large.
        let work = Box::pin(async {
            let response = invocation.respond(request).await;
            let bytes = response.and_then(|response| encode(&response, version));
            bytes.map_err(|error| error.with_context("while", operation.as_str()))
        });
        let work = async {
            tokio::select! {
                result = work => result,
                () = self.query_ended(query_id.as_deref()) => Err(Error::new(
                    ErrorKind::PartialFailure,
                    format!("{operation} was stopped, because the query has ended"),
                )),
            }
        };
        budget.race(&operation, work).instrument(span).await
    }

    /// Completes when the query of a read has ended, and never if that is not known.
    async fn query_ended(&self, query_id: Option<&str>) {
        match (query_id, &self.query_watch) {
            (Some(query_id), Some(watch)) => watch.ended(query_id).await,
            _ => pending().await,
        }
    }
}

/// Creates the handler of a connector that could not be created: it answers every request but a
/// ping with the error, so that users of Athena see it.
///
/// ```
/// # use athena_connector_sdk::{Result, StaticConnector};
/// use athena_connector_sdk::{Handler, Variables};
///
/// # struct Shop;
/// # impl Shop { fn read(_: Variables) -> Result<StaticConnector> { Ok(StaticConnector::new()) } }
/// let handler = Handler::from(Shop::read(Variables::from_env("shop_")));
/// # let _ = handler;
/// ```
impl<C: Connector> From<Result<C>> for Handler {
    fn from(connector: Result<C>) -> Self {
        match connector {
            Ok(connector) => Self::new(connector),
            Err(error) => {
                let mut handler = Self::new(StaticConnector::new());
                handler.misconfigured = Some(error);
                handler
            }
        }
    }
}

/// Encodes a response, which must not exceed the payload limit of Lambda.
fn encode(response: &Response, version: SerdeVersion) -> Result<Vec<u8>> {
    let bytes = response.encode(version)?;
    if bytes.len() > MAX_PAYLOAD_BYTES {
        let remedy = match response {
            // Its size is that of the list of blocks.
            Response::RemoteReadRecords(_) => "; make splits smaller or blocks larger",
            _ => "",
        };
        return Err(Error::unsupported(format!(
            "the {} is {} bytes; a Lambda function can return at most {MAX_PAYLOAD_BYTES}{remedy}",
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
        deadline: known_deadline(deadline),
        time_limit: TimeLimit::default(),
        counters: Arc::new(Counters::default()),
    }
}

/// Returns the table, schema or function of a request.
fn object(request: &Request) -> String {
    match request {
        Request::Ping(_) | Request::ListSchemas(_) | Request::GetDataSourceCapabilities(_) => {
            String::new()
        }
        Request::ListTables(request) => request.schema_name.clone().unwrap_or_default(),
        Request::GetTable(request) => request.table_name.to_string(),
        Request::GetTableLayout(request) => request.table_name.to_string(),
        Request::GetSplits(request) => request.table_name.to_string(),
        Request::ReadRecords(request) => request.table_name.to_string(),
        Request::UserDefinedFunction(request) => request.method_name.clone(),
    }
}

/// Describes the operation in errors: `reading sf1.lineitem, split part=3`.
fn describe_operation(request: &Request) -> String {
    match request {
        Request::Ping(_) => "answering a ping".to_owned(),
        Request::ListSchemas(_) => "listing schemas".to_owned(),
        Request::ListTables(r) => {
            format!("listing tables of {}", r.schema_name.as_deref().unwrap_or("all schemas"))
        }
        Request::GetTable(r) => format!("describing {}", r.table_name),
        Request::GetTableLayout(r) => format!("listing partitions of {}", r.table_name),
        Request::GetSplits(r) => format!("listing splits of {}", r.table_name),
        Request::GetDataSourceCapabilities(_) => "listing capabilities".to_owned(),
        Request::ReadRecords(r) => {
            let split = describe_properties(&r.split.properties);
            format!("reading {}, split {split}", r.table_name)
        }
        Request::UserDefinedFunction(r) => format!("evaluating {}", r.method_name),
    }
}

#[cfg(test)]
mod tests {
    use athena_protocol::message::{ListSchemasRequest, PingRequest};

    use super::*;

    #[tokio::test]
    async fn a_misconfigured_handler_responds_only_to_pings() {
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
