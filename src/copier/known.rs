//! Known: does a text in a stack's words take names that the stack has?

use crate::stack::{Tree, template_names};

use super::syntax::Unsaid;

/// Why a text cannot be rendered.
#[derive(Debug, PartialEq)]
pub(super) enum Foreign {
    /// Nothing is called so.
    Name(String),
    Unread {
        line: usize,
        why: Unsaid,
    },
}

/// What keeps a text from being rendered, where `knows` says which names stand for something.
pub(super) fn foreign(text: &str, snippets: &Tree, knows: &dyn Fn(&str) -> bool) -> Option<Foreign> {
    if !text.contains('{') {
        return None;
    }
    match template_names(text, snippets) {
        Ok(names) => names.into_iter().find(|name| !is_of_stack(name) && !knows(name)).map(Foreign::Name),
        Err((line, why)) => Some(Foreign::Unread { line, why }),
    }
}

/// The same of a condition.
pub(super) fn foreign_condition(condition: &str, knows: &dyn Fn(&str) -> bool) -> Option<Foreign> {
    foreign(&format!("{{% if {condition} %}}x{{% endif %}}"), &Tree::default(), knows)
}

/// Names that every stack has, and a question of copier's may well not.
pub(super) fn is_of_stack(name: &str) -> bool {
    matches!(name, "folder" | "folder_package")
}
