//! `recipes`: from "I want X" to the recipe that does it.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::origin::Origin;
use crate::fault::{Exit, Failure};
use crate::project;
use crate::stack::{Finding, Recipe, RecipeFile, review};
use crate::ui::{self, Ui, count, quoted};
use crate::world::World;

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
    /// Look at the recipes of a folder or of a git repository instead: `DIR`, or `URL@REVISION#subdirectory=FOLDER`
    #[arg(long, value_name = "DIR|GIT")]
    from: Option<String>,
    /// Find mistakes in those recipes; exits with 1 if there is anything to say
    #[arg(long, requires = "from", conflicts_with = "words")]
    check: bool,
}

pub(crate) fn recipes(args: &RecipesArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let words = args.words.join(" ");
    let (all, from) = match &args.from {
        Some(from) => Origin::recipes(from, world).map(|(recipes, from)| (recipes, Some(from)))?,
        None => (Recipe::all()?, None),
    };
    if args.check {
        return check(&all, ui);
    }
    let total = all.len();
    let exact = all.iter().find(|recipe| recipe.name == words).cloned();
    let (found, whole) = match (exact, words.is_empty()) {
        (Some(recipe), _) => (vec![recipe], true),
        (None, true) => (all, false),
        (None, false) => (Recipe::search(all, &words), false),
    };
    let elsewhere = elsewhere(&words);
    for line in &elsewhere {
        ui.say(line);
    }
    if found.is_empty() && elsewhere.is_empty() {
        ui.say(format_args!("no recipe for `{words}`; `beansprout recipes` lists all {total}"));
    }
    if let Some(from) = &from {
        ui.say(format_args!("from {from}"));
    }
    let mut recipes: Vec<Described> = found.into_iter().map(Described::from).collect();
    recipes.iter_mut().for_each(|recipe| recipe.from = from.as_ref().and(args.from.clone()));
    ui.answer(&Recipes { whole, recipes });
    Ok(Exit::Done)
}

/// What a verb, a stack or an answer does, and no recipe: the words that people type, and where it is.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["graviton", "arm", "arm64", "t4g"],
        "Graviton is an answer: `beansprout new --set instance_type=t4g.small`, or `SupportedArchitectures: arm64` in `aws:ec2:instances`",
    ),
    (
        &["blue green", "blue-green", "swap", "切り替え", "ブルーグリーン"],
        "two environments exchange their names with `beansprout swap`; see the guide on blue and green",
    ),
    (
        &["delete", "deleted", "terminate", "削除", "消えた", "rebuild", "disaster"],
        "nothing here deletes an application; `beansprout launch --all` makes everything again, and `beansprout policy guard` forbids the deletion",
    ),
    (
        &["docker", "multicontainer", "multi-container", "マルチコンテナ", "ecs"],
        "containers are stacks: `beansprout new --stack docker`, or `--stack ecs` for several",
    ),
    (
        &["python version", "python upgrade", "pythonのバージョン", "python バージョン"],
        "the platform branch decides the Python: `default_platform` in `.elasticbeanstalk/config.yml`",
    ),
    (
        &["no module named django", "no module named 'django'", "requirements.txt is invalid"],
        "pip installs what `requirements.txt` at the top of the bundle asks for, and nothing else; `beansprout check` says what is missing there",
    ),
    (
        &["amazon linux 1", "amazon linux 2", "amazon linux 2023", "al2023", "old platform", "retired platform"],
        "`beansprout adopt` looks at a project that was made for another platform, and `beansprout check` says what Amazon Linux 2023 does not do any more",
    ),
    (
        &["instance profile", "instanceprofile", "aws-elasticbeanstalk-ec2-role", "service role"],
        "`beansprout launch` looks whether the instance profile and the roles are there before it makes anything, and says how to make one",
    ),
    (
        &[
            "time limit exceeded",
            "command timed out",
            "command timeout",
            "commands timed out",
            "deployment timed out",
            "deployment timeout",
            "デプロイ タイムアウト",
        ],
        "`Timeout` in `aws:elasticbeanstalk:command` says how many seconds a deployment's commands may take, 3600 at most",
    ),
];

fn elsewhere(words: &str) -> Vec<&'static str> {
    let typed = words.to_lowercase();
    let whole: Vec<&str> = typed.split_whitespace().collect();
    let says = |word: &str| match word.is_ascii() && !word.contains(' ') {
        true => whole.contains(&word),
        false => typed.contains(word),
    };
    ELSEWHERE.iter().filter(|(names, _)| names.iter().any(|word| says(word))).map(|(_, line)| *line).collect()
}

/// Hold every recipe to what stacks are held to.
fn check(recipes: &[Recipe], ui: &mut Ui) -> Result<Exit, Failure> {
    let mut remarks = Vec::new();
    for recipe in recipes {
        let stack = recipe.stack()?;
        let mut scope = stack.scope("site");
        scope.set("project_package", "site_site".into());
        for finding in review(&stack, &scope).1 {
            // A recipe is added to a project, and is none.
            if finding.place != project::FILE {
                let place = format!("{}: {}", recipe.name, finding.place);
                remarks.push(Finding { place, ..finding });
            }
        }
    }
    let clean = remarks.is_empty();
    ui.say(format_args!("{}, {}", count(recipes.len(), "recipe"), count(remarks.len(), "remark")));
    ui.answer(&Checked { recipes: recipes.len(), remarks });
    Ok(if clean { Exit::Done } else { Exit::Findings })
}

#[derive(Debug, Serialize)]
struct Checked {
    recipes: usize,
    remarks: Vec<Finding>,
}

impl ui::Answer for Checked {
    const SCHEMA: &str = "recipes-check/1";
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| write!(f, "{remark}"))
    }
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
    /// The folder or repository, as it was typed, if it is not of the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
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
            from: None,
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

    fn quotes(&self) -> Vec<&str> {
        self.recipes.iter().flat_map(|recipe| &recipe.files).map(|file| file.content.as_str()).collect()
    }
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
        let from = self.from.as_ref().map_or_else(String::new, |from| format!(" --from {}", quoted(from)));
        writeln!(f, "\nAdd it: `beansprout add {}{from}{set}`", self.name)
    }
}
