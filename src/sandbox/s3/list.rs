//! Lists of objects, in pages, with common prefixes.

use s3s::dto::*;
use s3s::{S3Response, S3Result, s3_error};

use super::buckets::Object as Kept;
use super::{Objects, broken, find_bucket, timestamp};

/// A request for a list, in whichever version of the operation.
struct ListRequest {
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    after: String,
    max: i32,
}

/// One page.
#[derive(Default)]
struct Page {
    objects: Vec<Object>,
    prefixes: Vec<String>,
    /// The last name of this page, if there are more.
    next: Option<String>,
}

/// Group sorted objects by the delimiter and take what fits, after `after`.
fn page(objects: Vec<Kept>, request: &ListRequest) -> Page {
    let limit = usize::try_from(request.max.clamp(0, 1000)).unwrap_or_default();
    let delimiter = request.delimiter.as_deref().filter(|text| !text.is_empty());
    let mut page = Page::default();
    let mut last: Option<String> = None;
    for object in objects.into_iter().filter(|object| object.key.starts_with(&request.prefix)) {
        let rest = &object.key[request.prefix.len()..];
        let group = delimiter.and_then(|mark| rest.find(mark).map(|at| at + mark.len()));
        let group = group.map(|end| object.key[..request.prefix.len() + end].to_owned());
        let name = group.as_ref().unwrap_or(&object.key);
        if *name <= request.after || last.as_ref() == Some(name) {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            return page;
        }
        last = Some(name.clone());
        match group {
            Some(prefix) => page.prefixes.push(prefix),
            None => page.objects.push(describe(object)),
        }
    }
    page
}

fn describe(object: Kept) -> Object {
    let algorithms = object.sums.values.into_keys().map(ChecksumAlgorithm::from).collect();
    Object {
        checksum_algorithm: Some(algorithms),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(object.key),
        last_modified: Some(timestamp(object.modified)),
        size: Some(i64::try_from(object.bytes).unwrap_or(i64::MAX)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Default::default()
    }
}

fn groups(prefixes: Vec<String>) -> Option<Vec<CommonPrefix>> {
    let groups = prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) });
    Some(groups.collect()).filter(|groups: &Vec<CommonPrefix>| !groups.is_empty())
}

/// A token is the name to go on after. It is written in hexadecimal, so that nobody is tempted to compose one.
fn token(name: &str) -> String {
    crate::hex::encode(name)
}

fn read_token(token: &str) -> S3Result<String> {
    let byte = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

impl Objects {
    async fn page(&self, request: ListRequest) -> S3Result<Page> {
        if request.max < 0 {
            return Err(s3_error!(InvalidArgument, "Argument max-keys must be an integer between 0 and 2147483647"));
        }
        self.files(move |buckets| {
            find_bucket(buckets, &request.bucket)?;
            let objects = buckets.objects(&request.bucket).map_err(|error| broken(&error))?;
            Ok(page(objects, &request))
        })
        .await
    }

    pub(super) async fn list_v1(&self, input: ListObjectsInput) -> S3Result<S3Response<ListObjectsOutput>> {
        let max = input.max_keys.unwrap_or(1000);
        let request = ListRequest {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone().unwrap_or_default(),
            max,
        };
        let page = self.page(request).await?;
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            // Without a delimiter the client goes on after the last key.
            next_marker: page.next.filter(|_| input.delimiter.is_some()),
            contents: Some(page.objects),
            common_prefixes: groups(page.prefixes),
            name: Some(input.bucket),
            prefix: input.prefix,
            marker: input.marker,
            delimiter: input.delimiter,
            max_keys: Some(max.min(1000)),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    pub(super) async fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<S3Response<ListObjectsV2Output>> {
        let max = input.max_keys.unwrap_or(1000);
        let after = match &input.continuation_token {
            Some(token) => read_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let request = ListRequest {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after,
            max,
        };
        let page = self.page(request).await?;
        let count = page.objects.len() + page.prefixes.len();
        Ok(S3Response::new(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_deref().map(token),
            key_count: Some(i32::try_from(count).unwrap_or(i32::MAX)),
            contents: Some(page.objects),
            common_prefixes: groups(page.prefixes),
            name: Some(input.bucket),
            prefix: input.prefix,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            delimiter: input.delimiter,
            max_keys: Some(max.min(1000)),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(keys: &[&str], request: ListRequest, names: &[&str], prefixes: &[&str], next: Option<&str>) {
        let objects = keys.iter().map(|key| Kept {
            key: (*key).to_owned(),
            blob: String::new(),
            bytes: 0,
            etag: String::new(),
            modified: jiff::Timestamp::UNIX_EPOCH,
            sums: Default::default(),
            headers: Default::default(),
        });
        let page = page(objects.collect(), &request);
        let found: Vec<&str> = page.objects.iter().filter_map(|object| object.key.as_deref()).collect();
        assert_eq!(found, names);
        assert_eq!(page.prefixes, prefixes);
        assert_eq!(page.next.as_deref(), next);
    }

    fn request(prefix: &str, delimiter: Option<&str>, after: &str, max: i32) -> ListRequest {
        let delimiter = delimiter.map(str::to_owned);
        ListRequest { bucket: String::new(), prefix: prefix.to_owned(), delimiter, after: after.to_owned(), max }
    }

    #[test]
    fn pages_go_on_where_the_last_ended() {
        let keys = ["a", "a/b", "a/c", "d/e"];
        case(&keys, request("", None, "", 2), &["a", "a/b"], &[], Some("a/b"));
        case(&keys, request("", None, "a/b", 2), &["a/c", "d/e"], &[], None);
        case(&keys, request("", Some("/"), "", 2), &["a"], &["a/"], Some("a/"));
        case(&keys, request("", Some("/"), "a/", 2), &[], &["d/"], None);
        case(&keys, request("a/", Some("/"), "", 9), &["a/b", "a/c"], &[], None);
        assert_eq!(read_token(&token("é/x")).unwrap(), "é/x");
        assert!(read_token("zz").is_err());
    }
}
