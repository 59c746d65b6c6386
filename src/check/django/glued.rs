//! Glued: items of a list between which somebody has forgotten the comma. Python makes one text of two that stand side by side.

use std::ops::Range;

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

/// Lists of names that are never so long that somebody would write one in two parts.
const LISTS: [&str; 8] = [
    "ALLOWED_HOSTS",
    "AUTHENTICATION_BACKENDS",
    "CORS_ALLOWED_ORIGINS",
    "CORS_ORIGIN_WHITELIST",
    "CSRF_TRUSTED_ORIGINS",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "STATICFILES_FINDERS",
];

/// Two texts that Python joins, where a list of a setting has them for one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check) struct Glued {
    pub(in crate::check) setting: String,
    pub(in crate::check) first: String,
    pub(in crate::check) second: String,
    pub(in crate::check) path: String,
    /// Where the first of them stands.
    pub(in crate::check) span: Range<usize>,
}

/// Those in what a setting is given.
pub(super) fn glued<'e>(setting: &'e str, value: &'e Expr, path: &'e str) -> impl Iterator<Item = Glued> + 'e {
    let items = if LISTS.contains(&setting) { items(value) } else { Vec::new() };
    items.into_iter().filter_map(move |item| {
        let Expr::StringLiteral(literal) = item else { return None };
        let parts: Vec<_> = literal.value.iter().collect();
        let (first, second) = parts.windows(2).find_map(|pair| {
            let (first, second) = (&*pair[0].value, &*pair[1].value);
            // A name in two parts is cut where it has a dot or a slash.
            let is_cut = first.ends_with(['.', '/', ':']) || second.starts_with(['.', '/', ':']);
            (!is_cut && !first.is_empty() && !second.is_empty()).then_some((pair[0], second))
        })?;
        let range = first.range();
        Some(Glued {
            setting: setting.to_owned(),
            first: first.value.to_string(),
            second: second.to_owned(),
            path: path.to_owned(),
            span: range.start().to_usize()..range.end().to_usize(),
        })
    })
}

/// The items of a list, or of a sum of lists.
fn items(value: &Expr) -> Vec<&Expr> {
    let (mut found, mut left) = (Vec::new(), vec![value]);
    while let Some(expression) = left.pop() {
        match expression {
            Expr::List(list) => found.extend(&list.elts),
            Expr::Tuple(tuple) => found.extend(&tuple.elts),
            Expr::BinOp(sum) => left.extend([&*sum.right, &*sum.left]),
            _ => {}
        }
    }
    found
}
