//! `RunningFunction` function, and the requests sent to it.

use std::{ops::Range, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use arrow::datatypes::{Schema, SchemaRef};
use athena_client::Invoke as _;
use athena_connector_bench::{BenchTable, SCHEMA};
use athena_lambda_host::{ColdStart, FunctionOptions, HostedFunction};
use athena_protocol::{
    Constraints, Request, Response, SerdeVersion, Split, TableName,
    message::{
        GetSplitsRequest, GetTableLayoutRequest, GetTableRequest, ListTablesRequest, PingRequest,
        ReadRecordsRequest,
    },
};
use test_store::Store;

use crate::contestant::Contestant;

const CATALOG: &str = "bench";
const QUERY: &str = "benchmark";

/// Process of a connector behind the Lambda host.
#[derive(Debug)]
pub(crate) struct RunningFunction(HostedFunction);

/// Parameters of a read.
#[derive(Debug, Clone)]
pub(crate) struct ReadOptions {
    pub(crate) constraints: Constraints,
    pub(crate) max_block_size: u64,
    pub(crate) max_inline_block_size: u64,
}

impl RunningFunction {
    /// Hosts `contestant`, whose process starts with the first request.
    pub(crate) fn new(contestant: &Contestant, store: &Store, encrypted: bool) -> Self {
        let mut env = store.env();
        // Contestants read rows that the driver chooses.
        env.push(("athena_connector_seal".to_owned(), "off".to_owned()));
        if !encrypted {
            env.push(("disable_spill_encryption".to_owned(), "true".to_owned()));
        }
        let options = FunctionOptions {
            name: "bench".to_owned(),
            concurrency: 1,
            env,
            show_output: false,
            timeout: Duration::from_mins(15),
            ..FunctionOptions::default()
        };
        Self(HostedFunction::new(&contestant.program, &contestant.arguments, options))
    }

    /// Returns the timing of the process start, once it has responded.
    pub(crate) fn cold_start(&self) -> anyhow::Result<ColdStart> {
        self.0.cold_starts().last().copied().context("no process has responded")
    }

    /// Returns the peak memory of the process in bytes.
    #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        Ok(self.0.peak_memory().context("the system does not report the memory of a process")?
            as f64)
    }

    pub(crate) async fn call(&self, request: &Request) -> anyhow::Result<Response> {
        let response = self.invoke(request).await?;
        Ok(Response::decode(&response)?)
    }

    /// Sends a request, and returns the response without decoding it, so that decoding is not
    /// measured.
    pub(crate) async fn invoke(&self, request: &Request) -> anyhow::Result<bytes::Bytes> {
        Ok(self.0.invoke(request.encode(SerdeVersion::V6)?.into()).await?)
    }

    /// Creates a split of `table` that covers `rows`.
    pub(crate) async fn split(&self, table: BenchTable, rows: Range<u64>) -> anyhow::Result<Split> {
        let Response::GetSplits(response) =
            self.call(&get_splits(self.layout(table).await?)).await?
        else {
            bail!("the response is not GetSplits");
        };
        let mut split = response.splits.into_iter().next().context("the table has no splits")?;
        split.properties.insert("start".to_owned(), rows.start.to_string());
        split.properties.insert("end".to_owned(), rows.end.to_string());
        Ok(split)
    }

    /// Requests the partitions, and creates the request for splits from them.
    pub(crate) async fn layout(&self, table: BenchTable) -> anyhow::Result<GetSplitsRequest> {
        let request = Request::GetTableLayout(GetTableLayoutRequest {
            identity: Some(identity()),
            query_id: Some(QUERY.to_owned()),
            catalog_name: CATALOG.to_owned(),
            table_name: table_name(table),
            constraints: Constraints::default(),
            schema: schema(table),
            partition_columns: Vec::new(),
        });
        let Response::GetTableLayout(response) = self.call(&request).await? else {
            bail!("the response is not GetTableLayout");
        };
        Ok(GetSplitsRequest {
            identity: Some(identity()),
            query_id: Some(QUERY.to_owned()),
            catalog_name: CATALOG.to_owned(),
            table_name: table_name(table),
            partitions: response.partitions,
            partition_columns: Vec::new(),
            constraints: Constraints::default(),
            continuation_token: None,
        })
    }
}

pub(crate) fn ping() -> Request {
    Request::Ping(PingRequest {
        identity: Some(identity()),
        catalog_name: CATALOG.to_owned(),
        query_id: QUERY.to_owned(),
    })
}

pub(crate) fn list_tables() -> Request {
    Request::ListTables(ListTablesRequest {
        identity: Some(identity()),
        query_id: Some(QUERY.to_owned()),
        catalog_name: CATALOG.to_owned(),
        schema_name: Some(SCHEMA.to_owned()),
        next_token: None,
        page_size: ListTablesRequest::UNLIMITED,
    })
}

pub(crate) fn get_table(table: BenchTable) -> Request {
    Request::GetTable(GetTableRequest {
        identity: Some(identity()),
        query_id: Some(QUERY.to_owned()),
        catalog_name: CATALOG.to_owned(),
        table_name: table_name(table),
        query_passthrough_arguments: std::collections::BTreeMap::new(),
    })
}

pub(crate) fn get_splits(request: GetSplitsRequest) -> Request {
    Request::GetSplits(request)
}

pub(crate) fn read_records(table: BenchTable, split: Split, options: &ReadOptions) -> Request {
    Request::ReadRecords(ReadRecordsRequest {
        identity: Some(identity()),
        query_id: QUERY.to_owned(),
        catalog_name: CATALOG.to_owned(),
        table_name: table_name(table),
        schema: schema(table),
        split,
        constraints: options.constraints.clone(),
        max_block_size: options.max_block_size,
        max_inline_block_size: options.max_inline_block_size,
    })
}

fn identity() -> athena_protocol::FederatedIdentity {
    athena_protocol::FederatedIdentity {
        account: Some("000000000000".to_owned()),
        arn: Some("arn:aws:iam::000000000000:root".to_owned()),
        ..athena_protocol::FederatedIdentity::default()
    }
}

fn table_name(table: BenchTable) -> TableName {
    TableName { schema: SCHEMA.to_owned(), table: table.name().to_owned() }
}

fn schema(table: BenchTable) -> SchemaRef {
    Arc::new(Schema::new(table.fields()))
}
