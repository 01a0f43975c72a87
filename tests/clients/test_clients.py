"""The official clients of AWS against `athena-local serve`: what they send is understood, what they get is what Lambda sends.

Run by `tests/run`, which builds the program first.
"""

import json
import os
import subprocess
import threading
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions
import pytest

ROOT = Path(__file__).parents[2]
PING = ROOT / "tests/golden/exchange/v6-ping.request.json"
GET_TABLE = ROOT / "tests/golden/exchange/v6-gettable.request.json"
KEYS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def endpoint():
    """The URL of a server with the connectors of this checkout, which ends with the tests."""
    server = subprocess.Popen(
        [ROOT / "target/debug/athena-local", "serve", "--listen", "127.0.0.1:0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in server.stderr:
            if "serving on " in line:
                url = line.split("serving on ")[1].strip()
                break
        else:
            pytest.fail(f"the server ended with status {server.wait()}")
        # Nobody else reads what it and its functions print.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def client(endpoint):
    """The Lambda client of boto3."""
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=botocore.config.Config(retries={"max_attempts": 1}, read_timeout=300),
    )


def invoke(client, name, request):
    answer = client.invoke(FunctionName=name, Payload=request)
    return answer, json.loads(answer["Payload"].read())


@pytest.mark.parametrize("name", ["tpch", "example"])
def test_boto3_gets_the_answer_of_a_function(client, name):
    answer, document = invoke(client, name, PING.read_bytes())
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert document["@type"] == "PingResponse"
    assert document["sourceType"] == name


def test_boto3_finds_a_function_by_its_arn(client):
    arn = "arn:aws:lambda:us-east-1:111122223333:function:tpch"
    _, document = invoke(client, arn, PING.read_bytes())
    assert document["sourceType"] == "tpch"


def test_boto3_is_told_of_a_function_that_failed(client):
    answer, document = invoke(client, "tpch", GET_TABLE.read_bytes())
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert "sales" in document["errorMessage"]
    assert set(document) >= {"errorMessage", "errorType"}


def test_boto3_is_told_that_there_is_no_such_function(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.invoke(FunctionName="nobody", Payload=b"{}")
    assert "nobody" in str(caught.value)


def test_boto3_is_told_of_a_request_that_is_too_large(client):
    # The name that Lambda sends; the one in its documentation is another.
    with pytest.raises(botocore.exceptions.ClientError, match="RequestEntityTooLargeException"):
        client.invoke(FunctionName="tpch", Payload=b'"' + b"x" * 6_300_000 + b'"')


def test_the_command_line_of_aws_invokes_a_function(endpoint, tmp_path):
    out = tmp_path / "answer.json"
    done = subprocess.run(
        ["aws", "lambda", "invoke", "--endpoint-url", endpoint, "--function-name", "example"]
        + ["--payload", f"fileb://{PING}", str(out)],
        env={**os.environ, **KEYS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["StatusCode"] == 200
    assert json.loads(out.read_text())["sourceType"] == "example"
