"""The official AWS clients against `athena-local serve`: it responds as Lambda does.

Run by `tests/run`, which builds the program first.
"""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from tests.servers import ROOT

PROGRAM = ROOT / "target/debug/athena-local"
PING = ROOT / "tests/golden/exchange/v6-ping.request.json"
GET_TABLE = ROOT / "tests/golden/exchange/v6-gettable.request.json"
KEYS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the URL and the S3 variables of a server with the connectors of this checkout."""
    server = subprocess.Popen(
        [PROGRAM, "serve", "--listen", "127.0.0.1:0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        printed = {}
        for line in server.stderr:
            name, _, value = line.strip().partition(" on " if line.startswith("serving") else ": ")
            printed[name] = value
            if name == "objects":
                break
        else:
            pytest.fail(f"the server exited with status {server.wait()}")
        # The pipe has to be drained, or the server and its functions block when it is full.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        variables = dict(pair.split("=", 1) for pair in printed["objects"].split())
        yield printed["serving"], variables
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def endpoint(served) -> str:
    return served[0]


@pytest.fixture(scope="module")
def client(endpoint) -> Any:
    """Returns the Lambda client of boto3."""
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=botocore.config.Config(retries={"max_attempts": 1}, read_timeout=300),
    )


def invoke(client: Any, name: str, request: bytes | str) -> tuple[dict, Any]:
    """Returns the response of Invoke and the document in its payload."""
    response = client.invoke(FunctionName=name, Payload=request)
    return response, json.loads(response["Payload"].read())


@pytest.mark.parametrize("name", ["tpch", "example"])
def test_boto3_receives_the_response_of_a_function(client, name):
    response, document = invoke(client, name, PING.read_bytes())
    assert response["StatusCode"] == 200
    assert "FunctionError" not in response
    assert document["@type"] == "PingResponse"
    assert document["sourceType"] == name


def test_boto3_invokes_a_function_by_its_arn(client):
    arn = "arn:aws:lambda:us-east-1:111122223333:function:tpch"
    _, document = invoke(client, arn, PING.read_bytes())
    assert document["sourceType"] == "tpch"


def test_boto3_receives_the_error_of_a_function(client):
    response, document = invoke(client, "tpch", GET_TABLE.read_bytes())
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert "sales" in document["errorMessage"]
    assert set(document) >= {"errorMessage", "errorType"}


def test_boto3_raises_resource_not_found_for_an_unknown_function(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="unknown"):
        client.invoke(FunctionName="unknown", Payload=b"{}")


def test_boto3_raises_request_entity_too_large(client):
    # The code that Lambda sends, which differs from the documented RequestTooLargeException.
    with pytest.raises(botocore.exceptions.ClientError, match="RequestEntityTooLargeException"):
        client.invoke(FunctionName="tpch", Payload=b'"' + b"x" * 6_300_000 + b'"')


def test_aws_cli_invokes_a_function(endpoint, tmp_path):
    out = tmp_path / "response.json"
    result = subprocess.run(
        ["aws", "lambda", "invoke", "--endpoint-url", endpoint, "--function-name", "example"]
        + ["--payload", f"fileb://{PING}", str(out)],
        env={**os.environ, **KEYS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["StatusCode"] == 200
    assert json.loads(out.read_text())["sourceType"] == "example"


def s3(variables: dict[str, str], secret_key: str | None = None) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret_key or variables["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(s3={"addressing_style": "path"}),
    )


def spilled_read(client: Any) -> tuple[dict, dict]:
    """Reads tpch's nation with no inline block; returns the split and the response."""
    table = {"schemaName": "sf0_01", "tableName": "nation"}
    constraints = {
        "summary": {},
        "expression": [],
        "orderByClause": [],
        "limit": -1,
        "queryPassthroughArguments": {},
        "queryPlan": None,
    }
    common = {**json.loads(PING.read_bytes()), "tableName": table}

    def call(operation: str, **members: Any) -> dict:
        request = {**common, "@type": f"{operation}Request", **members}
        response, document = invoke(client, "tpch", json.dumps(request))
        assert "FunctionError" not in response, document
        return document

    table_response = call("GetTable", queryPassthroughArguments={})
    columns = {"partitionColumns": table_response["partitionColumns"], "constraints": constraints}
    layout = call("GetTableLayout", schema=table_response["schema"], **columns)
    splits = call("GetSplits", partitions=layout["partitions"], continuationToken=None, **columns)
    split = splits["splits"][0]
    response = call(
        "ReadRecords",
        schema=table_response["schema"],
        split=split,
        constraints=constraints,
        maxBlockSize="16000000",
        maxInlineBlockSize="0",
    )
    return split, response


def test_boto3_fetches_a_spilled_block_and_decode_decrypts_it(client, served, tmp_path):
    split, response = spilled_read(client)
    assert response["@type"] == "RemoteReadRecordsResponse"
    [block] = response["remoteBlocks"]
    location = {"Bucket": block["bucket"], "Key": block["key"]}
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        s3(served[1], "another").get_object(**location)
    encrypted = s3(served[1]).get_object(**location)["Body"].read()
    assert b"GERMANY" not in encrypted

    (tmp_path / "object").write_bytes(encrypted)
    (tmp_path / "response.json").write_text(json.dumps(response))
    key = split["encryptionKey"]
    command = [PROGRAM, "decode", "object", "--schema", "response.json"]
    result = subprocess.run(
        [*command, "--key", key["key"], "--nonce", key["nonce"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "GERMANY" in result.stdout
