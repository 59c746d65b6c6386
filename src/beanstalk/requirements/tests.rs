use super::*;
use crate::beanstalk::tree::{Entry, Tree};

fn read(tree: &Tree) -> Requirements {
    Requirements::read(&|path| tree.bytes(path))
}

#[track_caller]
fn one(line: &str) -> Requirement {
    let tree = Tree::default().file(FILE, line);
    let found = read(&tree);
    assert_eq!((found.lines.len(), found.unread.len()), (1, 0), "{found:?}");
    found.lines[0].clone()
}

#[test]
fn lines_of_pip() {
    #[track_caller]
    fn case(line: &str, name: &str, specifier: &str) {
        let found = one(line);
        assert_eq!((found.name.as_str(), found.specifier.as_str()), (name, specifier), "{line}");
    }
    case("Django==5.2.8\r\n", "django", "==5.2.8");
    case("Django_Storages[s3] >= 1.14, < 2  # S3\n", "django-storages", ">=1.14,<2");
    case("zope.interface (>=5)", "zope-interface", ">=5");
    case("gunicorn==23.0.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n", "gunicorn", "==23.0.0");
    case("thing @ git+https://github.com/example/thing@abc", "thing", "");
    case("git+https://github.com/example/thing@abc#egg=thing", "thing", "");
    case("-e git+https://github.com/example/thing@abc#egg=Thing&subdirectory=x", "thing", "");
    case("https://example.com/thing-1.0.tar.gz", "", "");
    case("./local", "", "");
    case("-e .", "", "");
    assert_eq!(one("pywin32==308; sys_platform == 'win32'").marker.as_deref(), Some("sys_platform == 'win32'"));
    assert_eq!(one("psycopg[c,pool]==3.3").extras, ["c", "pool"]);
    assert_eq!(one("Django==4.2.11").pinned(), Some(Version::new(4, 2)));
    assert_eq!(one("Django==4.2.11").exact(), Some("4.2.11"));
    assert_eq!(one("Django>=4.2").pinned(), None);
    let django = |line: &str| read(&Tree::default().file(FILE, line)).django().map(|version| version.to_string());
    for (line, release) in [
        ("Django==4.2.11", Some("4.2")),
        ("django<3", Some("2.2")),
        ("Django>=3.1,<3.3", Some("3.2")),
        ("Django<4.0", Some("3.2")),
        ("Django<=4.0", Some("4.0")),
        ("Django>=4,<4.2.9", Some("4.2")),
        ("Django>=5,<9", None),
        ("Django>=4.2", None),
    ] {
        assert_eq!(django(line).as_deref(), release, "{line}");
    }
    let linux = |name: &str| (name == "sys_platform").then(|| "linux".to_owned());
    assert_eq!(one("psycopg2; sys_platform == 'win32'").holds(&linux), Some(false));
    assert_eq!(one("psycopg2; python_version < '3.9'").holds(&linux), None);
    assert_eq!(one("psycopg2").holds(&linux), Some(true));
    assert!(one("--editable=.").editable);
    for line in [
        "-e .",
        "./wheels/a.whl",
        "git+https://example.com/a.git#egg=a",
        "a @ https://example.com/a.zip",
        "a @ file:a.whl",
    ] {
        assert!(one(line).is_opaque(), "{line}");
    }
    for line in ["a", "a[b]==1.0", "a>=1,<2 ; python_version > '3.8'"] {
        assert!(!one(line).is_opaque(), "{line}");
    }
    let text = "# head\n--index-url https://example.com\n\nDjango==5.2\n";
    let found = read(&Tree::default().file(FILE, text));
    assert_eq!((found.lines[0].line, &text[found.lines[0].span.clone()]), (4, "Django==5.2"));
}

#[test]
fn the_first_file_is_installed_from() {
    let lock =
        r#"{"_meta": {}, "default": {"django": {"version": "==5.2.1", "markers": "x"}}, "develop": {"pytest": {}}}"#;
    let pipfile = "[packages]\ndjango = \"~=5.2\"\npsycopg = {extras = [\"c\"], version = \"*\"}\n[dev-packages]\npytest = \"*\"\n";
    let tree = Tree::default().file("Pipfile", pipfile).file("Pipfile.lock", lock);
    let found = read(&tree);
    assert_eq!((found.source, found.version("Django")), (Some(Source::PipfileLock), Some(Version::new(5, 2))));
    assert!(found.get("pytest").is_no());
    let found = read(&tree.clone().file(FILE, "flask\n"));
    assert_eq!(found.source, Some(Source::Requirements));
    assert!(found.get("django").is_no());
    let found = read(&Tree::default().file("Pipfile", pipfile));
    let psycopg = found.get("psycopg").yes().unwrap();
    assert_eq!((psycopg.line, psycopg.extras.as_slice()), (3, &["c".to_owned()][..]));
    assert_eq!(read(&Tree::default()).source, None);
    assert!(read(&Tree::default().file("Pipfile.lock", "{")).get("django").why().is_some());
}

#[test]
fn includes_are_followed_within_the_project() {
    let tree = Tree::default()
        .file(FILE, "-r requirements/prod.txt\n")
        .file("requirements/prod.txt", "-r base.txt\n-c ../constraints.txt\ngunicorn\n")
        .file("requirements/base.txt", "-r prod.txt\nDjango\n")
        .file("constraints.txt", "Django==5.1.2\nunused==1\n");
    let found = read(&tree);
    assert_eq!(found.unread, []);
    assert_eq!(found.version("django"), Some(Version::new(5, 1)));
    assert!(found.get("unused").is_no(), "a constraint asks for nothing");
    let django = found.get("django").yes().unwrap();
    assert_eq!((django.path.as_str(), django.line), ("requirements/base.txt", 2));
}

#[test]
fn what_cannot_be_read_is_not_known() {
    #[track_caller]
    fn case(tree: Tree, why: &str) {
        let found = read(&tree);
        assert_eq!(found.unread.len(), 1, "{found:?}");
        assert!(found.unread[0].why.contains(why), "{found:?}");
        assert!(found.get("django").why().is_some());
    }
    case(Tree::default().file(FILE, "-r missing.txt\n"), "no such file");
    case(Tree::default().file(FILE, "-r ../other.txt\n"), "outside");
    case(Tree::default().file(FILE, "-r https://example.com/x.txt\n"), "another machine");
    case(Tree::default().file(FILE, b"caf\xe9"), "UTF-8");
    let mut large = Tree::default();
    large.insert(FILE, Entry::File { executable: false, bytes: 1 << 40, content: None });
    case(large, "too large");
    let deep = (0..30).fold(Tree::default().file(FILE, "-r 0.txt\n"), |tree, number| {
        tree.file(&format!("{number}.txt"), format!("-r {}.txt\n", number + 1))
    });
    case(deep, "too many");
}

/// As pip does: it knows the marks of UTF-16 and UTF-8.
#[test]
fn a_byte_order_mark_tells_the_encoding() {
    let utf16: Vec<u8> = "\u{feff}Django==5.2\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [utf16, b"\xef\xbb\xbfDjango==5.2\n".to_vec()] {
        assert_eq!(read(&Tree::default().file(FILE, content)).version("django"), Some(Version::new(5, 2)));
    }
}

#[test]
fn what_pipenv_says_beside_versions_counts() {
    let pipfile = r#"
[[source]]
url = "https://${USER}:${TOKEN}@packages.invalid/simple"
verify_ssl = false

[packages]
plain = {version = "==1", markers = "python_version < '3.13'"}
two = {version = "*", sys_platform = "== 'linux'", markers = "os_name == 'posix'"}
away = {git = "https://example.com/away.git", ref = "v1"}
here = {path = "./here", editable = true}
archive = {file = "https://example.com/archive.zip"}
"#;
    let found = read(&Tree::default().file("Pipfile", pipfile));
    let line = |name: &str| found.lines.iter().find(|line| line.name == name).unwrap();
    assert_eq!(line("plain").marker.as_deref(), Some("python_version < '3.13'"));
    assert_eq!(line("two").marker.as_deref(), Some("(os_name == 'posix') and (sys_platform == 'linux')"));
    assert_eq!(line("away").text, "away @ git+https://example.com/away.git@v1");
    assert_eq!(line("here").text, "here @ ./here");
    assert_eq!(line("archive").text, "archive @ https://example.com/archive.zip");
    let source = |url: &str, verify| PipenvSource { url: url.to_owned(), verify };
    let expected = [source("https://${USER}:${TOKEN}@packages.invalid/simple", false)];
    assert_eq!(PipenvSource::read(Source::Pipfile, pipfile.as_bytes()), expected);
    let lock =
        r#"{"_meta": {"sources": [{"url": "https://a.invalid"}, {"url": "https://b.invalid", "verify_ssl": true}]}}"#;
    let expected = [source("https://a.invalid", true), source("https://b.invalid", true)];
    assert_eq!(PipenvSource::read(Source::PipfileLock, lock.as_bytes()), expected);
    assert_eq!(PipenvSource::read(Source::Pipfile, b"not = [toml"), []);
}

/// Whoever tells what could not be read tells no password with it.
#[test]
fn addresses_are_told_without_credentials() {
    let found = read(&Tree::default().file(FILE, "-r https://me:s3cret@packages.invalid/more.txt\n"));
    assert_eq!(found.unread[0].what, "https://…@packages.invalid/more.txt");
    assert!(found.get("django").why().is_some_and(|why| !why.contains("s3cret")));
}
