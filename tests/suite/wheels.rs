//! `wheels`: what pip would fetch, in the bundle; and instances that ask no index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Place, Running, left_out, missing, python};
use crate::site::SECRET_KEY;

/// A package index on loopback. Ended when dropped.
struct Index {
    server: Running,
    port: String,
}

impl Index {
    fn new(place: &Place, asked: &Value) -> Self {
        let mut command = place.command(python());
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/index.py")).arg(asked.to_string());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Running::new(child);
        let port = server.wait_for("port ");
        Self { server, port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/simple/", self.port)
    }
}

/// A project for Python 3.13 that asks for these lines, and this index as its own.
fn project(requirements: &str) -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = \"site\"\n")
        .file("manage.py", "")
        .file("Procfile", "web: python server.py\n")
        .file("server.py", "")
        .file(".elasticbeanstalk/config.yml", "global:\n  application_name: site\n  default_platform: Python 3.13\n")
        .file("requirements.txt", requirements)
        .var("PIP_FIND_LINKS", "")
}

/// `beansprout wheels` with this index.
fn wheels(place: &Place, index: &str, arguments: &[&str]) -> crate::harness::Run {
    let mut command = place.beansprout([&["wheels"], arguments].concat());
    command.env("PIP_INDEX_URL", index).env_remove("PIP_FIND_LINKS");
    place.finish(command)
}

/// Every file of a place with its content, but for what is the machine's.
fn files(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![place.dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(found.insert(path.clone(), std::fs::read(path).unwrap())),
            }
        }
    }
    found
}

fn names(place: &Place, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(place.path(folder))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

const SHOP: &str = "# What the site needs\nshop-web>=1,<2  # the site\nfast-thing[extra]==1.0\n";

fn shop() -> Value {
    json!([
        { "name": "shop-web", "needs": ["base-thing>=1", "old-only; python_version < '3.9'", "win-only; sys_platform == 'win32'"] },
        { "name": "shop-web", "version": "1.5", "needs": ["base-thing>=1", "new-only; python_version >= '3.13'", "win-only; sys_platform == 'win32'"] },
        { "name": "shop-web", "version": "2.0" },
        { "name": "base-thing", "version": "1.0" },
        { "name": "new-only" },
        { "name": "extra-thing" },
        { "name": "fast-thing", "tags": "cp313-cp313-manylinux_2_28_x86_64", "machine": 62, "needs": ["extra-thing; extra == 'extra'"] },
        { "name": "fast-thing", "tags": "cp313-cp313-manylinux_2_28_aarch64", "machine": 183, "needs": ["extra-thing; extra == 'extra'"] },
        { "name": "fast-thing", "tags": "cp312-cp312-manylinux_2_28_x86_64", "machine": 62 },
        { "name": "fast-thing", "tags": "cp313-cp313-manylinux_2_39_x86_64", "machine": 62 },
    ])
}

#[test]
fn what_is_asked_for_becomes_wheels_and_lines_that_pip_takes() {
    let place = project(SHOP);
    let index = Index::new(&place, &json!({ "packages": shop() }));
    let run = wheels(&place, &index.url(), &[]).ok();
    assert!(run.stderr.contains("-shop-web>=1,<2  # the site"), "{run}");
    assert!(run.stderr.contains("+shop-web==1.5"), "{run}");
    let expected = [
        "base_thing-1.0-py3-none-any.whl",
        "extra_thing-1.0-py3-none-any.whl",
        "fast_thing-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
        "new_only-1.0-py3-none-any.whl",
        "shop_web-1.5-py3-none-any.whl",
    ];
    assert_eq!(names(&place, "wheels"), expected);
    let lines = place.read("requirements.txt");
    assert!(lines.contains("\n--no-index\n--find-links wheels\nbase-thing==1.0 \\\n    --hash=sha256:"), "{lines}");
    assert!(place.read("requirements.in").ends_with(SHOP));
    assert_eq!(place.run(["check"]).ok().stdout, "nothing found in 5 files\n");
    let packaged = place.run(["package"]).ok();
    assert!(packaged.stdout.contains("\n  wheels  5 packages, "), "{packaged}");
    assert_eq!(place.run(["package", "--json"]).ok().document("package/1")["wheels"]["files"], 5);

    // Nothing to do, and no index is asked.
    let before = files(&place);
    let again = wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    assert!(again.stderr.contains("every wheel is there"), "{again}");
    assert_eq!(files(&place), before);
    // What is missing is fetched, by its digest, and nothing else is.
    std::fs::remove_file(place.path("wheels/base_thing-1.0-py3-none-any.whl")).unwrap();
    let run = wheels(&place, &index.url(), &["--json"]).ok();
    let document = run.document("wheels/1");
    let fresh: Vec<&Value> =
        document["wheels"].as_array().unwrap().iter().filter(|wheel| wheel["state"] == "new").collect();
    assert_eq!((fresh.len(), &fresh[0]["file"]), (1, &json!(expected[0])), "{run}");
    assert_eq!(document["targets"], json!([{ "python": "3.13", "machine": "x86_64" }]));
    assert_eq!(files(&place), before);

    // pip takes them, from any folder; as one of the oldest in use does.
    let venv = place.path("venv");
    place.sh(python().to_str().unwrap(), &["-m", "venv", venv.to_str().unwrap()]);
    let pure = place.read("requirements.txt");
    let pure: String = pure.split_inclusive("\nfast-thing").next().unwrap().trim_end_matches("fast-thing").to_owned();
    let pure = pure + &place.read("requirements.txt")[place.read("requirements.txt").find("new-only").unwrap()..];
    place.write("pure.txt", pure);
    let mut install = place.command(venv.join("bin/pip"));
    install.args(["install", "--quiet", "-r"]).arg(place.path("pure.txt")).current_dir("/");
    install.env("PIP_INDEX_URL", "http://127.0.0.1:1/simple/").env_remove("PIP_FIND_LINKS");
    assert_eq!(place.finish(install).ok().exit, 0);
    let mut ask = place.command(venv.join("bin/python"));
    ask.args(["-c", "import shop_web; print(shop_web.version)"]).current_dir("/");
    assert_eq!(place.finish(ask).ok().stdout, "1.5\n");
}

#[test]
fn both_kinds_of_instances_find_theirs() {
    let place = project(&format!("{SHOP}arm-only; platform_machine == 'aarch64'\n")).file(
        ".ebextensions/instances.config",
        "option_settings:\n  aws:ec2:instances:\n    InstanceTypes: t3.small,t4g.small\n    SupportedArchitectures: x86_64,arm64\n",
    );
    let mut packages = shop();
    packages.as_array_mut().unwrap().push(json!({ "name": "arm-only" }));
    let index = Index::new(&place, &json!({ "packages": packages }));
    let document = wheels(&place, &index.url(), &["--json"]).ok().document("wheels/1");
    assert_eq!(document["targets"].as_array().unwrap().len(), 2);
    let found = names(&place, "wheels");
    assert!(found.contains(&"fast_thing-1.0-cp313-cp313-manylinux_2_28_aarch64.whl".to_owned()), "{found:?}");
    assert!(found.contains(&"fast_thing-1.0-cp313-cp313-manylinux_2_28_x86_64.whl".to_owned()), "{found:?}");
    let lines = place.read("requirements.txt");
    assert!(lines.contains("\narm-only==1.0 ; platform_machine == \"aarch64\" \\\n"), "{lines}");
    let fast = lines.split("\nfast-thing==1.0 \\\n").nth(1).unwrap();
    assert_eq!(fast.split("\nnew-only").next().unwrap().matches("--hash=").count(), 2, "{lines}");
    assert_eq!(place.run(["check"]).ok().stdout, "nothing found in 6 files\n");

    // The environments themselves may say more than the files.
    place.write(
        "environments/site-production.toml",
        "format = \"beansprout.environment/1\"\nplatform = \"Python 3.12 running on 64bit Amazon Linux 2023\"\n\n[options]\n\"aws:ec2:instances/InstanceTypes\" = \"t3.small\"\n",
    );
    let targets = wheels(&place, &index.url(), &["--json", "--yes"]);
    let targets = targets.ok().document("wheels/1")["targets"].clone();
    assert_eq!(targets, json!([{ "python": "3.12", "machine": "x86_64" }]));
}

/// The same tree, other caches, another day: the same bytes.
#[test]
fn a_tree_without_its_wheels_gets_the_same_ones_again() {
    let place = project(SHOP);
    let index = Index::new(&place, &json!({ "packages": shop() }));
    wheels(&place, &index.url(), &[]).ok();
    let label = |place: &Place| place.run(["package", "--json"]).ok().document("package/1")["digest"].clone();
    let other = project("").var("PIP_CACHE_DIR", place.path("another-cache").to_str().unwrap());
    for path in ["requirements.txt", "requirements.in"] {
        other.write(path, place.read(path));
    }
    // The index has newer versions by now, and another file of an old one.
    let mut packages = shop();
    packages.as_array_mut().unwrap().extend([
        json!({ "name": "base-thing", "version": "1.9" }),
        json!({ "name": "base-thing", "version": "1.0", "tags": "py3.py313-none-any" }),
        json!({ "name": "new-only", "version": "3.0" }),
    ]);
    let later = Index::new(&other, &json!({ "packages": packages }));
    wheels(&other, &later.url(), &[]).ok();
    assert_eq!(names(&other, "wheels"), names(&place, "wheels"));
    assert_eq!(label(&other), label(&place));
    // One more requirement changes nothing else; `--upgrade` does.
    other.write("requirements.in", format!("{}extra-thing\n", other.read("requirements.in")));
    assert!(other.run(["check"]).exit(1).stdout.contains("EB059"));
    wheels(&other, &later.url(), &[]).ok();
    assert!(other.read("requirements.txt").contains("\nbase-thing==1.0 "));
    wheels(&other, &later.url(), &["--upgrade"]).ok();
    assert!(other.read("requirements.txt").contains("\nbase-thing==1.9 "));
    let found = names(&other, "wheels");
    assert!(!found.iter().any(|name| name.starts_with("base_thing-1.0")), "what it put there itself goes: {found:?}");
}

#[test]
fn lock_files_are_taken_at_their_word() {
    let lock = |digest: &str| {
        format!(
            r#"{{"_meta": {{"sources": [{{"url": "INDEX"}}]}}, "default": {{"base-thing": {{"version": "==1.0", "hashes": ["sha256:{digest}"]}}}}, "develop": {{"pytest": {{}}}}}}"#
        )
    };
    let place = project("");
    std::fs::remove_file(place.path("requirements.txt")).unwrap();
    let index = Index::new(&place, &json!({ "packages": shop() }));
    place.write("Pipfile", "[packages]\nbase-thing = \"*\"\n");
    place.write("Pipfile.lock", lock(&"0".repeat(64)).replace("INDEX", &index.url()));
    let run = wheels(&place, "http://127.0.0.1:1/simple/", &[]).exit(3);
    assert!(run.stderr.contains("is not what was locked"), "{run}");
    let digest = run.stderr.split("sha256:").nth(1).unwrap()[..64].to_owned();
    assert!(!place.exists("requirements.txt") && !place.exists("wheels"));
    place.write("Pipfile.lock", lock(&digest).replace("INDEX", &index.url()));
    wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    let lines = place.read("requirements.txt");
    assert!(lines.starts_with("# Made by `beansprout wheels` from Pipfile.lock, for Python 3.13"), "{lines}");
    assert!(lines.contains(&format!("base-thing==1.0 \\\n    --hash=sha256:{digest}\n")), "{lines}");
    place.run(["check"]).ok();

    let place = project("");
    std::fs::remove_file(place.path("requirements.txt")).unwrap();
    place.write(
        "uv.lock",
        "[[package]]\nname = \"site\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"new-only\" }]\n[[package]]\nname = \"new-only\"\nversion = \"1.0\"\nsource = { registry = \"https://packages.invalid/simple\" }\n",
    );
    wheels(&place, &index.url(), &[]).ok();
    assert!(place.read("requirements.txt").contains(" from uv.lock, for "));
    place.run(["check"]).ok();
}

/// Another file of the same name, which the requirements want now: it takes the place of the old one, and stays there.
#[test]
fn a_wheel_that_is_written_over_is_not_removed() {
    let asked = |code: &str| json!({ "packages": [{ "name": "thing", "code": code }] });
    let digest = |place: &Place| {
        let document = wheels(place, "http://127.0.0.1:1/simple/", &["--json"]).ok().document("wheels/1");
        document["wheels"][0]["sha256"].as_str().unwrap().to_owned()
    };
    let (place, other) = (project("thing==1.0\n"), project("thing==1.0\n"));
    let (index, rebuilt) = (Index::new(&place, &asked("a = 1\n")), Index::new(&other, &asked("a = 2\n")));
    wheels(&place, &index.url(), &[]).ok();
    wheels(&other, &rebuilt.url(), &[]).ok();
    let wanted = digest(&other);
    assert_ne!(digest(&place), wanted);
    place.write("requirements.in", format!("thing==1.0 --hash=sha256:{wanted}\n"));
    let run = wheels(&place, &rebuilt.url(), &["--json"]).ok();
    assert_eq!(run.document("wheels/1")["removed"], json!([]), "{run}");
    assert_eq!(names(&place, "wheels"), ["thing-1.0-py3-none-any.whl"]);
    assert_eq!(digest(&place), wanted, "and nothing is left to do");
}

/// What is installed on some of the instances only says nothing of the others.
#[test]
fn what_is_pinned_for_some_instances_is_kept_for_those() {
    let place = project("top<2; python_version < '3.13'\ntop>=2; python_version >= '3.13'\nbase-thing\n");
    let package = |name: &str, version: &str| json!({ "name": name, "version": version });
    let packages = [package("top", "1.0"), package("top", "2.0"), package("base-thing", "1.0")];
    let both = ["--python", "3.12", "--python", "3.13"];
    wheels(&place, &Index::new(&place, &json!({ "packages": packages })).url(), &both).ok();
    let lines = place.read("requirements.txt");
    assert!(lines.contains("top==1.0 ; python_version == \"3.12\"") && lines.contains("top==2.0 ; "), "{lines}");
    let later = [package("base-thing", "1.9"), package("extra-thing", "1.0")];
    let later = json!({ "packages": packages.iter().chain(&later).collect::<Vec<_>>() });
    place.write("requirements.in", format!("{}extra-thing\n", place.read("requirements.in")));
    wheels(&place, &Index::new(&place, &later).url(), &both).ok();
    let lines = place.read("requirements.txt");
    assert!(lines.contains("base-thing==1.0 ") && lines.contains("top==1.0 ; "), "{lines}");
}

/// What `uv pip compile` and its kin wrote is a list that nobody added to: what it has for another Python goes without a word.
#[test]
fn a_list_that_a_tool_made_is_not_held_against_its_source() {
    let compiled = "# This file was autogenerated by uv via the following command:\n#    uv pip compile requirements.in -o requirements.txt\nbase-thing==1.0\n    # via thing\nonly-elsewhere==1.0\n    # via thing\nthing==1.0\n    # via -r requirements.in\n";
    let place = project(compiled).file("requirements.in", "thing\n");
    let package = |name: &str, version: &str| json!({ "name": name, "version": version, "needs": [] });
    let thing = json!({ "name": "thing", "needs": ["base-thing", "only-elsewhere; python_version < '3.13'"] });
    let packages =
        json!([thing, package("base-thing", "1.0"), package("base-thing", "2.0"), package("only-elsewhere", "1.0")]);
    let index = Index::new(&place, &json!({ "packages": packages }));
    wheels(&place, &index.url(), &[]).ok();
    let lines = place.read("requirements.txt");
    assert!(lines.contains("from requirements.in, for") && lines.contains("base-thing==1.0 "), "{lines}");
    assert!(!lines.contains("only-elsewhere"), "{lines}");
    assert_eq!(place.read("requirements.in"), "thing\n");
}

/// A line without a tool's reason was added by hand, and is not lost without a word; where nothing has one, nobody can tell.
#[test]
fn what_was_added_to_a_list_that_a_tool_made_is_named() {
    let head = "# This file was autogenerated by uv via the following command:\n#    uv pip compile requirements.in -o requirements.txt\n";
    let packages = json!([{ "name": "thing" }, { "name": "by-hand" }]);
    #[track_caller]
    fn case(list: &str, packages: &Value, said: &str) {
        let place = project(list).file("requirements.in", "thing\n");
        let index = Index::new(&place, &json!({ "packages": packages }));
        let run = wheels(&place, &index.url(), &[]).exit(3);
        assert!(run.stderr.contains(said), "{run}");
        assert_eq!(place.read("requirements.txt"), list);
    }
    let said = "asks for `by-hand`, and `requirements.in` does not\nhint: `requirements.txt:3`: add it";
    case(&format!("{head}By_Hand==1.0\nthing==1.0\n    # via -r requirements.in\n"), &packages, said);
    case(&format!("{head}by-hand==1.0\nthing==1.0\n"), &packages, said);
    let place = project(&format!("{head}thing==1.0\n")).file("requirements.in", "Thing\n");
    let index = Index::new(&place, &json!({ "packages": packages }));
    wheels(&place, &index.url(), &[]).ok();
}

/// Compiled from `pyproject.toml`: that goes on to be the file that people change, and what else it says is nobody's business.
#[test]
fn a_list_that_a_tool_made_of_a_pyproject_stays_one() {
    let compiled = "#\n# This file is autogenerated by pip-compile with Python 3.13\n# by the following command:\n#\n#    pip-compile --extra=web pyproject.toml\n#\nbase-thing==1.0\n    # via site (pyproject.toml)\nnew-only==1.0\n    # via site (pyproject.toml)\n";
    let pyproject = "[project]\nname = \"site\"\nversion = \"1\"\ndependencies = [\"Base_Thing\"]\n[project.optional-dependencies]\nweb = [\"new.only\"]\ntests = [\"extra-thing\"]\n";
    let place = project(compiled).file("pyproject.toml", pyproject);
    let index = Index::new(&place, &json!({ "packages": shop() }));
    wheels(&place, &index.url(), &[]).ok();
    assert!(!place.exists("requirements.in"));
    let lines = place.read("requirements.txt");
    assert!(lines.contains(" from pyproject.toml[web], for Python 3.13"), "{lines}");
    assert!(lines.contains("base-thing==1.0 ") && lines.contains("new-only==1.0 "), "{lines}");
    place.run(["check"]).ok();
    place.write("pyproject.toml", format!("{pyproject}[tool.lint]\nstrict = true\n"));
    place.run(["check"]).ok();
    let again = wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    assert!(again.stderr.contains("every wheel is there"), "{again}");
    place.write("pyproject.toml", pyproject.replace("[\"Base_Thing\"]", "[\"Base_Thing\", \"extra-thing\"]"));
    let run = place.run(["check"]).exit(1);
    assert!(run.stdout.contains("`pyproject.toml[web]` has changed since"), "{run}");
    wheels(&place, &index.url(), &[]).ok();
    assert!(place.read("requirements.txt").contains("extra-thing==1.0 "));
    place.run(["check"]).ok();
    place.write("pyproject.toml", "[project]\nname = \"site\"\ndynamic = [\"dependencies\"]\n");
    let run = wheels(&place, &index.url(), &[]).exit(3);
    assert!(
        run.stderr
            .contains("`pyproject.toml`, which `requirements.txt` asks for, cannot be read: its `dependencies` are"),
        "{run}"
    );
    // An index that only the list names would be another one from now on.
    let place = project(&format!("{compiled}--index-url {}\n", index.url())).file("pyproject.toml", pyproject);
    let mut command = place.beansprout(["wheels"]);
    command.env_remove("PIP_INDEX_URL").env_remove("PIP_FIND_LINKS");
    let run = place.finish(command).exit(3);
    assert!(run.stderr.contains("`--index-url` stands in `requirements.txt`, and not where"), "{run}");
}

/// What was asked for by hand is no mistake: wheels of machines that no file speaks of.
#[test]
fn check_takes_the_word_of_whoever_fetched_wheels() {
    let place = project("fast\n");
    let fast = |tags: &str| json!({ "name": "fast", "tags": tags });
    let packages = [fast("cp313-cp313-manylinux2014_x86_64"), fast("cp313-cp313-manylinux2014_aarch64")];
    let index = Index::new(&place, &json!({ "packages": packages }));
    wheels(&place, &index.url(), &["--arch", "x86_64", "--arch", "arm64"]).ok();
    place.run(["check"]).ok();
    // One that nobody asked for is still one.
    place.write("wheels/other-1.0-cp313-cp313-win_amd64.whl", "");
    assert!(place.run(["check"]).exit(1).stdout.contains("EB056"));
}

/// What pipenv takes from an index of its own comes from there.
#[test]
fn the_source_of_a_pipfile_counts() {
    let place = project("");
    std::fs::remove_file(place.path("requirements.txt")).unwrap();
    let secret = "s3cret-of-the-index";
    let asked = json!({ "packages": [{ "name": "thing" }], "credentials": format!("me:{secret}") });
    let index = Index::new(&place, &asked);
    let url = format!("http://me:${{INDEX_TOKEN}}@127.0.0.1:{}/simple/", index.port);
    place.write("Pipfile", format!("[[source]]\nname = \"own\"\nurl = \"{url}\"\n\n[packages]\nthing = \"*\"\n"));
    let place = place.var("INDEX_TOKEN", secret);
    let run = wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    assert!(!run.stderr.contains(secret), "{run}");
    assert!(place.read("requirements.txt").contains(" from Pipfile, for "));
    assert!(!place.read("requirements.txt").contains(secret));
}

#[test]
fn bad_input_is_named_and_nothing_is_half_written() {
    #[track_caller]
    fn case(requirements: &str, packages: Value, exit: i32, said: &str) {
        let place = project(requirements);
        let index = Index::new(&place, &json!({ "packages": packages }));
        refused(&place, &index.url(), &[], exit, said);
    }
    #[track_caller]
    fn refused(place: &Place, index: &str, arguments: &[&str], exit: i32, said: &str) {
        let before = files(place);
        let run = wheels(place, index, arguments).exit(exit);
        assert!(run.stderr.contains(said), "{said}\n{run}");
        assert_eq!(files(place), before, "{said}");
    }
    let nothing = || json!([]);
    let one = |more: Value| {
        let mut package = json!({ "name": "thing" });
        package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([package])
    };
    // What the requirements say.
    case(
        "thing==1.0\nThing==2.0\n",
        nothing(),
        3,
        "`thing` is asked for twice: `thing==1.0` in requirements.txt:1 and `Thing==2.0` in requirements.txt:2",
    );
    case("-e .\n", nothing(), 3, "cannot come from a package index: `-e .` in requirements.txt:1");
    case("git+https://me:s3cret@example.com/x.git#egg=x\n", nothing(), 3, "https://…@example.com/x.git");
    case("thing @ https://example.com/thing-1.0.tar.gz\n./local\n", nothing(), 3, "some requirements cannot come");
    case("thing; python_versio > '3'\n", nothing(), 3, "`python_versio > '3'` in requirements.txt:1 is no condition");
    case(
        "-r https://me:s3cret@packages.invalid/more.txt\n",
        nothing(),
        3,
        "`https://…@packages.invalid/more.txt`, which `requirements.txt` asks for, cannot be read: it is on another machine",
    );
    case(
        "-r missing.txt\n",
        nothing(),
        3,
        "`missing.txt`, which `requirements.txt` asks for, cannot be read: there is no such file",
    );
    case(
        "--index-url https://${NOT_SET}@packages.invalid/simple\nthing\n",
        nothing(),
        2,
        "`${NOT_SET}` in `requirements.txt` is not set",
    );
    // What the index has.
    case("thing==1.0\n", one(json!({ "sdist": true })), 3, "`thing==1.0` has no wheel for Python 3.13 on x86_64");
    case("thing==9.9\n", one(json!({})), 3, "there are wheels of `1.0`");
    case("thing\n", one(json!({ "tags": "cp313-cp313-win_amd64" })), 3, "has no wheel for Python 3.13");
    case(
        "thing==1.0\n",
        one(json!({ "yanked": "broken on Tuesdays" })),
        3,
        "`thing 1.0` was withdrawn by its authors: broken on Tuesdays",
    );
    case(
        "thing\nother\n",
        json!([{ "name": "thing", "needs": ["base>2"] }, { "name": "other", "needs": ["base<2"] }, { "name": "base", "version": "1.0" }, { "name": "base", "version": "3.0" }]),
        3,
        "the requirements contradict each other",
    );
    case("thing\n", one(json!({ "other_digest": true })), 3, "is not what was locked");
    case(
        "thing\n",
        one(json!({ "inside": { "tags": "cp313-cp313-win_amd64" } })),
        3,
        "is not what its name says: it was built for `cp313-cp313-win_amd64`",
    );
    case(
        "thing\n",
        one(json!({ "tags": "cp313-cp313-manylinux2014_x86_64", "machine": 183 })),
        3,
        "its modules are compiled for aarch64",
    );
    case(&format!("thing==1.0 --hash=sha256:{}\n", "0".repeat(64)), one(json!({})), 3, "is not what was locked");
    // pip refuses some of these itself, in words of its own.
    case("thing\n", one(json!({ "inside": { "name": "other" } })), 3, "other");
    case("thing\n", one(json!({ "inside": { "version": "2.0" } })), 3, "is not what its name says");

    // Withdrawn or not, somebody may want it.
    let place = project("thing==1.0\n");
    let index = Index::new(&place, &json!({ "packages": one(json!({ "yanked": "" })) }));
    wheels(&place, &index.url(), &["--allow-yanked"]).ok();

    // What the machine and the project are like.
    let place = project("thing\n");
    refused(&place, "http://127.0.0.1:1/simple/", &[], 3, "the package index cannot be reached");
    let before = files(&place);
    let mut command = place.beansprout(["wheels"]);
    command.env("PATH", place.path("nowhere"));
    let run = place.finish(command).exit(3);
    assert!(run.stderr.contains("neither a Python with pip nor uv"), "{run}");
    assert_eq!(files(&place), before);
    refused(&place, &index.url(), &["--python", "two"], 2, "`two` is no version of Python");
    std::fs::remove_file(place.path(".elasticbeanstalk/config.yml")).unwrap();
    refused(&place, &index.url(), &[], 2, "which Python the instances have is said nowhere");
    place.write("docker-compose.yml", "services: {web: {build: .}}\n");
    refused(&place, &index.url(), &[], 3, "where an image has its packages");
    std::fs::remove_file(place.path("docker-compose.yml")).unwrap();
    std::fs::remove_file(place.path("requirements.txt")).unwrap();
    refused(&place, &index.url(), &["--python", "3.13"], 3, "nothing says what to install");
    place.write("pdm.lock", "[[package]]\nname = \"thing\"\n");
    refused(&place, &index.url(), &["--python", "3.13"], 3, "only its own tool can tell what `pdm.lock` installs");

    // What was made before, and changed since.
    let place = project(SHOP);
    let index = Index::new(&place, &json!({ "packages": shop() }));
    wheels(&place, &index.url(), &[]).ok();
    let (lines, wheel) = (place.read("requirements.txt"), "wheels/base_thing-1.0-py3-none-any.whl");
    place.write("requirements.txt", format!("{lines}by-hand==1.0\n"));
    refused(&place, &index.url(), &[], 3, "`requirements.txt` asks for `by-hand`, and `requirements.in` does not");
    place.write("requirements.txt", &lines);
    let sound = std::fs::read(place.path(wheel)).unwrap();
    place.write(wheel, b"PK broken");
    refused(&place, &index.url(), &[], 3, "base_thing-1.0-py3-none-any.whl` is not what was locked");
    place.write(wheel, sound);
    let asked = place.read("requirements.in");
    std::fs::remove_file(place.path("requirements.in")).unwrap();
    refused(&place, &index.url(), &[], 3, "was made from `requirements.in`, and there is no such file");
    place.write("requirements.in", asked);
    wheels(&place, &index.url(), &[]).ok();
}

/// A private index: with the credentials it answers, without them it is said, and no file, no answer and no log has them.
#[test]
fn credentials_are_written_nowhere() {
    let secret = "s3cret-of-the-index";
    let place = Place::new();
    let index =
        Index::new(&place, &json!({ "packages": [{ "name": "thing" }], "credentials": format!("me:{secret}") }));
    let with = |user: &str| format!("http://{user}@127.0.0.1:{}/simple/", index.port);
    let clean = |place: &Place, run: &crate::harness::Run| {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{run}");
        for (path, content) in files(place) {
            let text = String::from_utf8_lossy(&content);
            assert!(!text.contains(secret), "{}", path.display());
        }
    };
    let place = project("thing\n");
    let run = wheels(&place, &with("me:wrong-password"), &[]);
    assert_eq!(run.exit, 3, "{run}");
    assert!(!run.stderr.contains("wrong-password"), "{run}");
    let run = wheels(&place, &with(&format!("me:{secret}")), &["--json"]).ok();
    clean(&place, &run);
    // In a variable that the file names: it stays one.
    let place = project(&format!("--index-url {}\nthing\n", with("me:${INDEX_TOKEN}"))).var("INDEX_TOKEN", secret);
    let run = wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    clean(&place, &run);
    assert!(place.read("requirements.in").contains("me:${INDEX_TOKEN}@"));
    // In the file itself, where it was before: it is not taken over, and that is said.
    let place = project(&format!("--index-url {}\nthing\n", with(&format!("me:{secret}"))));
    let run = wheels(&place, "http://127.0.0.1:1/simple/", &[]).ok();
    assert!(run.stderr.contains("1 line of `requirements.txt` had credentials"), "{run}");
    clean(&place, &run);
}

/// Ended in the middle: nothing is written, and the next run does it.
#[test]
fn a_run_that_was_stopped_leaves_the_old_state() {
    let place = project("thing\nother\n");
    let packages = json!([{ "name": "thing" }, { "name": "other", "stall": true }]);
    let mut index = Index::new(&place, &json!({ "packages": packages }));
    let before = files(&place);
    let mut command = place.beansprout(["wheels"]);
    command.env("PIP_INDEX_URL", index.url()).env_remove("PIP_FIND_LINKS");
    let run = Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    index.server.wait_for("stalls");
    run.signal("INT");
    assert_eq!(run.finish(), 130);
    assert_eq!(files(&place), before);
    wheels(&place, &index.url(), &[]).ok();
    assert_eq!(names(&place, "wheels").len(), 2);
}

#[test]
fn wheels_may_lie_outside_of_the_repository() {
    let place = project(SHOP);
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().join("site-wheels");
    place.write(
        "beansprout.toml",
        format!("[project]\nname = \"site\"\n\n[bundle.include]\nwheels = {:?}\n", outside.to_str().unwrap()),
    );
    let place = place.git();
    let index = Index::new(&place, &json!({ "packages": shop() }));
    let nowhere = place.run(["package", "--list"]).exit(3);
    assert!(nowhere.stderr.contains("which is not there"), "{nowhere}");
    // A file of the repository alone may not say that it ships.
    std::fs::create_dir(&outside).unwrap();
    let refused = place.run(["package", "--list"]).exit(3);
    assert!(refused.stderr.contains("outside of") && refused.stderr.contains("--include-outside"), "{refused}");
    let place = place.var("BEANSPROUT_INCLUDE_OUTSIDE", "1");
    wheels(&place, &index.url(), &[]).ok();
    assert!(!place.exists("wheels"));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 5);
    let listed = place.run(["package", "--list"]).ok();
    assert!(listed.stdout.contains("wheels/shop_web-1.5-py3-none-any.whl"), "{listed}");
    place.run(["check"]).ok();
    // Where git ignores them, somebody has to know.
    let place = project(SHOP).file(".gitignore", "/wheels/\n").git();
    let run = wheels(&place, &index.url(), &[]).ok();
    assert!(run.stderr.contains("`wheels` is left out of the bundle"), "{run}");
}

/// Half of what a bundle may have is nothing; more than that because of wheels is told.
#[test]
fn package_warns_of_wheels_that_fill_the_bundle() {
    let place = project("thing\n");
    let index = Index::new(&place, &json!({ "packages": [{ "name": "thing", "pad": 100_000 }] }));
    wheels(&place, &index.url(), &[]).ok();
    let with_limit = |limit: u32| {
        place.write("beansprout.toml", format!("[project]\nname = \"site\"\n\n[bundle]\nmax_bytes = {limit}\n"));
        place.run(["package"]).ok().stderr
    };
    assert!(!with_limit(300_000).contains("warning"));
    let said = with_limit(150_000);
    assert!(said.contains("in 1 wheel: a custom AMI can have what is largest"), "{said}");
}

/// The Python that `up` takes here, if the generated project knows it.
fn local_python() -> Option<String> {
    let asked =
        std::process::Command::new("python3").args(["-c", "import sys; print('3.%d' % sys.version_info[1])"]).output();
    let version = String::from_utf8(asked.ok()?.stdout).ok()?.trim().to_owned();
    ["3.11", "3.12", "3.13", "3.14"].contains(&version.as_str()).then_some(version)
}

/// A folder of wheels that the caller names is where an instance finds packages, wherever it lies and in both ways of isolation.
#[test]
fn an_instance_takes_packages_from_a_folder_that_is_named() {
    let made = project("thing==1.0\n");
    let index = Index::new(&made, &json!({ "packages": [{ "name": "thing", "code": "answer = 'from a wheel'\n" }] }));
    wheels(&made, &index.url(), &[]).ok();
    let wheel = std::fs::read(made.path("wheels/thing-1.0-py3-none-any.whl")).unwrap();
    for isolation in ["auto", "prefix"] {
        let place = project("thing==1.0\n")
            .file("own-wheels/thing-1.0-py3-none-any.whl", &wheel)
            .file(
                "server.py",
                "import http.server, os, thing\nclass Page(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        self.send_response(200)\n        self.end_headers()\n        self.wfile.write(thing.answer.encode())\nhttp.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Page).serve_forever()\n",
            );
        let mut command = place.beansprout(["up", "--port", "0", "--isolation", isolation]);
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", "own-wheels");
        let mut up = Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let url = up.wait_for("runs at ");
        let mut answer = String::new();
        let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.ends_with("from a wheel"), "{isolation}: {answer}");
        up.signal("INT");
        up.finish();
    }
}

/// An instance in a world that has no network: only its loopback. It installs, starts and answers.
#[test]
fn an_instance_without_a_network_installs_and_serves() {
    if missing("bwrap", "bubblewrap") {
        return;
    }
    let Some(version) = local_python() else {
        return left_out("the Python here is none of the platform's");
    };
    let set = format!("python={version}");
    for extra in ["", "celery==5.5.3\nPillow==11.3.0\ncryptography==45.0.7\nredis==6.4.0\nrequests==2.32.5\n"] {
        let place = Place::new().var("SECRET_KEY", SECRET_KEY);
        place.run(["new", "shop", "--defaults", "--set", &set]).ok();
        let place = place.enter("shop");
        place.write("requirements.txt", format!("{}{extra}", place.read("requirements.txt")));
        let run = place.run(["wheels", "--json"]).ok();
        let count = run.document("wheels/1")["wheels"].as_array().unwrap().len();
        assert_eq!(count >= 20, !extra.is_empty(), "{run}");
        let script = r#"
            exec 3< <(exec "$0" up --port 8080 2>&1); up=$!
            while read -r line <&3; do echo "$line"; case "$line" in *"runs at "*) break ;; esac; done
            python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/health/').read())"
            kill $up; cat <&3
        "#;
        let mut command = place.command("bwrap");
        command.args(["--dev-bind", "/", "/", "--proc", "/proc", "--unshare-net", "bash", "-c", script]);
        command.arg(env!("CARGO_BIN_EXE_beansprout"));
        // Whoever asks an index gets no answer.
        command.env("PIP_INDEX_URL", "http://127.0.0.1:1/simple/").env_remove("PIP_FIND_LINKS");
        let run = place.finish(command);
        assert!(run.stdout.contains("b'ok\\n'"), "{run}");
    }
}
