//! Branches: what is known of a name that more than one of them sets, or a module that only one of them takes in.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::Setting;
use super::evaluation::Evaluation;
use super::expressions::range;
use super::operators::by_default;
use super::syntax::{Import, Names, Sure, Walk};
use super::value::Value;

impl Walk<'_> {
    /// Carry out another module, as far as the statement is that takes all of it in; tells whether there is one.
    pub(super) fn all_of(&mut self, import: &Import<'_>, sure: Sure) -> bool {
        if sure == Sure::Yes {
            return (self.import)(self.settings, import);
        }
        let before = self.settings.names.clone();
        let (files, required, opened) =
            (self.settings.files.len(), self.settings.required.len(), self.settings.opened.len());
        let undefined = self.settings.undefined.len();
        let found = (self.import)(self.settings, import);
        // What the module cannot do without matters only where it is loaded.
        self.settings.required.truncate(required);
        self.settings.opened.truncate(opened);
        self.settings.undefined.truncate(undefined);
        if sure != Sure::Default {
            // Another branch may take in the same files.
            let others = self.settings.files.split_off(files);
            self.settings.aside.extend(others);
        }
        let mut names = Names::new();
        for (name, setting) in &mut self.settings.names {
            let old = before.get(name);
            if old
                .is_some_and(|old| (&old.path, &old.span, &old.value) == (&setting.path, &setting.span, &setting.value))
            {
                continue;
            }
            names.insert(name.clone(), setting.clone());
            match (sure, old) {
                (Sure::Yes, _) => {}
                (Sure::Default, _) => setting.value = by_default(setting.value.clone()),
                (Sure::Otherwise, Some(old)) => {
                    *setting = Setting { value: by_default(old.value.clone()), ..old.clone() };
                }
                (Sure::Otherwise, None) => setting.value = by_default(Value::Missing),
                (Sure::Perhaps, _) => setting.value = Value::Unknown,
            }
        }
        self.branches.push(names);
        found
    }

    /// What each of the branches says of which one is carried out is known, whichever that is.
    pub(super) fn agree(&mut self, bodies: &[Vec<&Stmt>], sure: Sure) {
        let [first, others @ ..] = bodies else { return };
        if others.is_empty() {
            return;
        }
        for statement in first {
            let Some((name, expression)) = plain(statement) else { continue };
            let said = |body: &Vec<&Stmt>| {
                let mut found =
                    body.iter().filter_map(|statement| plain(statement)).filter(|(other, _)| *other == name);
                let (_, value) = found.next()?;
                // What else is done to it there is not looked into.
                let once = body.iter().map(|statement| self.mentions(statement, name)).sum::<usize>() == 1;
                let value = Evaluation::of(self.settings).evaluate(value, 0);
                (once && (value.is_known() || value == Value::None)).then_some(value)
            };
            let Some(value) = said(first) else { continue };
            if others.iter().all(|body| said(body).as_ref() == Some(&value)) {
                self.put(name, value, range(expression), sure);
            }
        }
    }

    /// The same of modules: what each of those says that the branches take in.
    pub(super) fn agree_in_all(&mut self, taken: &[Names], sure: Sure) {
        let [first, others @ ..] = taken else { return };
        if others.is_empty() {
            return;
        }
        for (name, setting) in first {
            let alike = |other: &Names| other.get(name).is_some_and(|other| other.value == setting.value);
            let is_left = self.settings.names.get(name).is_some_and(|now| now.value.is_undecided());
            if is_left && setting.value != Value::Unknown && others.iter().all(alike) {
                let value = if sure == Sure::Yes { setting.value.clone() } else { by_default(setting.value.clone()) };
                self.settings.names.insert(name.clone(), Setting { value, ..setting.clone() });
            }
        }
    }

    /// How often a statement has this name in it.
    fn mentions(&self, statement: &Stmt, name: &str) -> usize {
        let (start, end) = (statement.range().start().to_usize(), statement.range().end().to_usize());
        let text = self.text.get(start..end).unwrap_or_default();
        text.split(|char: char| !(char.is_alphanumeric() || char == '_')).filter(|word| *word == name).count()
    }
}

/// `NAME = VALUE`.
fn plain(statement: &Stmt) -> Option<(&str, &Expr)> {
    let Stmt::Assign(assign) = statement else { return None };
    match assign.targets.as_slice() {
        [Expr::Name(name)] => Some((name.id.as_str(), &assign.value)),
        _ => None,
    }
}
