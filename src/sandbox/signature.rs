//! Was a request signed with the sandbox's secret? Signature Version 4 as the Query services have it, in the
//! `Authorization` header. `s3s` looks at those of S3, where bodies are signed in pieces.
//!
//! A client with another secret must learn it here as it would on AWS. When the request was made is not looked at: the
//! clock of a test may be any.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::SECRET_ACCESS_KEY;
use super::reply::Refusal;
use super::service;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request that has arrived whole.
pub(super) struct Signed<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl Signed<'_> {
    pub(super) fn verify(&self) -> Result<(), Refusal> {
        self.verify_with(SECRET_ACCESS_KEY)
    }

    fn verify_with(&self, secret: &str) -> Result<(), Refusal> {
        let header = self.header(AUTHORIZATION.as_str()).unwrap_or_default();
        let part = |name: &str| {
            let parts = header.trim_start_matches(ALGORITHM).split(',');
            parts.filter_map(|part| part.trim().split_once('=')).find(|(found, _)| *found == name)
        };
        let (Some((_, credential)), Some((_, names)), Some((_, signature)), Some(date)) =
            (part("Credential"), part("SignedHeaders"), part("Signature"), self.header("x-amz-date"))
        else {
            let message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', and an 'X-Amz-Date' header.";
            return Err(Refusal::new(400, "IncompleteSignature", message));
        };
        let scope = credential.split_once('/').map_or("", |(_, scope)| scope);
        let request = crate::hex::encode(Sha256::digest(self.canonical(names)));
        let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| keyed(&key, part.as_bytes()));
        let ours = crate::hex::encode(keyed(&key, format!("{ALGORITHM}\n{date}\n{scope}\n{request}").as_bytes()));
        if ours == signature {
            return Ok(());
        }
        let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                       Access Key and signing method. Consult the service documentation for details.";
        Err(Refusal::new(403, "SignatureDoesNotMatch", message))
    }

    /// The request in the one form that both sides sign.
    fn canonical(&self, names: &str) -> String {
        let mut query: Vec<String> =
            service::query(self.uri).map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value))).collect();
        query.sort();
        let headers: String =
            names.split(';').map(|name| format!("{name}:{}\n", self.header(name).unwrap_or_default())).collect();
        let (method, path, query) = (self.method, self.uri.path(), query.join("&"));
        format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{}", crate::hex::encode(Sha256::digest(self.body)))
    }

    /// All values of a header, without the space around and the runs of it inside.
    fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let values: Vec<String> = values.map(|value| tidy(&String::from_utf8_lossy(value.as_bytes()))).collect();
        (!values.is_empty()).then(|| values.join(","))
    }
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// As a signed URI has it: everything but letters, digits and four marks is escaped.
fn encoded(text: &str) -> String {
    const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's own guide to Signature Version 4.
    #[test]
    fn the_documented_example_verifies() {
        let mut headers = HeaderMap::new();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                             SignedHeaders=content-type;host;x-amz-date, \
                             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        for (name, value) in [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", authorization),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let uri = Uri::from_static("/?Action=ListUsers&Version=2010-05-08");
        let signed = Signed { method: &Method::GET, uri: &uri, headers: &headers, body: b"" };
        assert_eq!(signed.verify_with("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Ok(()));
        assert_eq!(signed.verify_with("another").unwrap_err().code, "SignatureDoesNotMatch");
        let changed = Signed { body: b"Action=ListUsers", ..signed };
        let refusal = changed.verify_with("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").unwrap_err();
        assert_eq!(refusal.code, "SignatureDoesNotMatch");
    }

    #[test]
    fn a_header_without_its_parts_is_incomplete() {
        let headers = HeaderMap::new();
        let uri = Uri::from_static("/");
        let signed = Signed { method: &Method::POST, uri: &uri, headers: &headers, body: b"" };
        assert_eq!(signed.verify().unwrap_err().code, "IncompleteSignature");
    }
}
