//! Values of `copier.yml`, and of which type they are: in Python's spelling, where Python would print them.

use std::collections::BTreeSet;

use crate::beanstalk::yaml::{Kind as ScalarKind, Node, Scalar, Value};

use super::kind::{Kind, is_plain, printed_decimal};

/// The type that copier takes a question for that has none.
pub(super) fn inferred(node: &Node) -> &'static str {
    match node.get("default") {
        Some(default) => kind_of(default),
        None => {
            let offered = node.get("choices").map(values).unwrap_or_default();
            let kinds: BTreeSet<&str> = offered.into_iter().map(kind_of).collect();
            if kinds.len() == 1 { kinds.into_iter().next().unwrap_or("yaml") } else { "yaml" }
        }
    }
}

/// The values that are offered.
fn values(choices: &Node) -> Vec<&Node> {
    match &choices.value {
        Value::Sequence(items) => {
            items.iter().map(|item| item.sequence().and_then(<[Node]>::last).unwrap_or(item)).collect()
        }
        Value::Mapping(mapping) => mapping.named().map(|(_, _, node)| node.get("value").unwrap_or(node)).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

pub(super) fn kind_of(node: &Node) -> &'static str {
    match node.scalar().map(|scalar| &scalar.kind) {
        Some(ScalarKind::Bool(_)) => "bool",
        Some(ScalarKind::Int(_)) => "int",
        Some(ScalarKind::Float) => "float",
        Some(ScalarKind::String) => "str",
        Some(ScalarKind::Null | ScalarKind::Timestamp) | None => "yaml",
    }
}

/// What is chosen.
pub(super) fn of_choices(kind: &Kind, form: &str, choices: &[(String, String)]) -> Kind {
    let one = match kind {
        Kind::Text if choices.iter().all(|(value, _)| is_plain(value)) => Kind::Plain,
        kind => kind.clone(),
    };
    if form == "choices" { Kind::List(Box::new(one)) } else { one }
}

/// A value of `copier.yml`, as a question of this kind has it.
pub(super) fn written(scalar: &Scalar, kind: &Kind) -> String {
    match (&scalar.kind, kind) {
        (ScalarKind::Bool(flag), Kind::Text) => if *flag { "True" } else { "False" }.to_owned(),
        (ScalarKind::Bool(flag), _) => flag.to_string(),
        (ScalarKind::Int(number), kind) if *kind != Kind::Decimal => number.to_string(),
        (ScalarKind::Int(_) | ScalarKind::Float, _) => {
            printed_decimal(&scalar.text).unwrap_or_else(|| scalar.text.clone())
        }
        _ => scalar.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::yaml;

    #[test]
    fn values_are_written_as_python_prints_them() {
        #[track_caller]
        fn case(text: &str, kind: &Kind, expected: &str) {
            let node = yaml::parse(text).unwrap().unwrap();
            assert_eq!(written(node.scalar().unwrap(), kind), expected, "{text}");
        }
        case("yes", &Kind::Flag, "true");
        case("yes", &Kind::Text, "True");
        case("'yes'", &Kind::Text, "yes");
        case("0x10", &Kind::Digits, "16");
        case("2", &Kind::Decimal, "2.0");
        case("1.50", &Kind::Decimal, "1.5");
        case("'1.50'", &Kind::Text, "1.50");
    }

    #[test]
    fn a_question_without_a_type_has_one() {
        #[track_caller]
        fn case(text: &str, expected: &str) {
            assert_eq!(inferred(&yaml::parse(text).unwrap().unwrap()), expected, "{text}");
        }
        case("default: 8000", "int");
        case("default: '8000'", "str");
        case("default: no", "bool");
        case("default: 1.0", "float");
        case("default: null", "yaml");
        case("default: [a]", "yaml");
        case("help: ''", "yaml");
        case("choices: [a, b]", "str");
        case("choices: {One: 1, Two: {value: 2}}", "int");
        case("choices: [[One, 1], [Two, b]]", "yaml");
    }
}
