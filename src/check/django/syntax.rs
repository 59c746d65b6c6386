//! The door to the Python parser, and the walk over a settings file.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, Operator, Stmt, StmtAugAssign};
use ruff_python_parser::parse_module;

use super::evaluation::{Evaluation, range};
use super::value::Value;
use super::{Setting, Settings};

/// Enough for what [`Source::parse`] lets through: it was tried with the worst of it.
pub(super) const STACK: usize = 256 << 20;

/// Settings files are far smaller.
const MAX_BYTES: usize = 256_000;
/// The parser goes into brackets and prefix operators by recursion.
const MAX_BRACKETS: usize = 60;
const MAX_OPERATORS: usize = 2_000;

pub(super) struct Source {
    body: Vec<Stmt>,
}

pub(super) enum Refused {
    /// Larger or deeper than any settings file that people write.
    TooComplex,
    Invalid {
        span: Range<usize>,
        message: String,
    },
}

impl Source {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > MAX_BYTES || is_complex(text) {
            return Err(Refused::TooComplex);
        }
        match parse_module(text) {
            Ok(parsed) => Ok(Self { body: parsed.into_syntax().body.into_iter().collect() }),
            Err(error) => {
                let (start, end) = (error.location.start().to_usize(), error.location.end().to_usize());
                Err(Refused::Invalid { span: start..end.max(start + 1), message: error.error.to_string() })
            }
        }
    }

    /// Carry out the assignments, following star imports with `import`.
    pub(super) fn run(&self, settings: &mut Settings, import: &mut dyn FnMut(&mut Settings, &str, usize), path: &str) {
        Walk { settings, import, path }.block(&self.body, Sure::Yes);
    }
}

/// Counts brackets wherever they are, also in strings: too careful is careful enough.
fn is_complex(text: &str) -> bool {
    let (mut depth, mut operators, mut indent) = (0usize, 0usize, 0usize);
    for line in text.lines() {
        if depth == 0 && !line.trim_end().ends_with('\\') {
            operators = 0;
        }
        let spaces = line.len() - line.trim_start().len();
        indent = indent.max(spaces);
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
    indent > 400
}

/// Is a statement carried out for certain?
#[derive(Clone, Copy, PartialEq)]
enum Sure {
    Yes,
    /// In an `if`, a `try` or a loop.
    Perhaps,
}

struct Walk<'a> {
    settings: &'a mut Settings,
    import: &'a mut dyn FnMut(&mut Settings, &str, usize),
    path: &'a str,
}

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
                if let Expr::Call(call) = &*expression.value {
                    self.call(call);
                }
            }
            Stmt::ImportFrom(from) if from.names.iter().any(|name| name.name.as_str() == "*") => {
                let module = from.module.as_ref().map(|module| module.as_str()).unwrap_or_default();
                (self.import)(self.settings, module, from.level as usize);
            }
            Stmt::If(branch) => {
                self.block(&branch.body, Sure::Perhaps);
                for clause in &branch.elif_else_clauses {
                    self.block(&clause.body, Sure::Perhaps);
                }
            }
            Stmt::Try(attempt) => {
                self.block(&attempt.body, Sure::Perhaps);
                for handler in &attempt.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.block(&handler.body, Sure::Perhaps);
                }
                self.block(&attempt.orelse, Sure::Perhaps);
                self.block(&attempt.finalbody, Sure::Perhaps);
            }
            Stmt::With(with) => self.block(&with.body, Sure::Perhaps),
            Stmt::For(loops) => self.block(&loops.body, Sure::Perhaps),
            _ => {}
        }
    }

    fn assign(&mut self, target: &Expr, value: &Expr, sure: Sure) {
        let Expr::Name(name) = target else { return self.forget(target) };
        let span = range(value);
        let evaluation = Evaluation::of(self.settings);
        let found = match sure {
            Sure::Yes => {
                let required = evaluation.required(value);
                let found = evaluation.evaluate(value, 0).bounded();
                for (variable, span) in required {
                    self.settings.required.push((variable, self.path.to_owned(), span));
                }
                found
            }
            Sure::Perhaps => Value::Unknown,
        };
        self.settings.set(name.id.as_str(), found, self.path, span);
    }

    /// `X += […]`. Unless both sides are known, what `X` is now is not, but for the fact that it is.
    fn add(&mut self, assign: &StmtAugAssign, sure: Sure) {
        if let (Expr::Name(name), Operator::Add, Sure::Yes) = (&*assign.target, assign.op, sure) {
            let more = Evaluation::of(self.settings).evaluate(&assign.value, 0);
            if let Some(Setting { value, .. }) = self.settings.names.get_mut(name.id.as_str())
                && let (Value::List(items), Value::List(more)) = (&mut *value, more)
            {
                items.extend(more);
                *value = std::mem::replace(value, Value::Unknown).bounded();
                return;
            }
        }
        self.forget(&assign.target);
    }

    /// A call for its effect: `ALLOWED_HOSTS.append(…)`, or one that gets all settings into its hands.
    fn call(&mut self, call: &ExprCall) {
        let names = |expression: &Expr| match expression {
            Expr::Call(inner) => {
                matches!(&*inner.func, Expr::Name(name) if matches!(name.id.as_str(), "locals" | "globals" | "vars"))
            }
            _ => false,
        };
        match &*call.func {
            // `globals().update(…)`
            Expr::Attribute(method) if names(&method.value) => self.settings.open = true,
            Expr::Attribute(method) => self.forget(&method.value),
            // `include("components/*.py")` of split-settings.
            Expr::Name(name) if matches!(name.id.as_str(), "include" | "exec" | "execfile") => {
                self.settings.open = true
            }
            _ => {}
        }
        // `django_heroku.settings(locals())`
        if call.arguments.args.iter().any(names) {
            self.settings.open = true;
            self.settings.names.values_mut().for_each(|setting| setting.value = Value::Unknown);
        }
    }

    /// `X[…] = …`, `X += …`, `X.append(…)`: what `X` is now, nobody knows.
    fn forget(&mut self, target: &Expr) {
        let mut inner = target;
        loop {
            inner = match inner {
                Expr::Subscript(subscript) => &subscript.value,
                Expr::Attribute(attribute) => &attribute.value,
                _ => break,
            };
        }
        if let Expr::Name(name) = inner
            && let Some(Setting { value, .. }) = self.settings.names.get_mut(name.id.as_str())
        {
            *value = Value::Unknown;
        }
    }
}
