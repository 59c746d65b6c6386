//! S3 over `buckets`: what `s3s` has parsed and authenticated arrives here as typed requests.
//!
//! The file system backend that comes with `s3s` is not used: it replaces an object before it has compared checksums,
//! loses an upload whose completion is refused, has no list of uploads, no tags and no ETags in lists, and cannot hold
//! `a` and `a/b` at once. A client that resumes uploads would be tested against those, not against S3.

pub(super) mod buckets;
pub(super) mod digest;
mod headers;
mod list;
mod multipart;
mod objects;
mod part_copy;
mod receive;

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::*;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use self::buckets::{Bucket as Kept, Buckets, Sums};
use super::Error;
use super::{ACCESS_KEY_ID, ACCOUNT, REGION, SECRET_ACCESS_KEY};
use crate::world::World;

pub(super) fn service(buckets: Buckets, world: World) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Objects { buckets: Arc::new(buckets), world });
    builder.set_auth(OneKey);
    builder.set_access(OwnerOnly);
    builder.build()
}

/// There is one key, and of another S3 says that it has no record of it.
struct OneKey;

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key != ACCESS_KEY_ID {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            return Err(s3_error!(InvalidAccessKeyId, "{message}"));
        }
        Ok(SECRET_ACCESS_KEY.into())
    }
}

/// There is one account, and it may do everything; nobody else may do anything.
struct OwnerOnly;

/// Headers that say whose a bucket must be.
const OWNERS: [&str; 2] = ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"];

#[async_trait::async_trait]
impl S3Access for OwnerOnly {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let expected = OWNERS.iter().filter_map(|name| context.headers().get(*name));
        if context.credentials().is_none() || expected.into_iter().any(|account| account != ACCOUNT) {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        Ok(())
    }
}

struct Objects {
    buckets: Arc<Buckets>,
    world: World,
}

/// Our own failure, such as a full disk.
fn broken(error: &Error) -> s3s::S3Error {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    s3_error!(InternalError, "{error}{cause}")
}

fn timestamp(time: jiff::Timestamp) -> Timestamp {
    std::time::SystemTime::from(time).into()
}

fn owner() -> Owner {
    Owner { display_name: Some("beansprout".to_owned()), id: Some(ACCOUNT.to_owned()) }
}

impl Objects {
    /// Files are read and written on a thread that may wait.
    async fn files<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Buckets) -> S3Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let buckets = Arc::clone(&self.buckets);
        let done = tokio::task::spawn_blocking(move || act(&buckets)).await;
        done.unwrap_or_else(|error| Err(s3_error!(InternalError, "{error}")))
    }

    async fn bucket(&self, name: &str) -> S3Result<Kept> {
        let name = name.to_owned();
        self.files(move |buckets| find_bucket(buckets, &name)).await
    }
}

fn find_bucket(buckets: &Buckets, name: &str) -> S3Result<Kept> {
    let bucket = buckets.bucket(name).map_err(|error| broken(&error))?;
    bucket.ok_or_else(|| match name.starts_with("elasticbeanstalk-samples-") {
        // The service's own bucket with the samples of its platforms: it is there, and nobody's to touch.
        true => s3_error!(AccessDenied, "Access Denied"),
        false => s3_error!(NoSuchBucket, "The specified bucket does not exist"),
    })
}

fn find_object(buckets: &Buckets, bucket: &str, key: &str) -> S3Result<buckets::Object> {
    find_bucket(buckets, bucket)?;
    let object = buckets.object(bucket, key).map_err(|error| broken(&error))?;
    object.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
}

fn checksum_type(sums: &Sums) -> ChecksumType {
    ChecksumType::from_static(if sums.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT })
}

/// `us-east-1` is written as no location at all.
fn location(region: &str) -> Option<BucketLocationConstraint> {
    (region != REGION).then(|| BucketLocationConstraint::from(region.to_owned()))
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let asked = req.region.as_ref().map_or(REGION, |region| region.as_str()).to_owned();
        let constraint = req.input.create_bucket_configuration.and_then(|config| config.location_constraint);
        let region = constraint.map_or_else(|| REGION.to_owned(), |constraint| constraint.as_str().to_owned());
        if region != asked {
            return Err(s3_error!(
                IllegalLocationConstraintException,
                "The {region} location constraint is incompatible for the region specific endpoint this request was sent to."
            ));
        }
        let name = req.input.bucket;
        let bucket = Kept { name: name.clone(), region: region.clone(), created: self.world.now() };
        let made = self.files(move |buckets| buckets.create(&bucket).map_err(|error| broken(&error))).await?;
        // Only in us-east-1 does making it again succeed.
        if !made && region != REGION {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ));
        }
        Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{name}")) }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let bucket = self.bucket(&req.input.bucket).await?;
        Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(bucket.region), ..Default::default() }))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = self.bucket(&req.input.bucket).await?;
        if bucket.name == Buckets::storage_location(&bucket.region) {
            let message = "the bucket policy that Elastic Beanstalk sets denies s3:DeleteBucket";
            return Err(s3_error!(AccessDenied, "{message}"));
        }
        self.files(move |buckets| {
            buckets
                .exclusively(|| {
                    if !buckets.objects(&bucket.name)?.is_empty() {
                        return Ok(false);
                    }
                    buckets.remove(&bucket.name)?;
                    Ok(true)
                })
                .map_err(|error| broken(&error))
        })
        .await?
        .then(|| S3Response::new(DeleteBucketOutput {}))
        .ok_or_else(|| s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"))
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let prefix = req.input.prefix.unwrap_or_default();
        let all = self.files(|buckets| buckets.list().map_err(|error| broken(&error))).await?;
        let buckets = all.into_iter().filter(|bucket| bucket.name.starts_with(&prefix)).map(|bucket| Bucket {
            bucket_region: Some(bucket.region),
            creation_date: Some(timestamp(bucket.created)),
            name: Some(bucket.name),
        });
        let output = ListBucketsOutput { buckets: Some(buckets.collect()), owner: Some(owner()), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let bucket = self.bucket(&req.input.bucket).await?;
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: location(&bucket.region) }))
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.bucket(&req.input.bucket).await?;
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    /// The bucket of Elastic Beanstalk is closed and encrypted; so is every new one on AWS.
    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        self.bucket(&req.input.bucket).await?;
        let closed = PublicAccessBlockConfiguration {
            block_public_acls: Some(true),
            block_public_policy: Some(true),
            ignore_public_acls: Some(true),
            restrict_public_buckets: Some(true),
        };
        Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(closed) }))
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        self.bucket(&req.input.bucket).await?;
        let algorithm = ServerSideEncryption::from_static(ServerSideEncryption::AES256);
        let rule = ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: None,
                sse_algorithm: algorithm,
            }),
            bucket_key_enabled: Some(false),
        };
        let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
        let output = GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) };
        Ok(S3Response::new(output))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.put(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(req.input).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(req.input).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req.input).await
    }

    async fn get_object_attributes(
        &self,
        req: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        self.attributes(req.input).await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let DeleteObjectInput { bucket, key, .. } = req.input;
        self.files(move |buckets| {
            find_bucket(buckets, &bucket)?;
            buckets.delete_object(&bucket, &key).map_err(|error| broken(&error))
        })
        .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = req.input;
        if delete.objects.len() > 1000 {
            return Err(s3_error!(MalformedXML, "at most 1000 keys may be deleted at once"));
        }
        let keys: Vec<String> = delete.objects.into_iter().map(|object| object.key).collect();
        let deleted = keys.clone();
        self.files(move |buckets| {
            find_bucket(buckets, &bucket)?;
            let delete = || keys.iter().try_for_each(|key| buckets.delete(&bucket, key).map(|_| ()));
            buckets.exclusively(delete).map_err(|error| broken(&error))
        })
        .await?;
        let quiet = delete.quiet.unwrap_or(false);
        let deleted = deleted.into_iter().filter(|_| !quiet);
        let deleted = deleted.map(|key| DeletedObject { key: Some(key), ..Default::default() });
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted.collect()), ..Default::default() }))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        self.list_v1(req.input).await
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.list_v2(req.input).await
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let GetObjectTaggingInput { bucket, key, .. } = req.input;
        let object = self.files(move |buckets| find_object(buckets, &bucket, &key)).await?;
        let tags = object.headers.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set: tags.collect(), version_id: None }))
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let PutObjectTaggingInput { bucket, key, tagging, .. } = req.input;
        let tags = tagging.tag_set.into_iter();
        let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
        self.retag(bucket, key, tags).await?;
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.retag(req.input.bucket, req.input.key, Default::default()).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.start_upload(req.input).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.put_part(req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.copy_part(req).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.parts(req.input).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.uploads(req.input).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete(req.input).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = req.input;
        self.files(move |buckets| {
            multipart::find_upload(buckets, &bucket, &key, &upload_id)?;
            buckets.exclusively(|| buckets.end_upload(&bucket, &upload_id)).map_err(|error| broken(&error))
        })
        .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
