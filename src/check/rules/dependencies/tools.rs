//! Tools: programs for the one who develops, which lists of a server's packages often have and no server needs.

use super::loads::mentions;
use crate::check::subject::Subject;

/// By their names on the index, with the module that a project would import.
const TOOLS: &[(&str, &str)] = &[
    ("astroid", "astroid"),
    ("autopep8", "autopep8"),
    ("awscli", "awscli"),
    ("awsebcli", "ebcli"),
    ("black", "black"),
    ("docker-compose", "compose"),
    ("flake8", "flake8"),
    ("ipdb", "ipdb"),
    ("ipython", "IPython"),
    ("isort", "isort"),
    ("jupyter-console", "jupyter_console"),
    ("mypy", "mypy"),
    ("pre-commit", "pre_commit"),
    ("pylint", "pylint"),
    ("rope", "rope"),
    ("tox", "tox"),
    ("typed-ast", "typed_ast"),
];

/// Is it a tool that no module of the project imports?
pub(super) fn is_needless(subject: &Subject<'_>, name: &str) -> bool {
    TOOLS.iter().find(|(tool, _)| *tool == name).is_some_and(|(_, module)| !mentions(subject, module))
}
