//! YAML 1.1 and JSON as a tree that remembers where everything stood.
//!
//! Elastic Beanstalk reads `.config` files as YAML 1.1, in which `yes` is true, `0644` is 420 and `22:22` is 1342. What a
//! value *would become* matters as much as what is written, so a scalar keeps both.
//!
//! Bounded whatever the input: size, depth, and the number of nodes that aliases may expand to.

mod builder;
mod scalar;

use std::fmt;
use std::ops::Range;

use builder::events;
pub use scalar::Kind;

/// Larger files are refused.
pub const MAX_BYTES: usize = 1_000_000;
/// More nodes than any real file has, few enough to hold; an alias counts what it stands for.
const MAX_NODES: usize = 500_000;
const MAX_DEPTH: usize = 64;

/// Byte offsets into the text.
pub type Span = Range<usize>;

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    /// An explicit tag as written in full, such as `!Ref`.
    pub tag: Option<String>,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// One word or text: what is written, and what YAML 1.1 makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    pub text: String,
    pub style: Style,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// Pairs in the order of the file. A key may occur twice: [`Mapping::duplicates`] says so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    pub pairs: Vec<(Node, Node)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub problem: Problem,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Syntax(String),
    Tab,
    TooLarge { bytes: usize },
    TooDeep,
    TooManyNodes,
    CyclicAlias,
    SecondDocument,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => write!(f, "{message}"),
            Self::Tab => write!(f, "a tab is not allowed here: YAML is indented with spaces"),
            Self::TooLarge { bytes } => {
                write!(f, "the file has {bytes} bytes, more than the {MAX_BYTES} that are read")
            }
            Self::TooDeep => write!(f, "values are nested more than {MAX_DEPTH} deep"),
            Self::TooManyNodes => write!(f, "the values, with aliases expanded, are more than {MAX_NODES}"),
            Self::CyclicAlias => write!(f, "an alias stands inside the value that it refers to"),
            Self::SecondDocument => write!(f, "there is a second YAML document"),
        }
    }
}

/// The one document in `text`, or `None` where there is nothing but comments.
pub fn parse(text: &str) -> Result<Option<Node>, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error { problem: Problem::TooLarge { bytes: text.len() }, span: 0..0 });
    }
    match events(text) {
        Err(Error { problem: Problem::Syntax(_) | Problem::Tab, .. }) if is_json(text) => {
            // JSON may be indented with tabs and YAML may not. A raw tab cannot stand inside a JSON string, so this
            // changes nothing but the white space, and no offset moves.
            events(&text.replace('\t', " "))
        }
        result => result,
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

impl Node {
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The text of a scalar, whatever it resolves to.
    pub fn as_str(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    pub fn mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    pub fn sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.mapping()?.get(key)
    }

    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.kind == Kind::Null)
    }

    /// `true`, `yes`, `on` and their string forms.
    pub fn is_true(&self) -> bool {
        let Some(scalar) = self.scalar() else { return false };
        scalar.kind == Kind::Bool(true) || scalar.text.eq_ignore_ascii_case("true")
    }

    /// What kind of thing this is, for a sentence.
    pub fn noun(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => "empty",
                Kind::Bool(_) => "a boolean",
                Kind::Int(_) | Kind::Float => "a number",
                Kind::Timestamp => "a date",
                Kind::String => "a string",
            },
        }
    }

    /// How many nodes, and how deep. Depth is bounded by the parser, so recursion is.
    fn measure(&self) -> (usize, usize) {
        let fold = |(nodes, depth): (usize, usize), node: &Node| {
            let (more, deeper) = node.measure();
            (nodes + more, depth.max(deeper))
        };
        let (nodes, depth) = match &self.value {
            Value::Scalar(_) => (0, 0),
            Value::Sequence(items) => items.iter().fold((0, 0), fold),
            Value::Mapping(mapping) => mapping.pairs.iter().flat_map(|(key, value)| [key, value]).fold((0, 0), fold),
        };
        (nodes + 1, depth + 1)
    }
}

impl Mapping {
    /// The value of `key`; of two, the later, as parsers have it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs.iter().rev().find(|(node, _)| node.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// Pairs whose key is a scalar.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Node, &Node)> {
        self.pairs.iter().filter_map(|(key, value)| Some((key.as_str()?, key, value)))
    }

    /// Every key that was there before, with the earlier one.
    pub fn duplicates(&self) -> impl Iterator<Item = (&Node, &Node)> {
        let mut first: std::collections::HashMap<&str, &Node> = std::collections::HashMap::new();
        self.pairs.iter().filter_map(move |(key, _)| {
            let text = key.as_str()?;
            match first.get(text) {
                Some(&earlier) => Some((earlier, key)),
                None => {
                    first.insert(text, key);
                    None
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Node {
        parse(text).unwrap().unwrap()
    }

    #[test]
    fn spans_are_bytes_of_the_source() {
        let text = "# é\noption_settings:\n  a:b:\n    'C': \"d\"\n\nnext: 1\n";
        let node = root(text);
        let (_, key, value) = node.mapping().unwrap().named().next().unwrap();
        assert_eq!(&text[key.span.clone()], "option_settings");
        assert_eq!(&text[value.span.clone()], "a:b:\n    'C': \"d\"");
        let inner = value.get("a:b").unwrap().get("C").unwrap();
        assert_eq!((&text[inner.span.clone()], inner.as_str()), ("\"d\"", Some("d")));
    }

    #[test]
    fn json_with_tabs_is_json() {
        let text = "{\n\t\"option_settings\": {\"a\": {\"b\": \"c\\/\"}}\n}";
        assert_eq!(root(text).get("option_settings").unwrap().get("a").unwrap().get("b").unwrap().as_str(), Some("c/"));
    }

    #[track_caller]
    fn fails(text: &str, problem: &Problem) -> Span {
        let error = parse(text).unwrap_err();
        assert_eq!(&error.problem, problem, "{error}");
        error.span
    }

    #[test]
    fn bad_input_is_an_error_and_bounded() {
        assert_eq!(fails("a:\n\tb: c\n", &Problem::Tab), 3..4);
        fails("a: &a [*a]", &Problem::CyclicAlias);
        fails(&"[".repeat(100_000), &Problem::TooDeep);
        fails("a: 1\n---\nb: 2\n", &Problem::SecondDocument);
        let bytes = MAX_BYTES + 1;
        fails(&" ".repeat(bytes), &Problem::TooLarge { bytes });
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let row = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{row}]\n"));
        }
        fails(&bomb, &Problem::TooManyNodes);
        let mut ladder = "a0: &a0 [x]\n".to_owned();
        for level in 1..200 {
            ladder.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        fails(&ladder, &Problem::TooDeep);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(parse("").unwrap(), None);
        assert_eq!(parse("# only a comment\n").unwrap(), None);
    }

    #[test]
    fn merge_keys_give_what_is_not_there() {
        let node = root("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n");
        let merged = node.get("b").unwrap();
        assert_eq!(merged.get("x").unwrap().as_str(), Some("3"));
        assert_eq!(merged.get("y").unwrap().as_str(), Some("2"));
    }

    #[test]
    fn duplicate_keys_are_kept_and_told() {
        let node = root("a: 1\nb: 2\na: 3\n");
        let mapping = node.mapping().unwrap();
        assert_eq!(
            mapping.duplicates().map(|(first, again)| (first.span.start, again.span.start)).collect::<Vec<_>>(),
            [(0, 10)]
        );
        assert_eq!(mapping.get("a").unwrap().as_str(), Some("3"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_spans_lie_in_the_text(text in "[a-c\\n\\t :&*\\-\\[\\]{}#|>'\"!<é,0-9]{0,80}") {
            if let Ok(Some(node)) = parse(&text) {
                let mut left = vec![&node];
                while let Some(node) = left.pop() {
                    proptest::prop_assert!(text.get(node.span.clone()).is_some(), "{:?} in {text:?}", node.span);
                    match &node.value {
                        Value::Scalar(_) => {}
                        Value::Sequence(items) => left.extend(items),
                        Value::Mapping(mapping) => left.extend(mapping.pairs.iter().flat_map(|(key, value)| [key, value])),
                    }
                }
            }
        }
    }
}
