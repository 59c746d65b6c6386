//! From the parser's events to a tree, within bounds: the only door to the YAML parser.

use granit_parser::{Event, Parser, ScalarStyle};

use super::{Error, Kind, MAX_DEPTH, MAX_NODES, Mapping, Node, Problem, Scalar, Span, Style, Value};
use crate::beanstalk::lines::indent;

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

pub(super) fn events(text: &str) -> Result<Option<Node>, Error> {
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
                    (Style::Plain, None) => super::scalar::resolve(&content),
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
    let indent = indent(line);
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
