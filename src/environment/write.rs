//! A description as text: only what changed is written, so that comments and order stay as people left them.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::description::{Description, Drill, FORMAT, Tier};
use super::error::Error;

/// What a new file begins with.
const HEAD: &str = "# An environment, as `beansprout launch` makes it. `beansprout capture` keeps it true to what lives.\n# Options that the project's own files set do not stand here: the files stay in charge.\n";

/// The text of a description: `old` with what is different in `new`. `[deploy]` and `after` are people's: they are
/// written where there was no file, and stay untouched where there was one.
pub fn write(path: &str, old: Option<&str>, new: &Description) -> Result<String, Error> {
    let text = old.unwrap_or_default();
    let mut document: DocumentMut =
        text.parse().map_err(|source| Error::Unwritable { path: path.to_owned(), source: Box::new(source) })?;
    let root = document.as_table_mut();
    put(root, "format", Some(FORMAT.into()));
    put(root, "account", new.account.as_deref().map(Value::from));
    put(root, "region", new.region.as_deref().map(Value::from));
    put(root, "application", new.application.as_deref().map(Value::from));
    let said = new.tier != Tier::Web || root.contains_key("tier");
    put(root, "tier", said.then(|| new.tier.word().into()));
    if old.is_none() && !new.after.is_empty() {
        put(root, "after", Some(list(&new.after)));
    }
    put(root, "platform", new.platform.as_deref().map(Value::from));
    put(root, "platform_version", new.platform_version.as_deref().map(Value::from));
    put(root, "cname", new.cname.as_deref().map(Value::from));
    put(root, "instance_profile", new.instance_profile.as_deref().map(Value::from));
    put(root, "operations_role", new.operations_role.as_deref().map(Value::from));
    release(root, new);
    let tags = new.tags.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    let options = new.options.iter().map(|(key, value)| (key.to_string(), value.as_str().into())).collect();
    let properties = new.properties.iter().map(|(key, value)| (key.clone(), value.to_toml())).collect();
    sync(root, "tags", tags);
    sync(root, "options", options);
    sync(root, "properties", properties);
    if old.is_none() {
        deploy(root, new);
    }
    let text = document.to_string();
    let text = if old.is_none() { format!("{HEAD}{text}") } else { text };
    // What was written is what will be read.
    Description::read(&new.name, path, &text)?;
    Ok(text)
}

fn list(words: &[String]) -> Value {
    Value::Array(words.iter().map(String::as_str).collect())
}

/// Two values that say the same, whatever is around them.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Integer(one), Value::Integer(other)) => one.value() == other.value(),
        (Value::Boolean(one), Value::Boolean(other)) => one.value() == other.value(),
        // Numbers and truths may stand where we would write a text.
        (Value::Integer(one), Value::String(other)) => one.value().to_string() == *other.value(),
        (Value::Boolean(one), Value::String(other)) => one.value().to_string() == *other.value(),
        (Value::Float(one), Value::String(other)) => one.value().to_string() == *other.value(),
        (Value::InlineTable(one), Value::InlineTable(other)) => inline(one, other),
        _ => false,
    }
}

fn inline(one: &InlineTable, other: &InlineTable) -> bool {
    one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| alike(value, other)))
}

/// Set a key, or take it away.
fn put(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    let Some(mut value) = value else {
        table.remove(key);
        return;
    };
    match table.get_mut(key) {
        Some(Item::Value(there)) if alike(there, &value) => {}
        Some(Item::Value(there)) => {
            *value.decor_mut() = there.decor().clone();
            *there = value;
        }
        // A table of its own, such as `[properties.NAME]`: its keys are brought up to date.
        Some(Item::Table(there)) if value.is_inline_table() => {
            let pairs = value.as_inline_table().into_iter().flat_map(|table| table.iter());
            update(there, pairs.map(|(key, value)| (key.to_owned(), value.clone())).collect());
        }
        _ => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Bring a table to these pairs.
fn update(table: &mut dyn TableLike, pairs: Vec<(String, Value)>) {
    let wanted = |key: &str| pairs.iter().any(|(wanted, _)| wanted == key);
    let gone: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).filter(|key| !wanted(key)).collect();
    for key in gone {
        table.remove(&key);
    }
    for (key, value) in pairs {
        put(table, &key, Some(value));
    }
}

/// Bring the table of that name to these pairs; made if there is none and something to put into it.
fn sync(root: &mut Table, name: &str, pairs: Vec<(String, Value)>) {
    if pairs.is_empty() && !root.contains_key(name) {
        return;
    }
    let item = root.entry(name).or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = item.as_table_like_mut() {
        update(table, pairs);
    }
}

fn release(root: &mut Table, new: &Description) {
    let Some(release) = &new.version else {
        root.remove("version");
        return;
    };
    let mut bundle = None;
    if let Some(place) = &release.bundle {
        let mut table = InlineTable::new();
        table.insert("bucket", place.bucket.as_str().into());
        table.insert("key", place.key.as_str().into());
        let texts = [("version_id", &place.version_id), ("sha256", &place.sha256)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))) {
            table.insert(key, text.into());
        }
        if let Some(bytes) = place.bytes.and_then(|bytes| i64::try_from(bytes).ok()) {
            table.insert("bytes", bytes.into());
        }
        bundle = Some(Value::InlineTable(table));
    }
    let mut pairs: Vec<(String, Value)> = vec![
        ("label".to_owned(), release.label.as_str().into()),
        ("digest".to_owned(), release.digest.as_str().into()),
    ];
    let texts = [("commit", &release.commit), ("before", &release.before)];
    pairs.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
    pairs.extend(bundle.map(|bundle| ("bundle".to_owned(), bundle)));
    sync(root, "version", pairs);
}

fn deploy(root: &mut Table, new: &Description) {
    let section = &new.deploy;
    let mut pairs: Vec<(String, Value)> = Vec::new();
    let mut add = |key: &str, value: Value| pairs.push((key.to_owned(), value));
    if !section.branches.is_empty() {
        add("branches", list(&section.branches));
    }
    for (key, seconds) in [("timeout", section.timeout), ("settle", section.settle)] {
        if let Some(seconds) = seconds.and_then(|seconds| i64::try_from(seconds).ok()) {
            add(key, seconds.into());
        }
    }
    if let Some(profile) = &section.profile {
        add("profile", profile.as_str().into());
    }
    if !section.requires.is_empty() {
        add("requires", list(&section.requires));
    }
    if !section.smoke.is_empty() {
        let probes = section.smoke.iter().map(|smoke| match smoke.status {
            200 => Value::from(smoke.path.as_str()),
            status => {
                let mut table = InlineTable::new();
                table.insert("path", smoke.path.as_str().into());
                table.insert("status", i64::from(status).into());
                Value::InlineTable(table)
            }
        });
        add("smoke", Value::Array(probes.collect()));
    }
    if !section.drill.is_empty() {
        let mut table = InlineTable::new();
        for (name, value) in &section.drill {
            let value = match value {
                Drill::Same => "same".into(),
                Drill::Other(property) => property.to_toml(),
            };
            table.insert(name.as_str(), value);
        }
        add("drill", Value::InlineTable(table));
    }
    sync(root, "deploy", pairs);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::environment::{Bundle, Deploy, OptionKey, Property, Release, Smoke, What};

    #[test]
    fn comments_and_order_stay() {
        let old = "# ours\nformat = \"beansprout.environment/1\"\nregion = \"eu-west-1\"  # Dublin\n\n[deploy]\nbranches = [\"main\"] # only\n\n[properties]\n# for people\nB = { ask = true }\nA = \"one\" # why\n\n[options]\n\"aws:autoscaling:asg/MaxSize\" = 4 # four\n";
        let mut new = Description::read("shop", "x", old).unwrap();
        assert_eq!(write("x", Some(old), &new).unwrap(), old);
        new.properties.insert("A".to_owned(), Property::Plain("two".to_owned()));
        new.properties.insert("C".to_owned(), Property::Random(50));
        new.account = Some("123456789012".to_owned());
        let text = write("x", Some(old), &new).unwrap();
        assert_eq!(
            text,
            "# ours\nformat = \"beansprout.environment/1\"\nregion = \"eu-west-1\"  # Dublin\naccount = \"123456789012\"\n\n[deploy]\nbranches = [\"main\"] # only\n\n[properties]\n# for people\nB = { ask = true }\nA = \"two\" # why\nC = { random = 50 }\n\n[options]\n\"aws:autoscaling:asg/MaxSize\" = 4 # four\n"
        );
    }

    #[test]
    fn a_new_file_reads_well() {
        let mut new = Description::new("shop-production");
        new.application = Some("shop".to_owned());
        new.platform = Some("Python 3.13 running on 64bit Amazon Linux 2023".to_owned());
        new.tags.insert("stage".to_owned(), "prod".to_owned());
        new.properties.insert("SECRET_KEY".to_owned(), Property::Random(50));
        new.deploy.smoke.push(Smoke { path: "/health/".to_owned(), status: 200 });
        let text = write("x", None, &new).unwrap();
        let body = text.strip_prefix(HEAD).unwrap();
        assert_eq!(
            body,
            "format = \"beansprout.environment/1\"\napplication = \"shop\"\nplatform = \"Python 3.13 running on 64bit Amazon Linux 2023\"\n\n[tags]\nstage = \"prod\"\n\n[properties]\nSECRET_KEY = { random = 50 }\n\n[deploy]\nsmoke = [\"/health/\"]\n"
        );
    }

    fn word() -> impl Strategy<Value = String> {
        "[ -~äé\n\"'\\\\]{0,12}"
    }

    fn property() -> impl Strategy<Value = Property> {
        prop_oneof![
            word().prop_map(Property::Plain),
            word().prop_map(|rest| Property::Secret(format!("arn:{rest}"))),
            (16..=256usize).prop_map(Property::Random),
            Just(Property::Ask),
            "[a-z]{4,10}".prop_map(|environment| Property::From { environment, what: What::Queue }),
        ]
    }

    fn description() -> impl Strategy<Value = Description> {
        let pairs = || proptest::collection::btree_map("[A-Za-z_:. -]{1,10}", word(), 0..4);
        let release = proptest::option::of((word(), word(), proptest::option::of((word(), 0..9_000_000u64))));
        let drill = prop_oneof![Just(Drill::Same), property().prop_map(Drill::Other)]
            .prop_filter("read as `Same`", |drill| *drill != Drill::Other(Property::Plain("same".to_owned())));
        let deploy = (
            proptest::collection::vec("[a-z/*]{1,8}", 0..3),
            proptest::option::of(1..9000u64),
            proptest::collection::vec(("/[a-z]{0,5}", 200..600u16), 0..3),
            proptest::collection::btree_map("[A-Z]{1,6}", drill, 0..3),
        );
        let head = (proptest::option::of(word()), proptest::option::of("[a-z]{1,9}"), any::<bool>());
        let properties = proptest::collection::btree_map("[A-Z_]{1,8}", property(), 0..5);
        (head, release, pairs(), pairs(), properties, deploy).prop_map(
            |((account, cname, worker), version, tags, options, properties, (branches, timeout, smoke, drill))| {
                Description {
                    account,
                    cname,
                    tier: if worker { Tier::Worker } else { Tier::Web },
                    version: version.map(|(label, digest, bundle)| Release {
                        label,
                        digest,
                        commit: None,
                        bundle: bundle.map(|(key, bytes)| Bundle { key, bytes: Some(bytes), ..Bundle::default() }),
                        before: None,
                    }),
                    tags,
                    options: options
                        .into_iter()
                        .map(|(name, value)| (OptionKey::new("aws:autoscaling:asg", None, &name), value))
                        .collect(),
                    properties,
                    deploy: Deploy {
                        branches,
                        timeout,
                        smoke: smoke.into_iter().map(|(path, status)| Smoke { path, status }).collect(),
                        drill,
                        ..Deploy::default()
                    },
                    ..Description::new("shop")
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(new in description()) {
            let text = write("x", None, &new).unwrap();
            prop_assert_eq!(Description::read("shop", "x", &text).unwrap(), new.clone());
            // Nothing changed, nothing written.
            prop_assert_eq!(write("x", Some(&text), &new).unwrap(), text);
        }

        #[test]
        fn any_file_becomes_any_description_but_what_is_for_people(old in description(), new in description()) {
            let text = write("x", None, &old).unwrap();
            let text = write("x", Some(&text), &new).unwrap();
            let read = Description::read("shop", "x", &text).unwrap();
            prop_assert_eq!(read, Description { after: old.after, deploy: old.deploy, ..new });
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in "\\PC{0,200}") {
            let _ = Description::read("shop", "x", &text);
            let _ = write("x", Some(&text), &Description::new("shop"));
        }
    }
}
