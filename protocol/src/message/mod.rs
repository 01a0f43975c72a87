//! Requests and responses, one file per operation (chapter 3 of the protocol).

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
    json::{JsonCursor, Writer, parse},
    version::SerdeVersion,
};

/// A request of the engine.
///
/// Its JSON members are written in a fixed order, which Java peers require, and read in any order.
///
/// # Examples
///
/// A version that has no member for a part of the request is an error, never a silent loss:
///
/// ```
/// use athena_protocol::{
///     Error, ErrorKind, Request, SerdeVersion, message::GetDataSourceCapabilitiesRequest,
/// };
///
/// let request = Request::GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest {
///     identity: None,
///     query_id: None,
///     catalog_name: "sales".to_owned(),
/// });
/// let (decoded, version) = Request::decode(&request.encode(SerdeVersion::V4)?)?;
/// assert_eq!(decoded, request);
/// // The message has no version number of its own, and does not differ from version 4 to 6.
/// assert_eq!(version, SerdeVersion::LATEST);
///
/// let error = request.encode(SerdeVersion::V3).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Unsupported);
/// # Ok::<(), Error>(())
/// ```
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

/// A response of a connector.
///
/// Errors are not responses: see [`FunctionError`](crate::error::FunctionError).
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

/// Implements everything common to requests and responses from one list of their types.
macro_rules! codec {
    ($direction:ident, $($variant:ident($message:ident)),*) => {
        impl $direction {
            /// The `@type` of every variant.
            pub const TYPES: &'static [&'static str] = &[$($message::TYPE),*];

            /// Returns the `@type` of the message.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $message::TYPE,)*
                }
            }

            fn read(at: JsonCursor<'_>) -> Result<Self> {
                let kind = at.object()?.member("@type");
                if kind.is_missing() {
                    return Err(kind.error(format!(
                        "is missing, expected one of {}: the document is not a message of Athena",
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
    /// Decodes a request of any version and returns it with its version.
    ///
    /// The version is inferred from the members and the Arrow framing (section 2.4 of the
    /// protocol): the newest one that is consistent with the document. Members may be in any
    /// order; unknown ones are ignored; of duplicates the first counts. Bytes after the document
    /// are ignored.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, naming the member and the expected form; `Unsupported` for an Arrow type
    /// without a wire form. Messages contain no secrets and no row data.
    pub fn decode(bytes: &[u8]) -> Result<(Self, SerdeVersion)> {
        parse(bytes, |at| Ok((Self::read(at)?, at.context.version())))
    }

    /// Encodes the request for a peer of `version`.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the version has no member for a part of the request, such as a limit in
    /// version 3, or for an Arrow type without a wire form.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let mut writer = Writer::new(version);
        self.write(&mut writer)?;
        Ok(writer.finish())
    }
}

impl Response {
    /// Decodes a response of any version, as leniently as [`Request::decode`].
    ///
    /// # Errors
    ///
    /// `InvalidResponse`, whose source names the member and the expected form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        parse(bytes, Self::read).map_err(|error| {
            Error::new(
                ErrorKind::InvalidResponse,
                "the payload is not a response of Athena's protocol",
            )
            .with_source(error)
        })
    }

    /// Encodes the response for a caller whose request has `version`.
    ///
    /// The size is not checked against [`MAX_PAYLOAD_BYTES`](crate::MAX_PAYLOAD_BYTES).
    ///
    /// # Errors
    ///
    /// `Unsupported` for a block with a type without a wire form, naming the column, and for
    /// capabilities before version 4.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>> {
        let mut writer = Writer::new(version);
        self.write(&mut writer)?;
        Ok(writer.finish())
    }
}
