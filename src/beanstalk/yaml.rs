//! YAML 1.1 and JSON as a tree that remembers where everything stood.
//!
//! Elastic Beanstalk reads `.config` files as YAML 1.1, in which `yes` is true, `0644` is 420 and `22:22` is 1342. What a
//! value *would become* matters as much as what is written, so a scalar keeps both.
//!
//! Bounded whatever the input: size, depth, and the number of nodes that aliases may expand to.

mod scalar;

use std::fmt;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

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

/// A collection that is still open.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { pairs: Vec<(Node, Node)>, key: Option<Node> },
}

struct Anchor {
    node: Node,
    nodes: usize,
    depth: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: std::collections::HashMap<usize, Anchor>,
    nodes: usize,
    root: Option<Node>,
}

fn events(text: &str) -> Result<Option<Node>, Error> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH
    };
    let mut builder = Builder::default();
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| syntax(text, &error))?;
        let span = span.byte_range().expect("a parser over a str knows the bytes");
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(Error { problem: Problem::SecondDocument, span });
                }
            }
            Event::Scalar(content, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                };
                let tag = tag.map(|tag| tag.to_string());
                let kind = match (style, tag.as_deref()) {
                    (Style::Plain, None) => scalar::resolve(&content),
                    _ => Kind::String,
                };
                let value = Value::Scalar(Scalar { text: content.into_owned(), style, kind });
                builder.add(Node { span, tag, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                builder.begin(span, anchor, tag.map(|tag| tag.to_string()), Content::Sequence(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Mapping { pairs: Vec::new(), key: None };
                builder.begin(span, anchor, tag.map(|tag| tag.to_string()), content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.end(text, &span)?,
            Event::Alias(anchor) => builder.alias(anchor, span)?,
            _ => {}
        }
    }
    Ok(builder.root)
}

fn syntax(text: &str, error: &granit_parser::ScanError) -> Error {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = &text[line_start..line_end];
    let indent = line.len() - line.trim_start().len();
    if let Some(tab) = line[..indent].find('\t') {
        return Error { problem: Problem::Tab, span: line_start + tab..line_start + tab + 1 };
    }
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return Error { problem: Problem::TooDeep, span: at..at };
    }
    let end = text[at..].chars().next().map_or(at, |char| at + char.len_utf8());
    Error { problem: Problem::Syntax(error.info()), span: at..end }
}

impl Builder {
    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(nodes);
        match self.nodes > MAX_NODES {
            true => Err(Error { problem: Problem::TooManyNodes, span: span.clone() }),
            false => Ok(()),
        }
    }

    fn begin(&mut self, span: Span, anchor: usize, tag: Option<String>, content: Content) -> Result<(), Error> {
        self.count(1, &span)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Error { problem: Problem::TooDeep, span });
        }
        self.open.push(Open { start: span.start, anchor, tag, content });
        Ok(())
    }

    fn end(&mut self, text: &str, span: &Span) -> Result<(), Error> {
        let Open { start, anchor, tag, content } = self.open.pop().expect("the parser closes what it opened");
        // A block collection ends where the next token begins; the lines between belong to nobody.
        let end = start + text[start..span.end.max(start)].trim_end().len();
        let value = match content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping { pairs, .. } => Value::Mapping(Mapping { pairs: merge(pairs) }),
        };
        // Counted when it was opened.
        self.nodes -= 1;
        self.add(Node { span: start..end, tag, value }, anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Error> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(Error { problem: Problem::CyclicAlias, span });
        };
        // The node itself is counted by `add`.
        let (nodes, depth) = (target.nodes - 1, target.depth);
        self.count(nodes, &span)?;
        if self.open.len() + depth > MAX_DEPTH {
            return Err(Error { problem: Problem::TooDeep, span });
        }
        let node = Node { span, ..self.anchors[&anchor].node.clone() };
        self.add(node, 0)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        self.count(1, &node.span)?;
        if anchor != 0 {
            let (nodes, depth) = node.measure();
            self.count(nodes, &node.span)?; // the copy that is kept
            self.anchors.insert(anchor, Anchor { node: node.clone(), nodes, depth });
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { pairs, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => pairs.push((key, node)),
            },
        }
        Ok(())
    }
}

/// YAML 1.1's `<<`: the pairs of another mapping, where this one has not the key itself.
fn merge(pairs: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let is_merge =
        |key: &Node| matches!(&key.value, Value::Scalar(scalar) if scalar.style == Style::Plain && scalar.text == "<<");
    if !pairs.iter().any(|(key, _)| is_merge(key)) {
        return pairs;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| is_merge(key));
    let mut keys: std::collections::HashSet<String> =
        own.iter().filter_map(|(key, _)| key.as_str().map(str::to_owned)).collect();
    for (_, value) in merges {
        let sources = match value.value {
            Value::Sequence(items) => items,
            _ => vec![value],
        };
        for source in sources {
            if let Value::Mapping(mapping) = source.value {
                for (key, value) in mapping.pairs {
                    if key.as_str().is_some_and(|text| keys.insert(text.to_owned())) {
                        own.push((key, value));
                    }
                }
            }
        }
    }
    own
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
