//! The rules as their pages tell them: the book, `explain` and the tests read the same text.
//!
//! A section of a page looks like this, and a test makes sure that each does:
//!
//! ````markdown
//! ## EB202 unknown-section
//!
//! **error** What happens, in one sentence.
//!
//! Why, and what to do.
//!
//! **Fails**
//!
//! `.ebextensions/a.config`
//!
//! ```yaml
//! container_command: {}
//! ```
//!
//! > .ebextensions/a.config:1:1: the message
//!
//! **Passes**
//!
//! (files as above)
//!
//! **Sources:** where it is known from.
//! ````

use std::sync::OnceLock;

use crate::level::Level;

const PAGES: &[(&str, &str)] = &[
    ("config-files", include_str!("../../docs/src/reference/rules/config-files.md")),
    ("options", include_str!("../../docs/src/reference/rules/options.md")),
    ("commands", include_str!("../../docs/src/reference/rules/commands.md")),
    ("code", include_str!("../../docs/src/reference/rules/code.md")),
    ("server", include_str!("../../docs/src/reference/rules/server.md")),
    ("dependencies", include_str!("../../docs/src/reference/rules/dependencies.md")),
    ("settings", include_str!("../../docs/src/reference/rules/settings.md")),
    ("descriptors", include_str!("../../docs/src/reference/rules/descriptors.md")),
    ("hooks", include_str!("../../docs/src/reference/rules/hooks.md")),
    ("unfinished", include_str!("../../docs/src/reference/rules/unfinished.md")),
    ("promotion", include_str!("../../docs/src/reference/rules/promotion.md")),
    ("packager", include_str!("../../docs/src/reference/rules/packager.md")),
];

/// A rule and its page.
#[derive(Debug)]
pub struct Rule {
    /// Such as `EB001`.
    pub id: &'static str,
    /// Such as `wsgi-target`.
    pub name: &'static str,
    /// The page it is on.
    pub family: &'static str,
    pub level: Level,
    /// What happens, in one sentence.
    pub summary: &'static str,
    /// The whole section, in Markdown, without its heading.
    pub text: &'static str,
}

/// Every rule, by id.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<Rule> = PAGES.iter().flat_map(|(family, page)| sections(family, page)).collect();
        rules.sort_by_key(|rule| rule.id);
        rules
    })
}

pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().binary_search_by_key(&id, |rule| rule.id).ok().map(|index| &rules()[index])
}

fn sections(family: &'static str, page: &'static str) -> impl Iterator<Item = Rule> {
    page.split("\n## ").skip(1).map(move |section| {
        let (heading, text) = section.split_once('\n').expect("a section has more than its heading");
        let (id, name) = heading.split_once(' ').expect("a heading is an id and a name");
        let text = text.trim();
        let level = |level: Level| Some((level, text.strip_prefix(&format!("**{}** ", level.word()))?));
        let (level, rest) =
            Level::ALL.into_iter().find_map(level).unwrap_or_else(|| panic!("{id} begins with its level"));
        let summary = rest.lines().next().expect("a section has a summary");
        Rule { id, name, family, level, summary, text }
    })
}

#[cfg(test)]
mod tests;
