//! Service and operation of a request, read before its body.

use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Uri};

/// A service of the embedded AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Beanstalk,
    S3,
    Sts,
    Iam,
}

impl Service {
    /// As the credential scope has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Beanstalk => "elasticbeanstalk",
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }
}

/// The credential scope of a signed request: `KEY/20260102/us-east-1/s3/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) key: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Scope {
    /// From the `Authorization` header, or from the query of a presigned URL.
    pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Option<Self> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = match header {
            Some(header) => {
                let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
                rest.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?.to_owned()
            }
            None => query(uri).find(|(name, _)| name == "X-Amz-Credential")?.1,
        };
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, _day, region, service, "aws4_request"] = parts[..] else { return None };
        Some(Self { key: key.to_owned(), region: region.to_owned(), service: service.to_owned() })
    }

    pub(super) fn service(&self) -> Option<Service> {
        match self.service.as_str() {
            "elasticbeanstalk" => Some(Service::Beanstalk),
            "s3" => Some(Service::S3),
            "sts" => Some(Service::Sts),
            "iam" => Some(Service::Iam),
            _ => None,
        }
    }
}

pub(super) fn query(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    super::input::form(uri.query().unwrap_or_default().as_bytes()).into_iter()
}

/// Operation that an S3 request asks for, by method, path and sub-resource.
pub(super) fn s3_operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let names: Vec<String> = query(uri).map(|(name, _)| name).collect();
    let asks = |name: &str| names.iter().any(|asked| asked == name);
    let copies = headers.contains_key("x-amz-copy-source");
    match (method.as_str(), bucket.is_empty(), key.is_empty()) {
        ("GET", true, _) => "ListBuckets",
        ("PUT", false, true) if asks("tagging") => "PutBucketTagging",
        ("PUT", false, true) => "CreateBucket",
        ("HEAD", false, true) => "HeadBucket",
        ("DELETE", false, true) => "DeleteBucket",
        ("POST", false, true) if asks("delete") => "DeleteObjects",
        ("GET", false, true) if asks("uploads") => "ListMultipartUploads",
        ("GET", false, true) if asks("location") => "GetBucketLocation",
        ("GET", false, true) if asks("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false, true) if asks("encryption") => "GetBucketEncryption",
        ("GET", false, true) if asks("list-type") => "ListObjectsV2",
        ("GET", false, true) => "ListObjects",
        ("PUT", false, false) if asks("partNumber") && copies => "UploadPartCopy",
        ("PUT", false, false) if asks("partNumber") => "UploadPart",
        ("PUT", false, false) if asks("tagging") => "PutObjectTagging",
        ("PUT", false, false) if copies => "CopyObject",
        ("PUT", false, false) => "PutObject",
        ("POST", false, false) if asks("uploads") => "CreateMultipartUpload",
        ("POST", false, false) if asks("uploadId") => "CompleteMultipartUpload",
        ("GET", false, false) if asks("uploadId") => "ListParts",
        ("GET", false, false) if asks("tagging") => "GetObjectTagging",
        ("GET", false, false) if asks("attributes") => "GetObjectAttributes",
        ("GET", false, false) => "GetObject",
        ("HEAD", false, false) => "HeadObject",
        ("DELETE", false, false) if asks("uploadId") => "AbortMultipartUpload",
        ("DELETE", false, false) if asks("tagging") => "DeleteObjectTagging",
        ("DELETE", false, false) => "DeleteObject",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_the_service() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/");
        assert_eq!(Scope::of(&headers, &uri), None);
        let header = "AWS4-HMAC-SHA256 Credential=AK/20260102/eu-west-1/elasticbeanstalk/aws4_request, SignedHeaders=host, \
                      Signature=00";
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        let scope = Scope::of(&headers, &uri).unwrap();
        assert_eq!((scope.key.as_str(), scope.region.as_str()), ("AK", "eu-west-1"));
        assert_eq!(scope.service(), Some(Service::Beanstalk));
        let presigned = Uri::from_static("/b/k?X-Amz-Credential=AK%2F20260102%2Fus-east-1%2Fs3%2Faws4_request");
        assert_eq!(Scope::of(&HeaderMap::new(), &presigned).unwrap().service(), Some(Service::S3));
    }

    #[test]
    fn requests_to_s3_have_names() {
        #[track_caller]
        fn case(method: Method, uri: &'static str, name: &str) {
            assert_eq!(s3_operation(&method, &Uri::from_static(uri), &HeaderMap::new()), name);
        }
        case(Method::GET, "/", "ListBuckets");
        case(Method::PUT, "/b", "CreateBucket");
        case(Method::PUT, "/b/", "CreateBucket");
        case(Method::PUT, "/b/k/l?x-id=PutObject", "PutObject");
        case(Method::PUT, "/b/k?partNumber=1&uploadId=u", "UploadPart");
        case(Method::POST, "/b/k?uploads", "CreateMultipartUpload");
        case(Method::GET, "/b?uploads", "ListMultipartUploads");
        case(Method::DELETE, "/b/k?uploadId=u", "AbortMultipartUpload");
    }
}
