//! `stack import`: a template of copier's becomes a stack.

use crate::harness::Place;

const CONFIG: &str = r#"
_subdirectory: template
_min_copier_version: "9"
_tasks:
  - git init
_exclude: ["*.bak"]
_message_after_copy: "Read {{ name }}/README.md"

name:
  type: str
  help: What is it called?
  placeholder: shop
  validator: "{% if not (name | regex_search('^[a-z]+$')) %}Small letters only.{% endif %}"

licence:
  type: str
  choices:
    The MIT licence: MIT
    None at all: none

extras:
  type: str
  multiselect: true
  default: [docs]
  choices: [docs, tests, ci]

port:
  type: int
  default: 8000
  when: "{{ licence != 'none' and 'ci' in extras }}"

debug: false

slug:
  type: str
  default: "{{ name | slugify('_') }}"
  when: false

token:
  type: str
  secret: true
  default: ""

letters:
  type: str
  default: "{{ name[1:] }}"
"#;

fn template() -> Place {
    Place::new()
        .file("theirs/copier.yml", CONFIG)
        .file("theirs/template/{{ _copier_conf.answers_file }}.jinja", "{{ _copier_answers|to_nice_yaml }}")
        .file(
            "theirs/template/README.md.jinja",
            "# {{ name.title() }}\n{{ 'MIT' if licence == 'MIT' else 'nothing' }} {{ slug }}\n",
        )
        .file(
            "theirs/template/{% if 'docs' in extras %}docs{% endif %}/index.md.jinja",
            "{% for extra in extras %}{{ loop.index }}. {{ extra|upper }}\n{% endfor %}",
        )
        .file(
            "theirs/template/{% if licence == 'MIT' %}LICENSE{% endif %}.jinja",
            "MIT {{ port }} {{ debug }}{{ token }}{{ letters }}\n",
        )
        .file("theirs/template/{% if licence == 'none' %}LICENSE{% endif %}.jinja", "none\n")
        .file("theirs/template/plain.yml", "key: ${{ secrets.TOKEN }}\n")
        .file("theirs/template/left.bak", "")
        .file(
            "theirs/template/hard.txt.jinja",
            "one\n{{ name | regex_replace('a', 'b') }}\n{% macro m() %}{% endmacro %}\n",
        )
        .file("theirs/template/run.sh", "#!/bin/sh\ntrue\n")
}

#[test]
fn a_template_becomes_a_stack_that_works() {
    let place = template();
    let run = place.run(["stack", "import", "theirs", "ours"]).ok();
    insta::assert_snapshot!(run.stdout, @r"
    copier.yml:4: `_tasks` would run programs: a stack runs none; `then` tells people what to do
    copier.yml:46: `letters`: its default cannot be said here: there are no slices; it has none
    template/hard.txt.jinja:2: there is no filter `regex_replace`; the file is copied as it is
    template/hard.txt.jinja:3: there is no tag `macro`; the file is copied as it is
    7 questions, 4 templates and 3 files carried over; 4 things that could not be said
    ");
    let document = place.run(["--json", "stack", "import", "theirs", "again"]).ok().document("stack-import/1");
    assert_eq!(document["questions"], 7);
    place.run(["stack", "check", "./ours"]);
    place
        .run([
            "new",
            "shop",
            "--stack",
            "./ours",
            "--defaults",
            "--set",
            "name=shop",
            "--set",
            "licence=MIT",
            "--set",
            "letters=hop",
        ])
        .ok();
    assert_eq!(place.read("shop/README.md"), "# Shop\nMIT shop\n");
    assert_eq!(place.read("shop/docs/index.md"), "1. DOCS\n");
    assert_eq!(place.read("shop/LICENSE"), "MIT  falsehop\n");
    assert_eq!(place.read("shop/plain.yml"), "key: ${{ secrets.TOKEN }}\n");
    assert!(place.read("shop/hard.txt").contains("regex_replace"));
    assert!(!place.exists("shop/left.bak") && !place.exists("shop/.copier-answers.yml"));
    let other = ["--set", "name=other", "--set", "licence=none", "--set", "letters=x", "--set", "extras=ci"];
    place.run([&["new", "other", "--stack", "./ours", "--defaults"][..], &other].concat()).ok();
    assert_eq!(place.read("other/LICENSE"), "none\n");
    assert!(!place.exists("other/docs"));
    // Answers are held to what they were held to.
    let wrong = ["--set", "name=Shop1", "--set", "licence=none", "--set", "letters=x"];
    let run = place.run([&["new", "wrong", "--stack", "./ours", "--defaults"][..], &wrong].concat()).exit(2);
    assert!(run.stderr.contains("Small letters only"), "{run}");
    // And an update goes on from there.
    place.sh("git", &["init", "-q", "shop"]);
    place.write("ours/files/README.md", "# {{ name | title }}, newer\n");
    place.run(["-C", "shop", "update", "--defaults", "--yes"]).ok();
    assert_eq!(place.read("shop/README.md"), "# Shop, newer\n");
}

#[test]
fn what_is_no_template_is_told() {
    #[track_caller]
    fn case(path: &str, content: &str, said: &str) {
        let place = Place::new().file(path, content);
        let run = place.run(["stack", "import", "theirs", "ours"]).exit(3);
        assert!(run.stderr.contains(said), "{run}");
        assert!(!place.exists("ours"));
    }
    case("theirs/README.md", "", "`theirs` is no template of copier's: there is no `copier.yml`");
    case("theirs/copier.yml", "a: [1\nb: 2\n", "copier.yml:");
    case("theirs/copier.yml", "- a\n", "copier.yml: it is not a map of questions and settings");
    case(
        "theirs/copier.yml",
        "_subdirectory: away\n",
        "`away`, where `copier.yml` says that the files are, is not there",
    );
}
