//! Access to the objects in S3: the days with data, the objects of a day, and their contents.

use std::{env, sync::Arc};

use athena_connector_sdk::{
    Error, Result,
    aws::{AwsOperation, ClientConfig, needs_path_style},
};
use aws_sdk_s3::{Client, config, primitives::ByteStream};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{
    day::{Day, Folder},
    list_page::PageCheck,
    visits,
};

/// Object at the time of the plan, which a split describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Key in the bucket.
    pub key: String,
    /// Version of its contents: rows of two versions are never mixed. `None` for a store without.
    pub etag: Option<String>,
}

/// Objects below a prefix of a bucket.
///
/// The client is created by the first call, because a ping must not wait for it.
#[derive(Debug)]
pub struct Objects {
    bucket: Option<String>,
    prefix: String,
    /// Whether samples are written if there is no data.
    create_samples: bool,
    client: OnceCell<Client>,
}

impl Objects {
    /// Reads bucket and prefix from the environment.
    pub fn from_env() -> Self {
        let data_bucket = env::var("data_bucket").ok();
        let create_samples = data_bucket.is_none();
        let prefix = env::var("data_prefix").unwrap_or_else(|_| "example-data/".to_owned());
        Self {
            bucket: data_bucket.or_else(|| env::var("spill_bucket").ok()),
            prefix,
            create_samples,
            client: OnceCell::new(),
        }
    }

    /// Returns bucket and prefix as a URL.
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket.as_deref().unwrap_or_default(), self.prefix)
    }

    /// Lists the folders of all days.
    pub async fn days(&self) -> Result<Vec<Folder>> {
        let folders = self.list_days().await?;
        if !folders.is_empty() || !self.create_samples {
            return Ok(folders);
        }
        self.put_samples().await?;
        self.list_days().await
    }

    /// Walks the folders level by level, so that the objects themselves need not be listed.
    async fn list_days(&self) -> Result<Vec<Folder>> {
        let mut folders = Vec::new();
        for (year, year_folder) in self.folders(&self.prefix, "year").await? {
            for (month, month_folder) in self.folders(&year_folder, "month").await? {
                for (day, path) in self.folders(&month_folder, "day").await? {
                    folders.push(Folder { path, day: Day { year, month, day } });
                }
            }
        }
        Ok(folders)
    }

    /// Lists the folders `name=NUMBER/` directly below `prefix`: their numbers and full prefixes.
    async fn folders(&self, prefix: &str, name: &str) -> Result<Vec<(i32, String)>> {
        let bucket = self.bucket()?;
        let list = self.client().await.list_objects_v2().bucket(bucket);
        let mut pages = list.prefix(prefix).delimiter("/").into_paginator().send();
        let mut check = PageCheck::default();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let operation = list_operation(bucket, prefix);
            let page = page.map_err(|error| operation.error(error))?;
            check.check(&page, &operation.resource)?;
            for folder in page.common_prefixes().iter().filter_map(|folder| folder.prefix()) {
                if let Some(number) = partition_value(folder, prefix, name) {
                    folders.push((number, folder.to_owned()));
                }
            }
        }
        Ok(folders)
    }

    /// Lists the CSV objects of `folders` after the key `start_after`, by key in ascending order,
    /// each with what belongs to its folder.
    ///
    /// The position in the list is a key, not a number: objects that are added or deleted between
    /// two pages neither move the others to the next page nor to the one before.
    pub fn list<T: Clone + Send + 'static>(
        self: Arc<Self>,
        mut folders: Vec<(String, T)>,
        start_after: Option<String>,
    ) -> impl Stream<Item = Result<(Object, T)>> + Send + 'static {
        folders.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        folders.dedup_by(|(left, _), (right, _)| left == right);
        let after = start_after.unwrap_or_default();
        // Keys of a folder begin with its path, so that those of an earlier one are all before.
        folders.retain(|(path, _)| *path > after || after.starts_with(path));
        stream::iter(folders)
            .then(move |(path, folder)| {
                let this = Arc::clone(&self);
                let after = after.clone();
                async move {
                    let objects = this.list_folder(&path, &after).await?.into_iter();
                    let objects = objects.map(move |object| Ok((object, folder.clone())));
                    Ok::<_, Error>(stream::iter(objects))
                }
            })
            .try_flatten()
    }

    /// Lists the CSV objects of one folder after a key, by key in ascending order.
    async fn list_folder(&self, folder: &str, after: &str) -> Result<Vec<Object>> {
        self.check_prefix(folder)?;
        let bucket = self.bucket()?;
        let list = self.client().await.list_objects_v2().bucket(bucket).prefix(folder);
        let list = if after.is_empty() { list } else { list.start_after(after) };
        let mut pages = list.into_paginator().send();
        let mut check = PageCheck::default();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let operation = list_operation(bucket, folder);
            let page = page.map_err(|error| operation.error(error))?;
            check.check(&page, &operation.resource)?;
            for object in page.contents() {
                let Some(key) = object.key().filter(|key| is_csv(key)) else { continue };
                let etag = object.e_tag().map(str::to_owned);
                objects.push(Object { key: key.to_owned(), etag });
            }
        }
        objects.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        Ok(objects)
    }

    /// Checks that a key or folder is below the prefix: partitions and splits come from the caller
    /// of the function, and must not give access to other objects of the bucket.
    fn check_prefix(&self, key: &str) -> Result<()> {
        if key.starts_with(&self.prefix) {
            return Ok(());
        }
        Err(Error::invalid_input(format!("object {key:?} is not below prefix {:?}", self.prefix)))
    }

    /// Reads an object, chunk by chunk, as it was when the query was planned.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a key outside of the prefix, `NotFound` for an object that has been
    /// replaced or deleted since.
    pub async fn get(
        &self,
        object: &Object,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let key = &object.key;
        self.check_prefix(key)?;
        let bucket = self.bucket()?;
        let get = self.client().await.get_object().bucket(bucket).key(key);
        let get = get.set_if_match(object.etag.clone());
        let object = get.send().await.map_err(|error| get_operation(bucket, key).error(error))?;
        let location = format!("s3://{bucket}/{key}");
        Ok(stream::unfold(object.body, async |mut body| Some((body.next().await?, body))).map(
            move |chunk| {
                chunk.map_err(|error| {
                    Error::timeout(format!(
                        "GetObject of {location} failed: its end did not arrive, or it is damaged; \
                         run the query again"
                    ))
                    .with_source(error)
                })
            },
        ))
    }

    async fn put_samples(&self) -> Result<()> {
        let bucket = self.bucket()?;
        for day in visits::sample_days() {
            let key = format!("{}visits.csv", day.folder(&self.prefix));
            let body = ByteStream::from(visits::sample_csv(day).into_bytes());
            let put = self.client().await.put_object().bucket(bucket).key(&key).body(body);
            put.send().await.map_err(|error| put_operation(bucket, &key).error(error))?;
        }
        Ok(())
    }

    fn bucket(&self) -> Result<&str> {
        self.bucket.as_deref().ok_or_else(|| {
            Error::invalid_input(
                "data_bucket is not set; set it to the bucket that holds the CSV objects",
            )
        })
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(connect).await
    }
}

async fn connect() -> Client {
    let client_config = ClientConfig::Environment;
    let config = client_config.load().await;
    let endpoint = client_config.s3_endpoint(&config);
    // A local stand-in for S3 has no DNS names for its buckets.
    let path_style = endpoint.as_deref().is_some_and(needs_path_style);
    Client::from_conf(config::Builder::from(&config).force_path_style(path_style).build())
}

fn is_csv(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension == "csv")
}

fn list_operation(bucket: &str, prefix: &str) -> AwsOperation {
    AwsOperation {
        service: "S3",
        name: "ListObjectsV2",
        resource: format!("s3://{bucket}/{prefix}"),
        permissions: "s3:ListBucket on the bucket".to_owned(),
        not_found: "the bucket does not exist: check data_bucket, or spill_bucket if it is not set",
    }
}

fn get_operation(bucket: &str, key: &str) -> AwsOperation {
    AwsOperation {
        service: "S3",
        name: "GetObject",
        resource: format!("s3://{bucket}/{key}"),
        permissions: "s3:GetObject on the object, and kms:Decrypt if a KMS key encrypts it"
            .to_owned(),
        not_found: "the object was deleted after the query was planned: run the query again",
    }
}

fn put_operation(bucket: &str, key: &str) -> AwsOperation {
    AwsOperation {
        service: "S3",
        name: "PutObject",
        resource: format!("s3://{bucket}/{key}"),
        permissions: "s3:PutObject on the object; set data_bucket to read existing data".to_owned(),
        not_found: "the bucket does not exist: check spill_bucket",
    }
}

/// Returns the number in a folder `prefix` + `name=NUMBER/`; other folders are not partitions.
fn partition_value(folder: &str, prefix: &str, name: &str) -> Option<i32> {
    folder
        .strip_prefix(prefix)?
        .strip_prefix(name)?
        .strip_prefix('=')?
        .strip_suffix('/')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_partition_only_with_name_and_number() {
        assert_eq!(partition_value("data/year=2024/", "data/", "year"), Some(2024));
        assert_eq!(
            partition_value("data/year=2024/month=02/", "data/year=2024/", "month"),
            Some(2)
        );
        for folder in
            ["data/tmp/", "data/year=x/", "data/yearly=1/", "other/year=1/", "data/year=1"]
        {
            assert_eq!(partition_value(folder, "data/", "year"), None, "{folder}");
        }
    }
}
