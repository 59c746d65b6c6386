//! Parameters of a Query request: form fields such as `Tags.member.1.Key=a`, as a tree.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::reply::Refusal;

/// The parameters of one call, checked against the service model.
#[derive(Debug, Clone)]
pub(super) struct Input(Value);

impl Input {
    pub(super) fn new(tree: Value) -> Self {
        Self(tree)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A parameter that the model requires, so it is there.
    pub(super) fn required(&self, name: &str) -> &str {
        self.text(name).expect("the model's check came first")
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    pub(super) fn list(&self, name: &str) -> Option<&[Value]> {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice)
    }

    /// The items of a list of strings; an empty list says nothing, like one that is not there.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        let texts: Vec<&str> = self.list(name)?.iter().filter_map(Value::as_str).collect();
        (!texts.is_empty()).then_some(texts)
    }
}

/// Fields of `application/x-www-form-urlencoded`.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

/// Fields to tree, but for those that name the operation: `A.member.2=x` is the second item of the list `A`.
pub(super) fn tree(fields: &[(String, String)]) -> Result<Value, Refusal> {
    let mut root = Node::default();
    for (name, text) in fields {
        let mut node = &mut root;
        let parts: Vec<&str> = name.split('.').collect();
        // The deepest name of the model has 9 parts; deeper ones only cost stack.
        if parts.len() > 16 || parts.iter().any(|part| part.is_empty()) {
            return Err(malformed(name));
        }
        for part in parts {
            node = node.children.entry(part.to_owned()).or_default();
        }
        if node.text.replace(text.clone()).is_some() {
            return Err(Refusal::new(400, "MalformedQueryString", format!("The parameter {name} was given twice")));
        }
    }
    root.value("")
}

fn malformed(name: &str) -> Refusal {
    Refusal::new(400, "MalformedQueryString", format!("Keys may not contain {name}"))
}

impl Node {
    fn value(self, name: &str) -> Result<Value, Refusal> {
        let Self { text, mut children } = self;
        if children.is_empty() {
            return Ok(Value::from(text.unwrap_or_default()));
        }
        // `Tags=` is how a client writes an empty list; with items beside it, it is a mistake.
        if text.is_some() {
            return Err(malformed(name));
        }
        if let (1, Some(members)) = (children.len(), children.remove("member")) {
            if members.children.is_empty() || members.text.is_some() {
                return Err(malformed(name));
            }
            let mut items = BTreeMap::new();
            for (index, node) in members.children {
                let number: u32 = index.parse().map_err(|_| malformed(&format!("{name}.member.{index}")))?;
                items.insert(number, node.value(name)?);
            }
            return Ok(Value::Array(items.into_values().collect()));
        }
        let members: Result<Map<String, Value>, Refusal> = children
            .into_iter()
            .map(|(name, node)| {
                let value = node.value(&name)?;
                Ok((name, value))
            })
            .collect();
        Ok(Value::Object(members?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_become_a_tree() {
        #[track_caller]
        fn case(body: &str, value: Value) {
            assert_eq!(tree(&form(body.as_bytes())).unwrap(), value);
        }
        case("A=1&B=%C3%A9+%2", json!({"A": "1", "B": "é %2"}));
        case("A.member.10=z&A.member.2=b", json!({"A": ["b", "z"]}));
        case("T.member.1.Key=k&T.member.1.Value=", json!({"T": [{"Key": "k", "Value": ""}]}));
        case("S.S3Bucket=b&S.S3Key=k", json!({"S": {"S3Bucket": "b", "S3Key": "k"}}));
    }

    #[test]
    fn nonsense_is_refused() {
        #[track_caller]
        fn case(body: &str) {
            assert_eq!(tree(&form(body.as_bytes())).unwrap_err().code, "MalformedQueryString");
        }
        case("A=1&A=2");
        case("A.member.x=1");
        case("A.=1");
        case("A=1&A.member.1=2");
        case("A.member=1&A.member.1=2");
        case(&format!("{}=1", vec!["a"; 40].join(".")));
    }
}
