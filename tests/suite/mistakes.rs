//! Mistakes that authors of stacks make: how many `stack check` finds, and how many it finds where they are.

use crate::harness::Place;

/// A stack without a mistake, so that each case has its own and no other.
const SOUND: &str = r#"[stack]
name = "mine"
title = "Mine"

[[question]]
key = "name"
ask = "Name"
type = "text"
default = "shop"
samples = ["other"]

[[question]]
key = "colour"
ask = "Colour"
type = "choice"
default = "red"
choices = [{ value = "red", label = "Red" }, { value = "blue", label = "Blue" }]

[[question]]
key = "extras"
ask = "Extras"
type = "choices"
optional = true
choices = [{ value = "docs", label = "Docs" }, { value = "tests", label = "Tests" }]

[[question]]
key = "loud"
ask = "Loud"
type = "boolean"
default = "false"

[[derived]]
name = "title"
value = "{{ name | title }}"
"#;

const PROJECT: &str = "[project]\nname = {{ name | json_encode }}\nstack = {{ stack_spec | json_encode }}\n\n[project.answers]\n{{ answers -}}\n";

const USES: &str = "{{ title }} {{ colour }} {{ extras | join(sep=',') }} {% if loud %}!{% endif %}\n";

/// What is changed in the sound stack.
enum Mistake<'a> {
    /// A file of the stack with this content.
    File(&'a str, &'a str),
    /// Lines at the end of `stack.toml`.
    More(&'a str),
    /// A text of `stack.toml` in place of another.
    Instead(&'a str, &'a str),
}

use Mistake::{File, Instead, More};

fn mistakes() -> Vec<(Mistake<'static>, &'static str)> {
    vec![
        // Names in templates.
        (File("files/x", "{{ nam }}"), "unknown name `nam`"),
        (File("files/x", "a\nb {{ Name }}"), "unknown name `Name`"),
        (File("files/x", "{% if lod %}x{% endif %}"), "unknown name `lod`"),
        (File("files/x", "{% if loud and quiet %}x{% endif %}"), "unknown name `quiet`"),
        (File("files/x", "{% for e in extra %}x{% endfor %}"), "unknown name `extra`"),
        (File("files/x", "{% for e in extras %}{{ f }}{% endfor %}"), "unknown name `f`"),
        (File("files/x", "{{ name.first }}"), "name.first"),
        (File("files/x", "{{ stack.nme }}"), "stack.nme"),
        (File("files/x", "{% set a = nam %}{{ a }}"), "unknown name `nam`"),
        (File("files/{{ nam }}.txt", "x"), "unknown name `nam`"),
        (File("files/deep/er/x", "\n\n{{ project_name }}"), "unknown name `project_name`"),
        (File("files/x.html", "{{ nam | upper }}"), "unknown name `nam`"),
        (File("files/x", "{{ name ~ nam }}"), "unknown name `nam`"),
        (File("files/x", "{% if colour == green %}x{% endif %}"), "unknown name `green`"),
        (File("files/x", "{% elif loud %}"), "cannot be rendered"),
        // Tags.
        (File("files/x", "{% if loud %}"), "cannot be rendered"),
        (File("files/x", "a\n{% for e in extras %}\n"), "cannot be rendered"),
        (File("files/x", "{% endif %}"), "cannot be rendered"),
        (File("files/x", "{% if loud %}{% endfor %}"), "cannot be rendered"),
        (File("files/x", "{{ name "), "cannot be rendered"),
        (File("files/x", "{{ name }"), "cannot be rendered"),
        (File("files/x", "{% if %}x{% endif %}"), "cannot be rendered"),
        (File("files/x", "{{ }}"), "cannot be rendered"),
        (File("files/x", "{% unless loud %}x{% endunless %}"), "cannot be rendered"),
        (File("files/x", "{{ name | }}"), "cannot be rendered"),
        (File("files/x", "{{ 'a }}"), "cannot be rendered"),
        (File("files/x", "{% raw %}{{ x }}"), "cannot be rendered"),
        (File("files/x", "{{ name[1:] }}"), "cannot be rendered"),
        (File("files/x", "{{ 'a' if loud else 'b' }}"), "cannot be rendered"),
        (File("files/x", "{% include 'y' %}"), "cannot be rendered"),
        (File("files/x", "{{ name.lower() }}"), "cannot be rendered"),
        (File("files/x", "{% if colour = 'red' %}x{% endif %}"), "cannot be rendered"),
        (File("files/x", "{% if !loud %}x{% endif %}"), "cannot be rendered"),
        (File("files/x", "{% if loud && loud %}x{% endif %}"), "cannot be rendered"),
        // Filters, functions and types.
        (File("files/x", "{{ name | shout }}"), "cannot be rendered"),
        (File("files/x", "{{ name | uper }}"), "cannot be rendered"),
        (File("files/x", "{{ name | replace('a', 'b') }}"), "cannot be rendered"),
        (File("files/x", "{{ name | replace(from='a') }}"), "cannot be rendered"),
        (File("files/x", "{{ extras | slugify }}"), "cannot be rendered"),
        (File("files/x", "{{ now() }}"), "cannot be rendered"),
        (File("files/x", "{{ name + 1 }}"), "cannot be rendered"),
        (File("files/x", "{% for c in name %}x{% endfor %}"), "cannot be rendered"),
        (File("files/x", "{{ name is fancy }}"), "cannot be rendered"),
        (File("files/.github/workflows/ci.yml", "on: push\nenv:\n  T: ${{ secrets.TOKEN }}\n"), "secrets.TOKEN"),
        // Files.
        (File("files/run", "#!/bin/sh\ntrue\n"), "not executable"),
        (File("files/run.sh", "#!/bin/sh\r\ntrue\r\n"), "line ends of Windows"),
        (File("files/run", "\u{feff}#!/bin/sh\n"), "byte order mark"),
        (File("files/a.json", "{\"a\": }"), "is not JSON"),
        (File("files/a.json", "{\"a\": 1,}"), "is not JSON"),
        (File("files/a.toml", "a = \n"), "is not TOML"),
        (File("files/.DS_Store", "x"), "left behind by a program"),
        (File("files/a.txt~", "x"), "left behind by a program"),
        (File("files/a.orig", "x"), "left behind by a program"),
        (File("files/.beansprout-base.json", "x"), "would be written over"),
        (File("files/beansprout.toml", "[project]\n"), "can never be updated"),
        (File("files/beansprout.toml", "[project]\nstack = {{ stack_spec | json_encode }}\n"), "can never be updated"),
        (File("files/git~1/config", "x"), "cannot be written"),
        (File("files/{% if loud %}x{% endif %}", "x"), "`when` in a `[[rule]]`"),
        (File("files/.ebextensions/a.config", "option_settings:\n\tx: y\n"), "EB"),
        // Questions.
        (More("[[question]]\nkey = 'size'\ntype = 'text'\n"), "missing field `ask`"),
        (More("[[question]]\nkey = 'size'\nask = 'Size'\n"), "missing field `type`"),
        (More("[[question]]\nkey = 'size'\nask = 'Size'\ntype = 'number'\n"), "unknown variant `number`"),
        (More("[[question]]\nkey = 'size'\nask = 'Size'\ntype = 'text'\ndefualt = '1'\n"), "unknown field `defualt`"),
        (More("[[question]]\nkey = 'size'\nask = 'Size'\ntype = 'text'\ndefault = 1\n"), "expected a string"),
        (More("[[question]]\nkey = 'size'\nask = 'Size'\ntype = 'choice'\n"), "offers nothing to choose"),
        (More("[[question]]\nkey = 'name'\nask = 'Again'\ntype = 'text'\n"), "stands for two things"),
        (More("[[question]]\nkey = 'two words'\nask = 'x'\ntype = 'text'\n"), "is not a name"),
        (More("[[question]]\nkey = 'loop'\nask = 'x'\ntype = 'text'\n"), "is not a name"),
        (More("[[question]]\nkey = 'folder'\nask = 'x'\ntype = 'text'\n"), "stands for two things"),
        (Instead("default = \"red\"", "default = \"green\""), "`green` as its default"),
        (Instead("default = \"false\"", "default = \"perhaps\""), "perhaps"),
        (Instead("samples = [\"other\"]", "pattern = '[0-9]+'"), "`shop` as its default"),
        (Instead("samples = [\"other\"]", "pattern = '['"), "pattern"),
        (Instead("samples = [\"other\"]", "kind = 'hostnam'"), "unknown variant `hostnam`"),
        (Instead("samples = [\"other\"]", "complaint = 'is wrong'"), "no `pattern` to complain about"),
        (Instead("samples = [\"other\"]", "otherwise = 'x'"), "an `otherwise` and no `when`"),
        (Instead("samples = [\"other\"]", "when = 'loud'"), "comes later"),
        (Instead("samples = [\"other\"]", "when = 'lod'"), "unknown name `lod`"),
        (Instead("default = \"shop\"", "default = '{{ colour }}'"), "comes later"),
        (Instead("default = \"shop\"", "default = '{{ folde }}'"), "unknown name `folde`"),
        (Instead("default = \"shop\"", "default = '{{ folder '"), "cannot be rendered"),
        (Instead("label = \"Blue\"", "label = \"Red\""), "two choices with one label"),
        (Instead("value = \"blue\"", "value = \"red\""), "offers one value twice"),
        (Instead("label = \"Blue\"", "label = \"Blue\", when = \"name == 'none'\""), "never offers `blue`"),
        (Instead("type = \"boolean\"", "type = \"boolean\"\nwhen = \"name == 'none'\""), "is never asked"),
        (Instead("type = \"boolean\"", "type = \"boolean\"\nkind = 'region'"), "a validator for what nobody types"),
        // The rest of stack.toml.
        (Instead("name = \"mine\"", "name = \"My stack\""), "is not a name for a stack"),
        (Instead("title = \"Mine\"\n", ""), "missing field `title`"),
        (Instead("title = \"Mine\"\n", "title = \"Mine\"\nparts = [\"djagno\"]\n"), "`djagno`"),
        (Instead("value = \"{{ name | title }}\"", "value = \"{{ nme | title }}\""), "unknown name `nme`"),
        (More("[[derived]]\nname = 'colour'\nvalue = 'x'\n"), "stands for two things"),
        (More("[[derived]]\nname = 'unused'\nvalue = 'x'\n"), "is used by no file"),
        (More("[data.words]\na = 'b'\n"), "is used by no file"),
        (More("[[rule]]\npath = 'gone.txt'\nexecutable = true\n"), "has a rule for `gone.txt`"),
        (More("[[rule]]\npath = 'uses.txt'\nwhen = \"name != ''\"\n"), "always holds"),
        (More("[[rule]]\npath = 'uses.txt'\nwhen = \"colour == 'green'\"\n"), "is written with no answers at all"),
        (More("[[rule]]\npath = 'uses.txt'\nwhen = \"lod\"\n"), "unknown name `lod`"),
        (More("[[rule]]\npath = 'uses.txt'\nverbatim = true\n"), "is copied byte for byte"),
        (More("[pin]\nnme = 'x'\n"), "`nme`"),
        (More("[extend]\napps = ['x']\n"), "`apps`"),
        (More("[question]\nkey = 'x'\n"), "stack.toml"),
        (
            More("[[rule]]\npath = 'uses.txt'\ndelimiters = { expression = ['', '>'], statement = ['<%', '%>'] }\n"),
            "an empty bracket in `expression`",
        ),
        (
            More(
                "[[question]]\nkey = 'token'\nask = 'x'\ntype = 'secret'\ndefault = 'abc'\n[[rule]]\npath = 'uses.txt'\nwhen = \"token != 'x'\"\n",
            ),
            "a secret with a default",
        ),
    ]
}

/// What matters is how many are found, and how many with file and line.
#[test]
fn nearly_all_mistakes_are_found_where_they_are() {
    let (mut missed, mut placeless) = (Vec::new(), Vec::new());
    let all = mistakes();
    let place = Place::new();
    for (path, content) in [("stack.toml", SOUND), ("files/beansprout.toml", PROJECT), ("files/uses.txt", USES)] {
        place.write(&format!("sound/{path}"), content);
    }
    place.run(["stack", "check", "./sound"]).ok();
    for (number, (mistake, said)) in all.iter().enumerate() {
        let folder = format!("stack{number}");
        let manifest = match mistake {
            File(..) => SOUND.to_owned(),
            More(more) => format!("{SOUND}\n{more}"),
            Instead(before, after) => {
                assert!(SOUND.contains(before), "{before}");
                SOUND.replacen(before, after, 1)
            }
        };
        place.write(&format!("{folder}/stack.toml"), manifest);
        place.write(&format!("{folder}/files/beansprout.toml"), PROJECT);
        place.write(&format!("{folder}/files/uses.txt"), USES);
        if let File(path, content) = mistake {
            place.write(&format!("{folder}/{path}"), content);
        }
        let run = place.run(["stack", "check", &format!("./{folder}")]);
        let text = run.stdout.clone() + &run.stderr;
        let shown = format!("{number}: {said}\n{run}");
        if run.exit == 0 || !text.contains(said) {
            missed.push(shown);
        } else if !text.contains("stack.toml:")
            && !text.contains("files/")
            && !text.contains("TOML parse error at line")
        {
            placeless.push(shown);
        }
    }
    let (found, placed) = (all.len() - missed.len(), all.len() - missed.len() - placeless.len());
    assert!(all.len() >= 95, "{}", all.len());
    // 92 and 90 of 95.
    assert!(found * 95 >= 92 * all.len(), "{found} of {}:\n{}", all.len(), missed.join("\n"));
    assert!(placed * 95 >= 90 * all.len(), "{placed} of {}:\n{}", all.len(), placeless.join("\n"));
}
