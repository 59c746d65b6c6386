//! Changes: assignments and calls for their effect, and what a name is after them.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, Operator, StmtAugAssign};

use super::evaluation::{Evaluation, operate};
use super::expressions::{dotted, is_environ, is_getenv, range};
use super::glued::glued;
use super::operators::{self, by_default};
use super::syntax::{Sure, Walk};
use super::value::Value;
use super::{Setting, Settings};

impl Walk<'_> {
    pub(super) fn assign(&mut self, target: &Expr, value: &Expr, sure: Sure) {
        self.note(value, sure);
        if let Expr::Call(call) = value {
            self.scheme(target, call);
        }
        match target {
            _ if self.configure(target, value, sure) => {}
            Expr::Name(name) => {
                // `get = environ.get`.
                if is_getenv(&dotted(value)) {
                    self.settings.getters.insert(name.id.to_string());
                }
                self.settings.glued.extend(glued(name.id.as_str(), value, self.path));
                let evaluation = Evaluation::of(self.settings);
                let found = evaluation.evaluate(value, 0).bounded();
                let is_text = sure == Sure::Yes && evaluation.is_text(value);
                self.put(name.id.as_str(), found, range(value), sure);
                self.reads_too(name.id.as_str(), value);
                if let Some(setting) = self.settings.names.get_mut(name.id.as_str()) {
                    setting.is_text = is_text;
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

    /// A name that has been changed reads what the change reads.
    pub(super) fn reads_too(&mut self, name: &str, value: &Expr) {
        let evaluation = Evaluation::of(self.settings);
        let (reads, behind) = (evaluation.variables(value), evaluation.behind(value));
        if let Some(setting) = self.settings.names.get_mut(name) {
            setting.reads.extend(reads);
            setting.behind.extend(behind);
        }
    }

    /// Give a name its value, as far as the statement is carried out.
    pub(super) fn put(&mut self, name: &str, value: Value, span: Range<usize>, sure: Sure) {
        // What a condition sets to the value that it has anyhow has that value.
        let old = self.settings.names.get(name).filter(|_| sure != Sure::Yes && value.is_known());
        if old.is_some_and(|old| old.value == value) {
            return;
        }
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
    pub(super) fn item(&mut self, target: &Expr, value: &Expr, sure: Sure) {
        let Some((name, keys)) = self.keyed(target) else { return self.forget(target) };
        let found = Evaluation::of(self.settings).evaluate(value, 0).bounded();
        let Some(setting) = self.settings.names.get(name.as_str()) else { return };
        let (old, span) = (setting.value.clone(), setting.span.clone());
        let changed = at(old, &keys, |_| found);
        self.put(&name, changed.bounded(), span, sure);
        self.reads_too(&name, value);
    }

    /// `from dj_database_url import parse as db_url`, `import dj_database_url as dj`.
    pub(super) fn address(&mut self, known: &str, real: &str) {
        if matches!(real, "dj_database_url" | "dj_database_url.parse" | "dj_database_url.config") {
            self.settings.addresses.insert(known.to_owned(), real.to_owned());
        }
    }

    /// `env = environ.Env(DEBUG=(bool, False))`, `env = Env()`, `config = Config(…)`: who reads variables, and their defaults.
    pub(super) fn scheme(&mut self, target: &Expr, call: &ExprCall) {
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
    pub(super) fn add(&mut self, assign: &StmtAugAssign, sure: Sure) {
        self.note(&assign.value, sure);
        if let Expr::Name(name) = &*assign.target {
            self.settings.glued.extend(glued(name.id.as_str(), &assign.value, self.path));
        }
        if let (Expr::Name(name), Operator::Add) = (&*assign.target, assign.op)
            && let Some(setting) = self.settings.names.get(name.id.as_str())
        {
            let more = Evaluation::of(self.settings).evaluate(&assign.value, 0);
            let (old, span) = (setting.value.clone(), setting.span.clone());
            if is_all(&name.id, &old) {
                return self.reads_too(name.id.as_str(), &assign.value);
            }
            let sum = operate(Operator::Add, old, more).bounded();
            self.put(name.id.as_str(), sum, span, sure);
            return self.reads_too(name.id.as_str(), &assign.value);
        }
        self.forget(&assign.target);
    }

    /// A call for its effect: `ALLOWED_HOSTS.append(…)`, or one that gets all settings into its hands.
    pub(super) fn call(&mut self, call: &ExprCall, sure: Sure) {
        let names = |expression: &Expr| match expression {
            Expr::Call(inner) => {
                matches!(&*inner.func, Expr::Name(name) if matches!(name.id.as_str(), "locals" | "globals" | "vars"))
            }
            _ => false,
        };
        match &*call.func {
            _ if self.configures(call, sure) => {}
            // `globals().update(…)`
            Expr::Attribute(method) if names(&method.value) => self.settings.open = true,
            Expr::Attribute(method) if is_environ(&method.value) => {
                self.default_variable(method.attr.as_str(), call, sure)
            }
            Expr::Attribute(method) => self.effect(method, call, sure),
            Expr::Name(name) if name.id.as_str() == "include" => self.included(call, sure),
            Expr::Name(name) if matches!(name.id.as_str(), "exec" | "execfile") => self.settings.forget_all(),
            _ => {}
        }
        // `django_heroku.settings(locals())`, or another that gets them all.
        if call.arguments.args.iter().any(names) && !self.of_heroku(call, sure) {
            self.settings.forget_all();
        }
    }

    /// What `django_heroku.settings` sets (0.3.1, its only line of releases); tells whether it is that call, and it is made.
    fn of_heroku(&mut self, call: &ExprCall, sure: Sure) -> bool {
        let is_off = |name: &str| {
            let keyword =
                call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == name));
            keyword.map(|keyword| matches!(&keyword.value, Expr::BooleanLiteral(literal) if !literal.value))
        };
        if dotted(&call.func) != "django_heroku.settings" || sure != Sure::Yes {
            return false;
        }
        let span = range(&call.func);
        let does = |name: &str| is_off(name) != Some(true);
        // `DATABASE_URL` and `SECRET_KEY` of the environment take their places.
        for name in ["databases", "logging", "secret_key"].into_iter().filter(|name| does(name)) {
            let setting = match name {
                "databases" => "DATABASES",
                "logging" => "LOGGING",
                _ => "SECRET_KEY",
            };
            self.put(setting, Value::Unknown, span.clone(), sure);
        }
        if does("allowed_hosts") {
            self.put("ALLOWED_HOSTS", Value::List(vec![Value::Text("*".to_owned())]), span.clone(), sure);
        }
        if does("staticfiles") {
            let root = match self.settings.value("BASE_DIR") {
                Value::Path(folder) if folder.is_empty() => Value::Path("staticfiles".to_owned()),
                _ => Value::Unknown,
            };
            self.put("STATIC_ROOT", root, span.clone(), sure);
            for (name, text) in [
                ("STATIC_URL", "/static/"),
                ("STATICFILES_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage"),
            ] {
                self.put(name, Value::Text(text.to_owned()), span.clone(), sure);
            }
            let first = Value::List(vec![Value::Text("whitenoise.middleware.WhiteNoiseMiddleware".to_owned())]);
            let name = if *self.settings.value("MIDDLEWARE_CLASSES") == Value::Missing {
                "MIDDLEWARE"
            } else {
                "MIDDLEWARE_CLASSES"
            };
            let all = operate(Operator::Add, first, self.settings.value(name).clone()).bounded();
            // It stays where it stands: there somebody changes it.
            if let Some(setting) = self.settings.names.get_mut(name) {
                setting.value = all;
            }
        }
        true
    }

    /// `include("base.py", optional("local.py"))` of split-settings: each file sees what the ones before it have set.
    fn included(&mut self, call: &ExprCall, sure: Sure) {
        for argument in &call.arguments.args {
            let (file, is_optional) = match argument {
                Expr::Call(inner) if dotted(&inner.func).ends_with("optional") => (inner.arguments.args.first(), true),
                other => (Some(other), false),
            };
            let file = file.map(|file| Evaluation::of(self.settings).evaluate(file, 0));
            let module = file.as_ref().and_then(Value::text).and_then(|file| file.strip_suffix(".py"));
            // It sees the names of whoever includes it.
            let undefined = self.settings.undefined.len();
            // Which files a pattern finds, or a condition lets in, is not known.
            let module = module.filter(|module| sure == Sure::Yes && !module.contains(['*', '?', '[', '.']));
            let found = module.is_some_and(|module| self.take_in(&module.replace('/', "."), 1));
            self.settings.undefined.truncate(undefined);
            let may_be_missing = is_optional && module.is_some();
            self.settings.open |= !(found || may_be_missing);
        }
    }

    /// `os.environ.setdefault(NAME, VALUE)`.
    pub(super) fn default_variable(&mut self, method: &str, call: &ExprCall, sure: Sure) {
        let [name, value] = &*call.arguments.args else { return };
        let evaluation = Evaluation::of(self.settings);
        if let (Value::Text(name), Value::Text(value), "setdefault", Sure::Yes) =
            (evaluation.evaluate(name, 0), evaluation.evaluate(value, 0), method, sure)
        {
            self.settings.environment.entry(name).or_insert(value);
        }
    }

    /// `X.append(…)`, `X["a"].update(…)`: known for lists and dictionaries that are known.
    pub(super) fn effect(&mut self, method: &ExprAttribute, call: &ExprCall, sure: Sure) {
        let Some((name, keys)) = self.keyed(&method.value) else { return self.forget(&method.value) };
        let Some(setting) = self.settings.names.get(name.as_str()) else { return };
        let evaluation = Evaluation::of(self.settings);
        let arguments: Vec<Value> = call.arguments.args.iter().map(|one| evaluation.evaluate(one, 0)).collect();
        let (old, span) = (setting.value.clone(), setting.span.clone());
        if is_all(&name, &old) && matches!(method.attr.as_str(), "append" | "extend" | "insert") {
            return;
        }
        let plain = call.arguments.keywords.is_empty();
        let changed = at(old, &keys, |old| match (method.attr.as_str(), arguments.as_slice()) {
            ("update", [more]) if plain => operators::both(old, more.clone(), |old, more| match (old, more) {
                (Value::Dict(mut pairs), Value::Dict(more)) => {
                    pairs.extend(more);
                    Value::Dict(pairs)
                }
                _ => Value::Unknown,
            }),
            (method, arguments) => operators::through(old, |old| after(method, old, arguments)),
        });
        self.put(&name, changed.bounded(), span, sure);
        for argument in &call.arguments.args {
            self.reads_too(&name, argument);
        }
    }

    /// `X["a"]["b"]`: the name, and the keys below it, as far as they are known.
    fn keyed(&self, target: &Expr) -> Option<(String, Vec<String>)> {
        let mut keys = Vec::new();
        let mut inner = target;
        while let Expr::Subscript(subscript) = inner {
            match Evaluation::of(self.settings).evaluate(&subscript.slice, 0) {
                Value::Text(key) => keys.push(key),
                _ => return None,
            }
            inner = &subscript.value;
        }
        keys.reverse();
        match inner {
            Expr::Name(name) => Some((name.id.to_string(), keys)),
            _ => None,
        }
    }

    /// `X[…] = …`, `X += …`, `X.append(…)`: what `X` is now, nobody knows.
    pub(super) fn forget(&mut self, target: &Expr) {
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

impl Settings {
    /// The whole name of what `dj_database_url` has, however a file calls it; other names stay as they are.
    pub(super) fn address(&self, name: String) -> String {
        let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
        match self.addresses.get(first) {
            Some(real) if rest.is_empty() => real.clone(),
            Some(real) => format!("{real}.{rest}"),
            None => name,
        }
    }
}

/// Are all hosts allowed? Then nothing that is added to them says more.
fn is_all(name: &str, value: &Value) -> bool {
    name == "ALLOWED_HOSTS" && value.items().iter().any(|host| host.text() == Some("*"))
}

/// What a list, or a router, is after a call of one of its methods.
fn after(method: &str, old: Value, arguments: &[Value]) -> Value {
    match (method, old, arguments) {
        ("register", router @ Value::Router, _) => router,
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
        _ => Value::Unknown,
    }
}

/// A dictionary with another value below these keys, which is made of the one that is there.
fn at(value: Value, keys: &[String], with: impl FnOnce(Value) -> Value) -> Value {
    let Some((key, rest)) = keys.split_first() else { return with(value) };
    operators::through(value, |value| {
        let Value::Dict(mut pairs) = value else { return Value::Unknown };
        let place = pairs.iter().rposition(|(name, _)| name.text() == Some(key));
        match place {
            Some(place) => {
                let old = std::mem::replace(&mut pairs[place].1, Value::Missing);
                pairs[place].1 = at(old, rest, with);
            }
            None if rest.is_empty() => pairs.push((Value::Text(key.clone()), with(Value::Missing))),
            None => return Value::Unknown,
        }
        Value::Dict(pairs)
    })
}
