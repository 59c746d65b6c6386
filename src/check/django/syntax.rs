//! The door to the Python parser, and the walk over a settings file.

use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtIf, StmtTry};
use ruff_python_parser::parse_module;

use super::calls::Function;
use super::evaluation::Evaluation;
use super::expressions::range;
use super::operators::Truth;
use super::{Opened, Required, Setting, Settings, Variable};
use crate::beanstalk::lines::indent;

/// Enough for what [`Source::parse`] lets through: it was tried with the worst of it.
pub(super) const STACK: usize = 256 << 20;

/// Settings files are far smaller.
const MAX_BYTES: usize = 256_000;
/// The parser goes into brackets and prefix operators by recursion.
const MAX_BRACKETS: usize = 60;
const MAX_OPERATORS: usize = 2_000;

pub(super) struct Source<'a> {
    body: Vec<Stmt>,
    text: &'a str,
}

/// `from MODULE import *`, with the dots before it.
pub(super) struct Import<'a> {
    pub(super) module: &'a str,
    pub(super) level: usize,
}

pub(super) enum Refused {
    /// Larger or deeper than any settings file that people write.
    TooComplex,
    Invalid {
        span: Range<usize>,
        message: String,
    },
}

impl<'a> Source<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Refused> {
        if text.len() > MAX_BYTES || is_complex(text) {
            return Err(Refused::TooComplex);
        }
        match parse_module(text) {
            Ok(parsed) => Ok(Self { body: parsed.into_syntax().body.into_iter().collect(), text }),
            Err(error) => {
                let (start, end) = (error.location.start().to_usize(), error.location.end().to_usize());
                Err(Refused::Invalid { span: start..end.max(start + 1), message: error.error.to_string() })
            }
        }
    }

    /// What stands at the top level.
    pub(super) fn statements(&self) -> &[Stmt] {
        &self.body
    }

    /// Carry out the assignments, following star imports with `import`, which tells whether there is such a module.
    pub(super) fn run(
        &self,
        settings: &mut Settings,
        import: &mut dyn FnMut(&mut Settings, &Import<'_>) -> bool,
        path: &str,
    ) {
        let (conditions, imported, branches) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut walk = Walk { settings, import, path, text: self.text, conditions, imported, branches };
        walk.block(&self.body, Sure::Yes);
    }
}

/// Counts brackets wherever they are, also in strings: too careful is careful enough.
fn is_complex(text: &str) -> bool {
    let (mut depth, mut operators, mut deepest) = (0usize, 0usize, 0usize);
    for line in text.lines() {
        if depth == 0 && !line.trim_end().ends_with('\\') {
            operators = 0;
        }
        deepest = deepest.max(indent(line));
        operators += ["not ", "lambda", " if ", "await ", "**", "else "]
            .iter()
            .map(|word| line.matches(word).count())
            .sum::<usize>();
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'-' | b'+' | b'~' | b'*' | b'.' | b'|' | b'/' | b'&' | b'%' | b'@' => operators += 1,
                _ => {}
            }
            if depth > MAX_BRACKETS || operators > MAX_OPERATORS {
                return true;
            }
        }
    }
    deepest > 400
}

/// Is a statement carried out for certain?
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Sure {
    Yes,
    /// Where no variable says otherwise.
    Default,
    /// Only where a variable says so.
    Otherwise,
    /// Nobody can tell.
    Perhaps,
}

impl Sure {
    /// Of a block inside of a block.
    fn and(self, inner: Self) -> Self {
        match (self, inner) {
            (Self::Perhaps, _) | (_, Self::Perhaps) => Self::Perhaps,
            (Self::Otherwise, _) | (_, Self::Otherwise) => Self::Otherwise,
            (Self::Default, _) | (_, Self::Default) => Self::Default,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}

pub(super) struct Walk<'a> {
    pub(super) settings: &'a mut Settings,
    pub(super) import: &'a mut dyn FnMut(&mut Settings, &Import<'_>) -> bool,
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// The conditions around a statement, as they are written.
    conditions: Vec<String>,
    /// Where names come from that are imported one by one: a module, and the dots before it.
    pub(super) imported: BTreeMap<String, (String, usize)>,
    /// What whole modules have set that were taken in by branches which may not be carried out.
    pub(super) branches: Vec<Names>,
}

/// The settings of a module, by their names.
pub(super) type Names = BTreeMap<String, Setting>;

impl Walk<'_> {
    fn block(&mut self, body: &[Stmt], sure: Sure) {
        for statement in body {
            self.statement(statement, sure);
        }
    }

    fn statement(&mut self, statement: &Stmt, sure: Sure) {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assign(target, &assign.value, sure);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assign(&assign.target, value, sure);
                }
            }
            Stmt::AugAssign(assign) => self.add(assign, sure),
            Stmt::Expr(expression) => {
                self.note(&expression.value, sure);
                if let Expr::Call(call) = &*expression.value {
                    self.call(call, sure);
                }
            }
            Stmt::ImportFrom(from) if from.names.iter().any(|name| name.name.as_str() == "*") => {
                let module = from.module.as_ref().map(|module| module.as_str()).unwrap_or_default();
                if !self.all_of(&Import { module, level: from.level as usize }, sure) {
                    self.settings.open = true;
                }
            }
            Stmt::ImportFrom(from) => {
                let module = from.module.as_ref().map(|module| module.to_string()).unwrap_or_default();
                for name in &from.names {
                    let known = name.asname.as_ref().unwrap_or(&name.name).to_string();
                    self.address(&known, &format!("{module}.{}", name.name));
                    self.imported.insert(known, (module.clone(), from.level as usize));
                }
            }
            Stmt::Import(import) => {
                for name in &import.names {
                    name.asname.iter().for_each(|known| self.address(known, &name.name));
                }
            }
            Stmt::ClassDef(class) => self.class(class),
            Stmt::If(branch) => self.branches(branch, sure),
            Stmt::Try(attempt) => self.attempt(attempt, sure),
            Stmt::FunctionDef(function) => {
                self.factory(function);
                self.function(function);
            }
            Stmt::With(with) => {
                with.items.iter().for_each(|item| self.note(&item.context_expr, sure));
                self.block(&with.body, sure.and(Sure::Perhaps));
            }
            Stmt::For(loops) => self.block(&loops.body, sure.and(Sure::Perhaps)),
            Stmt::While(loops) => self.block(&loops.body, sure.and(Sure::Perhaps)),
            Stmt::Match(choice) => {
                choice.cases.iter().for_each(|case| self.block(&case.body, sure.and(Sure::Perhaps)));
                if choice.cases.last().is_some_and(|case| case.guard.is_none() && case.pattern.is_irrefutable()) {
                    let bodies: Vec<Vec<&Stmt>> = choice.cases.iter().map(|case| case.body.iter().collect()).collect();
                    self.agree(&bodies, sure);
                }
            }
            _ => {}
        }
    }

    /// Carry out another module, counted from the folder of this one; tells whether there is one.
    pub(super) fn take_in(&mut self, module: &str, level: usize) -> bool {
        (self.import)(self.settings, &Import { module, level })
    }

    /// `if`, `elif` and `else`, as far as their conditions can be decided.
    fn branches(&mut self, branch: &StmtIf, sure: Sure) {
        let clauses = std::iter::once((Some(&*branch.test), &branch.body))
            .chain(branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body)));
        let mut rest = sure;
        let mut before = String::new();
        let mut bodies: Vec<Vec<&Stmt>> = Vec::new();
        let mut taken: Vec<Names> = Vec::new();
        let mark = self.branches.len();
        for (test, body) in clauses {
            let truth = test.map_or(Truth::Is(true), |test| {
                self.note(test, rest);
                Truth::of(&Evaluation::of(self.settings).evaluate(test, 0))
            });
            let written = test.map(|test| self.text.get(range(test)).unwrap_or_default().to_owned());
            let condition = written.clone().unwrap_or_else(|| format!("not ({before})"));
            let run = |walk: &mut Self, sure: Sure| {
                walk.conditions.push(condition.clone());
                walk.block(body, sure);
                walk.conditions.pop();
            };
            if truth != Truth::Is(false) {
                bodies.push(body.iter().collect());
            }
            match truth {
                Truth::Is(true) => {
                    if test.is_none() {
                        run(self, rest)
                    } else {
                        self.block(body, rest)
                    }
                    taken.push(self.branches.split_off(mark).into_iter().flatten().collect());
                    self.agree(&bodies, sure);
                    return self.agree_in_all(&taken, sure);
                }
                Truth::Is(false) => continue,
                Truth::ByDefault(true) => {
                    run(self, rest.and(Sure::Default));
                    rest = rest.and(Sure::Otherwise);
                }
                Truth::ByDefault(false) => {
                    run(self, rest.and(Sure::Otherwise));
                    rest = rest.and(Sure::Default);
                }
                Truth::Unknown => {
                    run(self, rest.and(Sure::Perhaps));
                    rest = Sure::Perhaps;
                }
            }
            taken.push(self.branches.split_off(mark).into_iter().flatten().collect());
            before = written.unwrap_or_default();
        }
    }

    /// `try`: what is taken over where it is there, what a missing variable leads to, and else nobody knows.
    fn attempt(&mut self, attempt: &StmtTry, sure: Sure) {
        // Whoever catches an error may catch this one.
        let undefined = self.settings.undefined.len();
        let imports: Vec<Import<'_>> = attempt.body.iter().filter_map(star).collect();
        if imports.len() == attempt.body.len() && !imports.is_empty() {
            // What does not ship is not there, and the handlers see to it.
            if !imports.iter().all(|import| self.all_of(import, sure)) {
                self.handlers(attempt, sure);
            }
        } else {
            let raises = |statement: &Stmt| match statement {
                Stmt::Assign(assign) => !Evaluation::of(self.settings).reads(&assign.value).is_empty(),
                _ => false,
            };
            let stops = |ExceptHandler::ExceptHandler(handler): &ExceptHandler| ends_in_raise(&handler.body);
            if !attempt.handlers.is_empty() && attempt.handlers.iter().all(stops) {
                // Whatever goes wrong stops the settings: after them, all of it was carried out.
                self.block(&attempt.body, sure);
                self.block(&attempt.orelse, sure);
            } else if !attempt.handlers.is_empty() && attempt.body.iter().any(raises) {
                self.conditions.push("it is set".to_owned());
                self.block(&attempt.body, sure.and(Sure::Otherwise));
                self.conditions.pop();
                self.handlers(attempt, sure.and(Sure::Default));
            } else {
                self.block(&attempt.body, sure.and(Sure::Perhaps));
                self.handlers(attempt, sure.and(Sure::Perhaps));
                self.block(&attempt.orelse, sure.and(Sure::Perhaps));
                let mut bodies: Vec<Vec<&Stmt>> = vec![attempt.body.iter().chain(&attempt.orelse).collect()];
                let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| &handler.body);
                bodies.extend(handlers.filter(|body| !ends_in_raise(body)).map(|body| body.iter().collect()));
                self.agree(&bodies, sure);
            }
        }
        self.settings.undefined.truncate(undefined);
        self.block(&attempt.finalbody, sure);
    }

    fn handlers(&mut self, attempt: &StmtTry, sure: Sure) {
        for handler in &attempt.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            self.block(&handler.body, sure);
        }
    }

    /// A function that only returns, such as those that read switches from variables.
    fn function(&mut self, function: &StmtFunctionDef) {
        let body: Vec<&Stmt> = function
            .body
            .iter()
            .filter(
                |statement| !matches!(statement, Stmt::Expr(text) if matches!(&*text.value, Expr::StringLiteral(_))),
            )
            .collect();
        let [Stmt::Return(returned)] = body.as_slice() else { return };
        let Some(returns) = returned.value.as_deref() else { return };
        let parameters = &function.parameters;
        if parameters.vararg.is_some() || parameters.kwarg.is_some() || !parameters.kwonlyargs.is_empty() {
            return;
        }
        let parameters = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .map(|one| (one.parameter.name.to_string(), one.default.as_deref().cloned()))
            .collect();
        self.settings.functions.insert(function.name.to_string(), Function { parameters, returns: returns.clone() });
    }

    /// The variables and files that an expression cannot do without.
    pub(super) fn note(&mut self, expression: &Expr, sure: Sure) {
        let evaluation = Evaluation::of(self.settings);
        let (reads, opened) = (evaluation.reads(expression), evaluation.opened(expression));
        if sure == Sure::Yes {
            let path = self.path;
            let opened = opened.into_iter().map(|(file, span)| Opened { file, path: path.to_owned(), span });
            self.settings.opened.extend(opened);
        }
        for read in reads {
            if sure == Sure::Yes {
                let (name, path, span) = (read.name.clone(), self.path.to_owned(), read.span.clone());
                self.settings.required.push(Required { name, path, span, environ: read.environ });
            }
            let when = match sure {
                Sure::Yes | Sure::Default => None,
                Sure::Otherwise | Sure::Perhaps => Some(self.conditions.join(" and ")),
            };
            self.settings.variables.push(Variable { name: read.name, when });
        }
    }
}

fn ends_in_raise(body: &[Stmt]) -> bool {
    matches!(body.last(), Some(Stmt::Raise(_)))
}

/// A star import.
fn star(statement: &Stmt) -> Option<Import<'_>> {
    let Stmt::ImportFrom(from) = statement else { return None };
    from.names.iter().any(|name| name.name.as_str() == "*").then(|| Import {
        module: from.module.as_ref().map(|module| module.as_str()).unwrap_or_default(),
        level: from.level as usize,
    })
}
