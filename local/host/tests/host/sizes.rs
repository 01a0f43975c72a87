//! How large requests and answers may be, and that they are otherwise left alone.

use athena_client::Invoke as _;
use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use serde_json::json;

use super::{failure, host_error, hosted, options};

#[tokio::test]
async fn an_answer_comes_back_byte_for_byte() {
    let function = hosted(options());
    let event =
        "\n{ \"b\" : 1.50,\t\"a\":\"\\u00e9 é 😀\", \"big\": 123456789012345678901234567890 } ";
    assert_eq!(function.invoke(Bytes::from(event)).await.unwrap(), event);
}

#[tokio::test]
async fn the_largest_request_is_carried_and_one_byte_more_starts_nothing() {
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
async fn the_largest_answer_is_carried_and_one_byte_more_fails_as_lambda_fails_it() {
    let function = hosted(options());
    let event = json!({ "do": "large", "bytes": MAX_PAYLOAD_BYTES });
    let answer = function.invoke(Bytes::from(event.to_string())).await.unwrap();
    assert_eq!(answer.len(), MAX_PAYLOAD_BYTES);

    for bytes in [MAX_PAYLOAD_BYTES + 1, 7_340_034] {
        let error = failure(&function, json!({ "do": "large", "bytes": bytes })).await;
        assert_eq!(error.error_type.as_deref(), Some("Function.ResponseSizeTooLarge"));
        assert!(error.error_message.unwrap().contains(&format!("({bytes} bytes)")));
    }
    // The process is as good as before.
    assert_eq!(function.cold_starts().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_named_and_its_data_is_not_shown() {
    let function = hosted(options());
    let error = host_error(&function, json!({ "do": "garbage" })).await;
    assert!(error.contains("\"shop\"") && error.contains("66 bytes"), "{error}");
    assert!(error.contains("Internal server error") && !error.contains("Jane"), "{error}");

    let error = host_error(&function, json!({ "do": "latin-1" })).await;
    assert!(error.contains("not JSON"), "{error}");
    // Nothing is given to a process that lost its way.
    assert_eq!(function.cold_starts().len(), 2);
}
