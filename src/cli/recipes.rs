//! `recipes`: from "I want X" to the recipe that does it.

use std::fmt;

use clap::Args;
use serde::Serialize;

use crate::fault::{Exit, Failure};
use crate::stack::{Recipe, RecipeFile};
use crate::ui::{self, Ui};

/// Find the recipe for what you want
///
/// Words are English or Japanese, as you would type them into a search box. The name of a recipe shows all of it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout recipes upload limit\n  beansprout recipes ヘルスチェック\n  beansprout recipes root-domain"
)]
pub(crate) struct RecipesArgs {
    /// What you want, or the name of a recipe
    words: Vec<String>,
}

pub(crate) fn recipes(args: &RecipesArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let words = args.words.join(" ");
    let all = Recipe::all()?;
    let total = all.len();
    let exact = all.iter().find(|recipe| recipe.name == words).cloned();
    let (found, whole) = match (exact, words.is_empty()) {
        (Some(recipe), _) => (vec![recipe], true),
        (None, true) => (all, false),
        (None, false) => (Recipe::search(&words)?, false),
    };
    if found.is_empty() {
        ui.say(format_args!("no recipe for `{words}`; `beansprout recipes` lists all {total}"));
    }
    let recipes = found.into_iter().map(Described::from).collect();
    ui.answer(&Recipes { whole, recipes });
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Recipes {
    #[serde(skip)]
    whole: bool,
    recipes: Vec<Described>,
}

#[derive(Debug, Serialize)]
struct Described {
    name: String,
    title: String,
    problem: String,
    words: Vec<String>,
    runs: String,
    caveats: Vec<String>,
    then: Vec<String>,
    sources: Vec<String>,
    questions: Vec<String>,
    files: Vec<RecipeFile>,
}

impl From<Recipe> for Described {
    fn from(recipe: Recipe) -> Self {
        Self {
            name: recipe.name,
            title: recipe.title,
            problem: recipe.problem,
            words: recipe.words,
            runs: recipe.runs,
            caveats: recipe.caveats,
            then: recipe.then,
            sources: recipe.sources,
            questions: recipe.questions.into_iter().map(|question| question.key).collect(),
            files: recipe.files,
        }
    }
}

impl ui::Answer for Recipes {
    const SCHEMA: &str = "recipes/1";
}

impl fmt::Display for Recipes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return self.recipes.iter().try_for_each(|recipe| recipe.page(f));
        }
        let widest = self.recipes.iter().map(|recipe| recipe.name.len()).max().unwrap_or_default();
        self.recipes.iter().try_for_each(|recipe| writeln!(f, "{:widest$}  {}", recipe.name, recipe.title))
    }
}

impl Described {
    fn page(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n\n{}\n{}", self.name, self.title, self.problem, self.runs)?;
        for (title, lines) in [("Mind", &self.caveats), ("Then", &self.then), ("Sources", &self.sources)] {
            if !lines.is_empty() {
                writeln!(f, "\n{title}:")?;
                lines.iter().try_for_each(|line| writeln!(f, "  - {line}"))?;
            }
        }
        for file in &self.files {
            writeln!(f, "\n--- {}{}", file.path, if file.executable { " (executable)" } else { "" })?;
            write!(f, "{}", file.content)?;
        }
        let set: String = self.questions.iter().map(|key| format!(" --set {key}=…")).collect();
        writeln!(f, "\nAdd it: beansprout add {}{set}", self.name)
    }
}
