//! What can be asked of a connector.

use std::fmt;

use athena_protocol::{Request, Response};

/// An operation of the protocol, by the name that people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Operation {
    Ping,
    ListSchemas,
    ListTables,
    GetTable,
    GetTableLayout,
    GetSplits,
    GetDataSourceCapabilities,
    ReadRecords,
    UserDefinedFunction,
}

impl Operation {
    /// The operation that `request` asks for.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Ping(_) => Self::Ping,
            Request::ListSchemas(_) => Self::ListSchemas,
            Request::ListTables(_) => Self::ListTables,
            Request::GetTable(_) => Self::GetTable,
            Request::GetTableLayout(_) => Self::GetTableLayout,
            Request::GetSplits(_) => Self::GetSplits,
            Request::GetDataSourceCapabilities(_) => Self::GetDataSourceCapabilities,
            Request::ReadRecords(_) => Self::ReadRecords,
            Request::UserDefinedFunction(_) => Self::UserDefinedFunction,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ping => "Ping",
            Self::ListSchemas => "ListSchemas",
            Self::ListTables => "ListTables",
            Self::GetTable => "GetTable",
            Self::GetTableLayout => "GetTableLayout",
            Self::GetSplits => "GetSplits",
            Self::GetDataSourceCapabilities => "GetDataSourceCapabilities",
            Self::ReadRecords => "ReadRecords",
            Self::UserDefinedFunction => "UserDefinedFunction",
        })
    }
}

/// The `@type` that `response` travels under.
pub(super) fn type_name(response: &Response) -> &'static str {
    match response {
        Response::Ping(_) => "PingResponse",
        Response::ListSchemas(_) => "ListSchemasResponse",
        Response::ListTables(_) => "ListTablesResponse",
        Response::GetTable(_) => "GetTableResponse",
        Response::GetTableLayout(_) => "GetTableLayoutResponse",
        Response::GetSplits(_) => "GetSplitsResponse",
        Response::GetDataSourceCapabilities(_) => "GetDataSourceCapabilitiesResponse",
        Response::ReadRecords(_) => "ReadRecordsResponse",
        Response::RemoteReadRecords(_) => "RemoteReadRecordsResponse",
        Response::UserDefinedFunction(_) => "UserDefinedFunctionResponse",
    }
}
