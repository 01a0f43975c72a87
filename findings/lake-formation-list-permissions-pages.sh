#!/usr/bin/env bash
# The AWS CLI prints only the first page of Lake Formation's permissions (botocore 1.44.8, 2026-12-01).
#
# Expected: list commands of the AWS CLI follow NextToken by themselves, as those of IAM, Glue and Athena do, so that
# a script which revokes what `aws lakeformation list-permissions` prints revokes everything.
# Happens: the operation has a NextToken in its request and response, and no paginator, so the CLI prints one page and
# the token. Default permissions that are not on the first page survive the script, and grants have no effect there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.8

"$folder/venv/bin/python" - <<'PYTHON' | tee "$folder/output"
import botocore.session

session = botocore.session.get_session()


def show(service, operation, name):
    client = session.create_client(
        service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    model = client.meta.service_model.operation_model(operation)
    has_token = any(
        "Token" in member or member == "Marker" for member in model.output_shape.members
    )
    print(f"{service} {operation}: pages {has_token}, followed {client.can_paginate(name)}")


show("iam", "ListPolicies", "list_policies")
show("glue", "GetTables", "get_tables")
show("athena", "ListDataCatalogs", "list_data_catalogs")
show("lakeformation", "ListPermissions", "list_permissions")
show("lakeformation", "ListResources", "list_resources")
PYTHON

diff "$folder/output" - <<'EXPECTED'
iam ListPolicies: pages True, followed True
glue GetTables: pages True, followed True
athena ListDataCatalogs: pages True, followed True
lakeformation ListPermissions: pages True, followed False
lakeformation ListResources: pages True, followed False
EXPECTED
