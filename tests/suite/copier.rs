//! `stack import`: a template of copier's becomes a stack; and how an update stands beside copier's own.

use std::path::Path;

use crate::harness::{Place, copier};

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
    7 questions, 4 templates and 3 files carried over; 3 things that could not be said
    ");
    let quiet = place.run(["--quiet", "stack", "import", "theirs", "silent"]).ok();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
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
    assert_eq!(place.read("shop/LICENSE"), "MIT 8000 Falsehop\n");
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

/// What copier's language says otherwise than it looks: who was not asked, what is chosen, and what comes to nothing.
#[test]
fn a_project_of_the_stack_is_what_copier_makes() {
    let config = r#"
_subdirectory: "."
_exclude: [copier.yml]
_message_after_copy: |
    {% if docker %}
    Run docker compose up for {{ name }}.
    {% else %}
    Run it by hand.
    {% endif %}
name: {type: str, default: shop}
docker: {type: bool, default: false}
image: {type: str, default: "{{ name }}-image", when: "{{ docker }}"}
nick: {type: str, default: ""}
code:
  type: str
  default: ABC-1
  validator: "{% if not (code | regex_search('[A-Z]')) %}One capital at least{% endif %}"
"#;
    let place = Place::new()
        .file("theirs/copier.yml", config)
        .file(
            "theirs/a.txt.jinja",
            "{{ image }} {{ nick or name }} {{ nick | default('none', true) }} {{ (name ~ '-x') | upper }} {% if not (docker and name == 'a') %}no{% endif %}\n    {{ 'a\\nb' | indent(4) }}\n",
        )
        .file("theirs/{{ nick }}/b.txt", "b\n")
        .file("theirs/{% if docker %}with{% else %}without{% endif %}.txt", "c\n")
        .file("theirs/{{ 'Dockerfile' if docker }}", "FROM scratch\n");
    let run = place.run(["stack", "import", "theirs", "ours"]).ok();
    assert!(run.stdout.ends_with("everything could be said\n"), "{run}");
    place.run(["stack", "check", "./ours"]);
    let new = |folder: &str, more: &[&str]| {
        place.run([&["new", folder, "--stack", "./ours", "--defaults"][..], more].concat()).ok()
    };
    let run = new("plain", &[]);
    assert_eq!(place.read("plain/a.txt"), "shop-image shop none SHOP-X no\n    a\n    b\n");
    assert!(place.exists("plain/without.txt") && !place.exists("plain/with.txt"));
    assert!(!place.exists("plain/Dockerfile") && !place.exists("plain/copier.yml"));
    assert!(!place.exists("plain/b.txt"), "a folder without a name is none");
    assert!(run.stderr.contains("then: Run it by hand.\n"), "{run}");
    let run = new("full", &["--set", "docker=true", "--set", "nick=me", "--set", "image=own", "--set", "code=xYz"]);
    assert_eq!(place.read("full/a.txt"), "own me me SHOP-X no\n    a\n    b\n");
    assert!(place.exists("full/me/b.txt") && place.exists("full/with.txt") && place.exists("full/Dockerfile"));
    assert!(run.stderr.contains("then: Run docker compose up for shop.\n"), "{run}");
    let wrong = place.run(["new", "wrong", "--stack", "./ours", "--defaults", "--set", "code=xyz"]).exit(2);
    assert!(wrong.stderr.contains("One capital at least"), "{wrong}");
}

/// Python prints what is no text in words of its own, and includes and macros are carried over as what they are.
#[test]
fn what_is_printed_is_what_copier_prints() {
    let config = r#"
_exclude: [copier.yml, parts, "*.md"]
name: {type: str, default: shop}
debug: false
port: 8000
share: {type: float, default: 2}
extras: {type: str, multiselect: true, default: [a, b], choices: [a, b, c]}
kinds: {type: str, multiselect: true, default: [], choices: [x]}
version: {type: str, default: "10", when: false}
is_shop: {type: bool, default: "{{ name == 'shop' }}", when: false}
empty: {type: str, choices: {None: "", Some: x}, default: ""}
copy: {type: str, default: "{{ empty }}"}
"#;
    let place = Place::new()
        .file("theirs/copier.yml", config)
        .file(
            "theirs/a.txt.jinja",
            "{% from 'parts/macros' import pair %}{{ debug }} {{ port }} {{ port + 1 }} {{ share }} {{ extras }} {{ kinds }}\n{{ version }} {{ version == '10' }} {{ is_shop }} {{ debug | lower }} {{ extras | tojson }}\n{{ (port + 1) ~ '.' }} {{ 'v' ~ debug }} {% if port == 8000 and not empty %}yes{% endif %} {{ pair('k', port) }}\n",
        )
        .file("theirs/b.txt.jinja", "{% include 'parts/head' %}\nb\n")
        .file("theirs/c.txt.jinja", "{% include 'parts/head' %}\nc\n")
        .file("theirs/parts/head", "# {{ name | upper }}\n")
        .file("theirs/parts/macros", "{% macro pair(key, value) %}{{ key ~ '=' ~ value }}{% endmacro %}")
        .file("theirs/README.md.jinja", "{{ name }}\n")
        .file("theirs/{{ empty }}/d.txt", "d\n")
        .file("theirs/{{ name }}{{ _copier_conf.sep }}f.txt", "f\n")
        .file("theirs/{{ _copier_conf.answers_file }}.jinja", "")
        .file("theirs/{{ _folder_name }}.txt", "g\n")
        .file("theirs/{{ copy }}/e.txt", "e\n");
    let run = place.run(["stack", "import", "theirs", "ours"]).ok();
    let left = "{{ _folder_name }}.txt:1: its name cannot be said here: it asks for a name that no question has";
    assert!(run.stdout.starts_with(left) && run.stdout.ends_with("; 1 thing that could not be said\n"), "{run}");
    let run = place.run(["stack", "check", "./ours"]);
    assert!(!run.stdout.contains("snippets/"), "{run}");
    place.run(["new", "plain", "--stack", "./ours", "--defaults"]).ok();
    assert_eq!(
        place.read("plain/a.txt"),
        "False 8000 8001 2.0 ['a', 'b'] []\n10 True True false [\"a\", \"b\"]\n8001. vFalse yes k=8000\n"
    );
    assert_eq!(place.read("plain/shop/f.txt"), "f\n");
    assert_eq!(place.read("plain/b.txt"), "# SHOP\n\nb\n");
    assert_eq!(place.read("ours/snippets/parts/head"), "# {{ name | upper }}\n\n");
    assert!(!place.exists("plain/README.md") && !place.exists("plain/d.txt") && !place.exists("plain/e.txt"));
    let other = ["--set", "port=80", "--set", "empty=x", "--set", "copy=y", "--set", "share=0.5"];
    place.run([&["new", "other", "--stack", "./ours", "--defaults"][..], &other].concat()).ok();
    assert!(place.read("other/a.txt").starts_with("False 80 81 0.5 "));
    assert!(place.exists("other/x/d.txt") && place.exists("other/y/e.txt"));
    let run = place.run(["new", "wrong", "--stack", "./ours", "--defaults", "--set", "port=080"]).exit(2);
    assert!(run.stderr.contains("is not a whole number"), "{run}");
}

/// A template of somebody else's may be made to hold us up: it does not.
#[test]
fn a_template_that_would_never_end_does() {
    #[track_caller]
    fn refused(config: &str, said: &str) {
        let place = Place::new().file("theirs/copier.yml", config).file("theirs/a.txt.jinja", "{{ a }}\n");
        let run = place.run(["stack", "import", "theirs", "ours"]).exit(3);
        assert!(run.stderr.contains(said), "{run}");
        assert!(!place.exists("ours"));
    }
    refused(
        "a: b\n_envops:\n  variable_start_string: ''\n",
        "copier.yml:3: `_envops` has brackets that no tag can have",
    );
    refused("a: b\n_envops: {block_end_string: ' '}\n", "`block_end_string` is empty");
    refused("a: b\n_envops: {block_start_string: '{{'}\n", "`{{` begins two kinds of tags");
    let deep = "a.b".to_owned() + &".c".repeat(200_000);
    let place = Place::new()
        .file("theirs/copier.yml", format!("_exclude: ['{}b']\na: b\n", "*a".repeat(500)))
        .file("theirs/a.txt.jinja", format!("{{{{ {deep} }}}}\n{{{{ {}a }}}}\n", "(".repeat(100_000)))
        .file(&format!("theirs/{}.jinja", "a".repeat(200)), "{{ a }}\n");
    let run = place.run(["stack", "import", "theirs", "ours"]).ok();
    assert!(run.stdout.contains("a.txt.jinja:1: it has more than 200 operators and calls"), "{run}");
    assert!(run.stdout.contains("a.txt.jinja:2: it is nested too deeply"), "{run}");
}

/// What a person wrote into a project before the template changed. It must be somewhere afterwards.
const MARK: &str = "written by hand";

/// One thing that both sides did: the case, the file, how it began, what the person did, and what the template did. `None`: there
/// is no such file any more.
type Case = (&'static str, &'static str, String, Option<String>, Vec<(&'static str, Option<String>)>);

fn lines(first: &str, last: &str) -> String {
    format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n")
}

fn cases() -> Vec<Case> {
    let one = || lines("1", "8");
    vec![
        (
            "the template deleted a file that the user edited",
            "gone.txt",
            one(),
            Some(lines("1", MARK)),
            vec![("gone.txt", None)],
        ),
        (
            "the template renamed a file that the user edited",
            "old.txt",
            lines("old 1", "8"),
            Some(lines("old 1", MARK)),
            vec![("old.txt", None), ("new.txt", Some(lines("old 1", "8")))],
        ),
        (
            "both changed a binary file",
            "both.bin",
            "\u{0}\u{1}begin".to_owned(),
            Some(format!("\u{0}\u{1}{MARK}")),
            vec![("both.bin", Some("\u{0}\u{1}the template's".to_owned()))],
        ),
        (
            "both changed a file, in other lines",
            "apart.txt",
            one(),
            Some(lines("1", MARK)),
            vec![("apart.txt", Some(lines("one", "8")))],
        ),
        (
            "both changed one line",
            "same.txt",
            one(),
            Some(lines(MARK, "8")),
            vec![("same.txt", Some(lines("one", "8")))],
        ),
        ("the user edited, the template did not", "mine.txt", one(), Some(lines(MARK, "8")), vec![]),
        (
            "the user deleted a file that the template changed",
            "unwanted.txt",
            one(),
            None,
            vec![("unwanted.txt", Some(lines("one", "8")))],
        ),
    ]
}

/// Is what the person did still there, after the update?
fn kept(project: &Path, case: &Case) -> bool {
    let (_, file, _, by_hand, _) = case;
    if by_hand.is_none() {
        return !project.join(file).exists();
    }
    // Under whatever name.
    let names: Vec<&str> = case.4.iter().map(|(name, _)| *name).chain([*file]).collect();
    let entries = std::fs::read_dir(project).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    entries
        .filter(|path| names.iter().any(|name| path.file_name().unwrap().to_str().unwrap().starts_with(name)))
        .any(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(MARK))
}

/// The same template, the same edits: what `update` loses, and what copier does. The page has the table.
#[test]
fn an_update_loses_nothing_and_the_page_says_what_copier_loses() {
    let place = Place::new();
    let write = |path: String, content: &Option<String>| match content {
        Some(content) => place.write(&path, content),
        None => std::fs::remove_file(place.path(path)).unwrap(),
    };
    let git = |folder: &str, words: &[&str]| {
        place.sh(
            "git",
            &[&["-C", folder, "-c", "user.name=Test", "-c", "user.email=test@example.invalid"][..], words].concat(),
        )
    };
    let commit = |folder: &str, message: &str| {
        git(folder, &["add", "-A"]);
        git(folder, &["commit", "-qm", message]);
    };
    place.write("theirs/copier.yml", "_subdirectory: files\n");
    place.write("theirs/files/{{ _copier_conf.answers_file }}.jinja", "{{ _copier_answers|to_nice_yaml }}");
    place.write(
        "ours/stack.toml",
        "[stack]\nname = \"ours\"\ntitle = \"t\"\n\n[[rule]]\npath = \"both.bin\"\nverbatim = true\n",
    );
    place.write(
        "ours/files/beansprout.toml",
        "[project]\nname = \"p\"\nstack = {{ stack_spec | json_encode }}\n\n[project.answers]\n{{ answers -}}\n",
    );
    for (_, file, begin, ..) in &cases() {
        write(format!("theirs/files/{file}"), &Some(begin.clone()));
        write(format!("ours/files/{file}"), &Some(begin.clone()));
    }
    git("theirs", &["init", "-q"]);
    commit("theirs", "one");
    git("theirs", &["tag", "v1"]);
    let copier = |words: &[&str]| {
        let mut command = place.command(copier());
        command
            .args(words)
            .env("GIT_AUTHOR_NAME", "T")
            .env("GIT_AUTHOR_EMAIL", "t@example.invalid")
            .env("GIT_COMMITTER_NAME", "T")
            .env("GIT_COMMITTER_EMAIL", "t@example.invalid");
        place.finish(command)
    };
    let theirs = place.path("theirs");
    copier(&["copy", "--defaults", "--vcs-ref", "v1", theirs.to_str().unwrap(), "with-copier"]).ok();
    place.run(["new", "with-ours", "--stack", "./ours", "--defaults"]).ok();
    for project in ["with-copier", "with-ours"] {
        git(project, &["init", "-q"]);
        commit(project, "generated");
        for (_, file, _, by_hand, _) in &cases() {
            write(format!("{project}/{file}"), by_hand);
        }
        commit(project, "by hand");
    }
    for (.., changes) in &cases() {
        for (file, content) in changes {
            write(format!("theirs/files/{file}"), content);
            write(format!("ours/files/{file}"), content);
        }
    }
    commit("theirs", "two");
    git("theirs", &["tag", "v2"]);
    copier(&["update", "--defaults", "--vcs-ref", "v2", "with-copier"]).ok();
    // One conflict is left to the person.
    place.run(["-C", "with-ours", "update", "--yes", "--defaults"]).exit(1);

    let word = |kept: bool| if kept { "kept" } else { "**lost**" };
    let mut table = "| case | here | copier 9.19.1 |\n|---|---|---|\n".to_owned();
    let mut lost = [0, 0];
    for case in &cases() {
        let both = [kept(&place.path("with-ours"), case), kept(&place.path("with-copier"), case)];
        table += &format!("| {} | {} | {} |\n", case.0, word(both[0]), word(both[1]));
        both.iter().zip(&mut lost).for_each(|(kept, lost)| *lost += usize::from(!kept));
    }
    table += &format!("| edits lost | {} | {} |\n", lost[0], lost[1]);
    assert_eq!(lost[0], 0, "{table}");
    let page = include_str!("../../docs/src/how-to/from-copier.md");
    assert!(page.contains(&table), "the page has another table than\n{table}");
}
