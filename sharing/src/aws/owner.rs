//! What AWS shows of the account of the function.

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
    identity::observe_principal,
    sight::{seen, words},
};
use crate::{
    arn::{FunctionArn, region_of},
    doctor::{Bucket, Encryption, Function, Key, Owner, Seen},
};

/// The function, its policies, its bucket, key and role, with credentials of their account.
pub async fn observe_owner(account: &Account, arn: &FunctionArn) -> (Owner, Seen<String>) {
    let lambda = aws_sdk_lambda::Client::new(&account.in_region(&arn.region));
    let name = arn.to_string();
    let configuration = lambda.get_function_configuration().function_name(&name).send().await;
    let mut owner = Owner {
        function: seen(configuration, &["ResourceNotFoundException"])
            .and_then(|answer| function(&answer)),
        ..Owner::default()
    };
    let mut region = Seen::Hidden("the function spills nowhere".to_owned());
    let Some(function) = owner.function.known().cloned() else {
        return (owner, region);
    };
    let policy = lambda.get_policy().function_name(&name).send().await;
    owner.function_policy =
        seen(policy, &["ResourceNotFoundException"]).and_then(|policy| policy.policy.into());
    owner.role = observe_principal(account, &function.role).await;
    if let Some(bucket) = function.spill_bucket() {
        region = observe_bucket_region(account, &arn.region, &bucket).await;
        let near = region.known().unwrap_or(&arn.region).clone();
        let s3 = account.s3(&near);
        let policy = s3.get_bucket_policy().bucket(&bucket).send().await;
        owner.bucket_policy = seen(policy, &["NoSuchBucketPolicy", "NoSuchBucket"])
            .and_then(|policy| policy.policy.into());
        owner.bucket = self::bucket(&s3, &bucket, &region).await;
    }
    (owner.key, owner.key_policy) = key(account, arn, &owner).await;
    (owner, region)
}

/// The region of a bucket of anybody: S3 says it even to those who may do nothing with it.
pub async fn observe_bucket_region(account: &Account, near: &str, bucket: &str) -> Seen<String> {
    let answer = account.s3(near).head_bucket().bucket(bucket).send().await;
    let named = |response: Option<&HttpResponse>| {
        response?.headers().get("x-amz-bucket-region").map(str::to_owned)
    };
    match answer {
        Ok(found) => match found.bucket_region() {
            Some(region) => Seen::Known(region.to_owned()),
            None => Seen::Hidden("S3 does not say it".to_owned()),
        },
        Err(error)
            if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) =>
        {
            Seen::Missing
        }
        Err(error) => {
            named(error.raw_response()).map_or_else(|| Seen::Hidden(words(&error)), Seen::Known)
        }
    }
}

fn function(answer: &GetFunctionConfigurationOutput) -> Seen<Function> {
    let variables = answer.environment().and_then(|environment| environment.variables()).cloned();
    Seen::Known(Function {
        state: answer.state().map_or("Active", |state| state.as_str()).to_owned(),
        role: answer.role().unwrap_or_default().to_owned(),
        environment: variables.unwrap_or_default().into_iter().collect(),
    })
}

async fn bucket(s3: &aws_sdk_s3::Client, name: &str, region: &Seen<String>) -> Seen<Bucket> {
    if *region == Seen::Missing {
        return Seen::Missing;
    }
    let listed = s3.list_buckets().prefix(name).send().await;
    let is_own =
        listed.ok().map(|answer| answer.buckets().iter().any(|bucket| bucket.name() == Some(name)));
    let answer = s3.get_bucket_encryption().bucket(name).send().await;
    let encryption = match seen(answer, &["ServerSideEncryptionConfigurationNotFoundError"]) {
        Seen::Known(answer) => Seen::Known(default_encryption(&answer)),
        Seen::Missing => Seen::Known(Encryption::default()),
        Seen::Hidden(why) => Seen::Hidden(why),
    };
    Seen::Known(Bucket { is_own, encryption })
}

fn default_encryption(answer: &GetBucketEncryptionOutput) -> Encryption {
    let rules =
        answer.server_side_encryption_configuration().map(ServerSideEncryptionConfiguration::rules);
    let rule = rules.unwrap_or_default().iter().find_map(|rule| {
        let default = rule.apply_server_side_encryption_by_default()?;
        Some(Encryption {
            by_kms: default.sse_algorithm().as_str().starts_with("aws:kms"),
            key: default.kms_master_key_id().map(str::to_owned),
            bucket_key: rule.bucket_key_enabled().unwrap_or_default(),
        })
    });
    rule.unwrap_or_default()
}

/// The key with which S3 encrypts what is spilled, and its policy.
async fn key(account: &Account, arn: &FunctionArn, owner: &Owner) -> (Seen<Key>, Seen<String>) {
    let Some(encryption) = owner.encryption() else {
        let why = match &owner.bucket {
            // What is not there encrypts nothing.
            Seen::Missing => return (Seen::Missing, Seen::Missing),
            Seen::Known(Bucket { encryption: Seen::Hidden(why), .. }) | Seen::Hidden(why) => why,
            Seen::Known(_) => "S3 does not say how the bucket encrypts",
        };
        return (Seen::Hidden(why.to_owned()), Seen::Hidden(why.to_owned()));
    };
    if !encryption.by_kms {
        return (Seen::Missing, Seen::Missing);
    }
    let id = encryption.key.as_deref().unwrap_or("alias/aws/s3");
    // An ARN is known in its own region only, an id or alias in that of the bucket.
    let region = if id.starts_with("arn:") { region_of(id) } else { &arn.region };
    let kms = aws_sdk_kms::Client::new(&account.in_region(region));
    let described = kms.describe_key().key_id(id).send().await;
    let key = match seen(described, &["NotFoundException"]) {
        Seen::Known(answer) => match answer.key_metadata() {
            Some(key) => Key {
                arn: key.arn().unwrap_or(id).to_owned(),
                state: key.key_state().map_or("Enabled", |state| state.as_str()).to_owned(),
                by_aws: key.key_manager().is_some_and(|manager| manager.as_str() == "AWS"),
            },
            None => return (Seen::Hidden("KMS does not describe it".to_owned()), Seen::default()),
        },
        // The key that AWS manages is made when it is first used.
        Seen::Missing if encryption.key.is_none() => Key {
            arn: format!("arn:{}:kms:{region}:{}:{id}", arn.partition, arn.account),
            state: "Enabled".to_owned(),
            by_aws: true,
        },
        Seen::Missing => return (Seen::Missing, Seen::Missing),
        Seen::Hidden(why) => return (Seen::Hidden(why.clone()), Seen::Hidden(why)),
    };
    let policy = kms.get_key_policy().key_id(&key.arn).policy_name("default").send().await;
    (Seen::Known(key), seen(policy, &["NotFoundException"]).and_then(|policy| policy.policy.into()))
}
