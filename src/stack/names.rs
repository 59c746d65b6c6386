//! Names and filters that a template takes from outside, and what might keep it from coming to an end.

use std::collections::BTreeSet;

use tera::ast::{Expr, ExprVal, LogicOperator, Node};

/// Inside of each other.
const MOST_LOOPS: usize = 3;

/// Walks a template and notes what it takes from outside.
#[derive(Default)]
pub(super) struct Names {
    pub(super) wanted: BTreeSet<String>,
    pub(super) filters: BTreeSet<String>,
    /// Names that the template itself makes: `for`, `set`.
    local: Vec<String>,
    /// Loops around the place.
    loops: usize,
    in_macro: bool,
    /// Why rendering might not come to an end.
    pub(super) endless: Option<&'static str>,
}

impl Names {
    pub(super) fn nodes(&mut self, nodes: &[Node]) {
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
                self.filters.insert(section.filter.name.clone());
                section.filter.args.values().for_each(|argument| self.expression(argument));
                self.nodes(&section.body);
            }
            Node::MacroDefinition(_, definition, _) => {
                let outer = self.local.len();
                self.local.extend(definition.args.keys().cloned());
                self.in_macro = true;
                self.nodes(&definition.body);
                self.in_macro = false;
                self.local.truncate(outer);
            }
            Node::Forloop(_, forloop, _) => {
                self.expression(&forloop.container);
                let outer = self.local.len();
                self.local.extend(forloop.key.iter().cloned());
                self.local.extend([forloop.value.clone(), "loop".to_owned()]);
                self.loops += 1;
                if self.loops > MOST_LOOPS {
                    self.endless = Some("more than three loops are inside of each other");
                }
                self.nodes(&forloop.body);
                self.loops -= 1;
                self.local.truncate(outer);
                self.nodes(forloop.empty_body.as_deref().unwrap_or_default());
            }
            Node::If(branches, _) => {
                for (_, condition, body) in &branches.conditions {
                    self.condition(condition);
                    self.nodes(body);
                }
                if let Some((_, body)) = &branches.otherwise {
                    self.nodes(body);
                }
            }
            Node::Include(..) => {
                self.endless =
                    Some("a template stands alone, but for snippets, which are included by their names in quotes")
            }
            Node::Block(..) | Node::Extends(..) | Node::ImportMacro(..) => {
                self.endless = Some("a template stands alone: there is nothing to extend or import");
            }
            Node::Super | Node::Text(_) | Node::Raw(..) | Node::Break(_) | Node::Continue(_) | Node::Comment(..) => (),
        }
    }

    /// What holds or not. Of joined texts Tera takes for certain that they are a text, and ends the program where they are not.
    fn condition(&mut self, condition: &Expr) {
        let joined = matches!(condition.val, ExprVal::StringConcat(_));
        if joined && (condition.negated || !condition.filters.is_empty()) {
            self.endless = Some("a condition is made of joined texts: give them a name with `{% set %}`");
        }
        self.expression(condition);
    }

    fn expression(&mut self, expression: &Expr) {
        self.value(&expression.val);
        for filter in &expression.filters {
            self.filters.insert(filter.name.clone());
            filter.args.values().for_each(|argument| self.expression(argument));
        }
    }

    fn value(&mut self, value: &ExprVal) {
        match value {
            ExprVal::Ident(path) => self.ident(path),
            ExprVal::Math(math) => [&math.lhs, &math.rhs].into_iter().for_each(|side| self.expression(side)),
            ExprVal::Logic(logic) => {
                let sides = [&logic.lhs, &logic.rhs];
                if matches!(logic.operator, LogicOperator::And | LogicOperator::Or) {
                    sides.into_iter().for_each(|side| self.condition(side));
                } else {
                    sides.into_iter().for_each(|side| self.expression(side));
                }
            }
            ExprVal::In(within) => [&within.lhs, &within.rhs].into_iter().for_each(|side| self.expression(side)),
            ExprVal::Test(test) => {
                self.ident(&test.ident);
                test.args.iter().for_each(|argument| self.expression(argument));
            }
            ExprVal::MacroCall(call) => {
                if self.in_macro {
                    self.endless = Some("a macro calls a macro");
                }
                call.args.values().for_each(|argument| self.expression(argument));
            }
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
