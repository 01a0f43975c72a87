//! The document by which Lambda tells a caller that the function failed.

use super::{Error, ErrorKind, Result};

/// The class by which the engine recognises the errors of a connector.
const CONNECTOR_EXCEPTION: &str = "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";
/// The class that asks the engine to slow down.
const THROTTLE_EXCEPTION: &str = "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException";

/// What a failed invocation returns in place of an answer (section 1.7 of the protocol).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionError {
    /// Class name of the exception, fully qualified for Java and ours; other runtimes use shorter names.
    pub error_type: Option<String>,
    /// What happened, for people.
    pub error_message: Option<String>,
    /// Stack frames, innermost first; one or more texts a frame.
    pub stack_trace: Vec<Vec<String>>,
    /// What caused it.
    pub cause: Option<Box<FunctionError>>,
}
