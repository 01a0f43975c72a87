//! The JSON form of messages: members are read by name and written in order (section 3.0 of the
//! protocol).

use std::collections::BTreeMap;

use super::{
    CapabilitySubType, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse,
    GetSplitsRequest, GetSplitsResponse, GetTableLayoutRequest, GetTableLayoutResponse,
    GetTableRequest, GetTableResponse, ListSchemasRequest, ListSchemasResponse, ListTablesRequest,
    ListTablesResponse, PingRequest, PingResponse, ReadRecordsRequest, ReadRecordsResponse,
    RemoteReadRecordsResponse, TableName, UserDefinedFunctionRequest, UserDefinedFunctionResponse,
};
use crate::{
    error::Result,
    identity::FederatedIdentity,
    json::{JsonCursor, Writer},
    predicate::Constraints,
    split::{EncryptionKey, S3SpillLocation, Split},
    version::SerdeVersion,
    wire_block::{read_block, read_schema, write_block, write_schema},
};

/// A message with a JSON object form.
pub(super) trait Message: Sized {
    /// The `@type` of the message.
    const TYPE: &'static str;

    fn read(at: JsonCursor<'_>) -> Result<Self>;

    /// Writes every member after `@type`.
    fn write_members(&self, writer: &mut Writer) -> Result<()>;

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("@type").text(Self::TYPE);
            self.write_members(writer)
        })
    }
}

/// Writes the first members of most requests.
fn write_header(
    writer: &mut Writer,
    identity: Option<&FederatedIdentity>,
    query_id: Option<&str>,
    catalog_name: &str,
) -> Result<()> {
    FederatedIdentity::write(identity, writer.name("identity"))?;
    writer.name("queryId").optional_text(query_id);
    writer.name("catalogName").text(catalog_name);
    Ok(())
}

/// Returns the name of the member for partition columns in two of the requests.
fn partition_columns(version: SerdeVersion) -> &'static str {
    if version == SerdeVersion::V1 { "partitionCols" } else { "partitionColumns" }
}

/// Writes a size in bytes, as text so that no JSON reader rounds it.
fn write_size(writer: &mut Writer, bytes: u64) {
    if writer.version == SerdeVersion::V1 {
        writer.integer(i64::try_from(bytes).unwrap_or(i64::MAX));
    } else {
        writer.text(&bytes.to_string());
    }
}

fn read_texts(at: JsonCursor<'_>) -> Result<Vec<String>> {
    at.elements(|text| text.string())
}

impl Message for PingRequest {
    const TYPE: &'static str = "PingRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            catalog_name: at.member("catalogName").string()?,
            query_id: at.member("queryId").string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        FederatedIdentity::write(self.identity.as_ref(), writer.name("identity"))?;
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("queryId").text(&self.query_id);
        Ok(())
    }
}

impl Message for PingResponse {
    const TYPE: &'static str = "PingResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let version = at.member("serDeVersion");
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            query_id: at.member("queryId").string()?,
            source_type: at.member("sourceType").optional_string()?,
            capabilities: at.member("capabilities").int()?,
            // Peers without the member speak version 1; some of them send 0.
            serde_version: if version.is_missing() { 1 } else { version.int()?.max(1) },
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("queryId").text(&self.query_id);
        writer.name("sourceType").optional_text(self.source_type.as_deref());
        writer.name("capabilities").integer(i64::from(self.capabilities));
        writer.name("serDeVersion").integer(i64::from(self.serde_version));
        Ok(())
    }
}

impl Message for ListSchemasRequest {
    const TYPE: &'static str = "ListSchemasRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)
    }
}

impl Message for ListSchemasResponse {
    const TYPE: &'static str = "ListSchemasResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            schemas: read_texts(at.member("schemas"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("schemas").text_list(&self.schemas)
    }
}

impl Message for ListTablesRequest {
    const TYPE: &'static str = "ListTablesRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let next_token = at.member("nextToken");
        let page_size = at.member("pageSize");
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
            schema_name: at.member("schemaName").optional_string()?,
            next_token: next_token.optional_string()?,
            // As in the Java reader, a page size without a token member is ignored.
            page_size: if next_token.is_missing() || page_size.is_missing() {
                Self::UNLIMITED
            } else {
                page_size.int()?
            },
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)?;
        writer.name("schemaName").optional_text(self.schema_name.as_deref());
        writer.name("nextToken").optional_text(self.next_token.as_deref());
        writer.name("pageSize").integer(i64::from(self.page_size));
        Ok(())
    }
}

impl Message for ListTablesResponse {
    const TYPE: &'static str = "ListTablesResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            tables: at.member("tables").elements(TableName::read)?,
            catalog_name: at.member("catalogName").string()?,
            next_token: at.member("nextToken").optional_string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("tables").list(&self.tables, |writer, table| table.write(writer))?;
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("nextToken").optional_text(self.next_token.as_deref());
        Ok(())
    }
}

impl Message for GetTableRequest {
    const TYPE: &'static str = "GetTableRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let arguments = at.member("queryPassthroughArguments");
        // Without an object, the request is of a version before 5.
        let arguments = arguments.object().ok();
        let version = if arguments.is_none() { SerdeVersion::V4 } else { SerdeVersion::V6 };
        at.context.by_members.set(Some(version));
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            query_passthrough_arguments: match arguments {
                Some(map) => map.entries(|argument| argument.optional_string())?,
                None => BTreeMap::new(),
            },
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)?;
        self.table_name.write(writer.name("tableName"))?;
        if writer.version >= SerdeVersion::V5 {
            return writer
                .name("queryPassthroughArguments")
                .text_map(&self.query_passthrough_arguments);
        }
        if self.query_passthrough_arguments.is_empty() {
            return Ok(());
        }
        Err(crate::Error::unsupported(format!(
            "serde version {} cannot carry passthrough arguments: use version 5 or later",
            writer.version.number()
        )))
    }
}

impl Message for GetTableResponse {
    const TYPE: &'static str = "GetTableResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            schema: read_schema(at.member("schema"))?,
            partition_columns: read_texts(at.member("partitionColumns"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        self.table_name.write(writer.name("tableName"))?;
        write_schema(&self.schema, writer.name("schema"))?;
        writer.name("partitionColumns").text_list(&self.partition_columns)
    }
}

impl Message for GetTableLayoutRequest {
    const TYPE: &'static str = "GetTableLayoutRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            constraints: Constraints::read(at.member("constraints"))?,
            schema: read_schema(at.member("schema"))?,
            partition_columns: read_texts(at.member_or("partitionColumns", "partitionCols"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)?;
        self.table_name.write(writer.name("tableName"))?;
        self.constraints.write(writer.name("constraints"))?;
        write_schema(&self.schema, writer.name("schema"))?;
        writer.name(partition_columns(writer.version)).text_list(&self.partition_columns)
    }
}

impl Message for GetTableLayoutResponse {
    const TYPE: &'static str = "GetTableLayoutResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            partitions: read_block(at.member("partitions"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        self.table_name.write(writer.name("tableName"))?;
        write_block(&self.partitions, writer.name("partitions"))
    }
}

impl Message for GetSplitsRequest {
    const TYPE: &'static str = "GetSplitsRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            partitions: read_block(at.member("partitions"))?,
            partition_columns: read_texts(at.member_or("partitionColumns", "partitionCols"))?,
            constraints: Constraints::read(at.member("constraints"))?,
            continuation_token: at.member("continuationToken").optional_string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)?;
        self.table_name.write(writer.name("tableName"))?;
        write_block(&self.partitions, writer.name("partitions"))?;
        writer.name(partition_columns(writer.version)).text_list(&self.partition_columns)?;
        self.constraints.write(writer.name("constraints"))?;
        writer.name("continuationToken").optional_text(self.continuation_token.as_deref());
        Ok(())
    }
}

impl Message for GetSplitsResponse {
    const TYPE: &'static str = "GetSplitsResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            splits: at.member("splits").elements(Split::read)?,
            continuation_token: at.member("continuationToken").optional_string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("splits").list(&self.splits, |writer, split| split.write(writer))?;
        writer.name("continuationToken").optional_text(self.continuation_token.as_deref());
        Ok(())
    }
}

impl Message for GetDataSourceCapabilitiesRequest {
    const TYPE: &'static str = "GetDataSourceCapabilitiesRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").optional_string()?,
            catalog_name: at.member("catalogName").string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        require_capabilities(writer)?;
        write_header(writer, self.identity.as_ref(), self.query_id.as_deref(), &self.catalog_name)
    }
}

impl Message for GetDataSourceCapabilitiesResponse {
    const TYPE: &'static str = "GetDataSourceCapabilitiesResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            capabilities: at.member("capabilities").entries(|sub_types| {
                sub_types.elements(|sub_type| {
                    Ok(CapabilitySubType {
                        sub_type: sub_type.object()?.member("subType").string()?,
                        properties: read_texts(sub_type.member("properties"))?,
                    })
                })
            })?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        require_capabilities(writer)?;
        writer.name("catalogName").text(&self.catalog_name);
        writer.name("capabilities").object(|writer| {
            self.capabilities.iter().try_for_each(|(name, sub_types)| {
                writer.name(name).list(sub_types, |writer, sub_type| {
                    writer.object(|writer| {
                        writer.name("subType").text(&sub_type.sub_type);
                        writer.name("properties").text_list(&sub_type.properties)
                    })
                })
            })
        })
    }
}

fn require_capabilities(writer: &Writer) -> Result<()> {
    if writer.version >= SerdeVersion::V4 {
        return Ok(());
    }
    Err(crate::Error::unsupported(format!(
        "serde version {} has no capabilities: use version 4 or later",
        writer.version.number()
    )))
}

impl Message for ReadRecordsRequest {
    const TYPE: &'static str = "ReadRecordsRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            query_id: at.member("queryId").string()?,
            catalog_name: at.member("catalogName").string()?,
            table_name: TableName::read(at.member("tableName"))?,
            schema: read_schema(at.member("schema"))?,
            split: Split::read(at.member("split"))?,
            constraints: Constraints::read(at.member("constraints"))?,
            max_block_size: at.member("maxBlockSize").size()?,
            max_inline_block_size: at.member("maxInlineBlockSize").size()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_header(writer, self.identity.as_ref(), Some(&self.query_id), &self.catalog_name)?;
        self.table_name.write(writer.name("tableName"))?;
        write_schema(&self.schema, writer.name("schema"))?;
        self.split.write(writer.name("split"))?;
        self.constraints.write(writer.name("constraints"))?;
        write_size(writer.name("maxBlockSize"), self.max_block_size);
        write_size(writer.name("maxInlineBlockSize"), self.max_inline_block_size);
        Ok(())
    }
}

impl Message for ReadRecordsResponse {
    const TYPE: &'static str = "ReadRecordsResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            records: read_block(at.member("records"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        write_block(&self.records, writer.name("records"))
    }
}

impl Message for RemoteReadRecordsResponse {
    const TYPE: &'static str = "RemoteReadRecordsResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            catalog_name: at.member("catalogName").string()?,
            schema: read_schema(at.member("schema"))?,
            remote_blocks: at.member("remoteBlocks").elements(S3SpillLocation::read)?,
            encryption_key: EncryptionKey::read_optional(at.member("encryptionKey"))?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        writer.name("catalogName").text(&self.catalog_name);
        write_schema(&self.schema, writer.name("schema"))?;
        writer
            .name("remoteBlocks")
            .list(&self.remote_blocks, |writer, location| location.write(writer))?;
        EncryptionKey::write(self.encryption_key.as_ref(), writer.name("encryptionKey"))
    }
}

impl UserDefinedFunctionRequest {
    /// The only type of functions.
    const SCALAR: &'static str = "SCALAR";
}

impl Message for UserDefinedFunctionRequest {
    const TYPE: &'static str = "UserDefinedFunctionRequest";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        let kind = at.member("functionType");
        if kind.text()? != Self::SCALAR {
            return Err(kind.unexpected(Self::SCALAR));
        }
        Ok(Self {
            identity: FederatedIdentity::read_optional(at.member("identity"))?,
            input_records: read_block(at.member("inputRecords"))?,
            output_schema: read_schema(at.member("outputSchema"))?,
            method_name: at.member("methodName").string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        FederatedIdentity::write(self.identity.as_ref(), writer.name("identity"))?;
        write_block(&self.input_records, writer.name("inputRecords"))?;
        write_schema(&self.output_schema, writer.name("outputSchema"))?;
        writer.name("methodName").text(&self.method_name);
        writer.name("functionType").text(Self::SCALAR);
        Ok(())
    }
}

impl Message for UserDefinedFunctionResponse {
    const TYPE: &'static str = "UserDefinedFunctionResponse";

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        Ok(Self {
            records: read_block(at.member("records"))?,
            method_name: at.member("methodName").string()?,
        })
    }

    fn write_members(&self, writer: &mut Writer) -> Result<()> {
        write_block(&self.records, writer.name("records"))?;
        writer.name("methodName").text(&self.method_name);
        Ok(())
    }
}
