use super::super::template::Reading;
use super::super::walker;
use super::*;
use crate::stack::{Scope, render};

mod python;

/// What the names of these tests stand for.
fn kinds(name: &str) -> Kind {
    match name {
        "name" | "text" | "empty" | "url" => Kind::Text,
        "port" | "zero" => Kind::Digits,
        "flag" | "off" => Kind::Flag,
        "list" | "nothing" => Kind::List(Box::new(Kind::Plain)),
        _ => Kind::Unknown,
    }
}

fn said(jinja: &str) -> Result<String, Unsaid> {
    let macros = Macros::new();
    Writer { kinds: &kinds, macros: &macros }.value(&Expression::parse(jinja)?)
}

fn condition(jinja: &str) -> Result<String, Unsaid> {
    let macros = Macros::new();
    Writer { kinds: &kinds, macros: &macros }.condition(&Expression::parse(jinja)?)
}

#[test]
fn expressions_are_said_in_the_other_words() {
    #[track_caller]
    fn case(jinja: &str, expected: &str) {
        assert_eq!(said(jinja).as_deref(), Ok(expected), "{jinja}");
    }
    case("project_name", "project_name");
    case("name | lower | replace(' ', '-')", "name | lower | replace(from=\" \", to=\"-\")");
    case("name.lower().replace('a', 'b')", "name | lower | replace(from=\"a\", to=\"b\")");
    case("name|slugify('_')", "name | lower | snake_case");
    case("name|slugify", "name | lower | slugify");
    case("name|title", "name | title");
    case("name.title()", "name | title(every=true)");
    case("a and not b or c == 'x'", "a and not b or c == \"x\"");
    case("(a or b) and c", "(a or b) and c");
    case("'pylint' in list", "\"pylint\" in list");
    case("x not in ['a', 'b']", "x not in [\"a\", \"b\"]");
    case("name in ('MIT', 'BSD',)", "name in [\"MIT\", \"BSD\"]");
    case("url.startswith(\"https://\")", "url is starting_with(\"https://\")");
    case("cookiecutter.project_name", "project_name");
    case("url.rstrip('/')", "url | trim_end_matches(pat=\"/\")");
    case("items|join(', ')", "items | join(sep=\", \")");
    case("', '.join(items)", "items | join(sep=\", \")");
    case("versions[0]", "versions[0]");
    case("versions[-1]", "versions | last");
    case("x is not defined", "x is not defined");
    case("range(3)", "range(end=3)");
    case("range(port)", "range(end=port | int)");
    case("d.items()", "d");
    case("x|length > 1", "x | length > 1");
    case("True", "true");
    case("'it\\'s'", "\"it's\"");
    // Brackets stand where the meaning needs them, and nowhere else: the engine has them for calculations and `or` only.
    case("a - (b - c)", "a - (b - c)");
    case("a - b - c", "a - b - c");
    case("(a + b) * 2", "(a + b) * 2");
    case("a / (b * c)", "a / (b * c)");
    case("not (a and name == 'x')", "not a or name != \"x\"");
    case("not (a or b) and c", "not a and not b and c");
    case("not ('x' in list)", "\"x\" not in list");
    case("not (not flag)", "flag");
    case("(a ~ b) | lower", "a ~ b | lower");
    case("a ~ (b ~ 'c')", "a ~ b ~ \"c\"");
    case("a + '-x'", "a ~ \"-x\"");
    case("a|length + 1", "a | length + 1");
    case("1 + a|length", "a | length + 1");
    case("text | indent", "text | indent");
    case("text | indent(2)", "text | indent(prefix=\"  \")");
    case("text | indent(width=2, first=True)", "text | indent(prefix=\"  \", first=true)");
    case("x | default('y')", "x | default(value=\"y\")");
    case("x | d(default_value='y')", "x | default(value=\"y\")");
    case("-1", "-1");
    // What was answered is a text here, and a number there.
    case("port + 1", "port | int + 1");
    case("port > 1024", "port | int > 1024");
    case("port == zero", "port | int == zero | int");
    case("port in [80, 443]", "port | int in [80, 443]");
    case("port | tojson", "port | int | json_python(html=true)");
    case("loop.index % 2 == 0", "loop.index % 2 == 0");
    // There, what is no number differs from no number.
    case("a != 1", "not a == 1");
    case("list == []", "not list");
    case("not port", "not port | int");
    case("flag is true", "flag == true");
}

#[test]
fn conditions_hold_where_a_value_is_something() {
    #[track_caller]
    fn case(jinja: &str, expected: &str) {
        assert_eq!(condition(jinja).as_deref(), Ok(expected), "{jinja}");
    }
    case("port", "port | int");
    case("not port and name", "not port | int and name");
    case("not (not a)", "a");
    case("None or a", "false or a");
    case("x | default('', true)", "x or \"\"");
    case("name if flag else text", "flag and name or not flag and text");
    case("a ~ b", "a ~ b");
    assert!(condition("('a' | upper)").is_err());
    assert!(condition("(a ~ b) | length").is_err(), "the engine would look past the filter");
    assert!(condition("(a + 1) | abs").is_err());
}

#[test]
fn what_cannot_be_said_has_a_reason() {
    #[track_caller]
    fn case(jinja: &str, why: &str) {
        let error = said(jinja).unwrap_err();
        assert!(error.contains(why), "{jinja}: {error}");
    }
    case("name[1:]", "slices");
    case("name[0]", "no numbered letters");
    case("name | regex_replace('a', 'b')", "no filter `regex_replace`");
    case("name | truncate(5)", "no filter `truncate`");
    case("name.rsplit('/')", "no method `rsplit`");
    case("name.lstrip('ab')", "takes one letter");
    case("now()", "no function `now`");
    case("{'a': 1}", "`[data.NAME]`");
    case("x is none", "no test `none`");
    case("(a == b) | lower", "for texts here");
    case("(a == b) | first", "brackets");
    case("a ~ b | lower", "only names and texts are joined");
    case("(a + 1) ~ b", "only names and texts are joined");
    case("a - b | float", "inside of a calculation");
    case("(a|length + b) | abs", "brackets");
    case("(a == b) == c", "inside of a comparison");
    case("-x | abs", "a sign stands before");
    case("a if b else c", "choice between two values");
    case("x | default('y', true)", "stands inside of an expression");
    case("a b", "more than one expression");
    case("a ==", "an expression is missing");
    case("'a", "not closed");
    case("a ; b", "`;` means nothing");
    case("loop.length", "no `loop.length`");
    case("name + 1", "a text is calculated with");
    case("'%s' % name", "below zero");
    case("port % 2", "below zero");
    case("flag + 1", "a condition is calculated with");
    case("port == 'a'", "of two kinds");
    case("name < 'b'", "for numbers here");
    case("2.5 | round", "rounds to the next even number");
    case("list | sort", "takes capitals");
    case("name | e", "other entities");
    case("port.upper()", "a method of texts");
    case("not not name", "`not` stands twice");
    case("not (name ~ text)", "before joined texts");
}

/// A text that is as deep as nobody writes one costs no stack, neither to read it nor to forget it.
#[test]
fn what_is_too_deep_is_refused() {
    #[track_caller]
    fn case(jinja: &str, why: &str) {
        let error = Expression::parse(jinja).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let deep = 100_000;
    case(&"(".repeat(deep), "nested too deeply");
    case(&"[".repeat(deep), "nested too deeply");
    case(&"a if b else ".repeat(deep), "nested too deeply");
    // Each of these would be said twice for the one around it.
    let conditions = (0..50).fold("a".to_owned(), |inner, _| format!("(a if {inner} else b)"));
    case(&conditions, "nested too deeply");
    let few = (0..6).fold("a".to_owned(), |inner, _| format!("(a if {inner} else b)"));
    assert!(Expression::parse(&few).is_ok());
    for link in [" or a", " and a", " + a", " ~ a", ".a", "[0]", "()", "|a", " is a"] {
        case(&format!("a{}", link.repeat(deep)), "more than 200 operators");
    }
    let long = format!("x in [{}]", "'a', ".repeat(5_000));
    assert!(said(&long).is_ok(), "long is not deep");
    let just = format!("a{}", " or a".repeat(200));
    assert!(said(&just).is_ok());
}

/// What Jinja prints for a text with tags of these names.
fn rendered(jinja: &str) -> Result<String, String> {
    let reading = Reading { brackets: &Default::default(), kinds: &kinds, files: None };
    let said = walker::said(jinja, reading).map_err(|wrong| wrong[0].1.clone())?;
    if let Some((_, name)) = said.doubts.first() {
        return Err(format!("what `{name}` is cannot be told"));
    }
    let mut scope = Scope::default();
    for (name, value) in [("name", "shop"), ("text", "Ab c"), ("empty", ""), ("port", "8"), ("zero", "0")] {
        scope.set(name, value.into());
    }
    scope.set("flag", true.into());
    scope.set("off", false.into());
    scope.set("list", vec!["a", "b"].into());
    scope.set("nothing", Vec::<String>::new().into());
    Ok(render("case", &said.text, &scope).unwrap_or_else(|error| panic!("{jinja} as {}: {error:?}", said.text)))
}

/// Computed by hand, and by Jinja 3.1: how tightly each operator binds, and what Python prints.
#[test]
fn values_are_those_of_jinja() {
    #[track_caller]
    fn case(jinja: &str, printed: &str) {
        assert_eq!(rendered(jinja).as_deref(), Ok(printed), "{jinja}");
    }
    case("{% for a in list %}{{ (loop.index + 1) ~ '.' }}{% endfor %}", "2.3.");
    // What stands for nothing may be of another kind.
    case("{{ False | default(name, true) or False }}", "shop");
    case("{{ not 'a' or off | default(name, true) }}", "shop");
    case("{{ off | default(name, true) }}", "shop");
    case("{% for a in list %}{{ loop.index ~ '.' ~ loop.last }} {% endfor %}", "1.False 2.True ");
    case("{{ 1 + 2 * 3 }}", "7");
    case("{{ (1 + 2) * 3 }}", "9");
    case("{{ 10 - 2 - 3 }}", "5");
    case("{{ 10 - (2 - 3) }}", "11");
    case("{{ 2 * 3 ~ 4 }}", "64");
    case("{{ 'a' ~ 2 * 3 }}", "a6");
    case("{{ 'a' ~ (1 + 2) ~ 'b' }}", "a3b");
    case("{{ 'x' + name ~ '-' }}", "xshop-");
    case("{{ port + 1 }} {{ 2 * port }}", "9 16");
    case("{{ port ~ 1 }}", "81");
    case("{{ flag }} {{ off }} {{ not flag }}", "True False False");
    case("{{ name == 'shop' }} {{ port > 9 }} {{ 'a' in list }}", "True False True");
    case("{{ 'v' ~ flag ~ None ~ 1.50 }}", "vTrueNone1.5");
    case("{{ list }} {{ nothing }} {{ ['a', \"b\"] }} {{ [1, 2] }}", "['a', 'b'] [] ['a', 'b'] [1, 2]");
    case("{{ flag | lower }} {{ (name == 'x') | string | upper }}", "true FALSE");
    case("{{ flag | tojson }} {{ list | tojson }} {{ port | tojson }}", "true [\"a\", \"b\"] 8");
    case("{{ 2.0 }} {{ 0.50 }}", "2.0 0.5");
    case("{{ empty or name }} {{ name and port }} {{ zero or 'none' }}", "shop 8 none");
    case("{% if zero %}a{% else %}b{% endif %}{% if not zero and port %}c{% endif %}", "bc");
    case("{% if port != 8 %}a{% elif port == 8 %}b{% endif %}", "b");
    case("{% set x = flag %}{{ x }} {% set y = name == 'shop' %}{{ y }} {{ x and y }}", "True True True");
    case("{% set x = port + 1 %}{{ x ~ '!' }}", "9!");
    case("{{ 'a b-c (d'.title() }} {{ 'a_b' | title }} {{ 'a_b'.title() }}", "A B-C (D A_b A_B");
    case("{{- flag -}} x", "Truex");
    case("a {{- ' b' ~ flag ~ ' ' }}{%- if flag %}c{% endif %}", "a bTrue c");
    case("{{ not not name }}", "True");
}
