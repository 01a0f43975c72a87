//! The operations of the store, over a folder.

use std::{error::Error, io, path::PathBuf};

use async_trait::async_trait;
use hyper::StatusCode;
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput,
        GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput,
        PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
        UploadPartOutput,
    },
};
use s3s_fs::FileSystem;

/// A folder of buckets, whose errors say so if the disk is full.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) files: FileSystem,
}

impl Folder {
    /// Adds a message to an error of the file system: the response would have none.
    ///
    /// A full disk stays full, so the status is one that AWS clients do not retry.
    fn explain(&self, mut error: S3Error) -> S3Error {
        let Some(cause) = error.source().and_then(|source| io_error(source)) else { return error };
        let folder = self.path.display();
        let kind = cause.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            let message = format!(
                "the disk of {folder} is full: {cause}; free space there, \
                 or set TMPDIR to a folder on another disk"
            );
            error.set_code(S3ErrorCode::Custom("StorageFull".into()));
            error.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
            error.set_message(message);
        } else if error.message().is_none() {
            let message = format!("cannot use {folder}: {cause}");
            error.set_message(message);
        }
        error
    }
}

/// Returns the first error of the file system among `error` and its causes.
fn io_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = current.source();
    }
    None
}

/// Implements the operations of [`FileSystem`]. It supports no others.
macro_rules! forward {
    ($($operation:ident: $input:ident -> $output:ident,)*) => {
        #[async_trait]
        impl S3 for Folder {
            $(async fn $operation(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                self.files.$operation(request).await.map_err(|error| self.explain(error))
            })*
        }
    };
}

forward! {
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput,
    copy_object: CopyObjectInput -> CopyObjectOutput,
    create_bucket: CreateBucketInput -> CreateBucketOutput,
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput,
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput,
    delete_object: DeleteObjectInput -> DeleteObjectOutput,
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput,
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput,
    get_object: GetObjectInput -> GetObjectOutput,
    head_bucket: HeadBucketInput -> HeadBucketOutput,
    head_object: HeadObjectInput -> HeadObjectOutput,
    list_buckets: ListBucketsInput -> ListBucketsOutput,
    list_objects: ListObjectsInput -> ListObjectsOutput,
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output,
    list_parts: ListPartsInput -> ListPartsOutput,
    put_object: PutObjectInput -> PutObjectOutput,
    upload_part: UploadPartInput -> UploadPartOutput,
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(error: S3Error) -> S3Error {
        let folder = tempfile::tempdir().unwrap();
        let files = FileSystem::new(folder.path()).unwrap();
        Folder { path: "/objects".into(), files }.explain(error)
    }

    #[test]
    fn the_error_of_a_full_disk_names_the_folder_and_is_not_retried() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = explained(S3Error::internal_error(io::Error::from(kind)));
            assert_eq!(error.status_code(), Some(StatusCode::INSUFFICIENT_STORAGE), "{kind}");
            let message = error.message().unwrap();
            assert!(message.contains("/objects") && message.contains("TMPDIR"), "{message}");
        }
    }

    #[test]
    fn other_errors_keep_their_code() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = explained(S3Error::internal_error(denied));
        assert_eq!(error.code(), &S3ErrorCode::InternalError);
        assert!(error.message().unwrap().contains("/objects"));
        let missing = explained(S3Error::with_message(S3ErrorCode::NoSuchKey, "no such key"));
        assert_eq!(missing.message(), Some("no such key"));
    }
}
