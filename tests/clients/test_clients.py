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
def served():
    """A server with the connectors of this checkout, which ends with the tests: its URL, and the variables of its S3."""
    server = subprocess.Popen(
        [ROOT / "target/debug/athena-local", "serve", "--listen", "127.0.0.1:0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = {}
        for line in server.stderr:
            name, _, value = line.strip().partition(" on " if line.startswith("serving") else ": ")
            said[name] = value
            if name == "objects":
                break
        else:
            pytest.fail(f"the server ended with status {server.wait()}")
        # Nobody else reads what it and its functions print.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield said["serving"], dict(pair.split("=", 1) for pair in said["objects"].split())
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def endpoint(served):
    return served[0]


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


def s3(variables, **other):
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=other.get("secret", variables["AWS_SECRET_ACCESS_KEY"]),
        config=botocore.config.Config(s3={"addressing_style": "path"}),
    )


def spilled(client):
    """A read of one column, spilled, as a client in Python asks for it: the request's split and the answer."""
    table = {"schemaName": "sf0_01", "tableName": "nation"}
    constraints = {
        "summary": {},
        "expression": [],
        "orderByClause": [],
        "limit": -1,
        "queryPassthroughArguments": {},
        "queryPlan": None,
    }
    asked = {**json.loads(PING.read_bytes()), "tableName": table}

    def ask(kind, **members):
        answer, document = invoke(client, "tpch", json.dumps({**asked, "@type": f"{kind}Request", **members}))
        assert "FunctionError" not in answer, document
        return document

    definition = ask("GetTable", queryPassthroughArguments={})
    columns = {"partitionColumns": definition["partitionColumns"], "constraints": constraints}
    layout = ask("GetTableLayout", schema=definition["schema"], **columns)
    splits = ask("GetSplits", partitions=layout["partitions"], continuationToken=None, **columns)
    split = splits["splits"][0]
    sizes = {"maxBlockSize": "16000000", "maxInlineBlockSize": "0"}
    return split, ask("ReadRecords", schema=definition["schema"], split=split, constraints=constraints, **sizes)


def test_boto3_fetches_what_a_function_spilled_and_decode_opens_it(client, served, tmp_path):
    split, answer = spilled(client)
    assert answer["@type"] == "RemoteReadRecordsResponse"
    [block] = answer["remoteBlocks"]
    place = {"Bucket": block["bucket"], "Key": block["key"]}
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        s3(served[1], secret="another").get_object(**place)
    sealed = s3(served[1]).get_object(**place)["Body"].read()
    assert b"GERMANY" not in sealed

    (tmp_path / "object").write_bytes(sealed)
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    key = split["encryptionKey"]
    command = [ROOT / "target/debug/athena-local", "decode", "object", "--schema", "answer.json"]
    opened = subprocess.run(
        [*command, "--key", key["key"], "--nonce", key["nonce"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert opened.returncode == 0, opened.stderr
    assert "GERMANY" in opened.stdout
