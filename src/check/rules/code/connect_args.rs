//! Connect arguments: an option of SQLite's that an engine of SQLAlchemy's gives to the driver of another database.
//!
//! Tried with SQLAlchemy 2.1: psycopg2 and psycopg say `invalid connection option`, asyncpg and PyMySQL raise `TypeError`.

use crate::check::django::loaded::Module;
use crate::check::subject::Subject;

const OPTION: &str = "check_same_thread";
/// Of those whose drivers take no word that they do not know.
const SCHEMES: [&str; 4] = ["postgresql", "postgres", "mysql", "mariadb"];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    for module in modules {
        let Some(code) = subject.tree.code(&module.path) else { continue };
        if !module
            .imports
            .iter()
            .any(|import| ["sqlalchemy", "sqlmodel"].iter().any(|name| import.module.starts_with(name)))
        {
            continue;
        }
        for call in &module.calls {
            if !matches!(call.name.rsplit('.').next(), Some("create_engine" | "create_async_engine")) {
                continue;
            }
            let Some(text) = code.get(call.span.clone()) else { continue };
            let Some((scheme, at)) = scheme(code, text).zip(option(text)) else { continue };
            let start = call.span.start + at;
            let message = format!(
                "every page that asks the database is a 500: `{OPTION}` is an option of SQLite's, and the driver of `{scheme}` refuses to connect with it"
            );
            let fix = "take `connect_args` out";
            subject.find("EB387", &module.path, start..start + OPTION.len(), message, fix);
        }
    }
}

/// Where `connect_args={…}` has the option, if it is one dictionary, whatever else holds.
fn option(call: &str) -> Option<usize> {
    let (_, rest) = call.split_once("connect_args")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix('{')?;
    let (inside, after) = value.split_once('}')?;
    let at =
        inside.find(OPTION).filter(|_| !inside.contains(['{', '#']) && after.trim_start().starts_with([',', ')']))?;
    Some(call.len() - value.len() + at)
}

/// The scheme of the address that an engine is given, where the module says nothing else of it.
fn scheme(code: &str, call: &str) -> Option<&'static str> {
    let first = call.split_once('(')?.1.trim_start();
    if let Some(scheme) = of_text(first) {
        return Some(scheme);
    }
    let name =
        first.split(|char: char| !(char.is_alphanumeric() || char == '_')).next().filter(|name| !name.is_empty())?;
    let is_whole = first[name.len()..].trim_start().starts_with([',', ')']);
    let without_comments = || code.lines().map(|line| line.split('#').next().unwrap_or_default());
    // Another branch, or a variable that nobody sees into.
    if !is_whole || without_comments().any(|line| line.to_ascii_lowercase().contains("sqlite")) {
        return None;
    }
    let mut found = None;
    for line in without_comments() {
        let Some(rest) = line.trim_start().strip_prefix(name) else { continue };
        let value = match rest.trim_start().strip_prefix(':') {
            Some(annotated) => annotated.split_once('=').map(|(_, value)| value),
            None => rest.trim_start().strip_prefix('=').filter(|value| !value.starts_with('=')),
        };
        let Some(value) = value.map(str::trim_start) else { continue };
        found = Some(of_text(value).filter(|_| !value.contains(" else "))?);
    }
    found
}

/// Of a text that is written there: `"postgresql+psycopg2://…"`, or `f"…"`.
fn of_text(value: &str) -> Option<&'static str> {
    let text =
        value.trim_start_matches(['f', 'r', 'F', 'R']).strip_prefix(['"', '\''])?.trim_start_matches(['"', '\'']);
    let is_of = |scheme: &&&str| text.strip_prefix(**scheme).is_some_and(|rest| rest.starts_with([':', '+']));
    SCHEMES.iter().find(is_of).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_written_there() {
        const CALL: &str = "create_engine(URL, connect_args={'check_same_thread': False})";
        assert_eq!(scheme("URL = 'postgresql://a'\n", CALL), Some("postgresql"));
        assert_eq!(scheme("URL: str = f\"mysql+pymysql://{a}\"\n", CALL), Some("mysql"));
        assert_eq!(
            scheme("if a:\n    URL = 'postgresql://a'\nelse:\n    URL = 'postgresql://b'\n", CALL),
            Some("postgresql")
        );
        assert_eq!(scheme("if a:\n    URL = 'postgresql://a'\nelse:\n    URL = 'sqlite:///b'\n", CALL), None);
        assert_eq!(scheme("URL = 'postgresql://a' if a else b\n", CALL), None);
        assert_eq!(scheme("URL = 'postgresql://a'\nURL = os.environ['URL']\n", CALL), None);
        assert_eq!(scheme("from config import URL\n", CALL), None);
        assert_eq!(scheme("", "create_engine('postgresql://a', x=1)"), Some("postgresql"));
        assert_eq!(scheme("URL = 'postgresql://a'\n", "create_engine(URL.replace('a', 'b'))"), None);
        assert_eq!(scheme("URL = 'mssql+pyodbc://a'\n", CALL), None);
    }

    #[test]
    fn options_that_hold_always() {
        let found = |call: &str| option(call).map(|at| call[at..at + OPTION.len()].to_owned());
        assert_eq!(found("f(URL, connect_args={'check_same_thread': False})").as_deref(), Some(OPTION));
        assert_eq!(
            found("f(URL, echo=True,\n  connect_args = {\n 'check_same_thread': False},\n)").as_deref(),
            Some(OPTION)
        );
        assert_eq!(found("f(URL, connect_args={'check_same_thread': False} if a else {})"), None);
        assert_eq!(found("f(URL, connect_args=a)"), None);
        assert_eq!(found("f(URL, connect_args={'timeout': 5})"), None);
    }
}
