//! Which file of `src` imports from which: a reader of Rust that is good enough for this house.
//!
//! It knows groups (`use crate::{a, b::C}`), `super::` and `self::`, paths in the middle of code, and names that a module
//! passes on (`pub use`): those lead to where the name is from. Tests inside of files are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every module, and those that it names.
pub(crate) struct Imports(BTreeMap<String, BTreeSet<String>>);

/// What a file is called as a module: `bundle::pack` for `src/bundle/pack/mod.rs`.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|name| name == "mod") {
        parts.pop();
    }
    parts.join("::")
}

/// Code without comments, without the contents of texts, and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            3 + raw.find("\"#").map_or(raw.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") {
            rest.find("\"'").unwrap() + 2
        } else if next == '"' {
            quoted(rest)
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        rest = &rest[skip..];
    }
    code
}

/// How long the text in quotes at the beginning is.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Every path in the code that begins with `crate`, `super` or `self`, groups taken apart.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            let after = &code[at + start.len()..];
            let inner = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$');
            if !inner && after.starts_with("::") {
                read(after, vec![start.to_owned()], &mut found);
            }
        }
    }
    found
}

/// Read what follows a path, from its `::` on. Returns what is left.
fn read<'a>(mut text: &'a str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    while let Some(next) = text.strip_prefix("::") {
        if let Some(group) = next.strip_prefix('{') {
            let mut rest = group.trim_start();
            while !rest.starts_with('}') && !rest.is_empty() {
                let name = name(rest);
                if name.is_empty() {
                    rest = rest[rest.chars().next().unwrap().len_utf8()..].trim_start();
                    continue;
                }
                let mut inner = path.clone();
                if name != "self" {
                    inner.push(name.clone());
                }
                rest = read(&rest[name.len()..], inner, found).trim_start();
                if let Some(renamed) = rest.strip_prefix("as ") {
                    rest = renamed.trim_start();
                    rest = rest[self::name(rest).len()..].trim_start();
                }
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        let name = name(next);
        if name.is_empty() {
            break; // `::<T>`, `::*`
        }
        text = &next[name.len()..];
        path.push(name);
    }
    found.push(path);
    text
}

fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Names that a module passes on, with the whole path of each.
fn passed_on(module: &str, code: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in code.split(';') {
        let Some((head, _)) = statement.rsplit_once("use ").filter(|(head, _)| head.trim_end().ends_with([')', 'b']))
        else {
            continue;
        };
        let head = head.trim_end();
        if !head.ends_with("pub") && !head.rsplit_once("pub(").is_some_and(|(_, inside)| inside.ends_with(')')) {
            continue;
        }
        let tree = statement[statement.rfind("use ").unwrap() + 4..].trim();
        let first = name(tree);
        let mut found = Vec::new();
        read(&tree[first.len()..], vec![first], &mut found);
        for path in found {
            let whole = absolute(module, &path, modules);
            names.insert(path.last().unwrap().clone(), whole);
        }
    }
    names
}

/// A path as it is from the root of the crate.
fn absolute(module: &str, path: &[String], modules: &BTreeSet<String>) -> String {
    let mut base: Vec<&str> =
        if module == "lib" || module == "main" { Vec::new() } else { module.split("::").collect() };
    let mut rest = path;
    match path[0].as_str() {
        "crate" => (base, rest) = (Vec::new(), &path[1..]),
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        first => {
            // A bare name is a module below this one, or a foreign crate.
            let below = base.iter().copied().chain([first]).collect::<Vec<_>>().join("::");
            if !modules.contains(&below) {
                return String::new();
            }
        }
    }
    base.into_iter().chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join("::")
}

pub(crate) fn of(sources: &[(PathBuf, String)]) -> Imports {
    let files: BTreeMap<String, String> = sources
        .iter()
        .map(|(path, text)| (module(path), code(text)))
        .filter(|(module, _)| !module.ends_with("::tests"))
        .collect();
    let modules: BTreeSet<String> = files.keys().cloned().collect();
    let passed: BTreeMap<&String, BTreeMap<String, String>> =
        files.iter().map(|(module, code)| (module, passed_on(module, code, &modules))).collect();
    // Where a path leads: the deepest module on it, or, if that passes the next name on, where the name is from.
    let leads = |whole: &str| -> Option<String> {
        let mut whole = whole.to_owned();
        for _ in 0..8 {
            let mut module = whole.clone();
            let mut next = String::new();
            while !modules.contains(&module) {
                let (up, name) = module.rsplit_once("::")?;
                next = name.to_owned();
                module = up.to_owned();
            }
            match passed[&module].get(&next) {
                Some(from) if !from.is_empty() => {
                    let after = whole[module.len() + 2 + next.len()..].to_owned();
                    whole = from.clone() + &after;
                }
                _ => return Some(module),
            }
        }
        None
    };
    let mut imports = BTreeMap::new();
    for (module, code) in &files {
        let code: String = code.split_inclusive(';').filter(|statement| !passes_on(statement)).collect();
        let used = paths(&code).into_iter().filter_map(|path| leads(&absolute(module, &path, &modules)));
        let below = bare(module, &code, &modules).into_iter().filter_map(|whole| leads(&whole));
        let used: BTreeSet<String> = used.chain(below).filter(|used| used != module).collect();
        imports.insert(module.clone(), used);
    }
    Imports(imports)
}

/// Is the statement a `pub use`? Passing a name on is no use of it.
fn passes_on(statement: &str) -> bool {
    let text = statement.trim_start();
    let after = text.strip_prefix("pub").map(str::trim_start);
    let after =
        after.map(|text| text.strip_prefix('(').and_then(|t| t.split_once(')')).map_or(text, |(_, t)| t).trim_start());
    after.is_some_and(|text| text.starts_with("use "))
}

/// Paths that begin with the name of a module below this one: `archive::write(…)` in `bundle`.
fn bare(module: &str, code: &str, modules: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let prefix = if matches!(module, "lib" | "main") { String::new() } else { format!("{module}::") };
    for child in modules.iter().filter_map(|name| name.strip_prefix(&prefix)).filter(|name| !name.contains("::")) {
        if prefix.is_empty() {
            continue; // the root only declares its rooms
        }
        let needle = format!("{child}::");
        for (at, _) in code.match_indices(&needle) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '"')) {
                let mut paths = Vec::new();
                read(&code[at + child.len()..], vec![child.to_owned()], &mut paths);
                found.extend(paths.iter().map(|path| format!("{prefix}{}", path.join("::"))));
            }
        }
    }
    found
}

impl Imports {
    pub(crate) fn edges(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.0.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.clone(), to.clone())))
    }

    /// Circles among siblings, at every level of the house: a file with what is below it counts as one of them, and what
    /// it and its own children say to each other is theirs.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in self.edges() {
            if let Some((from, to)) = siblings(&from, &to) {
                graph.entry(to.clone()).or_default();
                graph.entry(from).or_default().insert(to);
            }
        }
        let reach: BTreeMap<&String, BTreeSet<&String>> =
            graph.keys().map(|from| (from, reach(&graph, from))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for from in graph.keys().filter(|from| reach[from].contains(from)) {
            let together = reach[from].iter().filter(|to| reach[*to].contains(from));
            circles.insert(together.map(|name| (*name).clone()).collect());
        }
        circles.into_iter().collect()
    }
}

/// Where the ways of two modules part: `a::x` and `a::y` for `a::x::one` and `a::y`. None if one is inside the other.
fn siblings(one: &str, other: &str) -> Option<(String, String)> {
    let parts = |module: &str| module.split("::").map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    (same < one.len() && same < other.len()).then(|| (one[..=same].join("::"), other[..=same].join("::")))
}

fn reach<'a>(graph: &'a BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<&String> = graph[from].iter().collect();
    while let Some(next) = left.pop() {
        if seen.insert(next) {
            left.extend(&graph[next]);
        }
    }
    seen
}

#[test]
fn groups_super_and_names_that_are_passed_on_lead_to_their_files() {
    let files = [
        ("src/lib.rs", "pub mod a;\npub mod b;\n"),
        ("src/a/mod.rs", "mod one;\nmod two;\npub use one::One;\npub(crate) use two::{Two, four};\n"),
        ("src/a/one.rs", "use super::two::Two;\n// use crate::b::Never;\nconst TEXT: &str = \"crate::b::Never\";\n"),
        ("src/a/two.rs", "use crate::{b, a::{One}};\n\n#[cfg(test)]\nmod tests { use crate::b::Never; }\n"),
        ("src/b.rs", "fn f() -> crate::a::One { crate::a::Two::new(super::a::four()) }\n"),
    ];
    let files: Vec<_> = files.map(|(path, text)| (PathBuf::from(path), text.to_owned())).into();
    let imports = of(&files);
    let edges: Vec<String> = imports.edges().map(|(from, to)| format!("{from} → {to}")).collect();
    assert_eq!(edges, ["a::one → a::two", "a::two → a::one", "a::two → b", "b → a::one", "b → a::two"]);
    assert_eq!(imports.circles(), [["a", "b"], ["a::one", "a::two"]]);
}
