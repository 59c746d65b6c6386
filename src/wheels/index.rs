//! Package indexes that a project names, and the credentials in their addresses, which are written nowhere.

use std::collections::BTreeMap;

use crate::beanstalk::requirements::{PipOption, Requirements};

use super::Error;

/// What requirements files say of where packages come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Indexes {
    index: Option<String>,
    extra: Vec<String>,
    trusted: Vec<String>,
    links: Vec<String>,
    /// `--pre`: previews too.
    pub(super) previews: bool,
}

impl Indexes {
    /// As pip takes them: the last `--index-url`, all others; `${NAME}` is a variable of the environment.
    pub(super) fn of(requirements: &Requirements, vars: &BTreeMap<String, String>) -> Result<Self, Error> {
        let all = |name: &str| -> Result<Vec<String>, Error> {
            requirements.option(name).map(|option| expanded(option, vars)).collect()
        };
        Ok(Self {
            index: all("--index-url")?.pop(),
            extra: all("--extra-index-url")?,
            trusted: all("--trusted-host")?,
            links: all("--find-links")?.into_iter().filter(|link| link.contains("://")).collect(),
            previews: requirements.option("--pre").next().is_some(),
        })
    }

    /// Of `Pipfile.lock`: the first is the index, as for pipenv.
    pub(super) fn of_sources(lock: &serde_json::Value, vars: &BTreeMap<String, String>) -> Result<Self, Error> {
        let sources =
            lock["_meta"]["sources"].as_array().into_iter().flatten().filter_map(|source| source["url"].as_str());
        let mut urls = sources
            .map(|url| {
                let place = "`Pipfile.lock`";
                expand(url, vars).map_err(|name| Error::Unset { name, place: place.to_owned() })
            })
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        Ok(Self { index: urls.next(), extra: urls.collect(), ..Self::default() })
    }

    /// As variables of pip's: neither a file nor a list of processes shows them.
    pub(super) fn vars(&self) -> Vec<(String, String)> {
        let mut vars = Vec::new();
        let mut set = |name: &str, values: &[String]| {
            if !values.is_empty() {
                vars.push((name.to_owned(), values.join(" ")));
            }
        };
        set("PIP_INDEX_URL", self.index.as_slice());
        set("PIP_EXTRA_INDEX_URL", &self.extra);
        set("PIP_TRUSTED_HOST", &self.trusted);
        vars
    }

    /// Pages with files that are no index.
    pub(super) fn links(&self) -> &[String] {
        &self.links
    }
}

fn expanded(option: &PipOption, vars: &BTreeMap<String, String>) -> Result<String, Error> {
    expand(&option.value, vars).map_err(|name| Error::Unset { name, place: format!("`{}`", option.path) })
}

/// `${NAME}` as pip expands it: capitals, digits and `_`. `Err`: a variable that is not set.
fn expand(text: &str, vars: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        let end = after.find('}');
        let name = end.map(|end| &after[2..end]);
        let named = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
        out.push_str(before);
        match (name.filter(|name| !name.is_empty() && name.chars().all(named)), end) {
            (Some(name), Some(end)) => {
                out.push_str(vars.get(name).ok_or_else(|| name.to_owned())?);
                rest = &after[end + 1..];
            }
            _ => {
                out.push_str("${");
                rest = &after[2..];
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The text with `…` in place of what stands before the `@` of an address.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|char: char| char.is_whitespace() || matches!(char, '/' | '"' | '\'' | '`'))
            .unwrap_or(after.len());
        match after[..end].rfind('@') {
            // A variable is no secret: its name may be shown.
            Some(sign) if !only_variables(&after[..sign]) => {
                out.push('…');
                rest = &after[sign..];
            }
            _ => rest = after,
        }
    }
    out.push_str(rest);
    out
}

/// Does an address have credentials in it that are no variables?
pub(super) fn has_credentials(text: &str) -> bool {
    without_credentials(text) != text
}

/// `${USER}:${TOKEN}`, or a name without a password.
fn only_variables(user: &str) -> bool {
    let mut parts = user.split(':');
    let name = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let variable = |part: &str| part.starts_with("${") && part.ends_with('}');
    if rest.is_empty() {
        variable(name)
    } else {
        rest.iter().all(|part| variable(part) || part.is_empty())
            && (variable(name) || rest.iter().any(|part| !part.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out() {
        #[track_caller]
        fn case(text: &str, shown: &str) {
            assert_eq!(without_credentials(text), shown);
        }
        case("see https://me:s3cret@packages.invalid/simple, and x", "see https://…@packages.invalid/simple, and x");
        case("--index-url https://t0ken@packages.invalid/simple", "--index-url https://…@packages.invalid/simple");
        case("https://t0ken:@packages.invalid/", "https://…@packages.invalid/");
        case("https://${USER}:${TOKEN}@packages.invalid/", "https://${USER}:${TOKEN}@packages.invalid/");
        case("https://${TOKEN}@packages.invalid/", "https://${TOKEN}@packages.invalid/");
        case("https://me:p@ss@packages.invalid/", "https://…@packages.invalid/");
        case("https://packages.invalid/a@b", "https://packages.invalid/a@b");
        case("no address", "no address");
    }

    #[test]
    fn variables_are_those_of_the_environment() {
        let vars = BTreeMap::from([("TOKEN".to_owned(), "t".to_owned())]);
        assert_eq!(expand("https://${TOKEN}@x/${lower}/${", &vars).unwrap(), "https://t@x/${lower}/${");
        assert_eq!(expand("${OTHER}", &vars).unwrap_err(), "OTHER");
    }
}
