//! How the Query API answers: XML around a value, or an error with a code.

use hyper::{Response, StatusCode, header};
use quick_xml::escape::escape;
use s3s::Body;
use serde_json::Value;

/// A refusal, as AWS words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("refusals use registered status codes");
        Self { status, code, message: message.into() }
    }

    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }

    pub(super) fn combination(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterCombination", message)
    }

    /// A request that AWS would understand and the sandbox does not. Nobody shall take this for an answer of AWS.
    pub(super) fn unsupported(what: impl AsRef<str>) -> Self {
        let message = format!("The beansprout sandbox cannot do this; AWS may. {}", what.as_ref());
        Self::new(501, "SandboxUnsupported", message)
    }

    /// Our own failure, such as a full disk.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            message.push_str(&format!(": {cause}"));
        }
        Self::new(500, "InternalFailure", message)
    }
}

/// An XML namespace of the Query protocol, and the operation that is answered in it.
pub(super) struct Envelope<'a> {
    pub(super) namespace: &'a str,
    pub(super) operation: &'a str,
    /// The element around the result; some operations have none.
    pub(super) result: Option<&'a str>,
    pub(super) request: &'a str,
}

impl Envelope<'_> {
    pub(super) fn success(&self, result: &Value) -> Response<Body> {
        let mut body = format!("<{}Response xmlns=\"{}\">", self.operation, self.namespace);
        if let Some(name) = self.result {
            element(&mut body, name, result);
        }
        body.push_str("<ResponseMetadata>");
        element(&mut body, "RequestId", &Value::from(self.request));
        body.push_str(&format!("</ResponseMetadata></{}Response>", self.operation));
        self.response(StatusCode::OK, body)
    }

    pub(super) fn refusal(&self, refusal: &Refusal) -> Response<Body> {
        let kind = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
        let mut body = format!("<ErrorResponse xmlns=\"{}\"><Error>", self.namespace);
        element(&mut body, "Type", &Value::from(kind));
        element(&mut body, "Code", &Value::from(refusal.code));
        element(&mut body, "Message", &Value::from(refusal.message.as_str()));
        body.push_str("</Error>");
        element(&mut body, "RequestId", &Value::from(self.request));
        body.push_str("</ErrorResponse>");
        let mut response = self.response(refusal.status, body);
        response.extensions_mut().insert(refusal.clone());
        response
    }

    fn response(&self, status: StatusCode, body: String) -> Response<Body> {
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "text/xml")
            .header("x-amzn-requestid", self.request)
            .body(Body::from(body))
            .expect("the headers above are valid")
    }
}

/// An object is elements, an array is `member`s, null is nothing.
fn element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                element(out, name, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(out, "member", item);
            }
        }
        // XML 1.0 has no way to write most control characters.
        Value::String(text) => {
            out.push_str(&escape(text.replace(|c: char| c.is_control() && !"\t\n\r".contains(c), "\u{fffd}")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_elements() {
        #[track_caller]
        fn case(value: Value, xml: &str) {
            let mut out = String::new();
            element(&mut out, "R", &value);
            assert_eq!(out, xml);
        }
        case(json!({"A": "x", "B": null, "C": 3}), "<R><A>x</A><C>3</C></R>");
        case(json!(["a", {"K": true}]), "<R><member>a</member><member><K>true</K></member></R>");
        case(json!([]), "<R></R>");
        case(json!("<&\u{1}>"), "<R>&lt;&amp;\u{fffd}&gt;</R>");
    }
}
