//! Macros: what is defined in a template, and called in it with arguments by their names.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{Kind, Kinds};
use super::syntax::{Argument, Expression, Macro, Unsaid};
use super::writer::Writer;

impl Macro {
    /// `name(argument, argument=literal)`
    pub(super) fn read(text: &str) -> Result<Self, Unsaid> {
        let Expression::Call(callee, given) = Expression::parse(text)? else {
            return Err("a macro has no arguments".to_owned());
        };
        let Expression::Name(name) = *callee else { return Err("a macro has no name".to_owned()) };
        let mut arguments = Vec::new();
        for Argument { name, value } in given {
            arguments.push(match (name, value) {
                (None, Expression::Name(name)) => (name, None),
                (Some(name), value @ (Expression::Text(_) | Expression::Number(_) | Expression::Flag(_))) => {
                    (name, Some(value))
                }
                (Some(name), _) => return Err(format!("what stands for the argument `{name}` is no plain value")),
                (None, _) => return Err("an argument of a macro has no name".to_owned()),
            });
        }
        Ok(Self { name, arguments, passed: BTreeSet::new() })
    }

    pub(super) fn takes(&self, name: &str) -> bool {
        self.arguments.iter().any(|(argument, _)| argument == name)
    }

    /// The inside of the tag that begins it.
    pub(super) fn head(&self, writer: Writer<'_>) -> Result<String, Unsaid> {
        let own = self.arguments.iter().map(|(name, value)| match value {
            None => Ok(name.clone()),
            Some(value) => Ok(format!("{name}={}", writer.value(value)?)),
        });
        let all: Vec<String> = own.chain(self.passed.iter().cloned().map(Ok)).collect::<Result<_, Unsaid>>()?;
        Ok(format!("macro {}({})", self.name, all.join(", ")))
    }
}

/// What macros are called with, by what the text calls them: the name of each argument, where it has one, and its kind.
pub(super) type Calls = BTreeMap<String, Vec<Vec<(Option<String>, Kind)>>>;

impl Expression {
    /// Notes each call in it.
    pub(super) fn calls(&self, kinds: &Kinds<'_>, found: &mut Calls) {
        let mut inside: Vec<&Self> = Vec::new();
        match self {
            Self::Call(callee, arguments) => {
                if let Some(name) = callee.dotted() {
                    let given = arguments.iter().map(|given| (given.name.clone(), given.value.kind(kinds)));
                    found.entry(name).or_default().push(given.collect());
                }
                inside.push(callee);
                inside.extend(arguments.iter().map(|argument| &argument.value));
            }
            Self::Filter(of, _, arguments) => {
                inside.push(of);
                inside.extend(arguments.iter().map(|argument| &argument.value));
            }
            Self::Test(of, _, _, arguments) => {
                inside.push(of);
                inside.extend(arguments);
            }
            Self::List(items) => inside.extend(items),
            Self::Attribute(of, _) | Self::Not(of) | Self::Negative(of) => inside.push(of),
            Self::Index(one, other) | Self::Binary(_, one, other) => inside.extend([&**one, &**other]),
            Self::Either { condition, yes, no } => {
                inside.extend([&**condition, &**yes].into_iter().chain(no.as_deref()));
            }
            Self::Name(_) | Self::Text(_) | Self::Number(_) | Self::Flag(_) => {}
        }
        inside.into_iter().for_each(|inner| inner.calls(kinds, found));
    }
}

impl Macro {
    /// What an argument is, in all of the calls and where it is left out.
    pub(super) fn kind(&self, at: usize, calls: &Calls) -> Kind {
        let Some((name, default)) = self.arguments.get(at) else { return Kind::Unknown };
        let of_call = |given: &Vec<(Option<String>, Kind)>| {
            let named = given.iter().find(|(given, _)| given.as_ref() == Some(name));
            named.or_else(|| given.get(at).filter(|(given, _)| given.is_none())).map(|(_, kind)| kind.clone())
        };
        let given = calls.get(&self.name).into_iter().flatten().filter_map(of_call);
        let default = default.as_ref().map(|value| value.kind(&|_| Kind::Unknown));
        given.chain(default).reduce(Kind::or).unwrap_or_default()
    }
}

impl Writer<'_> {
    /// A call of a macro with these arguments.
    pub(super) fn macro_call(self, called: &Macro, given: &[Argument]) -> Result<String, Unsaid> {
        let mut said: BTreeMap<&str, String> = BTreeMap::new();
        for (at, argument) in given.iter().enumerate() {
            let by_place = || called.arguments.get(at).map(|(name, _)| name.as_str());
            let name = argument.name.as_deref().or_else(by_place).filter(|name| called.takes(name));
            let name = name.ok_or_else(|| format!("`{}` has no such argument", called.name))?;
            said.insert(name, self.value(&argument.value)?);
        }
        let left_out =
            |(name, value): &&(String, Option<Expression>)| value.is_none() && !said.contains_key(name.as_str());
        if let Some((name, _)) = called.arguments.iter().find(left_out) {
            return Err(format!("`{}` is called without `{name}`", called.name));
        }
        said.extend(called.passed.iter().map(|name| (name.as_str(), name.clone())));
        let said: Vec<String> = said.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(format!("self::{}({})", called.name, said.join(", ")))
    }
}
