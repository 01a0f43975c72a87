//! Operations of the federation protocol.

use std::fmt;

use athena_protocol::Request;

/// An operation of the federation protocol, displayed by its wire name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the variants are named after the requests of the protocol
pub enum FederationOperation {
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

impl FederationOperation {
    /// Returns the operation of `request`.
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

impl fmt::Display for FederationOperation {
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
