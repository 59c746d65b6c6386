//! Bounds on what a template may do: how deep it nests, how large a value becomes, and how long it goes on.
//!
//! Tera has none of them. Depth is looked at before its parser, which calls itself for each bracket, sees the text. Sizes and
//! steps are counted while it renders: each parsed template is rewritten so that loops, variables and printed values pass through
//! filters and a function of ours.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tera::ast::{Expr, ExprVal, FunctionCall, Node};
use tera::{Error, Result, Tera};

use crate::ui;

/// Blocks inside of blocks, and brackets inside of brackets.
const DEEPEST: usize = 50;
/// Operators and brackets of one tag.
const MOST_OPERATORS: usize = 300;
/// Largest value of a variable or of an expression, in bytes.
const MOST_VALUE: u64 = 1 << 20;
/// Rounds of all loops of one rendering.
const MOST_ROUNDS: u64 = 200_000;
/// Bytes that pass through a rendering.
const MOST_WORK: u64 = 64 << 20;

const CHECKED: &str = "beansprout_checked";
const ROUND: &str = "beansprout_round";

/// Refuses a text whose nesting a parser would pay for with its stack.
pub(super) fn check_depth(text: &str) -> std::result::Result<(), &'static str> {
    let mut blocks = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let end = match rest.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                rest = rest.find("#}").map_or("", |close| &rest[close + 2..]);
                continue;
            }
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let (tag, after) = read_tag(&rest[2..], end)?;
        rest = after;
        if end == "}}" {
            continue;
        }
        match tag.trim_start_matches('-').split_whitespace().next().unwrap_or_default().trim_end_matches('-') {
            "raw" => {
                let close = ["{% endraw", "{%- endraw", "{%endraw", "{%-endraw"]
                    .iter()
                    .filter_map(|close| rest.find(close))
                    .min();
                rest = close.map_or("", |close| &rest[close..]);
            }
            "if" | "for" | "macro" | "filter" | "block" => blocks += 1,
            word if word.starts_with("end") => blocks = blocks.saturating_sub(1),
            _ => {}
        }
        if blocks > DEEPEST {
            return Err("blocks are nested deeper than 50");
        }
    }
    Ok(())
}

/// The inside of a tag, and what comes after it.
fn read_tag<'a>(text: &'a str, end: &str) -> std::result::Result<(&'a str, &'a str), &'static str> {
    let (mut depth, mut operators) = (0_usize, 0_usize);
    let mut quote = None;
    for (at, c) in text.char_indices() {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != c);
            continue;
        }
        if text[at..].starts_with(end) {
            return Ok((&text[..at], &text[at + end.len()..]));
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // Words that join, such as `and`, have a space on either side.
        operators += usize::from(matches!(c, '(' | '[' | '+' | '-' | '*' | '/' | '%' | '|' | '~' | ' '));
        if depth > DEEPEST {
            return Err("brackets are nested deeper than 50");
        }
        if operators > MOST_OPERATORS && !text[..at].trim_start_matches(['-', ' ']).is_empty() {
            return Err("a tag has more than 300 operators and brackets");
        }
    }
    Ok((text, ""))
}

/// Counts what one template does while it is rendered.
#[derive(Clone, Default)]
pub(super) struct Meter {
    rounds: Arc<AtomicU64>,
    work: Arc<AtomicU64>,
}

impl Meter {
    /// Begin to count anew.
    pub(super) fn reset(&self) {
        self.rounds.store(0, Ordering::Relaxed);
        self.work.store(0, Ordering::Relaxed);
    }

    fn round(&self, bytes: u64) -> Result<()> {
        if self.rounds.fetch_add(1, Ordering::Relaxed) >= MOST_ROUNDS {
            return Err(Error::msg(format!("its loops go round more than {MOST_ROUNDS} times")));
        }
        self.work(bytes)
    }

    fn work(&self, bytes: u64) -> Result<()> {
        if self.work.fetch_add(bytes, Ordering::Relaxed) + bytes > MOST_WORK {
            return Err(Error::msg(format!("it makes more than {}", ui::bytes(MOST_WORK))));
        }
        Ok(())
    }

    /// Have everything that this template does counted.
    pub(super) fn install(&self, tera: &mut Tera, template: &str) {
        let meter = self.clone();
        tera.register_function(ROUND, move |arguments: &HashMap<String, Value>| {
            meter.round(arguments.get("bytes").and_then(Value::as_u64).unwrap_or_default())?;
            Ok(Value::from(""))
        });
        let meter = self.clone();
        tera.register_filter(CHECKED, move |value: &Value, _: &HashMap<String, Value>| {
            let size = size(value);
            fits(size)?;
            meter.work(size)?;
            Ok(value.clone())
        });
        for (name, becomes) in GROWING {
            let Some(filter) = tera.filters.get(*name).cloned() else { continue };
            tera.register_filter(name, move |value: &Value, arguments: &HashMap<String, Value>| {
                fits(becomes(value, arguments))?;
                filter.filter(value, arguments)
            });
        }
        if let Some(template) = tera.templates.get_mut(template) {
            nodes(&mut template.ast);
            template.macros.values_mut().for_each(|definition| nodes(&mut definition.body));
        }
    }
}

fn fits(size: u64) -> Result<()> {
    if size > MOST_VALUE {
        return Err(Error::msg(format!("a value becomes larger than {}", ui::bytes(MOST_VALUE))));
    }
    Ok(())
}

/// Memory of a value, roughly.
fn size(value: &Value) -> u64 {
    const EACH: u64 = 32;
    match value {
        Value::String(text) => EACH + text.len() as u64,
        Value::Array(items) => EACH + items.iter().map(size).sum::<u64>(),
        Value::Object(map) => EACH + map.iter().map(|(key, value)| EACH + key.len() as u64 + size(value)).sum::<u64>(),
        Value::Null | Value::Bool(_) | Value::Number(_) => EACH,
    }
}

/// Size of what a filter would make.
type Growth = fn(&Value, &HashMap<String, Value>) -> u64;

/// Filters that make much of little, and how much that is.
const GROWING: &[(&str, Growth)] = &[
    ("replace", |value, arguments| {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let (value, from, to) = (text(Some(value)), text(arguments.get("from")), text(arguments.get("to")));
        let times = if from.is_empty() { value.chars().count() + 1 } else { value.matches(&from).count() };
        value.len() as u64 + times as u64 * to.len() as u64
    }),
    ("join", |value, arguments| {
        let items = value.as_array().map_or(0, Vec::len) as u64;
        size(value) + items * arguments.get("sep").map_or(0, size)
    }),
    ("indent", |value, arguments| {
        let lines = value.as_str().map_or(0, |text| text.lines().count()) as u64;
        size(value) + lines * arguments.get("prefix").map_or(4, size)
    }),
    ("concat", |value, arguments| size(value) + arguments.get("with").map_or(0, size)),
];

fn call(name: &str) -> FunctionCall {
    FunctionCall { name: name.to_owned(), args: HashMap::new() }
}

fn nodes(nodes: &mut [Node]) {
    nodes.iter_mut().for_each(node);
}

fn node(node: &mut Node) {
    match node {
        Node::VariableBlock(_, expression) => checked(expression),
        Node::Set(_, set) => checked(&mut set.value),
        Node::FilterSection(_, section, _) => {
            section.filter.args.values_mut().for_each(checked);
            nodes(&mut section.body);
        }
        Node::MacroDefinition(_, definition, _) => nodes(&mut definition.body),
        Node::Forloop(_, forloop, _) => {
            checked(&mut forloop.container);
            nodes(&mut forloop.body);
            let text = |node: &Node| if let Node::Text(text) | Node::Raw(_, text, _) = node { text.len() } else { 0 };
            let bytes = i64::try_from(texts(&forloop.body, text)).unwrap_or(i64::MAX);
            let args = HashMap::from([("bytes".to_owned(), Expr::new(ExprVal::Int(bytes)))]);
            let round = Expr::new(ExprVal::FunctionCall(FunctionCall { name: ROUND.to_owned(), args }));
            forloop.body.insert(0, Node::VariableBlock(tera::ast::WS::default(), round));
            nodes(forloop.empty_body.as_deref_mut().unwrap_or_default());
        }
        Node::If(branches, _) => {
            for (_, condition, body) in &mut branches.conditions {
                inside(condition);
                nodes(body);
            }
            if let Some((_, body)) = &mut branches.otherwise {
                nodes(body);
            }
        }
        _ => {}
    }
}

/// Bytes of text in these nodes and below, without inner loops, which count their own.
fn texts(nodes: &[Node], text: impl Fn(&Node) -> usize + Copy) -> usize {
    let below = |node: &Node| match node {
        Node::If(branches, _) => {
            let bodies = branches.conditions.iter().map(|(_, _, body)| texts(body, text)).sum::<usize>();
            bodies + branches.otherwise.as_ref().map_or(0, |(_, body)| texts(body, text))
        }
        Node::FilterSection(_, section, _) => texts(&section.body, text),
        node => text(node),
    };
    nodes.iter().map(below).sum()
}

/// The expression, with its value looked at.
fn checked(expression: &mut Expr) {
    inside(expression);
    if !matches!(expression.filters.last(), Some(last) if last.name == CHECKED) {
        expression.filters.push(call(CHECKED));
    }
}

/// Every value on the way that a template may have made large.
fn inside(expression: &mut Expr) {
    let own = std::mem::take(&mut expression.filters);
    let filtered = !own.is_empty();
    for mut filter in own {
        filter.args.values_mut().for_each(inside);
        expression.filters.push(filter);
        expression.filters.push(call(CHECKED));
    }
    let made = matches!(expression.val, ExprVal::StringConcat(_) | ExprVal::Array(_) | ExprVal::MacroCall(_));
    if made && !filtered {
        expression.filters.push(call(CHECKED));
    }
    match &mut expression.val {
        ExprVal::Math(math) => [&mut math.lhs, &mut math.rhs].into_iter().for_each(|side| inside(side)),
        ExprVal::Logic(logic) => [&mut logic.lhs, &mut logic.rhs].into_iter().for_each(|side| inside(side)),
        ExprVal::In(within) => [&mut within.lhs, &mut within.rhs].into_iter().for_each(|side| checked(side)),
        ExprVal::Test(test) => test.args.iter_mut().for_each(inside),
        ExprVal::MacroCall(call) => call.args.values_mut().for_each(checked),
        ExprVal::FunctionCall(call) => call.args.values_mut().for_each(checked),
        ExprVal::Array(items) => items.iter_mut().for_each(inside),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_looked_at_before_parsing() {
        #[track_caller]
        fn case(text: &str, fits: bool) {
            assert_eq!(check_depth(text).is_ok(), fits, "{} characters", text.len());
        }
        case("", true);
        case("{{ ((1)) }} (((((", true);
        case(&"(".repeat(100_000), true);
        case(&format!("{{# {} #}}", "(".repeat(1_000)), true);
        case(&format!("{{% raw %}}{{{{ ' {}{{% endraw %}}", "(".repeat(1_000)), true);
        case(&format!("{{{{ '{}' }}}}", "(".repeat(1_000)), true);
        case("{% if a %}{% endif %}", true);
        case(&"{% if a %}{% endif %}".repeat(1_000), true);
        for times in [60, 1_000, 100_000] {
            case(&format!("{{{{ {}", "(".repeat(times)), false);
            case(&format!("{{% if {}", "[".repeat(times)), false);
            case(&format!("{{{{ a{} }}}}", "[a".repeat(times)), false);
            for block in ["{% if a %}", "{%- for a in b -%}", "{% filter upper %}", "{% macro a() %}"] {
                case(&block.repeat(times), false);
            }
        }
        for operator in ["+", " ~ ", " and ", "|a"] {
            case(&format!("{{{{ a{} }}}}", format!("{operator}a").repeat(1_000)), false);
        }
        // A string does not end the tag, and a raw block does not begin a string.
        case(&format!("{{{{ '}}}}' ~ {} }}}}", "(".repeat(60)), false);
        case(&format!("{{% raw %}}'{{% endraw %}}{{{{ {} }}}}", "(".repeat(60)), false);
    }
}
