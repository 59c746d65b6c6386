//! Attributes: what objects of a package had, and newer versions of it do not have any more.
//!
//! Each was asked for with Flask 3.1, Flask-JWT-Extended 4.7 and Flask-SQLAlchemy 3.1, and the first release without it is that of their lists of changes.

use std::ops::Range;

use crate::beanstalk::lines::indent;
use crate::check::blocks::heads;
use crate::check::django::loaded::Module;
use crate::check::installed::Installed;
use crate::check::script::find_all;
use crate::check::subject::Subject;

const RULE: &str = "EB250";

/// A method that is called, or decorates, as a module is imported.
struct Method {
    package: &'static str,
    since: (u32, u32),
    name: &'static str,
    object: &'static str,
    fix: &'static str,
}

const fn of_flask(name: &'static str, object: &'static str) -> Method {
    let fix = "call it where the application is made, in `with app.app_context():`";
    Method { package: "flask", since: (2, 3), name, object, fix }
}

const fn of_jwt(name: &'static str, fix: &'static str) -> Method {
    Method { package: "flask-jwt-extended", since: (4, 0), name, object: "JWTManager", fix }
}

const METHODS: [Method; 6] = [
    of_flask("before_first_request", "Flask"),
    of_flask("before_app_first_request", "Blueprint"),
    of_jwt("token_in_blacklist_loader", "`token_in_blocklist_loader`, whose function takes the header and the payload"),
    of_jwt("user_claims_loader", "`additional_claims_loader`"),
    of_jwt("claims_verification_loader", "`token_verification_loader`"),
    of_jwt("user_loader_callback_loader", "`user_lookup_loader`, whose function takes the header and the payload"),
];

/// Words of a line that stop wherever it runs.
struct Use {
    package: &'static str,
    since: (u32, u32),
    /// What the module imports, where the words alone say too little.
    import: Option<&'static str>,
    words: &'static str,
    /// Whether what follows the words is such a use.
    rest: fn(&str) -> bool,
    error: &'static str,
    fix: &'static str,
}

const SAFE: &str = "`from markupsafe import Markup, escape`";

const USES: [Use; 7] = [
    Use {
        package: "flask",
        since: (3, 0),
        import: Some("flask"),
        words: "flask.Markup",
        rest: ends,
        error: "module 'flask' has no attribute 'Markup'",
        fix: SAFE,
    },
    Use {
        package: "flask",
        since: (3, 0),
        import: Some("flask"),
        words: "flask.escape",
        rest: ends,
        error: "module 'flask' has no attribute 'escape'",
        fix: SAFE,
    },
    Use {
        package: "flask",
        since: (2, 3),
        import: Some("flask"),
        words: "flask.json.JSONEncoder",
        rest: ends,
        error: "module 'flask.json' has no attribute 'JSONEncoder'",
        fix: "`flask.json.provider.DefaultJSONProvider`",
    },
    Use {
        package: "sqlalchemy",
        since: (2, 0),
        import: None,
        words: "db.engine.execute(",
        rest: any,
        error: "'Engine' object has no attribute 'execute'",
        fix: "`with db.engine.begin() as connection: connection.execute(text(\"…\"))`",
    },
    Use {
        package: "sqlalchemy",
        since: (2, 0),
        import: None,
        words: "db.session.execute(",
        rest: is_text,
        error: "ArgumentError: Textual SQL expression should be explicitly declared as text",
        fix: "`db.session.execute(text(\"…\"))`, with `from sqlalchemy import text`",
    },
    Use {
        package: "flask-sqlalchemy",
        since: (3, 0),
        import: None,
        words: ".paginate(",
        rest: is_positional,
        error: "Query.paginate() takes 1 positional argument",
        fix: "name the arguments: `paginate(page=page, per_page=20, error_out=False)`",
    },
    Use {
        package: "flask-sqlalchemy",
        since: (3, 0),
        import: None,
        words: "db.create_all(",
        rest: names_application,
        error: "create_all() got an unexpected keyword argument 'app'",
        fix: "`with app.app_context(): db.create_all()`",
    },
];

fn any(_: &str) -> bool {
    true
}

fn ends(rest: &str) -> bool {
    !rest.starts_with(|char: char| char.is_alphanumeric() || char == '_')
}

fn is_text(rest: &str) -> bool {
    rest.trim_start().trim_start_matches(['f', 'r']).starts_with(['"', '\''])
}

/// Is the first argument one without a name?
fn is_positional(rest: &str) -> bool {
    let first = rest.split([',', ')', '\n']).next().unwrap_or_default().trim();
    first.starts_with(|char: char| char.is_alphanumeric() || char == '_') && !first.contains('=')
}

fn names_application(rest: &str) -> bool {
    rest.strip_prefix("app=").is_some_and(|rest| rest.starts_with(char::is_alphabetic))
}

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let installed = Installed::of(subject);
    for method in &METHODS {
        let Some(beside) = installed.since(method.package, method.since) else { continue };
        let is = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == method.name);
        let calls = modules.iter().flat_map(|module| module.calls.iter().map(move |call| (module, call)));
        let mut calls = calls.filter(|(_, call)| is(&call.name));
        let Some((module, call)) = calls.next() else { continue };
        let message = format!(
            "{}: this stops with `'{}' object has no attribute '{}'` {beside}{}",
            module.moment.fate(),
            method.object,
            method.name,
            more(calls.count())
        );
        subject.find(RULE, &module.path, call.span.clone(), message, method.fix);
    }
    for used in &USES {
        let Some(beside) = installed.since(used.package, used.since) else { continue };
        let mut places = modules.iter().flat_map(|module| places(subject, module, used));
        let Some((path, span)) = places.next() else { continue };
        let more = more(places.count());
        let message = format!("where this runs it stops with `{}` {beside}{more}", used.error);
        subject.find(RULE, &path, span, message, used.fix);
    }
}

fn places(subject: &Subject<'_>, module: &Module, used: &Use) -> Vec<(String, Range<usize>)> {
    let imports = |name: &str| module.imports.iter().any(|import| import.module == name && import.name.is_none());
    let text = subject.tree.code(&module.path).unwrap_or_default();
    let wanted = used.import.is_none_or(imports);
    let found = find_all(text, used.words).filter(|span| wanted && (used.rest)(&text[span.end..]));
    // Of a list or a search there may be another `paginate`.
    let of_query = |span: &Range<usize>| {
        let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        used.words != ".paginate(" || text[start..span.start].contains(".query.")
    };
    found
        .filter(|span| of_query(span) && !is_elsewhere(text, span.start))
        .map(|span| (module.path.clone(), span.start..span.end - usize::from(used.words.ends_with('('))))
        .collect()
}

/// Is a place run on the machine of who develops alone, or caught where it stops?
fn is_elsewhere(text: &str, at: usize) -> bool {
    heads(text, at).any(|(head, next)| {
        let (head, outer) = (head.trim(), indent(head));
        let of_developer = head.starts_with("if ")
            && (head.contains("\"development\"") || head.contains("'development'") || head.contains("__main__"))
            && !head.contains("!=")
            && !head.contains(" not ");
        of_developer || (head == "try:" && catches_all(&text[next..], outer))
    })
}

/// Does the `try` with this text in it catch whatever stops there?
fn catches_all(text: &str, outer: usize) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let handler = lines.find(|line| indent(line) <= outer).map(str::trim);
    handler.is_some_and(|handler| handler.starts_with("except:") || handler.starts_with("except Exception"))
}

/// The other places of the same.
pub(super) fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => ", and so does one place more".to_owned(),
        others => format!(", and so do {others} places more"),
    }
}
