//! The only door to `tera`: rendering that executes nothing and knows every name it meets.
//!
//! Tera alone takes an unknown name in `{% if name %}` for false. Here each template's names are looked up before it is
//! rendered, so that a typing mistake can never quietly leave a file out.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

use serde_json::Value;
use tera::Tera;
use tera::ast::{Expr, ExprVal, Node};

use super::Error;

/// What the names of a template stand for.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    context: tera::Context,
    names: BTreeSet<String>,
    /// Shared by all clones: a matrix renders the same few templates thousands of times.
    parsed: Rc<RefCell<HashMap<String, Rc<Parsed>>>>,
}

struct Parsed {
    tera: Tera,
    /// What the template takes from outside.
    names: BTreeSet<String>,
}

impl Scope {
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.context.insert(name, &value);
        self.names.insert(name.to_owned());
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.context.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Does `a.b.c` lead somewhere? Only as far as it can be told without evaluating brackets.
    fn leads(&self, path: &str) -> bool {
        let plain = path.split('[').next().unwrap_or_default();
        let mut steps = plain.split('.');
        let mut at = steps.next().and_then(|root| self.context.get(root));
        for step in steps {
            at = match at {
                Some(Value::Object(map)) => map.get(step),
                Some(Value::Array(list)) => step.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            };
        }
        at.is_some()
    }

    fn parse(&self, place: &str, text: &str) -> Result<Rc<Parsed>, Error> {
        if let Some(parsed) = self.parsed.borrow().get(text) {
            return Ok(Rc::clone(parsed));
        }
        let parsed = Rc::new(Parsed::new(text).map_err(|source| unusable(place, source))?);
        self.parsed.borrow_mut().insert(text.to_owned(), Rc::clone(&parsed));
        Ok(parsed)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

fn unusable(place: &str, source: tera::Error) -> Error {
    Error::Template { place: place.to_owned(), source: Box::new(source) }
}

/// Render `text`, called `place` in messages.
pub(crate) fn render(place: &str, text: &str, scope: &Scope) -> Result<String, Error> {
    if !text.contains('{') {
        return Ok(text.to_owned());
    }
    let parsed = scope.parse(place, text)?;
    if let Some(name) = parsed.names.iter().find(|name| !scope.leads(name)) {
        let known = scope.names().map(str::to_owned).collect();
        return Err(Error::NameUnknown { place: place.to_owned(), name: name.clone(), known });
    }
    parsed.tera.render(TEMPLATE, &scope.context).map_err(|source| unusable(place, source))
}

/// The names that a template takes from outside, without what follows a dot.
pub(crate) fn names(place: &str, text: &str) -> Result<BTreeSet<String>, Error> {
    let parsed = Parsed::new(text).map_err(|source| unusable(place, source))?;
    Ok(parsed.names.iter().map(|name| name.split('.').next().unwrap_or_default().to_owned()).collect())
}

/// The names that a condition takes from outside.
pub(crate) fn names_of_condition(place: &str, condition: &str) -> Result<BTreeSet<String>, Error> {
    names(place, &as_template(condition))
}

/// Does the condition hold?
pub(crate) fn holds(place: &str, condition: &str, scope: &Scope) -> Result<bool, Error> {
    Ok(!render(place, &as_template(condition), scope)?.is_empty())
}

fn as_template(condition: &str) -> String {
    format!("{{% if {condition} %}}yes{{% endif %}}")
}

const TEMPLATE: &str = "template";

impl Parsed {
    fn new(text: &str) -> tera::Result<Self> {
        let mut tera = Tera::default();
        // Nothing here is a web page's data: `&` in a title stays `&`.
        tera.autoescape_on(Vec::new());
        // Reads the machine's environment: templates know answers and nothing else.
        tera.functions.remove("get_env");
        tera.add_raw_template(TEMPLATE, text)?;
        let mut names = Names::default();
        names.nodes(&tera.get_template(TEMPLATE)?.ast);
        Ok(Self { tera, names: names.wanted })
    }
}

/// Walks a template and notes what it takes from outside.
#[derive(Default)]
struct Names {
    wanted: BTreeSet<String>,
    /// Names that the template itself makes: `for`, `set`.
    local: Vec<String>,
}

impl Names {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::VariableBlock(_, expression) => self.expression(expression),
            Node::Set(_, set) => {
                self.expression(&set.value);
                self.local.push(set.key.clone());
            }
            Node::FilterSection(_, section, _) => {
                section.filter.args.values().for_each(|argument| self.expression(argument));
                self.nodes(&section.body);
            }
            Node::Block(_, block, _) => self.nodes(&block.body),
            Node::MacroDefinition(_, definition, _) => {
                let outer = self.local.len();
                self.local.extend(definition.args.keys().cloned());
                self.nodes(&definition.body);
                self.local.truncate(outer);
            }
            Node::Forloop(_, forloop, _) => {
                self.expression(&forloop.container);
                let outer = self.local.len();
                self.local.extend(forloop.key.iter().cloned());
                self.local.extend([forloop.value.clone(), "loop".to_owned()]);
                self.nodes(&forloop.body);
                self.local.truncate(outer);
                self.nodes(forloop.empty_body.as_deref().unwrap_or_default());
            }
            Node::If(branches, _) => {
                for (_, condition, body) in &branches.conditions {
                    self.expression(condition);
                    self.nodes(body);
                }
                if let Some((_, body)) = &branches.otherwise {
                    self.nodes(body);
                }
            }
            Node::Super
            | Node::Text(_)
            | Node::Extends(..)
            | Node::Include(..)
            | Node::ImportMacro(..)
            | Node::Raw(..)
            | Node::Break(_)
            | Node::Continue(_)
            | Node::Comment(..) => (),
        }
    }

    fn expression(&mut self, expression: &Expr) {
        self.value(&expression.val);
        for filter in &expression.filters {
            filter.args.values().for_each(|argument| self.expression(argument));
        }
    }

    fn value(&mut self, value: &ExprVal) {
        match value {
            ExprVal::Ident(path) => self.ident(path),
            ExprVal::Math(math) => [&math.lhs, &math.rhs].into_iter().for_each(|side| self.expression(side)),
            ExprVal::Logic(logic) => [&logic.lhs, &logic.rhs].into_iter().for_each(|side| self.expression(side)),
            ExprVal::In(within) => [&within.lhs, &within.rhs].into_iter().for_each(|side| self.expression(side)),
            ExprVal::Test(test) => {
                self.ident(&test.ident);
                test.args.iter().for_each(|argument| self.expression(argument));
            }
            ExprVal::MacroCall(call) => call.args.values().for_each(|argument| self.expression(argument)),
            ExprVal::FunctionCall(call) => call.args.values().for_each(|argument| self.expression(argument)),
            ExprVal::Array(items) => items.iter().for_each(|item| self.expression(item)),
            ExprVal::StringConcat(concat) => concat.values.iter().for_each(|part| self.value(part)),
            ExprVal::String(_) | ExprVal::Int(_) | ExprVal::Float(_) | ExprVal::Bool(_) => (),
        }
    }

    /// `a.b` is one name; `a[b].c` is two, `a` and `b`.
    fn ident(&mut self, path: &str) {
        let root = path.split(['.', '[']).next().unwrap_or_default();
        if !self.local.iter().any(|name| name == root) {
            self.wanted.insert(path.split('[').next().unwrap_or_default().to_owned());
        }
        for inner in path.split('[').skip(1).filter_map(|rest| rest.split(']').next()) {
            let literal = inner.starts_with(['"', '\'', '`']) || inner.chars().all(|c| c.is_ascii_digit());
            if !literal {
                self.ident(inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("name", json!("shop & co"));
        scope.set("on", json!(true));
        scope.set("kind", json!("b"));
        scope.set("table", json!({"a": {"n": 1}, "b": {"n": 2}}));
        scope.set("list", json!(["x", "y"]));
        scope
    }

    #[test]
    fn rendering() {
        #[track_caller]
        fn case(text: &str, expected: &str) {
            assert_eq!(render("case", text, &scope()).unwrap(), expected);
        }
        case("", "");
        case("no tags { at all }", "no tags { at all }");
        case("{{ name }}", "shop & co");
        case("{{ table[kind].n + 1 }}", "3");
        case("{% for item in list %}{{ item }}{{ loop.index }}{% endfor %}", "x1y2");
        case("{% set twice = name ~ name %}{{ twice }}", "shop & coshop & co");
        case("{% if on and kind == 'b' %}yes{% endif %}", "yes");
    }

    #[test]
    fn unknown_names_are_errors_wherever_they_stand() {
        #[track_caller]
        fn case(text: &str, name: &str) {
            match render("case", text, &scope()) {
                Err(Error::NameUnknown { name: found, .. }) => assert_eq!(found, name),
                other => panic!("{text}: {other:?}"),
            }
        }
        case("{{ nmae }}", "nmae");
        case("{% if nmae %}{% endif %}", "nmae");
        case("{% if on %}{% else %}{{ nmae }}{% endif %}", "nmae");
        case("{% if table.c.n %}{% endif %}", "table.c.n");
        case("{{ table[knid].n }}", "knid");
        case("{{ name | replace(from=nmae, to='') }}", "nmae");
        case("{% for item in list %}{% endfor %}{{ item }}", "item");
        case("{% if nmae is defined %}{% endif %}", "nmae");
        case("{{ 'a' ~ nmae }}", "nmae");
    }

    #[test]
    fn templates_cannot_reach_the_machine() {
        #[track_caller]
        fn case(text: &str) {
            assert!(matches!(render("case", text, &scope()), Err(Error::Template { .. })), "{text}");
        }
        case("{{ get_env(name='HOME') }}");
        case("{{ now() }}");
        case("{{ get_random(end=10) }}");
        case("{% include '/etc/passwd' %}");
        case("{% import '../macros' as m %}");
    }

    #[test]
    fn conditions() {
        assert!(holds("case", "on and kind != 'a'", &scope()).unwrap());
        assert!(!holds("case", "not on", &scope()).unwrap());
        assert!(holds("case", "'x' in list", &scope()).unwrap());
        assert!(matches!(holds("case", "on %}{% if on", &scope()), Err(Error::Template { .. })));
    }
}
