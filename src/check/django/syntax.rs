//! The door to the Python parser, and the walk over a settings file.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, Operator, Stmt, StmtAugAssign, StmtFunctionDef, StmtIf, StmtTry};
use ruff_python_parser::parse_module;

use super::evaluation::{Evaluation, Function, dotted, is_environ, operate, range};
use super::operators::{self, Truth, by_default};
use super::value::Value;
use super::{Setting, Settings, Variable};

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

    /// Carry out the assignments, following star imports with `import`, which tells whether there is such a module.
    pub(super) fn run(
        &self,
        settings: &mut Settings,
        import: &mut dyn FnMut(&mut Settings, &Import<'_>) -> bool,
        path: &str,
    ) {
        Walk { settings, import, path, text: self.text, conditions: Vec::new() }.block(&self.body, Sure::Yes);
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
#[derive(Clone, Copy, PartialEq, Debug)]
enum Sure {
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

struct Walk<'a> {
    settings: &'a mut Settings,
    import: &'a mut dyn FnMut(&mut Settings, &Import<'_>) -> bool,
    path: &'a str,
    text: &'a str,
    /// The conditions around a statement, as they are written.
    conditions: Vec<String>,
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
                self.note(&expression.value, sure);
                if let Expr::Call(call) = &*expression.value {
                    self.call(call, sure);
                }
            }
            Stmt::ImportFrom(from) if from.names.iter().any(|name| name.name.as_str() == "*") => {
                let module = from.module.as_ref().map(|module| module.as_str()).unwrap_or_default();
                if !(self.import)(self.settings, &Import { module, level: from.level as usize }) {
                    self.settings.open = true;
                }
            }
            Stmt::If(branch) => self.branches(branch, sure),
            Stmt::Try(attempt) => self.attempt(attempt, sure),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::With(with) => self.block(&with.body, sure.and(Sure::Perhaps)),
            Stmt::For(loops) => self.block(&loops.body, sure.and(Sure::Perhaps)),
            Stmt::While(loops) => self.block(&loops.body, sure.and(Sure::Perhaps)),
            Stmt::Match(choice) => {
                choice.cases.iter().for_each(|case| self.block(&case.body, sure.and(Sure::Perhaps)));
            }
            _ => {}
        }
    }

    /// `if`, `elif` and `else`, as far as their conditions can be decided.
    fn branches(&mut self, branch: &StmtIf, sure: Sure) {
        let clauses = std::iter::once((Some(&*branch.test), &branch.body))
            .chain(branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body)));
        let mut rest = sure;
        let mut before = String::new();
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
            match truth {
                Truth::Is(true) if test.is_none() => return run(self, rest),
                Truth::Is(true) => return self.block(body, rest),
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
            before = written.unwrap_or_default();
        }
    }

    /// `try`: what is taken over where it is there, what a missing variable leads to, and else nobody knows.
    fn attempt(&mut self, attempt: &StmtTry, sure: Sure) {
        let imports: Vec<Import<'_>> = attempt.body.iter().filter_map(star).collect();
        if imports.len() == attempt.body.len() && !imports.is_empty() {
            // What does not ship is not there, and the handlers see to it.
            if !imports.iter().all(|import| (self.import)(self.settings, import)) {
                self.handlers(attempt, sure);
            }
        } else {
            let raises = |statement: &Stmt| match statement {
                Stmt::Assign(assign) => !Evaluation::of(self.settings).reads(&assign.value).is_empty(),
                _ => false,
            };
            let stops = |handler: &ruff_python_ast::ExceptHandler| {
                let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                matches!(handler.body.last(), Some(Stmt::Raise(_)))
            };
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
            }
        }
        self.block(&attempt.finalbody, sure);
    }

    fn handlers(&mut self, attempt: &StmtTry, sure: Sure) {
        for handler in &attempt.handlers {
            let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
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

    /// The variables that an expression cannot do without.
    fn note(&mut self, expression: &Expr, sure: Sure) {
        let reads = Evaluation::of(self.settings).reads(expression);
        for read in reads {
            if sure == Sure::Yes && read.environ {
                self.settings.required.push((read.name.clone(), self.path.to_owned(), read.span.clone()));
            }
            let when = match sure {
                Sure::Yes | Sure::Default => None,
                Sure::Otherwise | Sure::Perhaps => Some(self.conditions.join(" and ")),
            };
            self.settings.variables.push(Variable { name: read.name, when });
        }
    }

    fn assign(&mut self, target: &Expr, value: &Expr, sure: Sure) {
        self.note(value, sure);
        if let Expr::Call(call) = value {
            self.scheme(target, call);
        }
        match target {
            Expr::Name(name) => {
                let evaluation = Evaluation::of(self.settings);
                let (found, reads) = (evaluation.evaluate(value, 0).bounded(), evaluation.variables(value));
                self.put(name.id.as_str(), found, range(value), sure);
                if let Some(setting) = self.settings.names.get_mut(name.id.as_str()) {
                    setting.reads.extend(reads);
                }
            }
            Expr::Subscript(subscript) if is_environ(&subscript.value) => {
                let evaluation = Evaluation::of(self.settings);
                if let (Value::Text(name), Sure::Yes | Sure::Default) = (evaluation.evaluate(&subscript.slice, 0), sure)
                {
                    let value = evaluation.evaluate(value, 0);
                    self.settings.environment.insert(name, value.text().unwrap_or_default().to_owned());
                }
            }
            Expr::Subscript(_) => self.item(target, value, sure),
            _ => self.forget(target),
        }
    }

    /// Give a name its value, as far as the statement is carried out.
    fn put(&mut self, name: &str, value: Value, span: Range<usize>, sure: Sure) {
        let value = match sure {
            Sure::Yes => value,
            Sure::Default => by_default(value),
            Sure::Otherwise => {
                let old = self.settings.names.get(name).map_or(Value::Missing, |setting| setting.value.clone());
                match self.settings.names.get_mut(name) {
                    Some(setting) => {
                        setting.value = by_default(old);
                        return;
                    }
                    None => by_default(old),
                }
            }
            Sure::Perhaps => Value::Unknown,
        };
        self.settings.set(name, value, self.path, span);
    }

    /// `X["a"]["b"] = …` of a dictionary that is known.
    fn item(&mut self, target: &Expr, value: &Expr, sure: Sure) {
        let mut keys = Vec::new();
        let mut inner = target;
        while let Expr::Subscript(subscript) = inner {
            match Evaluation::of(self.settings).evaluate(&subscript.slice, 0) {
                Value::Text(key) => keys.push(key),
                _ => return self.forget(target),
            }
            inner = &subscript.value;
        }
        let Expr::Name(name) = inner else { return self.forget(target) };
        keys.reverse();
        let found = Evaluation::of(self.settings).evaluate(value, 0).bounded();
        let Some(setting) = self.settings.names.get(name.id.as_str()) else { return };
        let (old, span) = (setting.value.clone(), setting.span.clone());
        let changed = operators::through(old, |old| with_item(old, &keys, found));
        self.put(name.id.as_str(), changed.bounded(), span, sure);
    }

    /// `env = environ.Env(DEBUG=(bool, False))`, `env = Env()`, `config = Config(…)`: who reads variables, and their defaults.
    fn scheme(&mut self, target: &Expr, call: &ExprCall) {
        let name = dotted(&call.func);
        let last = name.rsplit('.').next().unwrap_or_default();
        let reads =
            matches!(last, "Env" | "FileAwareEnv" | "AutoConfig") || name == "decouple.Config" || name == "Config";
        let Expr::Name(target) = target else { return };
        if !reads {
            return;
        }
        self.settings.readers.insert(target.id.to_string());
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            if let Value::List(pair) = Evaluation::of(self.settings).evaluate(&keyword.value, 0)
                && let [_, default] = pair.as_slice()
            {
                self.settings.schemes.insert(name.to_string(), default.clone());
            }
        }
    }

    /// `X += […]`. Unless both sides are known, what `X` is now is not, but for the fact that it is.
    fn add(&mut self, assign: &StmtAugAssign, sure: Sure) {
        self.note(&assign.value, sure);
        if let (Expr::Name(name), Operator::Add) = (&*assign.target, assign.op)
            && let Some(setting) = self.settings.names.get(name.id.as_str())
        {
            let more = Evaluation::of(self.settings).evaluate(&assign.value, 0);
            let (old, span) = (setting.value.clone(), setting.span.clone());
            let sum = operate(Operator::Add, old, more).bounded();
            return self.put(name.id.as_str(), sum, span, sure);
        }
        self.forget(&assign.target);
    }

    /// A call for its effect: `ALLOWED_HOSTS.append(…)`, or one that gets all settings into its hands.
    fn call(&mut self, call: &ExprCall, sure: Sure) {
        let names = |expression: &Expr| match expression {
            Expr::Call(inner) => {
                matches!(&*inner.func, Expr::Name(name) if matches!(name.id.as_str(), "locals" | "globals" | "vars"))
            }
            _ => false,
        };
        match &*call.func {
            // `globals().update(…)`
            Expr::Attribute(method) if names(&method.value) => self.settings.open = true,
            Expr::Attribute(method) if is_environ(&method.value) => {
                self.default_variable(method.attr.as_str(), call, sure)
            }
            Expr::Attribute(method) => self.effect(method, call, sure),
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

    /// `os.environ.setdefault(NAME, VALUE)`.
    fn default_variable(&mut self, method: &str, call: &ExprCall, sure: Sure) {
        let [name, value] = &*call.arguments.args else { return };
        let evaluation = Evaluation::of(self.settings);
        if let (Value::Text(name), Value::Text(value), "setdefault", Sure::Yes) =
            (evaluation.evaluate(name, 0), evaluation.evaluate(value, 0), method, sure)
        {
            self.settings.environment.entry(name).or_insert(value);
        }
    }

    /// `X.append(…)`, `X.update(…)`: known for lists and dictionaries that are known.
    fn effect(&mut self, method: &ExprAttribute, call: &ExprCall, sure: Sure) {
        let Expr::Name(name) = &*method.value else { return self.forget(&method.value) };
        let Some(setting) = self.settings.names.get(name.id.as_str()) else { return };
        let arguments: Vec<Value> =
            call.arguments.args.iter().map(|argument| Evaluation::of(self.settings).evaluate(argument, 0)).collect();
        let (old, span) = (setting.value.clone(), setting.span.clone());
        let changed = operators::through(old, |old| match (method.attr.as_str(), old, arguments.as_slice()) {
            ("append", Value::List(mut items), [item]) => {
                items.push(item.clone());
                Value::List(items)
            }
            ("extend", Value::List(mut items), [Value::List(more)]) => {
                items.extend(more.iter().cloned());
                Value::List(items)
            }
            ("insert", Value::List(mut items), [Value::Int(at), item]) if *at >= 0 => {
                items.insert(usize::try_from(*at).unwrap_or_default().min(items.len()), item.clone());
                Value::List(items)
            }
            ("remove", Value::List(mut items), [item]) => {
                items.retain(|other| other != item);
                Value::List(items)
            }
            ("update", Value::Dict(mut pairs), [Value::Dict(more)]) => {
                pairs.extend(more.iter().cloned());
                Value::Dict(pairs)
            }
            _ => Value::Unknown,
        });
        self.put(name.id.as_str(), changed.bounded(), span, sure);
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

/// A star import.
fn star(statement: &Stmt) -> Option<Import<'_>> {
    let Stmt::ImportFrom(from) = statement else { return None };
    from.names.iter().any(|name| name.name.as_str() == "*").then(|| Import {
        module: from.module.as_ref().map(|module| module.as_str()).unwrap_or_default(),
        level: from.level as usize,
    })
}

/// A dictionary with another value below these keys.
fn with_item(value: Value, keys: &[String], item: Value) -> Value {
    let (Value::Dict(mut pairs), [key, rest @ ..]) = (value, keys) else { return Value::Unknown };
    let at = pairs.iter().rposition(|(name, _)| name.text() == Some(key));
    let item = match (rest, at) {
        ([], _) => item,
        (rest, Some(at)) => with_item(pairs[at].1.clone(), rest, item),
        (_, None) => return Value::Unknown,
    };
    match at {
        Some(at) => pairs[at].1 = item,
        None => pairs.push((Value::Text(key.clone()), item)),
    }
    Value::Dict(pairs)
}
