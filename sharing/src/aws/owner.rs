//! Settings in the account of the function.

use aws_sdk_kms::types::KeyMetadata;
use aws_sdk_lambda::{
    config::http::HttpResponse,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
};
use aws_sdk_s3::{
    operation::get_bucket_encryption::GetBucketEncryptionOutput,
    types::ServerSideEncryptionConfiguration,
};

use super::{
    account::Account,
    lookup::{describe_error, lookup},
    principal::observe_principal,
};
use crate::{
    arn::{FunctionArn, region_of},
    doctor::{Encryption, FunctionConfiguration, KmsKey, Lookup, OwnerAccount, SpillBucket},
};

/// Observations with credentials of the owner.
#[derive(Debug)]
pub struct ObservedOwner {
    /// Settings of the account.
    pub account: OwnerAccount,
    /// Region of the spill bucket.
    pub spill_region: Lookup<String>,
}

/// Reads the function, its policy, spill bucket, key and execution role, with credentials of their
/// account.
///
/// Failed requests become [`Lookup::Unknown`], never an error.
pub async fn observe_owner(account: &Account, arn: &FunctionArn) -> ObservedOwner {
    let lambda = aws_sdk_lambda::Client::new(&account.in_region(&arn.region));
    let name = arn.to_string();
    let configuration = lambda.get_function_configuration().function_name(&name).send().await;
    let mut observed = ObservedOwner {
        account: OwnerAccount {
            function: lookup(configuration, &["ResourceNotFoundException"])
                .and_then(|answer| Lookup::Found(configuration_of(&answer))),
            ..OwnerAccount::default()
        },
        spill_region: Lookup::Unknown("the function has no spill bucket".to_owned()),
    };
    let owner = &mut observed.account;
    let Some(function) = owner.function.found().cloned() else {
        return observed;
    };
    let policy = lambda.get_policy().function_name(&name).send().await;
    owner.function_policy =
        lookup(policy, &["ResourceNotFoundException"]).and_then(|policy| policy.policy.into());
    owner.role = observe_principal(account, &function.role).await;
    if let Some(bucket) = function.spill_bucket() {
        let region = observe_bucket_region(account, &arn.region, &bucket).await;
        let s3 = account.s3(region.found().unwrap_or(&arn.region));
        let policy = s3.get_bucket_policy().bucket(&bucket).send().await;
        owner.bucket_policy = lookup(policy, &["NoSuchBucketPolicy", "NoSuchBucket"])
            .and_then(|policy| policy.policy.into());
        owner.bucket = if region == Lookup::Missing {
            Lookup::Missing
        } else {
            Lookup::Found(observe_bucket(&s3, &bucket).await)
        };
        observed.spill_region = region;
    }
    let owner = &mut observed.account;
    let key = observe_key(account, arn, owner).await;
    owner.key_policy = match &key {
        Lookup::Found(key) => key_policy(account, arn, &key.arn).await,
        Lookup::Missing => Lookup::Missing,
        Lookup::Unknown(reason) => Lookup::Unknown(reason.clone()),
    };
    owner.key = key;
    owner.seal_key_policy = match function.seal_key() {
        Some(key) => key_policy(account, arn, key).await,
        None => Lookup::Missing,
    };
    observed
}

/// Reads the region of any bucket: S3 reveals it to every caller.
///
/// The request goes to the S3 endpoint of `region`, which answers for buckets of every region.
pub async fn observe_bucket_region(
    account: &Account,
    region: &str,
    bucket: &str,
) -> Lookup<String> {
    let error = match account.s3(region).head_bucket().bucket(bucket).send().await {
        Ok(answer) => {
            return match answer.bucket_region {
                Some(region) => Lookup::Found(region),
                None => Lookup::Unknown("S3 does not return it".to_owned()),
            };
        }
        Err(error) => error,
    };
    let response: Option<&HttpResponse> = error.raw_response();
    if response.is_some_and(|response| response.status().as_u16() == 404) {
        return Lookup::Missing;
    }
    match response.and_then(|response| response.headers().get("x-amz-bucket-region")) {
        Some(region) => Lookup::Found(region.to_owned()),
        None => Lookup::Unknown(describe_error(&error)),
    }
}

fn configuration_of(answer: &GetFunctionConfigurationOutput) -> FunctionConfiguration {
    let variables = answer.environment().and_then(|environment| environment.variables()).cloned();
    FunctionConfiguration {
        state: answer.state().map_or("Active", |state| state.as_str()).to_owned(),
        role: answer.role().unwrap_or_default().to_owned(),
        environment: variables.unwrap_or_default().into_iter().collect(),
        log_group: answer
            .logging_config()
            .and_then(|logging| logging.log_group())
            .map(str::to_owned),
    }
}

async fn observe_bucket(s3: &aws_sdk_s3::Client, name: &str) -> SpillBucket {
    let listed = s3.list_buckets().prefix(name).send().await;
    let is_own =
        listed.ok().map(|answer| answer.buckets().iter().any(|bucket| bucket.name() == Some(name)));
    let answer = s3.get_bucket_encryption().bucket(name).send().await;
    let encryption = match lookup(answer, &["ServerSideEncryptionConfigurationNotFoundError"]) {
        Lookup::Found(answer) => Lookup::Found(default_encryption(&answer)),
        Lookup::Missing => Lookup::Found(Encryption::default()),
        Lookup::Unknown(reason) => Lookup::Unknown(reason),
    };
    SpillBucket { is_own, encryption }
}

fn default_encryption(answer: &GetBucketEncryptionOutput) -> Encryption {
    let rules =
        answer.server_side_encryption_configuration().map(ServerSideEncryptionConfiguration::rules);
    let encryption = rules.unwrap_or_default().iter().find_map(|rule| {
        let default = rule.apply_server_side_encryption_by_default()?;
        Some(Encryption {
            by_kms: default.sse_algorithm().as_str().starts_with("aws:kms"),
            key: default.kms_master_key_id().map(str::to_owned),
            bucket_key: rule.bucket_key_enabled().unwrap_or_default(),
        })
    });
    encryption.unwrap_or_default()
}

/// Reads the key of the server-side encryption of spilled objects.
async fn observe_key(account: &Account, arn: &FunctionArn, owner: &OwnerAccount) -> Lookup<KmsKey> {
    let Some(encryption) = owner.encryption() else {
        let reason = match &owner.bucket {
            Lookup::Missing => return Lookup::Missing,
            Lookup::Found(SpillBucket { encryption: Lookup::Unknown(reason), .. })
            | Lookup::Unknown(reason) => reason,
            Lookup::Found(_) => "S3 does not return the encryption of the bucket",
        };
        return Lookup::Unknown(reason.to_owned());
    };
    if !encryption.by_kms {
        return Lookup::Missing;
    }
    let id = encryption.key.as_deref().unwrap_or("alias/aws/s3");
    // An ARN resolves in its own region only, an ID or alias in the region of the bucket.
    let region = if id.starts_with("arn:") { region_of(id) } else { &arn.region };
    let kms = aws_sdk_kms::Client::new(&account.in_region(region));
    let described = kms.describe_key().key_id(id).send().await;
    match lookup(described, &["NotFoundException"]) {
        Lookup::Found(answer) => match answer.key_metadata() {
            Some(metadata) => Lookup::Found(key_of(metadata, id)),
            None => Lookup::Unknown("KMS does not return its metadata".to_owned()),
        },
        // AWS creates the managed key on its first use.
        Lookup::Missing if encryption.key.is_none() => Lookup::Found(KmsKey {
            arn: format!("arn:{}:kms:{region}:{}:{id}", arn.partition, arn.account),
            state: "Enabled".to_owned(),
            is_aws_managed: true,
        }),
        Lookup::Missing => Lookup::Missing,
        Lookup::Unknown(reason) => Lookup::Unknown(reason),
    }
}

fn key_of(metadata: &KeyMetadata, id: &str) -> KmsKey {
    KmsKey {
        arn: metadata.arn().unwrap_or(id).to_owned(),
        state: metadata.key_state().map_or("Enabled", |state| state.as_str()).to_owned(),
        is_aws_managed: metadata.key_manager().is_some_and(|manager| manager.as_str() == "AWS"),
    }
}

/// Reads the policy of a key by its ARN or ID.
async fn key_policy(account: &Account, arn: &FunctionArn, key: &str) -> Lookup<String> {
    let region = if key.starts_with("arn:") { region_of(key) } else { &arn.region };
    let kms = aws_sdk_kms::Client::new(&account.in_region(region));
    let policy = kms.get_key_policy().key_id(key).policy_name("default").send().await;
    lookup(policy, &["NotFoundException"]).and_then(|policy| policy.policy.into())
}
