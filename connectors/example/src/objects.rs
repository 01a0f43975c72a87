//! The objects in S3: which days there are, which objects a day has, and what is in one.

use std::env;

use athena_connector_sdk::{Error, ErrorKind, Result};
use aws_sdk_s3::{Client, error::DisplayErrorContext, primitives::ByteStream};
use tokio::sync::OnceCell;

use crate::visits;

/// One partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names say it
pub struct Day {
    pub year: i32,
    pub month: i32,
    pub day: i32,
}

impl Day {
    /// The folder of the day below `prefix`, as Hive writes it.
    fn folder(self, prefix: &str) -> String {
        format!("{prefix}year={}/month={:02}/day={:02}/", self.year, self.month, self.day)
    }
}

/// A bucket and a prefix, and a client that is made by the first call: a ping must not wait for it.
#[derive(Debug)]
pub struct Objects {
    bucket: Option<String>,
    prefix: String,
    /// Whether an empty prefix is filled with samples.
    fill: bool,
    client: OnceCell<Client>,
}

impl Objects {
    /// What the environment names.
    pub fn from_env() -> Self {
        let own = env::var("data_bucket").ok();
        let fill = own.is_none();
        let prefix = env::var("data_prefix").unwrap_or_else(|_| "example-data/".to_owned());
        Self {
            bucket: own.or_else(|| env::var("spill_bucket").ok()),
            prefix,
            fill,
            client: OnceCell::new(),
        }
    }

    /// The days that have a folder, in order.
    pub async fn days(&self) -> Result<Vec<Day>> {
        let mut found = self.list_days().await?;
        if found.is_empty() && self.fill {
            self.put_samples().await?;
            found = self.list_days().await?;
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Walks the folders level by level, so that the objects themselves need not be listed.
    async fn list_days(&self) -> Result<Vec<Day>> {
        let mut days = Vec::new();
        for (year, in_year) in self.folders(&self.prefix, "year").await? {
            for (month, in_month) in self.folders(&in_year, "month").await? {
                for (day, _) in self.folders(&in_month, "day").await? {
                    days.push(Day { year, month, day });
                }
            }
        }
        Ok(days)
    }

    /// The folders `name=NUMBER/` right below `prefix`: their numbers and their own prefixes.
    async fn folders(&self, prefix: &str, name: &str) -> Result<Vec<(i32, String)>> {
        let call = self
            .client()
            .await
            .list_objects_v2()
            .bucket(self.bucket()?)
            .prefix(prefix)
            .delimiter("/");
        let mut pages = call.into_paginator().send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failure("s3:ListBucket", prefix, &error))?;
            let prefixes = page.common_prefixes().iter().filter_map(|folder| folder.prefix());
            folders.extend(
                prefixes.filter_map(|folder| {
                    Some((number_of(folder, prefix, name)?, folder.to_owned()))
                }),
            );
        }
        Ok(folders)
    }

    /// The keys of the objects of `day`, in order.
    pub async fn keys_of(&self, day: Day) -> Result<Vec<String>> {
        let folder = day.folder(&self.prefix);
        let call = self.client().await.list_objects_v2().bucket(self.bucket()?).prefix(&folder);
        let mut pages = call.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failure("s3:ListBucket", &folder, &error))?;
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| object.key())
                    .filter(|key| key.rsplit_once('.').is_some_and(|(_, kind)| kind == "csv"))
                    .map(str::to_owned),
            );
        }
        keys.sort_unstable();
        Ok(keys)
    }

    /// The object `key`, which must lie below the prefix: a split comes from outside.
    pub async fn get(&self, key: &str) -> Result<Vec<u8>> {
        if !key.starts_with(&self.prefix) {
            return Err(Error::invalid_input(format!(
                "object {key:?} is not below {:?}",
                self.prefix
            )));
        }
        let object = self.client().await.get_object().bucket(self.bucket()?).key(key).send().await;
        let object = object.map_err(|error| self.failure("s3:GetObject", key, &error))?;
        let body = object
            .body
            .collect()
            .await
            .map_err(|error| self.failure("s3:GetObject", key, &error))?;
        Ok(body.to_vec())
    }

    async fn put_samples(&self) -> Result<()> {
        for day in visits::sample_days() {
            let key = format!("{}visits.csv", day.folder(&self.prefix));
            let body = ByteStream::from(visits::sample_csv(day).into_bytes());
            let put = self
                .client()
                .await
                .put_object()
                .bucket(self.bucket()?)
                .key(&key)
                .body(body)
                .send()
                .await;
            put.map_err(|error| self.failure("s3:PutObject", &key, &error))?;
        }
        Ok(())
    }

    fn bucket(&self) -> Result<&str> {
        let unset = || {
            Error::invalid_input(
                "data_bucket is not set; set it to the bucket that holds the CSV objects",
            )
        };
        self.bucket.as_deref().ok_or_else(unset)
    }

    async fn client(&self) -> &Client {
        let make = || async {
            let config = aws_config::load_from_env().await;
            // A stand-in for S3 is reached by its address, in front of which no bucket name can
            // stand.
            let path_style = env::var_os("AWS_ENDPOINT_URL_S3").is_some();
            Client::from_conf(
                aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style).build(),
            )
        };
        self.client.get_or_init(make).await
    }

    fn failure<E: std::error::Error>(&self, permission: &str, key: &str, error: &E) -> Error {
        let bucket = self.bucket.as_deref().unwrap_or_default();
        let message =
            format!("{permission} on s3://{bucket}/{key} failed: {}", DisplayErrorContext(error));
        Error::new(ErrorKind::AccessDenied, message)
    }
}

/// The number in the folder `prefix` + `name=NUMBER/`; other folders are not partitions.
fn number_of(folder: &str, prefix: &str, name: &str) -> Option<i32> {
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
    fn a_folder_is_a_partition_if_it_says_so() {
        assert_eq!(number_of("data/year=2024/", "data/", "year"), Some(2024));
        assert_eq!(number_of("data/year=2024/month=02/", "data/year=2024/", "month"), Some(2));
        for folder in
            ["data/tmp/", "data/year=x/", "data/yearly=1/", "other/year=1/", "data/year=1"]
        {
            assert_eq!(number_of(folder, "data/", "year"), None, "{folder}");
        }
    }
}
