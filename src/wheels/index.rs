//! Package indexes that a project names, and the credentials in their addresses, which are written nowhere.

use std::collections::BTreeMap;

use crate::beanstalk::requirements::{PipOption, PipenvSource, Requirements};

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

    /// Of one of pipenv's files: the first is the index, as for pipenv.
    pub(super) fn of_sources(
        file: &str,
        sources: &[PipenvSource],
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let mut urls = Vec::new();
        let mut trusted = Vec::new();
        for source in sources {
            let url = expand(&source.url, vars).map_err(|name| Error::Unset { name, place: format!("`{file}`") })?;
            if !source.verify {
                let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).split('/').next();
                trusted.extend(authority.map(|text| text.rsplit('@').next().unwrap_or(text).to_owned()));
            }
            urls.push(url);
        }
        let mut urls = urls.into_iter();
        Ok(Self { index: urls.next(), extra: urls.collect(), trusted, ..Self::default() })
    }

    /// As variables of pip's: neither a file nor a list of processes shows them. `own` are those of whoever runs us.
    pub(super) fn vars(&self, own: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut vars = Vec::new();
        let mut set = |name: &str, values: &[String]| {
            if !values.is_empty() {
                vars.push((name.to_owned(), values.join(" ")));
            }
        };
        set("PIP_INDEX_URL", self.index.as_slice());
        set("PIP_EXTRA_INDEX_URL", &self.extra);
        set("PIP_TRUSTED_HOST", &self.trusted);
        if !self.links.is_empty() {
            let links: Vec<String> = own.get("PIP_FIND_LINKS").into_iter().chain(&self.links).cloned().collect();
            set("PIP_FIND_LINKS", &links);
        }
        vars
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_of_the_environment() {
        let vars = BTreeMap::from([("TOKEN".to_owned(), "t".to_owned())]);
        assert_eq!(expand("https://${TOKEN}@x/${lower}/${", &vars).unwrap(), "https://t@x/${lower}/${");
        assert_eq!(expand("${OTHER}", &vars).unwrap_err(), "OTHER");
    }
}
