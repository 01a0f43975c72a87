//! Payload limits, and payloads that are passed on unchanged.

use athena_client::Invoke as _;
use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use serde_json::json;

use super::{failure, host_error, hosted, options};

#[tokio::test]
async fn a_response_is_returned_byte_for_byte() {
    let function = hosted(options());
    let event =
        "\n{ \"b\" : 1.50,\t\"a\":\"\\u00e9 é 😀\", \"big\": 123456789012345678901234567890 } ";
    assert_eq!(function.invoke(Bytes::from(event)).await.unwrap(), event);
}

#[tokio::test]
async fn the_largest_request_is_accepted_and_one_byte_more_starts_no_process() {
    let function = hosted(options());
    let event = |bytes: usize| {
        let frame = r#"{"do":"process","x":""}"#;
        Bytes::from(
            frame.replace(r#""x":"""#, &format!(r#""x":"{}""#, "y".repeat(bytes - frame.len()))),
        )
    };
    let too_large = event(MAX_PAYLOAD_BYTES + 1);
    assert_eq!(too_large.len(), MAX_PAYLOAD_BYTES + 1);
    let error = function.invoke(too_large).await.unwrap_err().to_string();
    assert!(error.starts_with("RequestTooLarge"), "{error}");
    assert!(function.cold_starts().is_empty());

    function.invoke(event(MAX_PAYLOAD_BYTES)).await.unwrap();
    assert_eq!(function.cold_starts().len(), 1);
}

#[tokio::test]
async fn the_largest_response_is_accepted_and_one_byte_more_fails_like_in_lambda() {
    let function = hosted(options());
    let event = json!({ "do": "large", "bytes": MAX_PAYLOAD_BYTES });
    let answer = function.invoke(Bytes::from(event.to_string())).await.unwrap();
    assert_eq!(answer.len(), MAX_PAYLOAD_BYTES);

    for bytes in [MAX_PAYLOAD_BYTES + 1, 7_340_034] {
        let error = failure(&function, json!({ "do": "large", "bytes": bytes })).await;
        assert_eq!(error.error_type.as_deref(), Some("Function.ResponseSizeTooLarge"));
        assert!(error.error_message.unwrap().contains(&format!("({bytes} bytes)")));
    }
    // The process is reused.
    assert_eq!(function.cold_starts().len(), 1);
}

#[tokio::test]
async fn the_error_of_a_response_that_is_not_json_shows_no_data() {
    let function = hosted(options());
    let error = host_error(&function, json!({ "do": "garbage" })).await;
    assert!(error.contains("\"shop\"") && error.contains("66 bytes"), "{error}");
    assert!(error.contains("Internal server error") && !error.contains("Jane"), "{error}");

    let error = host_error(&function, json!({ "do": "latin-1" })).await;
    assert!(error.contains("not JSON"), "{error}");
    // A process that returns invalid JSON is not reused.
    assert_eq!(function.cold_starts().len(), 2);
}
