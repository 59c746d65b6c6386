//! The only door to `tera`: rendering that executes nothing and knows every name it meets.
//!
//! Tera alone takes an unknown name in `{% if name %}` for false. Here each template's names are looked up before it is
//! rendered, so that a typo can never quietly leave a file out.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::Value;
use tera::Tera;

use super::Error;
use super::bounds::{Meter, check_depth};
use super::names::Names;
use crate::ui;

/// Values of the names of a template.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    context: tera::Context,
    names: BTreeSet<String>,
    /// Values that no message may repeat.
    secrets: BTreeSet<String>,
    /// Shared by all clones: a matrix renders the same few templates thousands of times.
    parsed: Rc<RefCell<HashMap<String, Rc<Parsed>>>>,
}

struct Parsed {
    tera: Tera,
    meter: Meter,
    /// Names that the template takes from outside.
    names: BTreeSet<String>,
}

impl Scope {
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.context.insert(name, &value);
        self.names.insert(name.to_owned());
    }

    /// Keep this value out of every message.
    pub(crate) fn hide(&mut self, secret: &str) {
        self.secrets.insert(secret.to_owned());
    }

    /// What Tera says, without anything that is kept out of messages.
    fn scrub(&self, error: tera::Error) -> tera::Error {
        if self.secrets.is_empty() {
            return error;
        }
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let mut said: Vec<String> = causes.map(ToString::to_string).collect();
        for text in &mut said {
            for secret in self.secrets.iter().rev() {
                *text = text.replace(secret.as_str(), "…");
            }
        }
        let last = tera::Error::msg(said.pop().unwrap_or_default());
        said.into_iter().rev().fold(last, |cause, text| tera::Error::chain(text, cause))
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

/// Names of the filters that templates have.
fn filters() -> Vec<String> {
    let mut tera = Tera::default();
    super::filters::register(&mut tera);
    let mut names: Vec<String> = tera.filters.keys().cloned().chain(["default".to_owned()]).collect();
    names.sort();
    names
}

fn unusable(place: &str, source: tera::Error) -> Error {
    Error::Template { place: place.to_owned(), source: Box::new(source), filters: filters() }
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
    parsed.meter.reset();
    let mut out = LimitedWriter(Vec::new());
    parsed.tera.render_to(TEMPLATE, &scope.context, &mut out).map_err(|source| unusable(place, scope.scrub(source)))?;
    Ok(String::from_utf8(out.0).expect("Tera writes text"))
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
        check_depth(text).map_err(tera::Error::msg)?;
        let mut tera = Tera::default();
        // Nothing here is a web page's data: `&` in a title stays `&`.
        tera.autoescape_on(Vec::new());
        // Reads the machine's environment: templates know answers and nothing else.
        tera.functions.remove("get_env");
        tera.register_function("range", range);
        super::filters::register(&mut tera);
        tera.add_raw_template(TEMPLATE, text)?;
        let mut names = Names::default();
        names.nodes(&tera.get_template(TEMPLATE)?.ast);
        // Tera finds out only when it comes by.
        // Two of its own it knows without a table.
        let known = |name: &String| matches!(name.as_str(), "default" | "safe") || tera.filters.contains_key(name);
        if let Some(unknown) = names.filters.iter().find(|name| !known(name)) {
            return Err(tera::Error::msg(format!("Filter '{unknown}' not found")));
        }
        match names.endless {
            Some(why) => Err(tera::Error::msg(why)),
            None => {
                let meter = Meter::default();
                meter.install(&mut tera, TEMPLATE);
                Ok(Self { tera, meter, names: names.wanted })
            }
        }
    }
}

/// `range(start=0, end=…, step_by=1)`, as Tera has it, for so many numbers that a template may be of use.
fn range(arguments: &HashMap<String, Value>) -> tera::Result<Value> {
    const MOST: usize = 1_000;
    let number = |name: &str, default: Option<usize>| {
        let given =
            arguments.get(name).map_or(default, |value| value.as_u64().and_then(|number| number.try_into().ok()));
        given.ok_or_else(|| tera::Error::msg(format!("`range` needs a whole number for `{name}`")))
    };
    let (start, end, step) = (number("start", Some(0))?, number("end", None)?, number("step_by", Some(1))?);
    let numbers: Vec<usize> = (start..end).step_by(step.max(1)).take(MOST + 1).collect();
    if numbers.len() > MOST {
        return Err(tera::Error::msg(format!("`range` gives {MOST} numbers at most")));
    }
    Ok(numbers.into())
}

/// Output of a template, up to a limit.
struct LimitedWriter(Vec<u8>);

impl Write for LimitedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const MOST: usize = 8 << 20;
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::other(format!("it becomes longer than {}", ui::bytes(MOST as u64))));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        case("{{ table.a.n }}{{ list.1 }}", "1y");
    }

    #[test]
    fn unknown_names_are_errors_wherever_they_stand() {
        #[track_caller]
        fn case(text: &str, name: &str) {
            match render("case", text, &scope()) {
                Err(Error::NameUnknown { name: found, known, .. }) => {
                    assert_eq!(found, name);
                    assert_eq!(known, ["kind", "list", "name", "on", "table"]);
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        case("{{ nmae }}", "nmae");
        case("{% if nmae %}{% endif %}", "nmae");
        case("{% if on %}{% else %}{{ nmae }}{% endif %}", "nmae");
        case("{% if table.c.n %}{% endif %}", "table.c.n");
        case("{{ table[knid].n }}", "knid");
        case("{{ list.2 }}", "list.2");
        case("{{ name.a }}", "name.a");
        case("{{ name | replace(from=nmae, to='') }}", "nmae");
        case("{% for item in list %}{% endfor %}{{ item }}", "item");
        case("{% if nmae is defined %}{% endif %}", "nmae");
        case("{{ 'a' ~ nmae }}", "nmae");
    }

    #[test]
    fn filters_that_are_not_there_are_told_those_that_are() {
        let Err(Error::Template { filters, .. }) = render("case", "{{ name | uper }}", &scope()) else { panic!() };
        let known = ["default", "json_python", "upper"].map(|name| filters.binary_search(&name.to_owned()).is_ok());
        assert_eq!(known, [true; 3], "{filters:?}");
    }

    #[test]
    fn what_is_hidden_stands_in_no_message() {
        let mut scope = scope();
        scope.set("password", json!("hunter2"));
        let told = |scope: &Scope| format!("{:?}", render("case", "{{ password | first }}", scope).unwrap_err());
        assert!(told(&scope).contains("hunter2"), "Tera repeats it");
        scope.hide("hunter2");
        assert!(!told(&scope).contains("hunter2") && told(&scope).contains('…'));
        assert_eq!(format!("{scope:?}"), r#"{"kind", "list", "name", "on", "password", "table"}"#);
    }

    #[test]
    fn the_last_byte_that_fits_is_written() {
        let mut out = LimitedWriter(vec![b'a'; (8 << 20) - 2]);
        assert_eq!(out.write(b"aa").unwrap(), 2);
        assert!(out.write(b"a").is_err());
        assert_eq!(out.0.len(), 8 << 20);
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
    fn rendering_comes_to_an_end() {
        #[track_caller]
        fn case(text: &str, why: &str) {
            let error = render("case", text, &scope()).unwrap_err();
            let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
            let told: Vec<String> = causes.map(ToString::to_string).collect();
            assert!(told.iter().any(|told| told.contains(why)), "{text}: {told:?}");
        }
        let digits = render("case", "{% for n in range(start=1, end=9, step_by=4) %}{{ n }}{% endfor %}", &scope());
        assert_eq!(digits.unwrap(), "15");
        case("{% for n in range(end=1001) %}{% endfor %}", "1000 numbers at most");
        case("{% for n in range(end=-1) %}{% endfor %}", "needs a whole number for `end`");
        case("{{ range() }}", "needs a whole number for `end`");
        case("{% include 'template' %}", "stands alone");
        case("{% macro a() %}{{ self::a() }}{% endmacro %}{{ self::a() }}", "a macro calls a macro");
        let four = "{% for a in list %}".repeat(4) + &"{% endfor %}".repeat(4);
        case(&four, "more than three loops");
        let long = "{% for a in range(end=1000) %}{% for b in range(end=1000) %}a line that is long enough to fill it before the rounds are counted out{% endfor %}{% endfor %}";
        case(long, "it becomes longer than 8.4 MB");
        let rounds = "{% for a in range(end=1000) %}{% for b in range(end=1000) %}{% for c in range(end=1000) %}{% endfor %}\
                      {% endfor %}{% endfor %}";
        case(rounds, "its loops go round more than 200000 times");
        let in_macro = "{% macro m() %}{% for a in range(end=1000) %}{% endfor %}{% endmacro %}{% for a in range(end=1000) %}{{ self::m() }}{% endfor %}";
        case(in_macro, "its loops go round more than 200000 times");
        case("{% block a %}{% endblock %}", "stands alone");
        // Tera would end the program.
        case("{% if not name ~ kind %}{% endif %}", "made of joined texts");
        case("{% if on and name ~ kind | length %}{% endif %}", "made of joined texts");
    }

    /// Everything that makes two of one, sixty times over.
    #[test]
    fn values_stay_small() {
        #[track_caller]
        fn case(doubled: &str) {
            let template = format!(
                "{{% set_global x = 'aaaaaaaaaaaaaaaaaaaa' %}}{{% set_global y = ['a'] %}}{{% for a in range(end=60) %}}{doubled}{{% endfor %}}"
            );
            let error = render("case", &template, &scope()).unwrap_err();
            let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
            let told: Vec<String> = causes.map(ToString::to_string).collect();
            let bounded = |told: &String| {
                ["larger than 1.0 MB", "more than 67.1 MB", "longer than 8.4 MB"].iter().any(|why| told.contains(why))
            };
            assert!(told.iter().any(bounded), "{doubled}: {told:?}");
        }
        case("{% set_global x = x ~ x %}");
        case("{% set_global x = x | replace(from='a', to='aa') %}");
        case("{% set_global x = x | replace(from='', to='aa') %}");
        case("{% set_global y = [y, y] %}");
        case("{% set_global y = y | concat(with=y) %}");
        case("{% set_global x = [x, x] | join(sep=x) %}");
        case("{% set_global x = [x, x] | json_encode %}");
        case("{% set_global x = x ~ '\n' ~ x | indent(prefix=x) %}");
        case("{% if x ~ x ~ x == 'a' %}{% endif %}{% set_global x = x ~ x %}");
        case(
            "{% filter upper %}{% for a in range(end=999) %}{% for a in range(end=99) %}a line that is long enough to fill the memory of a machine with nothing at all, and then to fill it all over again, for as long as it takes to have no room for anything, not even for a word to say so, or for another one after that. And once more, so that it is certainly enough: a line that is long enough to fill the memory of a machine with nothing at all, over and over again, until there is no room left for anything at all.{{ x }}{% endfor %}{% endfor %}{% endfilter %}",
        );
        // In one expression.
        let chain = "| replace(from='x', to='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')".repeat(7);
        let error = render("case", &format!("{{{{ 'x' {chain} | length }}}}"), &scope()).unwrap_err();
        assert!(format!("{error:?}").contains("larger than 1.0 MB"), "{error:?}");
    }

    #[test]
    fn what_is_counted_renders_as_before() {
        #[track_caller]
        fn case(text: &str, expected: &str) {
            assert_eq!(render("case", text, &scope()).unwrap(), expected);
        }
        case("{% if not on %}a{% elif 'x' in list and list | length > 1 %}b{% endif %}", "b");
        case("{{ list | join(sep='-') | upper }}{{ list | length + 1 }}{{ not on }}", "X-Y3false");
        case("{% set both = list | concat(with=['z']) %}{% for a in both %}{{ a ~ '.' }}{% endfor %}", "x.y.z.");
        case("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ self::m(a=name ~ '!') }}", "[shop & co!]");
        case("{% filter upper %}a{% for a in list -%} {{ a }} {%- endfor %}{% endfilter %}", "AXY");
        case("{% for a in [] %}{% else %}none{% endfor %}{{ name | default(value='d') }}", "noneshop & co");
    }

    #[test]
    fn conditions() {
        assert!(holds("case", "on and kind != 'a'", &scope()).unwrap());
        assert!(!holds("case", "not on", &scope()).unwrap());
        assert!(holds("case", "'x' in list", &scope()).unwrap());
        assert!(matches!(holds("case", "on %}{% if on", &scope()), Err(Error::Template { .. })));
    }
}
