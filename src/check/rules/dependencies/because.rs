//! Because: what makes a version stop at its import, where that is so of this project.

use std::rc::Rc;

use super::bounds;
use super::installs::{Numbers, numbers};
use super::pythons::{On, Pythons};
use super::stops::By;
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::installed::Installed;
use crate::check::subject::Subject;

/// What makes it stop, if that is so here, and on which Pythons.
pub(super) fn because(subject: &Subject<'_>, requirements: &Requirements, by: &By) -> Option<(String, Option<On>)> {
    match by {
        By::Python(from) => {
            let on = Pythons::of(subject)?.first(|minor| minor >= *from)?;
            Some((format!("on {on}"), Some(on)))
        }
        By::Setuptools => {
            // In a virtual environment of Python 3.11 there is one that has the module.
            const BARE: u32 = 12;
            const WITHOUT: [u32; 3] = [82, 0, 0];
            let line = requirements.lines.iter().find(|line| line.name == "setuptools");
            let exact = line.and_then(Requirement::exact);
            match exact.and_then(numbers) {
                Some(version) => {
                    let without = version.as_slice() >= WITHOUT.as_slice();
                    without.then(|| (format!("beside `setuptools` {}", exact.unwrap_or_default()), None))
                }
                None if line.is_some_and(|line| line.specifier.contains(['<', '~']))
                    || !requirements.unread.is_empty() =>
                {
                    None
                }
                None => {
                    let on = Pythons::of(subject)?.first(|minor| minor >= BARE)?;
                    Some((
                        format!(
                            "on {on}, unless an older `setuptools` is there: the newest, which pip takes, is without it"
                        ),
                        Some(on),
                    ))
                }
            }
        }
        By::Beside { other, from, .. } => {
            if holds(requirements, other, from) {
                return None;
            }
            Installed::of(subject).brought_since(other, from).map(|beside| (beside, None))
        }
    }
}

/// The same of a list that is not the platform's own: beside what, if this version of another package or a newer one comes with it.
pub(super) fn beside(list: &Rc<Requirements>, other: &str, from: &Numbers) -> Option<String> {
    (!holds(list, other, from)).then(|| Installed::of_list(Rc::clone(list)).brought_since(other, from)).flatten()
}

/// Is there something that may not take this version of a package, or a newer one?
fn holds(requirements: &Requirements, other: &str, from: &Numbers) -> bool {
    let older = OLDER.iter().find(|(package, _)| *package == other).map_or(&[][..], |(_, older)| *older);
    requirements
        .lines
        .iter()
        .filter(|line| line.name != other)
        .any(|line| older.contains(&line.name.as_str()) || (!older.is_empty() && bounds::refuses(line, other, from)))
}

/// Packages of which some versions do not take the newest of another.
const OLDER: [(&str, &[&str]); 2] = [
    (
        "httpx",
        &[
            "anthropic",
            "chromadb",
            "cohere",
            "fastapi-cloud-cli",
            "googletrans",
            "gotrue",
            "gradio",
            "gradio-client",
            "langgraph-sdk",
            "litellm",
            "mistralai",
            "ollama",
            "postgrest",
            "pyrogram",
            "python-telegram-bot",
            "realtime",
            "starlette",
            "storage3",
            "supabase",
            "supafunc",
            "weaviate-client",
            "zhipuai",
        ],
    ),
    (
        "numpy",
        &[
            "catboost",
            "chromadb",
            "fastai",
            "gensim",
            "gradio",
            "jax",
            "langchain",
            "langchain-community",
            "librosa",
            "llvmlite",
            "mlflow",
            "numba",
            "prophet",
            "pycaret",
            "rasa",
            "spacy",
            "statsmodels",
            "streamlit",
            "tensorflow",
            "tensorflow-cpu",
            "thinc",
            "ydata-profiling",
        ],
    ),
];
