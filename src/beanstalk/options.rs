//! The options of Elastic Beanstalk: what each may be, where it exists, who sets it besides you.
//!
//! The table is `options.txt`, in a form that people can read and diff; it is parsed once, when first asked.

use std::sync::OnceLock;

use serde::Serialize;

use crate::regexes;

/// One row of the table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConfigOption {
    /// With `*` where the user chooses a name.
    pub namespace: &'static str,
    /// `*` where the user chooses it.
    pub name: &'static str,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub allowed: Vec<&'static str>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub unit: Option<&'static str>,
    pub pattern: Option<&'static str>,
    pub max_length: Option<usize>,
    pub default: Option<&'static str>,
    /// Defaults that depend on something, as `something = value`.
    pub default_for: Vec<&'static str>,
    /// Where it exists, if not everywhere.
    #[serde(rename = "for")]
    pub only_for: Option<&'static str>,
    pub deprecated: Option<&'static str>,
    pub since: Option<&'static str>,
    pub requires: Option<&'static str>,
    /// Must a `resource_name` be given?
    pub resource_name: bool,
    /// Are the allowed values case-sensitive?
    pub case_sensitive: bool,
    /// What a change does to the environment.
    pub change: Option<&'static str>,
    /// Clients that set it directly, which wins over files.
    pub set_by: Vec<&'static str>,
    pub note: &'static str,
    pub unconfirmed: Option<&'static str>,
    pub source: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    String,
    Integer,
    Number,
    Boolean,
    Enum,
    Csv,
    Arn,
    Json,
    Timestamp,
    Duration,
    Cron,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("`{value}` is not one of {}", list(allowed))]
    NotAllowed { value: String, allowed: Vec<&'static str> },
    #[error("`{value}` is not {expected}")]
    NotA { value: String, expected: &'static str },
    #[error("{value} is not in the range {}", range(*min, *max))]
    OutOfRange { value: f64, min: Option<f64>, max: Option<f64> },
    #[error("it has {length} characters, more than {max}")]
    TooLong { length: usize, max: usize },
    #[error("`{value}` does not look like {pattern}")]
    Pattern { value: String, pattern: &'static str },
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// `1 to 10`, `at least 1`, `at most 10`.
pub fn range(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} and more"),
        (None, Some(max)) => format!("{max} and less"),
        (None, None) => "any number".to_owned(),
    }
}

/// What a change of an option does, by the name that AWS has for it.
pub fn change(severity: &str) -> &str {
    match severity {
        "NoInterruption" => "interrupts nothing",
        "RestartEnvironment" => "replaces the instances",
        "RestartApplicationServer" => "restarts the application server",
        other => other,
    }
}

/// All rows, in the order of the file.
pub fn all() -> &'static [ConfigOption] {
    static TABLE: OnceLock<Vec<ConfigOption>> = OnceLock::new();
    TABLE.get_or_init(|| parse(include_str!("options.txt")))
}

/// The row for an option, by its exact name: a fixed row before one with a `*`.
pub fn find(namespace: &str, name: &str) -> Option<&'static ConfigOption> {
    find_on(None, namespace, name)
}

/// The row of a platform, in the words of `ConfigOption::languages`: one option may take other values elsewhere.
pub fn find_on(language: Option<&str>, namespace: &str, name: &str) -> Option<&'static ConfigOption> {
    let rows = all().iter().filter(|row| row.in_namespace(namespace));
    let matching = rows.filter(|row| row.name == name || row.name == "*");
    let elsewhere = |row: &ConfigOption| {
        language.is_some_and(|language| row.languages().is_some_and(|languages| !languages.contains(&language)))
    };
    matching.min_by_key(|row| (row.name == "*", row.namespace.contains('*'), elsewhere(row)))
}

/// Is there anything in this namespace?
pub fn is_namespace(namespace: &str) -> bool {
    all().iter().any(|row| row.in_namespace(namespace))
}

/// The names of a namespace's options that the user does not choose.
pub fn names(namespace: &str) -> impl Iterator<Item = &'static str> {
    all().iter().filter(move |row| row.in_namespace(namespace) && row.name != "*").map(|row| row.name)
}

/// Every namespace once.
pub fn namespaces() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    all().iter().map(|row| row.namespace).filter(move |&namespace| std::mem::replace(&mut last, namespace) != namespace)
}

impl ConfigOption {
    pub fn in_namespace(&self, namespace: &str) -> bool {
        match self.namespace.strip_suffix('*') {
            Some(prefix) => namespace.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains(':')),
            None => self.namespace == namespace,
        }
    }

    /// Does it belong to Beanstalk Cluster, which has no `.config` files?
    pub fn is_cluster(&self) -> bool {
        self.namespace.starts_with("aws:elasticbeanstalk:eks")
    }

    pub fn is_windows(&self) -> bool {
        self.only_for == Some("Windows Server")
    }

    /// Was it for the first Amazon Linux, which is gone?
    pub fn is_retired(&self) -> bool {
        self.only_for.is_some_and(|text| text.contains("AL1"))
    }

    /// The languages that have it, where only some have.
    pub fn languages(&self) -> Option<Vec<&'static str>> {
        const LANGUAGES: &[&str] =
            &["python", "tomcat", "ruby", "nodejs", "php", "docker", "dotnet-core-linux", "java", "golang", "ecs"];
        let text = self.only_for.filter(|text| !text.starts_with("all except"))?;
        let words: Vec<&str> = text.split(", ").collect();
        words.iter().all(|word| LANGUAGES.contains(word)).then_some(words)
    }

    /// Would the API take this value?
    pub fn validate(&self, value: &str) -> Result<(), Invalid> {
        let text = value.trim();
        // A function, which CloudFormation resolves.
        if text.contains('`') || text.is_empty() {
            return Ok(());
        }
        let not_a = |expected| Err(Invalid::NotA { value: text.to_owned(), expected });
        match self.kind {
            Kind::Boolean if !matches!(text.to_ascii_lowercase().as_str(), "true" | "false") => {
                return not_a("`true` or `false`");
            }
            Kind::Integer | Kind::Number => {
                let Ok(number) = text.parse::<f64>() else { return not_a("a number") };
                if self.kind == Kind::Integer && number.fract() != 0.0 {
                    return not_a("a whole number");
                }
                if self.min.is_some_and(|min| number < min) || self.max.is_some_and(|max| number > max) {
                    return Err(Invalid::OutOfRange { value: number, min: self.min, max: self.max });
                }
            }
            Kind::Arn if !text.starts_with("arn:") => return not_a("an ARN"),
            Kind::Json if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() => return not_a("JSON"),
            _ => {}
        }
        if let Some(max) = self.max_length.filter(|&max| text.chars().count() > max) {
            return Err(Invalid::TooLong { length: text.chars().count(), max });
        }
        let words: Vec<&str> =
            if self.kind == Kind::Csv { text.split(',').map(str::trim).collect() } else { vec![text] };
        for word in words {
            let same = |allowed: &&str| {
                if self.case_sensitive { *allowed == word } else { allowed.eq_ignore_ascii_case(word) }
            };
            if !self.allowed.is_empty() && !self.allowed.iter().any(same) {
                return Err(Invalid::NotAllowed { value: word.to_owned(), allowed: self.allowed.clone() });
            }
        }
        if let Some(pattern) = self.pattern
            && !regexes::compiled(pattern).expect("the table's patterns are tested").is_match(text)
        {
            return Err(Invalid::Pattern { value: text.to_owned(), pattern });
        }
        Ok(())
    }
}

fn parse(table: &'static str) -> Vec<ConfigOption> {
    let mut rows: Vec<ConfigOption> = Vec::new();
    let mut namespace = "";
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(fact) = line.strip_prefix("  ") {
            let row = rows.last_mut().expect("a fact stands below its option");
            let (key, value) = fact.split_once(' ').expect("a fact is a key and a value");
            row.learn(key, value);
        } else if let Some(name) = line.strip_prefix('[') {
            namespace = name.trim_end_matches(']');
        } else {
            rows.push(ConfigOption { namespace, name: line, ..ConfigOption::default() });
        }
    }
    rows
}

impl ConfigOption {
    fn learn(&mut self, key: &str, value: &'static str) {
        match key {
            "type" => self.kind = kind(value),
            "allowed" => self.allowed = value.split(" | ").collect(),
            "range" => {
                let (min, max) = value.split_once("..").expect("a range has two dots");
                (self.min, self.max) = (min.parse().ok(), max.parse().ok());
            }
            "unit" => self.unit = Some(value),
            "pattern" => self.pattern = Some(value),
            "length" => self.max_length = value.parse().ok(),
            "default" => self.default = Some(value),
            "default-for" => self.default_for.push(value),
            "for" => self.only_for = Some(value),
            "deprecated" => self.deprecated = Some(value),
            "since" => self.since = Some(value),
            "requires" => self.requires = Some(value),
            "resource-name" => self.resource_name = value == "required",
            "case" => self.case_sensitive = value == "sensitive",
            "change" => self.change = Some(value),
            "set-by" => self.set_by = value.split(", ").collect(),
            "note" => self.note = value,
            "unconfirmed" => self.unconfirmed = Some(value),
            "from" => self.source = value,
            other => panic!("options.txt: what is `{other}`?"),
        }
    }
}

fn kind(word: &str) -> Kind {
    match word {
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        "enum" => Kind::Enum,
        "csv" => Kind::Csv,
        "arn" => Kind::Arn,
        "json" => Kind::Json,
        "timestamp" => Kind::Timestamp,
        "duration" => Kind::Duration,
        "cron" => Kind::Cron,
        other => panic!("options.txt: what is the type `{other}`?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_every_row_has_its_source() {
        assert_eq!(all().len(), 344);
        assert_eq!(all().iter().filter(|row| row.is_cluster()).count(), 96);
        for row in all() {
            assert!(!row.source.is_empty(), "{} {}", row.namespace, row.name);
        }
    }

    #[test]
    fn patterns_compile_and_defaults_are_valid() {
        for row in all() {
            if let Some(pattern) = row.pattern {
                assert!(regex::Regex::new(pattern).is_ok(), "{pattern}");
            }
            if let Some(default) = row.default {
                assert_eq!(row.validate(default), Ok(()), "{} {}", row.namespace, row.name);
            }
        }
    }

    #[test]
    fn a_fixed_row_comes_before_one_with_a_star() {
        let found = |namespace, name| find(namespace, name).map(|row| (row.namespace, row.name));
        const ENVIRONMENT: &str = "aws:elasticbeanstalk:application:environment";
        assert_eq!(found(ENVIRONMENT, "PORT"), Some((ENVIRONMENT, "PORT")));
        assert_eq!(found(ENVIRONMENT, "DEBUG"), Some((ENVIRONMENT, "*")));
        let listener = found("aws:elbv2:listener:443", "Protocol").unwrap();
        assert_eq!(listener, ("aws:elbv2:listener:*", "Protocol"));
        assert_eq!(found("aws:elbv2:listener:443:x", "Protocol"), None);
        assert_eq!(found("aws:elasticbeanstalk:command", "timeout"), None);
    }

    #[test]
    fn an_option_with_two_rows_has_that_of_the_platform() {
        let takes = |language, value| {
            let row = find_on(language, "aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap();
            row.validate(value).is_ok() && language.is_none_or(|one| row.languages().unwrap().contains(&one))
        };
        assert!(takes(None, "apache") && takes(Some("python"), "apache") && !takes(Some("python"), "none"));
        assert!(takes(Some("docker"), "none") && takes(Some("docker"), "nginx") && !takes(Some("docker"), "apache"));
    }

    #[test]
    fn values_are_judged() {
        #[track_caller]
        fn case(namespace: &str, name: &str, value: &str, said: Option<&str>) {
            let result = find(namespace, name).unwrap().validate(value);
            assert_eq!(result.err().map(|invalid| invalid.to_string()).as_deref(), said);
        }
        const COMMAND: &str = "aws:elasticbeanstalk:command";
        case(COMMAND, "Timeout", "900", None);
        case(COMMAND, "Timeout", "5000", Some("5000 is not in the range 1 to 3600"));
        case(COMMAND, "Timeout", "soon", Some("`soon` is not a number"));
        case(COMMAND, "DeploymentPolicy", "rolling", None);
        case(COMMAND, "BatchSizeType", "Half", Some("`Half` is not one of `Percentage`, `Fixed`"));
        case(
            "aws:autoscaling:launchconfiguration",
            "RootVolumeType",
            "GP3",
            Some("`GP3` is not one of `standard`, `gp2`, `gp3`, `io1`"),
        );
        case("aws:autoscaling:launchconfiguration", "DisableIMDSv1", "yes", Some("`yes` is not `true` or `false`"));
        case("aws:ec2:instances", "SupportedArchitectures", "arm64, x86_64", None);
        case("aws:elasticbeanstalk:command", "Timeout", "`{\"Ref\": \"X\"}`", None);
    }
}
