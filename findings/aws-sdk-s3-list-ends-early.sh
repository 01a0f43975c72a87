#!/usr/bin/env bash
# The paginator of ListObjectsV2 ends without an error on a page that says there are more keys
# (aws-sdk-s3 1.157.0, 2026-12-01).
#
# Expected: IsTruncated is true if there are more keys, so a page that says so and does not lead to
# them is an error. botocore 1.44.8 raises PaginationError if a token comes twice (a missing one
# ends its list as well).
# Happens: the paginator does not read IsTruncated. Both a missing token and one that equals the
# last (stop_on_duplicate_token, true by default) are the end of the list. A store that knows only
# the first version of ListObjects ignores list-type=2 and continues by marker, without a token, so
# each folder has the objects of its first page, at most 1000. Behind a cache that ignores the query
# string, the first page comes twice. A connector that lists a lake this way returns other rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"

cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "list"
version = "0.0.0"
edition = "2024"

[dependencies]
aws-smithy-http-client = { version = "=1.5.2", features = ["default-client"] }
tokio = { version = "=1.54.1", features = ["macros", "rt"] }

[dependencies.aws-sdk-s3]
version = "=1.157.0"
default-features = false
features = ["behavior-version-latest", "rt-tokio"]

[profile.dev]
debug = false
TOML

cat >"$folder/src/main.rs" <<'RUST'
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use aws_sdk_s3::{Client, config::Region};

const KEYS: [&str; 3] = ["a.csv", "b.csv", "c.csv"];

/// Page of one key, as the store of `bucket` returns it for `request`.
fn page(bucket: &str, request: &str) -> String {
    let token = request.split_once("continuation-token=").map(|(_, rest)| &rest[..1]);
    let start = match bucket {
        "version-2" => token.map_or(0, |token| token.parse().unwrap()),
        // Neither the version nor the token is read.
        _ => 0,
    };
    let next = start + 1;
    let has_next = next < KEYS.len();
    let paging = match bucket {
        "version-1" => "<Marker></Marker>".to_owned(),
        _ if has_next => format!("<NextContinuationToken>{next}</NextContinuationToken>"),
        _ => String::new(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix></Prefix>{paging}<MaxKeys>1</MaxKeys>\
         <IsTruncated>{has_next}</IsTruncated>\
         <Contents><Key>{}</Key><Size>1</Size></Contents></ListBucketResult>",
        KEYS[start]
    )
}

fn serve(listener: TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let request = lines.next().unwrap();
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let body = page(request.split(['/', '?']).nth(1).unwrap(), &request);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(|| serve(listener));
    let config = aws_sdk_s3::Config::builder()
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .force_path_style(true)
        .region(Region::new("us-east-1"))
        .allow_no_auth()
        .build();
    let client = Client::from_conf(config);
    for bucket in ["version-2", "version-1", "cached"] {
        let list = client.list_objects_v2().bucket(bucket).into_paginator();
        let mut pages = list.page_size(1).send();
        let mut keys = Vec::new();
        let mut is_truncated = None;
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
            is_truncated = page.is_truncated();
        }
        println!("{bucket}: {keys:?}, IsTruncated of the last page {is_truncated:?}, no error");
    }
}
RUST

export CARGO_TARGET_DIR="$folder/target"
cargo run --quiet --manifest-path "$folder/Cargo.toml" | tee "$folder/output"

diff "$folder/output" - <<'EXPECTED'
version-2: ["a.csv", "b.csv", "c.csv"], IsTruncated of the last page Some(false), no error
version-1: ["a.csv"], IsTruncated of the last page Some(true), no error
cached: ["a.csv", "a.csv"], IsTruncated of the last page Some(true), no error
EXPECTED
