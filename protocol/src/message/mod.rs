//! Every request and response, one file per operation.

mod capabilities;
mod get_splits;
mod get_table;
mod get_table_layout;
mod list;
mod ping;
mod read_records;
mod table_name;
mod user_defined_function;

pub use capabilities::{
    CapabilitySubType, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse, PassthroughSignature,
};
pub use get_splits::{GetSplitsRequest, GetSplitsResponse};
pub use get_table::{GetTableRequest, GetTableResponse};
pub use get_table_layout::{GetTableLayoutRequest, GetTableLayoutResponse};
pub use list::{ListSchemasRequest, ListSchemasResponse, ListTablesRequest, ListTablesResponse};
pub use ping::{CAPABILITIES, PingRequest, PingResponse};
pub use read_records::{ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse};
pub use table_name::TableName;
pub use user_defined_function::{UserDefinedFunctionRequest, UserDefinedFunctionResponse};

use crate::{error::Result, version::SerdeVersion};

/// What an engine asks.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each variant holds the message of its name
pub enum Request {
    Ping(PingRequest),
    ListSchemas(ListSchemasRequest),
    ListTables(ListTablesRequest),
    GetTable(GetTableRequest),
    GetTableLayout(GetTableLayoutRequest),
    GetSplits(GetSplitsRequest),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest),
    ReadRecords(ReadRecordsRequest),
    UserDefinedFunction(UserDefinedFunctionRequest),
}

/// What a connector answers.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each variant holds the message of its name
pub enum Response {
    Ping(PingResponse),
    ListSchemas(ListSchemasResponse),
    ListTables(ListTablesResponse),
    GetTable(GetTableResponse),
    GetTableLayout(GetTableLayoutResponse),
    GetSplits(GetSplitsResponse),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse),
    ReadRecords(ReadRecordsResponse),
    RemoteReadRecords(RemoteReadRecordsResponse),
    UserDefinedFunction(UserDefinedFunctionResponse),
}

impl Request {
    /// Reads a request of any version from 2 to 6 and says which version it came in.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, naming the member and the expected form.
    pub fn decode(bytes: &[u8]) -> Result<(Self, SerdeVersion)> {
        let _ = bytes;
        todo!()
    }

    /// Writes the request as a peer of `version` expects it.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the version cannot carry what the request holds: a limit at version 3, say.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let _ = version;
        todo!()
    }
}

impl Response {
    /// Reads a response of any version from 2 to 6.
    ///
    /// # Errors
    ///
    /// `InvalidResponse`, naming the member and the expected form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let _ = bytes;
        todo!()
    }

    /// Writes the response for a caller that asked in `version`.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a block that holds a type which has no wire form.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let _ = version;
        todo!()
    }
}
