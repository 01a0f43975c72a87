//! Canonical JSON of requests, responses and errors.

use athena_protocol::{
    EncryptionKey, FederatedIdentity, Request, Response, S3SpillLocation, Split, TableName,
    error::FunctionError,
};
use serde_json::{Value, json};

use super::{
    block::{base64, block, integer},
    constraints, schema,
};

/// Returns a request as an object with the member names of the wire format.
pub fn request(request: &Request) -> Value {
    let mut members = match request {
        Request::Ping(request) => json!({ "queryId": request.query_id }),
        Request::ListSchemas(request) => json!({ "queryId": request.query_id }),
        Request::ListTables(request) => json!({
            "queryId": request.query_id,
            "schemaName": request.schema_name,
            "nextToken": request.next_token,
            "pageSize": request.page_size,
        }),
        Request::GetTable(request) => json!({
            "queryId": request.query_id,
            "tableName": table_name(&request.table_name),
            "queryPassthroughArguments": request.query_passthrough_arguments,
        }),
        Request::GetTableLayout(request) => json!({
            "queryId": request.query_id,
            "tableName": table_name(&request.table_name),
            "constraints": constraints(&request.constraints),
            "schema": schema(&request.schema),
            "partitionColumns": request.partition_columns,
        }),
        Request::GetSplits(request) => json!({
            "queryId": request.query_id,
            "tableName": table_name(&request.table_name),
            "partitions": block(&request.partitions),
            "partitionColumns": request.partition_columns,
            "constraints": constraints(&request.constraints),
            "continuationToken": request.continuation_token,
        }),
        Request::GetDataSourceCapabilities(request) => json!({ "queryId": request.query_id }),
        Request::ReadRecords(request) => json!({
            "queryId": request.query_id,
            "tableName": table_name(&request.table_name),
            "schema": schema(&request.schema),
            "split": split(&request.split),
            "constraints": constraints(&request.constraints),
            "maxBlockSize": integer(request.max_block_size.into()),
            "maxInlineBlockSize": integer(request.max_inline_block_size.into()),
        }),
        Request::UserDefinedFunction(request) => json!({
            "inputRecords": block(&request.input_records),
            "outputSchema": schema(&request.output_schema),
            "methodName": request.method_name,
            "functionType": "SCALAR",
        }),
    };
    let (caller, catalog) = match request {
        Request::Ping(request) => (&request.identity, Some(&request.catalog_name)),
        Request::ListSchemas(request) => (&request.identity, Some(&request.catalog_name)),
        Request::ListTables(request) => (&request.identity, Some(&request.catalog_name)),
        Request::GetTable(request) => (&request.identity, Some(&request.catalog_name)),
        Request::GetTableLayout(request) => (&request.identity, Some(&request.catalog_name)),
        Request::GetSplits(request) => (&request.identity, Some(&request.catalog_name)),
        Request::GetDataSourceCapabilities(request) => {
            (&request.identity, Some(&request.catalog_name))
        }
        Request::ReadRecords(request) => (&request.identity, Some(&request.catalog_name)),
        Request::UserDefinedFunction(request) => (&request.identity, None),
    };
    members["@type"] = request.type_name().into();
    members["identity"] = identity(caller.as_ref());
    if let Some(catalog) = catalog {
        members["catalogName"] = catalog.as_str().into();
    }
    members
}

/// Returns a response as an object with the member names of the wire format.
pub fn response(response: &Response) -> Value {
    let mut members = match response {
        Response::Ping(response) => json!({
            "catalogName": response.catalog_name,
            "queryId": response.query_id,
            "sourceType": response.source_type,
            "capabilities": response.capabilities,
            "serDeVersion": response.serde_version,
        }),
        Response::ListSchemas(response) => {
            json!({ "catalogName": response.catalog_name, "schemas": response.schemas })
        }
        Response::ListTables(response) => json!({
            "catalogName": response.catalog_name,
            "tables": response.tables.iter().map(table_name).collect::<Value>(),
            "nextToken": response.next_token,
        }),
        Response::GetTable(response) => json!({
            "catalogName": response.catalog_name,
            "tableName": table_name(&response.table_name),
            "schema": schema(&response.schema),
            "partitionColumns": response.partition_columns,
        }),
        Response::GetTableLayout(response) => json!({
            "catalogName": response.catalog_name,
            "tableName": table_name(&response.table_name),
            "partitions": block(&response.partitions),
        }),
        Response::GetSplits(response) => json!({
            "catalogName": response.catalog_name,
            "splits": response.splits.iter().map(split).collect::<Value>(),
            "continuationToken": response.continuation_token,
        }),
        Response::GetDataSourceCapabilities(response) => {
            let capabilities = response.capabilities.iter().map(|(name, sub_types)| {
                let sub_types = sub_types.iter().map(|sub_type| {
                    json!({ "subType": sub_type.sub_type, "properties": sub_type.properties })
                });
                (name.clone(), sub_types.collect::<Value>())
            });
            json!({
                "catalogName": response.catalog_name,
                "capabilities": capabilities.collect::<Value>(),
            })
        }
        Response::ReadRecords(response) => {
            json!({ "catalogName": response.catalog_name, "records": block(&response.records) })
        }
        Response::RemoteReadRecords(response) => json!({
            "catalogName": response.catalog_name,
            "schema": schema(&response.schema),
            "remoteBlocks": response.remote_blocks.iter().map(spill_location).collect::<Value>(),
            "encryptionKey": response.encryption_key.as_ref().map(encryption_key),
        }),
        Response::UserDefinedFunction(response) => {
            json!({ "records": block(&response.records), "methodName": response.method_name })
        }
    };
    members["@type"] = response.type_name().into();
    members
}

/// Returns the error document of a function, with the message that callers of the Java SDK derive
/// from it and from each of its causes.
pub fn function_error(error: &FunctionError) -> Value {
    json!({
        "errorType": error.error_type,
        "errorMessage": error.error_message,
        "stackTrace": error.stack_trace,
        "message": error.java_message(),
        "cause": error.cause.as_deref().map(function_error),
    })
}

fn identity(identity: Option<&FederatedIdentity>) -> Value {
    identity.map_or(Value::Null, |identity| {
        json!({
            "account": identity.account,
            "arn": identity.arn,
            "tags": identity.tags,
            "groups": identity.groups,
            "configOptions": identity.config_options,
        })
    })
}

fn table_name(name: &TableName) -> Value {
    json!({ "schemaName": name.schema, "tableName": name.table })
}

/// Returns a split, with its key in clear text.
pub fn split(split: &Split) -> Value {
    json!({
        "spillLocation": split.spill_location.as_ref().map(spill_location),
        "encryptionKey": split.encryption_key.as_ref().map(encryption_key),
        "properties": split.properties,
    })
}

/// Returns a spill location.
pub fn spill_location(location: &S3SpillLocation) -> Value {
    json!({ "bucket": location.bucket, "key": location.key, "directory": location.directory })
}

/// Returns a key and its nonce in base64, in clear text: for keys of test data only.
pub fn encryption_key(key: &EncryptionKey) -> Value {
    json!({ "key": base64(&key.key), "nonce": base64(&key.nonce) })
}
