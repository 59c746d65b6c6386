//! Module: what one file does as it is imported, and what each of its functions would do if it were called.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef};

use super::super::expressions::{dotted, range};
use super::shown::shown;
use super::{Call, Import};

/// What some lines do: what they import and call, and the packages of URLs that they include by their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    pub(super) imports: Vec<Import>,
    pub(super) calls: Vec<Call>,
    pub(super) included: Vec<String>,
}

/// What the functions of a module do when they are called, and what Django calls of the configurations in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Later {
    pub(super) functions: BTreeMap<String, Work>,
    /// Classes that configure an application, with their `ready`.
    pub(super) configurations: Vec<(String, Option<Work>)>,
}

impl Later {
    pub(super) fn of(body: &[Stmt]) -> Self {
        let mut later = Self::default();
        for statement in body {
            match statement {
                Stmt::FunctionDef(function) => {
                    let work = Work::of_function(function);
                    later.functions.extend(work.map(|work| (function.name.to_string(), work)));
                }
                Stmt::ClassDef(class) => {
                    let mut bases = class.arguments.iter().flat_map(|arguments| &arguments.args).map(dotted);
                    if bases.any(|base| base.ends_with("AppConfig")) {
                        let ready = class.body.iter().find_map(|statement| match statement {
                            Stmt::FunctionDef(function) if function.name.as_str() == "ready" => {
                                Work::of_function(function)
                            }
                            _ => None,
                        });
                        later.configurations.push((class.name.to_string(), ready));
                    }
                }
                _ => {}
            }
        }
        later
    }
}

/// Does a module give this name to something itself? What it imports from its own folder is a module there.
pub(super) fn binds(body: &[Stmt], name: &str, own: &dyn Fn(&str) -> bool) -> bool {
    let is = |expression: &Expr| matches!(expression, Expr::Name(found) if found.id.as_str() == name);
    body.iter().any(|statement| match statement {
        Stmt::FunctionDef(function) => function.name.as_str() == name,
        Stmt::ClassDef(class) => class.name.as_str() == name,
        Stmt::Assign(assign) => assign.targets.iter().any(|target| match target {
            Expr::Tuple(tuple) => tuple.elts.iter().any(is),
            target => is(target),
        }),
        Stmt::AnnAssign(assign) => is(&assign.target),
        Stmt::Import(import) => import.names.iter().any(|alias| match &alias.asname {
            Some(given) => given.as_str() == name,
            None => alias.name.as_str().split('.').next() == Some(name),
        }),
        Stmt::ImportFrom(from) => from.names.iter().any(|alias| {
            let module = from.module.as_ref().map_or("", |module| module.as_str());
            let inside = if from.level == 0 { own(module) } else { from.level == 1 && module.is_empty() };
            match &alias.asname {
                Some(given) => given.as_str() == name,
                // Nobody knows what a star brings.
                None => alias.name.as_str() == "*" || (alias.name.as_str() == name && !inside),
            }
        }),
        other => inner(other).into_iter().any(|body| binds(body, name, own)),
    })
}

/// The blocks of a statement that are carried out if at all.
fn inner(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::If(branch) => {
            let clauses = branch.elif_else_clauses.iter().map(|clause| clause.body.as_slice());
            std::iter::once(branch.body.as_slice()).chain(clauses).collect()
        }
        Stmt::For(each) => vec![each.body.as_slice(), each.orelse.as_slice()],
        Stmt::While(each) => vec![each.body.as_slice(), each.orelse.as_slice()],
        Stmt::With(with) => vec![with.body.as_slice()],
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler.body.as_slice());
            let parts = [attempt.body.as_slice(), attempt.orelse.as_slice(), attempt.finalbody.as_slice()];
            parts.into_iter().chain(handlers).collect()
        }
        Stmt::Match(found) => found.cases.iter().map(|case| case.body.as_slice()).collect(),
        _ => Vec::new(),
    }
}

/// May a function end there?
fn leaves(statement: &Stmt) -> bool {
    match statement {
        Stmt::Return(_) | Stmt::Raise(_) => true,
        other => inner(other).into_iter().flatten().any(leaves),
    }
}

impl Work {
    pub(super) fn of(body: &[Stmt]) -> Self {
        let mut work = Self::default();
        work.block(body);
        work
    }

    /// What a function does whenever it is called: up to where it may end.
    fn of_function(function: &StmtFunctionDef) -> Option<Self> {
        let generates = |statement: &Stmt| matches!(statement, Stmt::Expr(expression) if matches!(&*expression.value, Expr::Yield(_) | Expr::YieldFrom(_)));
        if function.is_async || !function.decorator_list.is_empty() || function.body.iter().any(generates) {
            return None;
        }
        let mut work = Self::default();
        for statement in &function.body {
            match statement {
                Stmt::Return(end) => end.value.iter().for_each(|value| work.expression(value, false, 0)),
                statement => work.statement(statement),
            }
            if leaves(statement) {
                break;
            }
        }
        Some(work)
    }

    fn block(&mut self, body: &[Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => {
                for name in &import.names {
                    let module = name.name.to_string();
                    self.imports.push(Import { module, name: None, span: place(&name.range) });
                }
            }
            Stmt::ImportFrom(from) => {
                let dots = ".".repeat(from.level as usize);
                let module = format!("{dots}{}", from.module.as_ref().map_or("", |module| module.as_str()));
                for name in &from.names {
                    let (module, name, span) = (module.clone(), name.name.to_string(), place(&name.range));
                    self.imports.push(Import { module, name: Some(name), span });
                }
            }
            Stmt::Expr(expression) => self.expression(&expression.value, true, 0),
            Stmt::Assign(assign) => self.expression(&assign.value, false, 0),
            Stmt::AugAssign(assign) => self.expression(&assign.value, false, 0),
            Stmt::AnnAssign(assign) => {
                assign.value.iter().for_each(|value| self.expression(value, false, 0));
            }
            Stmt::With(with) => {
                with.items.iter().for_each(|item| self.expression(&item.context_expr, false, 0));
                self.block(&with.body);
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|decorator| self.decorator(&decorator.expression));
                self.block(&class.body);
            }
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.decorator(&decorator.expression));
            }
            _ => {}
        }
    }

    fn decorator(&mut self, expression: &Expr) {
        match expression {
            Expr::Call(_) => self.expression(expression, false, 0),
            _ => {
                let (name, span) = (dotted(expression), range(expression));
                let keywords = BTreeSet::new();
                let (arguments, texts, more, alone) = (0, Vec::new(), false, false);
                let shown = Vec::new();
                self.calls.push(Call { name, arguments, texts, keywords, more, alone, shown, span });
            }
        }
    }

    /// The calls in an expression that are made wherever it is.
    fn expression(&mut self, expression: &Expr, alone: bool, depth: usize) {
        const DEEPEST: usize = 40;
        if depth > DEEPEST {
            return;
        }
        let mut inner = |expression: &Expr| self.expression(expression, false, depth + 1);
        match expression {
            Expr::List(list) => list.elts.iter().for_each(inner),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(inner),
            Expr::Dict(dict) => dict.items.iter().for_each(|item| inner(&item.value)),
            Expr::BinOp(operation) => [&operation.left, &operation.right].into_iter().for_each(|side| inner(side)),
            Expr::Attribute(attribute) => inner(&attribute.value),
            Expr::Subscript(subscript) => inner(&subscript.value),
            Expr::Call(call) => {
                inner(&call.func);
                call.arguments.args.iter().for_each(&mut inner);
                call.arguments.keywords.iter().for_each(|keyword| inner(&keyword.value));
                let name = dotted(&call.func);
                if name == "include" {
                    self.included.extend(call.arguments.args.first().and_then(module_in));
                }
                let starred = call.arguments.args.iter().any(|argument| matches!(argument, Expr::Starred(_)));
                let unnamed = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
                let named = call.arguments.keywords.iter().filter_map(|keyword| keyword.arg.as_ref());
                let plain = call.arguments.args.iter().filter_map(|argument| Some((None, written(argument)?)));
                let texts =
                    call.arguments.keywords.iter().filter_map(|keyword| {
                        Some((Some(keyword.arg.as_ref()?.to_string()), written(&keyword.value)?))
                    });
                self.calls.push(Call {
                    name,
                    arguments: call.arguments.args.len(),
                    texts: plain.chain(texts).collect(),
                    keywords: named.map(|name| name.to_string()).collect(),
                    more: starred || unnamed,
                    alone,
                    shown: shown(call),
                    span: range(expression),
                });
            }
            _ => {}
        }
    }
}

/// The module in `include("shop.urls")` and `include(("shop.urls", "shop"))`.
fn module_in(argument: &Expr) -> Option<String> {
    match argument {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::Tuple(tuple) => tuple.elts.first().and_then(module_in),
        _ => None,
    }
}

/// The text that an argument is, or the first of a list.
fn written(argument: &Expr) -> Option<String> {
    match argument {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::List(list) => list.elts.first().and_then(written),
        _ => None,
    }
}

fn place(range: &ruff_text_size::TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}
