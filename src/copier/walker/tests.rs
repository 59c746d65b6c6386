use super::super::brackets::{Brackets, WhiteSpace};
use super::*;
use crate::stack::{Scope, Tree, render, template_names};

fn reading<'a>(brackets: &'a Brackets, kinds: &'a super::super::kind::Kinds<'a>) -> Reading<'a> {
    Reading { brackets, kinds, files: None }
}

fn said_text(jinja: &str) -> Result<String, Vec<Unsayable>> {
    said(jinja, reading(&Brackets::default(), &|_| Kind::Text)).map(|said| said.text)
}

#[test]
fn texts_are_said_in_the_other_tags() {
    #[track_caller]
    fn case(jinja: &str, expected: &str) {
        assert_eq!(said_text(jinja).as_deref(), Ok(expected), "{jinja}");
    }
    case("name: {{ name }}\n", "name: {{ name }}\n");
    case("{{- name.upper() -}}", "{{- name | upper -}}");
    case(
        "{% if a %}x{% elif b == 'c' %}y{% else %}z{% endif %}",
        "{% if a %}x{% elif b == \"c\" %}y{% else %}z{% endif %}",
    );
    case("{{- name or 'x' -}}", "{%- if name %}{{ name }}{% else %}x{% endif -%}");
    case("{{ x | default('y', true) }}", "{% if x %}{{ x }}{% else %}y{% endif %}");
    case("{{ ('a' if b) | upper }}", "{% if b %}{{ \"a\" | upper }}{% else %}{{ \"\" | upper }}{% endif %}");
    case("{{ 'a' if b }}", "{% if b %}a{% endif %}");
    case("{% set x = 'a' if b %}", "{% if b %}{% set x = \"a\" %}{% else %}{% set x = \"\" %}{% endif %}");
    case("{% if x | default('', true) %}y{% endif %}", "{% if x or \"\" %}y{% endif %}");
    case("{# a #}", "{# a #}");
    case("{{ 'a' if b else 'c' }}", "{% if b %}a{% else %}c{% endif %}");
    case("{% set x = y | lower %}", "{% set x = y | lower %}");
    case("{% raw %}${{ secrets.X }}{% endraw %}", "{% raw %}${{ secrets.X }}{% endraw %}");
    case("{%- raw -%} {{ x }} {%- endraw -%}", "{%- raw -%} {{ x }} {%- endraw -%}");
    case("{# note #}", "{# note #}");
    case("{##}", "{# #}");
    case("{{ a == b }}", "{% if a == b %}True{% else %}False{% endif %}");
    case("{{- a ~ (b == 'c') ~ ' ' -}}", "{{- a }}{% if b == \"c\" %}True{% else %}False{% endif %}{{ \" \" -}}");
    case("{{ '' }}", "{{ \"\" }}");
    case("${{ '{{' }} x {{ '}}' }}", "${{ \"{{\" }} x {{ \"}}\" }}");
}

#[test]
fn other_brackets_become_those_of_a_stack() {
    let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
    let brackets = Brackets {
        expression: pair("[[", "]]"),
        statement: pair("[%", "%]"),
        comment: pair("[#", "#]"),
        ..Brackets::default()
    };
    let text = "[[ name ]] ${{ secrets.X }} [% if a %]{% b %}[% endif %]";
    let text = said(text, reading(&brackets, &|_| Kind::Text)).unwrap().text;
    assert_eq!(text, "{{ name }} ${{ '{{' }} secrets.X }} {% if a %}{{ '{%' }} b %}{% endif %}");
}

/// As many tags as a file can have, and one of each kind that is looked for to the end: each byte is read once.
#[test]
fn a_long_text_is_read_once() {
    let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
    let brackets = Brackets {
        expression: pair("[[", "]]"),
        statement: pair("[%", "%]"),
        comment: pair("[#", "#]"),
        ..Brackets::default()
    };
    let text = "[[ a ]] {{ ".repeat(200_000);
    let expected = "{{ a }} {{ '{{' }} ".repeat(200_000);
    assert_eq!(said(&text, reading(&brackets, &|_| Kind::Text)).unwrap().text, expected);
}

#[test]
fn every_place_without_words_is_told() {
    let text = "{{ a }}\n{% trans %}{{ c | shout }}{% endtrans %}";
    let wrong = said_text(text).unwrap_err();
    let places: Vec<usize> = wrong.iter().map(|(at, _)| *at).collect();
    assert_eq!(places, [8, 19]);
    assert!(wrong[1].1.contains("no filter `shout`"));
}

#[test]
fn what_nobody_can_tell_is_told() {
    let kinds = |name: &str| if name == "a" { Kind::Text } else { Kind::Unknown };
    let text = "{{ a }}{{ b }}{% for x in b %}{{ x }}{{ x | lower }}{% endfor %}{{ 'c' if b else a }}";
    let found = said(text, reading(&Brackets::default(), &kinds)).unwrap();
    let doubts: Vec<(usize, &str)> = found.doubts.iter().map(|(at, name)| (*at, name.as_str())).collect();
    assert_eq!(doubts, [(7, "b"), (30, "x")]);
}

/// A text of a template with these files, as the engine renders it.
fn rendered(text: &str, files: &[(&str, &str)]) -> Result<String, String> {
    let mut tree = Tree::default();
    files.iter().for_each(|(path, text)| tree.insert((*path).to_owned(), text.as_bytes().to_vec()));
    let brackets = Brackets::default();
    let found = said(text, Reading { brackets: &brackets, kinds: &|_| Kind::Text, files: Some(&tree) })
        .map_err(|wrong| wrong[0].1.clone())?;
    let names = template_names(&found.text, &found.snippets).map_err(|(_, why)| why)?;
    assert!(names.iter().all(|name| name == "name"), "{names:?}");
    let mut scope = Scope::default();
    scope.set("name", "shop".into());
    let text = crate::stack::expand_snippets(&found.text, &found.snippets).map_err(|error| error.to_string())?;
    Ok(render("case", &text, &scope).unwrap_or_else(|error| panic!("{text}: {error:?}")))
}

#[test]
fn macros_are_called_by_the_names_of_their_arguments() {
    #[track_caller]
    fn case(text: &str, expected: &str) {
        assert_eq!(rendered(text, &[]).as_deref(), Ok(expected), "{text}");
    }
    case("{% macro m(a, b='x') %}[{{ a }} {{ b }}]{% endmacro %}{{ m('1') }}{{ m(b='2', a='3') }}", "[1 x][3 2]");
    case("{% macro m() -%}\n {{ name | upper }}\n{%- endmacro %}{{ m() ~ '!' }}", "SHOP!");
    case("a\n{%- macro m(a) %}{% if a == 'b' %}yes{% endif %}{% endmacro -%}\n{{ m('b') | upper }}", "aYES");
    #[track_caller]
    fn refused(text: &str, why: &str) {
        let error = rendered(text, &[]).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    refused("{% macro m(a) %}{% endmacro %}{{ m() }}", "`m` is called without `a`");
    refused("{% macro m() %}{% endmacro %}{{ m(1) }}", "no such argument");
    refused("{% macro m(a=[]) %}{% endmacro %}", "no plain value");
    refused("{% if name %}{% macro m() %}{% endmacro %}{% endif %}", "inside of a block");
    refused("{% macro m() %}{{ n() }}{% endmacro %}", "no function `n`");
    refused(
        "{% macro m() %}{{ name }}{% endmacro %}{% for name in ['a'] %}{{ m() }}{% endfor %}",
        "another thing here",
    );
    refused("{% set name = 'b' %}{% macro m() %}{{ name }}{% endmacro %}", "where the text gives it");
    refused("{% macro m() %}", "`macro` is not closed");
}

#[test]
fn files_are_included_and_imported() {
    const FILES: [(&str, &str); 8] = [
        ("inc/licence", "MIT {{ name }}\n"),
        ("inc/nested", "<{% include 'inc/licence' %}>"),
        ("inc/entry", "{{ loop.index }}{{ entry }}"),
        ("inc/trims", "{%- if name %}x{% endif %}"),
        ("inc/sets", "{% set x = 'a' %}"),
        ("inc/itself", "{% include 'inc/itself' %}"),
        ("macros", "{% macro hi(to) %}hi {{ to }}{% endmacro %}\n{% macro by() %}{{ name }}{% endmacro %}"),
        ("wrong", "a\n{{ name | shout }}"),
    ];
    #[track_caller]
    fn case(text: &str, expected: &str) {
        assert_eq!(rendered(text, &FILES).as_deref(), Ok(expected), "{text}");
    }
    // A file's last line end is its own: copier keeps it.
    case("a\n{% include 'inc/licence' %}\nb\n", "a\nMIT shop\n\nb\n");
    case("a\n{%- include \"inc/licence\" -%}\nb", "aMIT shop\nb");
    case("{% include 'inc/nested' %}", "<MIT shop\n>");
    case("{% for entry in ['a', 'b'] %}{% include 'inc/entry' %} {% endfor %}", "1a 2b ");
    case("[{% include 'gone' ignore missing %}]", "[]");
    case("{% from 'macros' import hi %}{{ hi('you') }}", "hi you");
    case("{% from 'macros' import hi as greet, by with context %}{{ greet(name) }} {{ by() }}", "hi shop shop");
    case("x\n{%- import 'macros' as m with context -%}\n{{ m.hi('you') }}", "xhi you");
    #[track_caller]
    fn refused(text: &str, why: &str) {
        let error = rendered(text, &FILES).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    refused("{% include 'gone' %}", "there is no file `gone`");
    refused("{% include name %}", "is worked out");
    refused("{% include 'inc/licence' without context %}", "a file alone");
    refused("{% include 'inc/trims' %}", "takes white space away");
    refused("{% include 'inc/sets' %}", "gives names");
    refused("{% include 'inc/itself' %}", "without an end");
    refused("{% include 'wrong' %}", "`wrong` cannot be said here: line 2: there is no filter `shout`");
    refused("{% from 'macros' import by %}", "`by` of `macros` takes `name`");
    refused("{% import 'macros' as m %}{{ m.by() }}", "there is no method `by`");
    refused("{% from 'macros' import gone %}", "has no macro `gone`");
    // Each a hundred times the next.
    let deep: Vec<(String, String)> =
        (0..8).map(|n| (n.to_string(), format!("{{% include '{}' %}}", n + 1).repeat(100))).collect();
    let deep: Vec<(&str, &str)> =
        deep.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain([("8", "x")]).collect();
    assert!(rendered("{% include '0' %}", &deep).is_err());
    assert!(said_text("{% include 'a' %}").unwrap_err()[0].1.contains("nothing is included here"));
}

/// What a macro is given is found whatever stands around its call, and wherever it is called.
#[test]
fn a_call_is_seen_between_anything() {
    let kinds = |name: &str| if name == "flag" { Kind::Flag } else { Kind::Text };
    let doubts = |around: &str| {
        let text = format!("{{% macro m(a='x') %}}[{{{{ a }}}}]{{% endmacro %}}{around}");
        said(&text, reading(&Brackets::default(), &kinds)).map(|said| said.doubts.len())
    };
    for call in [
        "{{ m(flag) }}",
        "{# don't #}{{ m(flag) }}{# isn't #}",
        "{% raw %}{{ a b }}{% endraw %}{{ m(flag) }}",
        "{% if m(flag) == '[True]' %}yes{% endif %}",
        "{% if flag %}{% elif m(flag) == '[True]' %}yes{% endif %}",
        "{% set b = m(flag) %}{{ b }}",
    ] {
        assert_ne!(doubts(call), Ok(0), "{call}");
    }
    assert_eq!(doubts("{{ m('y') }}{# m(flag) #}{% raw %}{{ m(flag) }}{% endraw %}"), Ok(0));
}

/// The white space that `_envops` takes away beside statements and comments, by what Jinja 3.1 makes of the same texts.
#[test]
fn white_space_goes_as_jinja_takes_it() {
    #[track_caller]
    fn case(jinja: &str, expected: [&str; 4]) {
        for (bits, expected) in expected.into_iter().enumerate() {
            let white_space = WhiteSpace { trim: bits & 1 == 1, lstrip: bits & 2 == 2 };
            let brackets = Brackets { white_space, ..Brackets::default() };
            let text = said(jinja, reading(&brackets, &|_| Kind::Text)).unwrap().text;
            let mut scope = Scope::default();
            scope.set("name", "shop".into());
            assert_eq!(render("case", &text, &scope).unwrap(), expected, "{jinja:?}, {white_space:?}");
        }
    }
    case(
        "a\n  {% if name %}\n  b\n  {% endif %}\nc\n",
        ["a\n  \n  b\n  \nc\n", "a\n    b\n  c\n", "a\n\n  b\n\nc\n", "a\n  b\nc\n"],
    );
    case("  {# note #}\n  {{ name }}\n", ["  \n  shop\n", "    shop\n", "\n  shop\n", "  shop\n"]);
    case("a {% if name %} b {% endif %} c\n", ["a  b  c\n", "a  b  c\n", "a  b  c\n", "a  b  c\n"]);
    case("  {%+ if name %}\nb\n  {%+ endif +%}\nc", ["  \nb\n  \nc", "  b\n  \nc", "  \nb\n  \nc", "  b\n  \nc"]);
    case("\t{%- if name -%}\n  b\n  {%- endif -%}\n c", ["bc", "bc", "bc", "bc"]);
    case(
        "{% if name %}\n\n  {{ name }}\n{% endif %}\n\n",
        ["\n\n  shop\n\n\n", "\n  shop\n\n", "\n\n  shop\n\n\n", "\n  shop\n\n"],
    );
    case(
        "  {% raw %}\n {{ x }}\n  {% endraw %}\n b",
        ["  \n {{ x }}\n  \n b", "  \n {{ x }}\n   b", "\n {{ x }}\n\n b", "\n {{ x }}\n b"],
    );
    case(
        "{% if name %}\n  {% if name %}\n  b\n  {% endif %}{% endif %}\n",
        ["\n  \n  b\n  \n", "    b\n  ", "\n\n  b\n\n", "  b\n"],
    );
    case("{{ name }}\n  {#- a -#}  \n b", ["shopb", "shopb", "shopb", "shopb"]);
    case("a\n   {% if name %}  {% endif %}\n", ["a\n     \n", "a\n     ", "a\n  \n", "a\n  "]);
}
