//! Buckets and objects as files. One small file describes an object and names the blob with its bytes; replacing that
//! file is what makes a write visible, so a reader never meets half an object.
//!
//! ```text
//! buckets/NAME/bucket.json
//! buckets/NAME/objects/SHA-256-OF-KEY.json
//! buckets/NAME/blobs/RANDOM
//! buckets/NAME/uploads/ID/upload.json  ID/00001.json …
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::sandbox::store::{lock, write};
use crate::sandbox::{ACCOUNT, Error};

/// All buckets of the sandbox.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Buckets {
    dir: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Bucket {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) region: String,
    pub(in crate::sandbox) created: Timestamp,
}

/// Description of an object, apart from its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Object {
    pub(in crate::sandbox) key: String,
    pub(in crate::sandbox) blob: String,
    pub(in crate::sandbox) bytes: u64,
    pub(in crate::sandbox) etag: String,
    pub(in crate::sandbox) modified: Timestamp,
    #[serde(default)]
    pub(super) sums: Sums,
    #[serde(default, alias = "said")]
    pub(super) headers: ObjectHeaders,
}

/// Checksums in base64, by algorithm (`CRC32`, `SHA256`, …).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) values: BTreeMap<String, String>,
    /// A checksum of the parts' checksums, rather than of the bytes.
    pub(super) composite: bool,
    /// The parts that it was put together from, in order: length and checksum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<(u64, String)>,
}

/// Headers and tags of an object, which S3 keeps as the uploader gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ObjectHeaders {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    /// The key of KMS that it is encrypted with; without one, the bucket's own way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kms_key: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// An upload in parts that is not complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) started: Timestamp,
    pub(super) algorithm: Option<String>,
    pub(super) composite: bool,
    #[serde(alias = "said")]
    pub(super) headers: ObjectHeaders,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) blob: String,
    pub(super) bytes: u64,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    pub(super) sums: BTreeMap<String, String>,
}

impl Buckets {
    pub(in crate::sandbox) fn open(state: &Path) -> Result<Self, Error> {
        let dir = state.join("buckets");
        fs::create_dir_all(&dir).map_err(|source| Error::Write { path: dir.clone(), source })?;
        Ok(Self { dir })
    }

    /// The bucket that Elastic Beanstalk makes for itself in a region.
    pub(in crate::sandbox) fn storage_location(region: &str) -> String {
        format!("elasticbeanstalk-{region}-{ACCOUNT}")
    }

    /// One writer at a time: between looking and replacing, nobody else replaces.
    pub(super) fn exclusively<T>(&self, act: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _lock = lock(&self.dir.join(".lock"))?;
        act()
    }

    pub(in crate::sandbox) fn bucket(&self, name: &str) -> Result<Option<Bucket>, Error> {
        read(&self.dir.join(name).join("bucket.json"))
    }

    pub(super) fn list(&self) -> Result<Vec<Bucket>, Error> {
        let mut buckets = Vec::new();
        for name in names(&self.dir)? {
            buckets.extend(self.bucket(&name)?);
        }
        Ok(buckets)
    }

    /// Make a bucket, unless it is there. Says whether it was made.
    pub(in crate::sandbox) fn create(&self, bucket: &Bucket) -> Result<bool, Error> {
        self.exclusively(|| {
            if self.bucket(&bucket.name)?.is_some() {
                return Ok(false);
            }
            let dir = self.dir.join(&bucket.name);
            for part in ["objects", "blobs", "uploads"] {
                let path = dir.join(part);
                fs::create_dir_all(&path).map_err(|source| Error::Write { path, source })?;
            }
            write(&dir.join("bucket.json"), &json(bucket))?;
            Ok(true)
        })
    }

    /// Remove a bucket that has no objects.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.dir.join(name);
        fs::remove_dir_all(&path).map_err(|source| Error::Write { path, source })
    }

    fn object_file(&self, bucket: &str, key: &str) -> PathBuf {
        let name = crate::hex::encode(Sha256::digest(key));
        self.dir.join(bucket).join("objects").join(name + ".json")
    }

    pub(in crate::sandbox) fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>, Error> {
        read(&self.object_file(bucket, key))
    }

    /// Where an object's bytes are.
    pub(in crate::sandbox) fn blob(&self, bucket: &str, blob: &str) -> PathBuf {
        self.dir.join(bucket).join("blobs").join(blob)
    }

    /// All objects of a bucket, sorted by key.
    pub(super) fn objects(&self, bucket: &str) -> Result<Vec<Object>, Error> {
        let dir = self.dir.join(bucket).join("objects");
        let mut objects: Vec<Object> = Vec::new();
        for name in names(&dir)? {
            objects.extend(read(&dir.join(name))?);
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// An empty file that becomes a blob when it is kept, and goes away otherwise.
    pub(super) fn new_blob(&self, bucket: &str) -> Result<TempPath, Error> {
        let dir = self.dir.join(bucket).join("blobs");
        let made = tempfile::Builder::new().prefix("").rand_bytes(24).tempfile_in(&dir);
        made.map(tempfile::NamedTempFile::into_temp_path).map_err(|source| Error::Write { path: dir, source })
    }

    /// Keep a blob, and say its name.
    pub(super) fn keep(&self, blob: TempPath) -> Result<String, Error> {
        let path = blob.to_path_buf();
        let path = blob.keep().map_err(|error| Error::Write { path, source: error.error })?;
        Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// Make `object` what its key means. Call it exclusively.
    pub(super) fn replace(&self, bucket: &str, object: &Object) -> Result<(), Error> {
        let old = self.object(bucket, &object.key)?;
        write(&self.object_file(bucket, &object.key), &json(object))?;
        if let Some(old) = old.filter(|old| old.blob != object.blob) {
            self.forget_blob(bucket, &old.blob);
        }
        Ok(())
    }

    /// Delete an object; says whether there was one. Call it exclusively.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> Result<bool, Error> {
        let Some(old) = self.object(bucket, key)? else { return Ok(false) };
        let path = self.object_file(bucket, key);
        fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
        self.forget_blob(bucket, &old.blob);
        Ok(true)
    }

    /// Delete an object on behalf of another service; says whether there was one.
    pub(in crate::sandbox) fn delete_object(&self, bucket: &str, key: &str) -> Result<bool, Error> {
        self.exclusively(|| self.delete(bucket, key))
    }

    /// Store content without a request.
    pub(in crate::sandbox) fn put(&self, bucket: &str, key: &str, content: &[u8], now: Timestamp) -> Result<(), Error> {
        let blob = self.new_blob(bucket)?;
        write(&blob, content)?;
        let mut hasher = super::digest::Hasher::new(std::iter::empty());
        hasher.update(content);
        let hashed = hasher.finish();
        self.exclusively(|| {
            let object = Object {
                key: key.to_owned(),
                blob: self.keep(blob)?,
                bytes: content.len() as u64,
                etag: hashed.md5,
                modified: now,
                sums: Sums { values: hashed.sums, ..Sums::default() },
                headers: ObjectHeaders::default(),
            };
            self.replace(bucket, &object)
        })
    }

    /// Change a byte of an object, and its checksums with it.
    pub(in crate::sandbox) fn spoil(&self, bucket: &str, key: &str) -> Result<(), Error> {
        self.exclusively(|| {
            let Some(mut object) = self.object(bucket, key)? else { return Ok(()) };
            let path = self.blob(bucket, &object.blob);
            let mut bytes = fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
            }
            write(&path, &bytes)?;
            let mut hasher = super::digest::Hasher::new(object.sums.values.keys().map(String::as_str));
            hasher.update(&bytes);
            let hashed = hasher.finish();
            object.etag = hashed.md5;
            object.sums = Sums { values: hashed.sums, ..Sums::default() };
            self.replace(bucket, &object)
        })
    }

    /// Nothing names this blob any more. A reader that has it open reads on.
    pub(super) fn forget_blob(&self, bucket: &str, blob: &str) {
        // Left behind, it costs space and nothing else.
        let _ = fs::remove_file(self.blob(bucket, blob));
    }

    fn upload_dir(&self, bucket: &str, id: &str) -> Option<PathBuf> {
        let plain = !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric());
        plain.then(|| self.dir.join(bucket).join("uploads").join(id))
    }

    pub(super) fn start_upload(&self, bucket: &str, upload: &Upload) -> Result<(), Error> {
        let path = self.upload_dir(bucket, &upload.id).expect("our own ids are plain");
        fs::create_dir_all(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        write(&path.join("upload.json"), &json(upload))
    }

    pub(super) fn upload(&self, bucket: &str, id: &str) -> Result<Option<Upload>, Error> {
        self.upload_dir(bucket, id).map_or(Ok(None), |dir| read(&dir.join("upload.json")))
    }

    /// All unfinished uploads of a bucket, by key and then by age.
    pub(super) fn uploads(&self, bucket: &str) -> Result<Vec<Upload>, Error> {
        let mut uploads = Vec::new();
        for id in names(&self.dir.join(bucket).join("uploads"))? {
            uploads.extend(self.upload(bucket, &id)?);
        }
        uploads.sort_by(|a, b| (&a.key, a.started, &a.id).cmp(&(&b.key, b.started, &b.id)));
        Ok(uploads)
    }

    /// Store a part, in place of an earlier one with its number. Call it exclusively.
    pub(super) fn put_part(&self, bucket: &str, id: &str, part: &Part) -> Result<(), Error> {
        let dir = self.upload_dir(bucket, id).expect("the upload was found before");
        let path = dir.join(format!("{:05}.json", part.number));
        let old: Option<Part> = read(&path)?;
        write(&path, &json(part))?;
        if let Some(old) = old {
            self.forget_blob(bucket, &old.blob);
        }
        Ok(())
    }

    /// The parts of an upload, by number.
    pub(super) fn parts(&self, bucket: &str, id: &str) -> Result<Vec<Part>, Error> {
        let Some(dir) = self.upload_dir(bucket, id) else { return Ok(Vec::new()) };
        let mut parts: Vec<Part> = Vec::new();
        for name in names(&dir)?.into_iter().filter(|name| name != "upload.json") {
            parts.extend(read(&dir.join(name))?);
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Forget an upload and its parts. Call it exclusively.
    pub(super) fn end_upload(&self, bucket: &str, id: &str) -> Result<(), Error> {
        let parts = self.parts(bucket, id)?;
        let Some(path) = self.upload_dir(bucket, id) else { return Ok(()) };
        fs::remove_dir_all(&path).map_err(|source| Error::Write { path, source })?;
        for part in parts {
            self.forget_blob(bucket, &part.blob);
        }
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("these records have text keys")
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| Error::Broken { path: path.to_owned(), source })
}

/// Names in a folder, sorted, without what is being written. A folder that is not there holds nothing.
fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let wrap = |source| Error::Read { path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(wrap(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(wrap)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
