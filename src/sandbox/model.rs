//! The service model: which parameters an operation takes, and within which bounds.
//!
//! `model.json` is what botocore and the EB CLI publish of the API 2010-12-01, reduced to operations and input shapes by
//! `tests/clients/model.py`; a test compares them. Requests are checked against it before any operation sees them,
//! in the words that AWS uses.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input::Input;
use super::reply::Refusal;

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) version: String,
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
pub(super) struct Operation {
    input: Option<String>,
    /// The element around the result, for operations that have one.
    pub(super) result: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    Structure {
        members: BTreeMap<String, String>,
        #[serde(default)]
        required: Vec<String>,
    },
    List {
        member: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    String(StringShape),
    Integer {
        min: Option<i64>,
        max: Option<i64>,
    },
    Boolean,
    Timestamp,
}

/// Bounds of a length.
#[derive(Deserialize)]
struct Bounds {
    min: Option<usize>,
    max: Option<usize>,
}

#[derive(Deserialize)]
struct StringShape {
    #[serde(flatten)]
    bounds: Bounds,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    allowed: Option<Vec<String>>,
}

pub(super) fn model() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| serde_json::from_str(include_str!("model.json")).expect("model.json is part of the program"));
    &MODEL
}

impl Model {
    pub(super) fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    #[cfg(test)]
    pub(super) fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// Operations and their parameters.
    #[cfg(test)]
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.operations.iter().flat_map(|(name, operation)| {
            let members = operation.input.as_ref().and_then(|shape| match &self.shapes[shape] {
                Shape::Structure { members, .. } => Some(members.keys()),
                _ => None,
            });
            members.into_iter().flatten().map(move |member| (name.as_str(), member.as_str()))
        })
    }

    /// Check and type the parameters of a call.
    pub(super) fn check(&self, operation: &Operation, tree: Value) -> Result<Input, Refusal> {
        let Some(shape) = &operation.input else { return Ok(Input::new(Value::Object(Map::new()))) };
        let (mut problems, mut unknown) = (Vec::new(), Vec::new());
        let value = self.value(shape, tree, "", &mut problems, &mut unknown);
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            return Err(Refusal::unsupported(format!("Neither botocore nor the EB CLI knows the parameter {names}.")));
        }
        if problems.is_empty() {
            return Ok(Input::new(value));
        }
        let count = match problems.len() {
            1 => "1 validation error".to_owned(),
            many => format!("{many} validation errors"),
        };
        Err(Refusal::new(400, "ValidationError", format!("{count} detected: {}", problems.join("; "))))
    }

    /// Check a value against a shape. Members that the shape has not are `unknown`.
    fn value(
        &self,
        shape: &str,
        value: Value,
        path: &str,
        problems: &mut Vec<String>,
        unknown: &mut Vec<String>,
    ) -> Value {
        match (&self.shapes[shape], value) {
            (Shape::Structure { members, required }, Value::Object(given)) => {
                self.structure(members, required, given, path, problems, unknown)
            }
            // `Name=` is how clients write an empty list or structure.
            (Shape::Structure { members, required }, Value::String(text)) if text.is_empty() => {
                self.structure(members, required, Map::new(), path, problems, unknown)
            }
            (Shape::List { member, bounds }, value) => {
                let items = match value {
                    Value::Array(items) => items,
                    Value::String(text) if text.is_empty() => Vec::new(),
                    other => return fail(problems, path, &other, "Member must be a list"),
                };
                bounds.length(items.len(), |constraint| drop(fail(problems, path, &json!(items), &constraint)));
                let items = items.into_iter().enumerate();
                let items = items.map(|(at, item)| {
                    self.value(member, item, &format!("{path}.{}.member", at + 1), problems, unknown)
                });
                Value::Array(items.collect())
            }
            (Shape::String(string), Value::String(text)) => {
                for constraint in string.violated(&text) {
                    fail(problems, path, &json!(text), &constraint);
                }
                Value::from(text)
            }
            (Shape::Integer { min, max }, Value::String(text)) => integer(&text, *min, *max, path, problems),
            (Shape::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => fail(problems, path, &json!(text), "Member must be a boolean"),
            },
            (Shape::Timestamp, Value::String(text)) => match text.parse::<Timestamp>() {
                Ok(time) => Value::from(time.to_string()),
                Err(_) => fail(problems, path, &json!(text), "Member must be an ISO 8601 timestamp"),
            },
            (_, other) => fail(problems, path, &other, "Member has another type"),
        }
    }

    fn structure(
        &self,
        members: &BTreeMap<String, String>,
        required: &[String],
        mut given: Map<String, Value>,
        path: &str,
        problems: &mut Vec<String>,
        unknown: &mut Vec<String>,
    ) -> Value {
        let mut kept = Map::new();
        for (name, target) in members {
            let path = join(path, name);
            match given.remove(name) {
                Some(value) => {
                    kept.insert(name.clone(), self.value(target, value, &path, problems, unknown));
                }
                None if required.contains(name) => {
                    fail(problems, &path, &Value::Null, "Member must not be null");
                }
                None => {}
            }
        }
        unknown.extend(given.keys().map(|name| if path.is_empty() { name.clone() } else { format!("{path}.{name}") }));
        Value::Object(kept)
    }
}

/// Say which constraint a value does not satisfy. There is no value then.
fn fail(problems: &mut Vec<String>, path: &str, value: &Value, constraint: &str) -> Value {
    let shown = match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("'{text}'"),
        other => format!("'{other}'"),
    };
    problems.push(format!("Value {shown} at '{path}' failed to satisfy constraint: {constraint}"));
    Value::Null
}

fn integer(text: &str, min: Option<i64>, max: Option<i64>, path: &str, problems: &mut Vec<String>) -> Value {
    let Ok(number) = text.parse::<i64>() else {
        return fail(problems, path, &json!(text), "Member must be an integer");
    };
    if let Some(min) = min.filter(|min| number < *min) {
        let constraint = format!("Member must have value greater than or equal to {min}");
        fail(problems, path, &json!(text), &constraint);
    }
    if let Some(max) = max.filter(|max| number > *max) {
        fail(problems, path, &json!(text), &format!("Member must have value less than or equal to {max}"));
    }
    Value::from(number)
}

impl Bounds {
    fn length(&self, length: usize, mut fail: impl FnMut(String)) {
        if let Some(min) = self.min.filter(|min| length < *min) {
            fail(format!("Member must have length greater than or equal to {min}"));
        }
        if let Some(max) = self.max.filter(|max| length > *max) {
            fail(format!("Member must have length less than or equal to {max}"));
        }
    }
}

impl StringShape {
    /// The constraints that a text does not satisfy.
    fn violated(&self, text: &str) -> Vec<String> {
        let mut violated = Vec::new();
        self.bounds.length(text.chars().count(), |constraint| violated.push(constraint));
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !whole(pattern).is_match(text)) {
            violated.push(format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        if let Some(allowed) = self.allowed.as_ref().filter(|allowed| !allowed.iter().any(|one| one == text)) {
            violated.push(format!("Member must satisfy enum value set: [{}]", allowed.join(", ")));
        }
        violated
    }
}

/// AWS writes member names with a small first letter here.
fn join(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let small: String = letters.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(letters).collect();
    if path.is_empty() { small } else { format!("{path}.{small}") }
}

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("^(?s:{pattern})$")).expect("the model's patterns are part of the program")
}

#[cfg(test)]
mod tests {
    use super::super::input::{form, tree};
    use super::*;

    fn check(operation: &str, body: &str) -> Result<Input, Refusal> {
        let operation = model().operation(operation).unwrap();
        model().check(operation, tree(&form(body.as_bytes())).unwrap())
    }

    #[test]
    fn constraints_are_named_as_aws_names_them() {
        #[track_caller]
        fn case(operation: &str, body: &str, message: &str) {
            let refusal = check(operation, body).unwrap_err();
            assert_eq!((refusal.code, refusal.message.as_str()), ("ValidationError", message));
        }
        let null = "failed to satisfy constraint: Member must not be null";
        case("CreateApplication", "", &format!("1 validation error detected: Value null at 'applicationName' {null}"));
        case(
            "CreateApplication",
            "ApplicationName=",
            "1 validation error detected: Value '' at 'applicationName' failed to satisfy constraint: \
             Member must have length greater than or equal to 1",
        );
        case(
            "DescribeEvents",
            "MaxRecords=1001&Severity=BAD",
            "2 validation errors detected: Value '1001' at 'maxRecords' failed to satisfy constraint: Member must have \
             value less than or equal to 1000; Value 'BAD' at 'severity' failed to satisfy constraint: Member must \
             satisfy enum value set: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]",
        );
    }

    #[test]
    fn what_no_client_knows_is_refused_in_our_own_name() {
        #[track_caller]
        fn case(body: &str, name: &str) {
            let refusal = check("CreateEnvironment", body).unwrap_err();
            assert_eq!((refusal.status.as_u16(), refusal.code), (501, "SandboxUnsupported"));
            assert!(refusal.message.contains(name), "{}", refusal.message);
        }
        case("ApplicationName=a&Wings=2", "the parameter Wings.");
        case("ApplicationName=a&Tier.Colour=red", "the parameter tier.Colour.");
        case(
            "ApplicationName=a&TemplateSpecification.TemplateSource.Shop=x",
            "templateSpecification.templateSource.Shop",
        );
        let known = "ApplicationName=a&TemplateSpecification.TemplateSource.EnvironmentName=shop";
        assert!(check("CreateEnvironment", known).is_ok(), "the EB CLI sends it");
    }

    #[test]
    fn values_get_their_types() {
        let body = "ApplicationName=a&VersionLabel=v&Process=true&Tags.member.1.Key=k";
        let input = check("CreateApplicationVersion", body).unwrap();
        assert_eq!(input.flag("Process"), Some(true));
        assert_eq!(input.list("Tags").map(<[Value]>::len), Some(1));
        let input = check("DescribeEvents", "StartTime=2026-01-02T03:04:05Z&MaxRecords=7").unwrap();
        assert_eq!(input.number("MaxRecords"), Some(7));
        assert_eq!(input.text("StartTime"), Some("2026-01-02T03:04:05Z"));
    }
}
