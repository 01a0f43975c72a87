//! Every request and response, one file per operation.

mod capabilities;
mod codec;
mod get_splits;
mod get_table;
mod get_table_layout;
mod list;
mod ping;
mod read_records;
mod table_name;
mod user_defined_function;

pub use capabilities::{
    CapabilitySubType, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse,
    PassthroughSignature,
};
pub use get_splits::{GetSplitsRequest, GetSplitsResponse};
pub use get_table::{GetTableRequest, GetTableResponse};
pub use get_table_layout::{GetTableLayoutRequest, GetTableLayoutResponse};
pub use list::{ListSchemasRequest, ListSchemasResponse, ListTablesRequest, ListTablesResponse};
pub use ping::{CAPABILITIES, PingRequest, PingResponse};
pub use read_records::{ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse};
pub use table_name::TableName;
pub use user_defined_function::{UserDefinedFunctionRequest, UserDefinedFunctionResponse};

use self::codec::Message;
use crate::{
    error::{Error, ErrorKind, Result},
    json::{Cursor, Writer, parse},
    version::SerdeVersion,
};

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

/// Everything that is the same for requests and responses, from one list of their kinds.
macro_rules! codec {
    ($direction:ident, $($variant:ident($message:ident)),*) => {
        impl $direction {
            /// Every `@type` of this direction.
            pub const TYPES: &'static [&'static str] = &[$($message::TYPE),*];

            /// The `@type` of this message.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $message::TYPE,)*
                }
            }

            fn read(at: Cursor<'_>) -> Result<Self> {
                let kind = at.object()?.member("@type");
                if kind.is_missing() {
                    return Err(kind.error(format!(
                        "is missing, expected one of {}; this is not a message of Athena",
                        Self::TYPES.join(", ")
                    )));
                }
                match &*kind.text()? {
                    $($message::TYPE => $message::read(at).map(Self::$variant),)*
                    _ => Err(kind.unexpected(&format!("one of {}", Self::TYPES.join(", ")))),
                }
            }

            fn write(&self, writer: &mut Writer) -> Result<()> {
                match self {
                    $(Self::$variant(message) => message.write(writer),)*
                }
            }
        }
    };
}

codec!(
    Request,
    Ping(PingRequest),
    ListSchemas(ListSchemasRequest),
    ListTables(ListTablesRequest),
    GetTable(GetTableRequest),
    GetTableLayout(GetTableLayoutRequest),
    GetSplits(GetSplitsRequest),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest),
    ReadRecords(ReadRecordsRequest),
    UserDefinedFunction(UserDefinedFunctionRequest)
);
codec!(
    Response,
    Ping(PingResponse),
    ListSchemas(ListSchemasResponse),
    ListTables(ListTablesResponse),
    GetTable(GetTableResponse),
    GetTableLayout(GetTableLayoutResponse),
    GetSplits(GetSplitsResponse),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse),
    ReadRecords(ReadRecordsResponse),
    RemoteReadRecords(RemoteReadRecordsResponse),
    UserDefinedFunction(UserDefinedFunctionResponse)
);

impl Request {
    /// Reads a request of any version from 2 to 6 and says which version it came in.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, naming the member and the expected form.
    pub fn decode(bytes: &[u8]) -> Result<(Self, SerdeVersion)> {
        parse(bytes, |at| Ok((Self::read(at)?, at.context.version())))
    }

    /// Writes the request as a peer of `version` expects it.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the version cannot carry what the request holds: a limit at version 3, say.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let mut writer = Writer::new(version);
        self.write(&mut writer)?;
        Ok(writer.finish())
    }
}

impl Response {
    /// Reads a response of any version from 2 to 6.
    ///
    /// # Errors
    ///
    /// `InvalidResponse`, naming the member and the expected form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        parse(bytes, Self::read).map_err(|error| {
            Error::new(
                ErrorKind::InvalidResponse,
                "the answer is not a response of Athena's protocol",
            )
            .with_source(error)
        })
    }

    /// Writes the response for a caller that asked in `version`.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a block that holds a type which has no wire form.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let mut writer = Writer::new(version);
        self.write(&mut writer)?;
        Ok(writer.finish())
    }
}
