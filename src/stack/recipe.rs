//! The reverse dictionary: from "I want X" to the files that do it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::manifest::{About, Manifest, Rule};
use super::question::Question;
use super::{Error, Stack, Tree};

/// One recipe, exactly as its file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) title: String,
    /// What hurts, in the words of somebody who has it.
    pub(crate) problem: String,
    /// What they would type to find it, in English and Japanese.
    pub(crate) words: Vec<String>,
    /// What runs when.
    pub(crate) runs: String,
    /// Is there nothing for it to do without a load balancer?
    #[serde(default)]
    pub(crate) needs_balancer: bool,
    /// Is it for the platform of Python alone, since it takes the place of what that one says?
    #[serde(default)]
    pub(crate) needs_python: bool,
    pub(crate) caveats: Vec<String>,
    pub(crate) sources: Vec<String>,
    /// What remains to be done by hand; templates.
    #[serde(default)]
    pub(crate) then: Vec<String>,
    #[serde(default, rename = "question")]
    pub(crate) questions: Vec<Question>,
    #[serde(default)]
    data: BTreeMap<String, serde_json::Value>,
    #[serde(rename = "file")]
    pub(crate) files: Vec<RecipeFile>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipeFile {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) executable: bool,
    pub(crate) content: String,
}

impl Recipe {
    /// All built-in recipes, by name.
    pub(crate) fn all() -> Result<Vec<Self>, Error> {
        Self::read(&Tree::embedded("recipes/"), "recipes")
    }

    /// Is a file at this place of a folder a recipe?
    pub(crate) fn belongs(path: &str) -> bool {
        path.ends_with(".toml") && !path.contains('/')
    }

    /// Every recipe of a folder, by name. `place` is for messages.
    pub(crate) fn read(tree: &Tree, place: &str) -> Result<Vec<Self>, Error> {
        let read = |(path, bytes): (&str, &[u8])| -> Result<Self, Error> {
            let place = format!("{place}/{path}");
            let text = std::str::from_utf8(bytes).map_err(|_| Error::FileNotText { path: place.clone() })?;
            let mut recipe: Self =
                toml::from_str(text).map_err(|source| Error::Manifest { place, source: Box::new(source) })?;
            recipe.name = path.trim_end_matches(".toml").to_owned();
            Ok(recipe)
        };
        let recipes: Vec<Self> =
            tree.iter().filter(|(path, _)| Self::belongs(path)).map(read).collect::<Result<_, _>>()?;
        if recipes.is_empty() {
            return Err(Error::NoRecipes { place: place.to_owned() });
        }
        Ok(recipes)
    }

    /// The one of this name.
    pub(crate) fn named(all: Vec<Self>, name: &str) -> Result<Self, Error> {
        let known = all.iter().map(|recipe| recipe.name.clone()).collect();
        let found = all.into_iter().find(|recipe| recipe.name == name);
        found.ok_or_else(|| Error::RecipeUnknown { name: name.to_owned(), known })
    }

    /// The recipes that these words are about, the best first.
    pub(crate) fn search(all: Vec<Self>, words: &str) -> Vec<Self> {
        let mut found: Vec<(usize, Self)> =
            all.into_iter().map(|recipe| (recipe.weight(words), recipe)).filter(|(weight, _)| *weight > 0).collect();
        // Stable: equals stay in the order of their names.
        found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        found.into_iter().map(|(_, recipe)| recipe).collect()
    }

    fn weight(&self, words: &str) -> usize {
        let asked = fold(words);
        let phrases: Vec<String> = self.words.iter().map(|word| fold(word)).collect();
        let mut weight = 0;
        // The whole question is one of the phrases, or holds one: Japanese has no spaces to split at.
        for phrase in &phrases {
            if asked == *phrase {
                weight += 40;
            } else if holds_words(&asked, phrase) {
                weight += 10 + phrase.chars().count();
            } else if asked.chars().count() > 2 && holds_words(phrase, &asked) {
                weight += 8;
            }
        }
        let (title, problem, name) = (fold(&self.title), fold(&self.problem), fold(&self.name));
        let said = |word: &&str| word.chars().count() > 1 && !FILLERS.contains(word) && !SUBJECT.contains(word);
        for word in asked.split_whitespace().filter(said) {
            let in_phrase = phrases.iter().any(|phrase| phrase.split_whitespace().any(|part| part == word));
            weight += 4 * usize::from(in_phrase);
            weight += 3 * usize::from(name.split_whitespace().any(|part| part == word));
            weight += 2 * usize::from(title.split_whitespace().any(|part| part == word));
            weight += usize::from(problem.split_whitespace().any(|part| part == word));
        }
        weight
    }

    /// The recipe as a stack of its own: the same questions, rendering and plan.
    pub(crate) fn stack(&self) -> Result<Stack, Error> {
        let mut files = Tree::default();
        let mut rules = Vec::new();
        for file in &self.files {
            files.insert(file.path.clone(), file.content.clone().into_bytes());
            rules.push(Rule { executable: Some(file.executable), ..Rule::of(&file.path) });
        }
        let stack = About { name: self.name.clone(), title: self.title.clone(), ..About::default() };
        let (questions, data) = (self.questions.clone(), self.data.clone());
        let manifest = Manifest { stack, questions, data, rules, ..Manifest::default() };
        let (borrowed, shadowed) = (BTreeSet::new(), BTreeMap::new());
        Ok(Stack { manifest, files, snippets: Tree::default(), borrowed, shadowed, text: String::new() })
    }
}

/// Words that are in every sentence and in every log: they lead nowhere by themselves.
const FILLERS: &[&str] = &[
    "about", "after", "again", "all", "an", "and", "any", "are", "at", "be", "by", "can", "do", "does", "error",
    "failed", "fail", "for", "from", "get", "have", "how", "in", "into", "is", "it", "its", "make", "may", "me", "my",
    "need", "no", "not", "of", "on", "or", "our", "so", "some", "that", "the", "then", "this", "to", "up", "use",
    "want", "what", "when", "where", "while", "why", "with", "without", "you", "your",
];

/// What everything here is about.
const SUBJECT: [&str; 7] = ["aws", "beanstalk", "django", "eb", "elastic", "elasticbeanstalk", "python"];

/// Is `part` in `text`, where a word begins? `load` is not in `upload`; Japanese has no such borders.
fn holds_words(text: &str, part: &str) -> bool {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(part).any(|(at, _)| !(latin(part.chars().next()) && latin(text[..at].chars().next_back())))
}

/// Small letters, and one kind of space: `Basic-Auth` and `ＢＡＳＩＣ認証` are typed in many ways.
fn fold(text: &str) -> String {
    let narrow = text.chars().map(|c| match c {
        // Full-width ASCII, as Japanese keyboards type it.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '-' | '_' | '.' | ',' | '?' | '!' | ':' | ';' | '(' | ')' | '\'' | '"' | '`' => ' ',
        _ => c,
    });
    let lower = narrow.collect::<String>().to_lowercase();
    lower.split_whitespace().map(singular).collect::<Vec<_>>().join(" ")
}

/// `packages` and `package` are one word, `css` and `access` are none of many.
fn singular(word: &str) -> &str {
    let plural = word.len() > 3
        && word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is");
    match plural
        && word.is_ascii()
        && !matches!(word, "https" | "cors" | "dns" | "rds" | "redis" | "sqs" | "sns" | "waf")
    {
        true => &word[..word.len() - 1],
        false => word,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answers, Given, Plan, pairwise};
    use super::*;

    #[test]
    fn words_lead_to_the_recipe() {
        #[track_caller]
        fn case(words: &str, name: &str) {
            let found = Recipe::search(Recipe::all().unwrap(), words);
            let names: Vec<&str> = found.iter().map(|recipe| recipe.name.as_str()).collect();
            assert_eq!(names.first(), Some(&name), "{words}: {names:?}");
        }
        case("upload limit", "upload-limit");
        case("413", "upload-limit");
        case("media uploads", "media-bucket");
        case("letsencrypt", "https-listener");
        case("502", "server-process");
        case("OperationalError: no such table", "migrate-once");
        case("environment variables in ssh shell", "manage-over-ssh");
        case("how do I run python manage.py shell on eb", "manage-over-ssh");
        case("daphne asgi", "websockets");
        case("ModuleNotFoundError: No module named 'psycopg2'", "system-packages");
        case("100.0 % of the requests are failing with HTTP 5xx", "server-process");
        case("Command failed on instance. Return code: 1", "tail-cfn-logs");
        case("管理ユーザー作成", "first-admin");
        case("アクセス元IP", "client-ip");
        case("IPアドレス 制限", "allow-addresses");
        case("django-q cluster", "celery-worker");
        // What is in every sentence says nothing.
        case("how do I run a management command every night", "cron-once");
        case("upstream timed out while reading response header", "slow-requests");
        case("毎晩バッチを動かしたい", "cron-once");
        case("504", "slow-requests");
        case("install package", "system-packages");
        case("install wkhtmltopdf", "system-packages");
        case("poppler pdf2image", "system-packages");
        case("apt install", "system-packages");
        case("SECRET_KEY", "environment-secrets");
        case("disallowed host", "health-400");
        case("502 bad gateway", "server-process");
        case("celery worker", "celery-worker");
        case("send email", "send-mail");
        case("メール送信", "send-mail");
        case("gzip", "compression");
        case("run a script after deployment", "after-deployment");
        case("デプロイ後に実行", "after-deployment");
        case("自動スケール", "scale-on-cpu");
        case("クラウドフロント", "cloudfront");
        case("メモリが足りない", "swap-file");
        case("急なアクセス増", "spike-schedule");
        case("IP制限", "allow-addresses");
        case("block ip", "allow-addresses");
        case("Request Entity Too Large", "upload-limit");
        case("アップロードの制限", "upload-limit");
        case("root domain", "root-domain");
        case("独自ドメイン", "root-domain");
        case("cron once", "cron-once");
        case("cron only once please", "cron-once");
        case("定期実行を一度だけ", "cron-once");
        case("swap", "swap-file");
        case("メモリ不足", "swap-file");
        case("spike", "spike-schedule");
        case("スパイク", "spike-schedule");
        case("custom AMI", "custom-ami");
        case("ＣｌｏｕｄＦｒｏｎｔ", "cloudfront");
        case("HTTPS redirect", "https-redirect");
        case("常時SSL", "https-redirect");
        case("basic auth", "basic-auth");
        case("ベーシック認証", "basic-auth");
        case("time zone", "time-zone");
        case("日本時間", "time-zone");
        case("log rotation", "log-file");
        case("X-Forwarded-For", "client-ip");
        case("migrate once", "migrate-once");
        case("マイグレーション", "migrate-once");
        case("health 400", "health-400");
        case("DisallowedHost", "health-400");
        case("ヘルスチェック", "health-400");
    }

    #[test]
    fn nonsense_finds_nothing() {
        assert!(Recipe::search(Recipe::all().unwrap(), "zzzz qqqq").is_empty());
        assert!(Recipe::search(Recipe::all().unwrap(), "").is_empty());
        assert!(Recipe::search(Recipe::all().unwrap(), "django elastic beanstalk").is_empty());
    }

    #[test]
    fn every_recipe_is_whole() {
        let all = Recipe::all().unwrap();
        assert!(all.len() >= 25, "{}", all.len());
        let japanese = |word: &String| !word.is_ascii();
        for recipe in &all {
            let name = &recipe.name;
            assert!(recipe.words.iter().any(japanese), "{name} cannot be found in Japanese");
            assert!(!recipe.words.iter().all(japanese), "{name} cannot be found in English");
            assert!(!recipe.caveats.is_empty() && !recipe.files.is_empty(), "{name}");
            assert!(recipe.sources.iter().all(|source| source.starts_with("https://")), "{name}");
            assert!(!recipe.sources.is_empty(), "{name} has no source");
        }
    }

    #[test]
    fn every_recipe_renders_with_every_answer() {
        for recipe in Recipe::all().unwrap() {
            let stack = recipe.stack().unwrap();
            let mut scope = stack.scope("shop");
            scope.set("project_package", "shop".into());
            let rows = pairwise(&stack, &scope).unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
            for row in &rows {
                let plan = Plan::render(&stack, &row.scope).unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
                assert_eq!(plan.iter().count(), recipe.files.len());
                for (path, planned) in plan.iter() {
                    let text = std::str::from_utf8(&planned.content).unwrap();
                    assert!(text.ends_with('\n') && !text.starts_with('\n'), "{}: {path}\n{text}", recipe.name);
                }
                for then in &recipe.then {
                    super::super::render("then", then, &row.scope).unwrap();
                }
            }
        }
    }

    #[test]
    fn the_zone_follows_the_region() {
        let stack = Recipe::named(Recipe::all().unwrap(), "root-domain").unwrap().stack().unwrap();
        let mut given = Given::default();
        given.typed("domain", "example.com");
        given.typed("cname", "shop.ap-northeast-1.elasticbeanstalk.com");
        let answers =
            Answers::resolve(&stack, &given, stack.scope("shop"), |asking| super::super::from_default(asking, true))
                .unwrap();
        let plan = Plan::render(&stack, &answers.scope).unwrap();
        let (_, planned) = plan.iter().next().unwrap();
        let batch: serde_json::Value = serde_json::from_slice(&planned.content).unwrap();
        let set = &batch["Changes"][0]["ResourceRecordSet"];
        assert_eq!(set["AliasTarget"]["HostedZoneId"], "Z1R25G3KIG2GBW");
    }
}
