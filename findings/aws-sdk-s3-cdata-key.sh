#!/usr/bin/env bash
# The key of a listed object is empty if the store writes it as a CDATA section (aws-smithy-xml
# 0.64.1 in aws-sdk-s3 1.157.0, 2026-12-01).
#
# Expected, by XML 1.0: a CDATA section is character data, one of two ways to write the & of a key.
# Happens: the decoder takes the first plain text of an element and skips CDATA sections, without an
# error. A key in one section is the empty string, and a key that has a section in it ends there, so
# it is the key of another object or of none. Other texts of a response are decoded the same way.
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
aws-smithy-xml = "=0.64.1"
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

/// Page of three objects, the & of each key written in another way.
const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <Name>lake</Name><Prefix></Prefix><KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys>\
    <IsTruncated>false</IsTruncated>\
    <Contents><Key>a&amp;1.csv</Key><Size>1</Size></Contents>\
    <Contents><Key><![CDATA[b&2.csv]]></Key><Size>1</Size></Contents>\
    <Contents><Key>c<![CDATA[&]]>3.csv</Key><Size>1</Size></Contents></ListBucketResult>";

fn serve(listener: TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{PAGE}",
            PAGE.len()
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
    let page = client.list_objects_v2().bucket("lake").send().await.unwrap();
    for object in page.contents() {
        println!("{:?}", object.key());
    }
}
RUST

export CARGO_TARGET_DIR="$folder/target"
cargo run --quiet --manifest-path "$folder/Cargo.toml" | tee "$folder/output"

diff "$folder/output" - <<'EXPECTED'
Some("a&1.csv")
Some("")
Some("c")
EXPECTED
