//! Surprises: values that YAML 1.1 turns into something else, said at the first of a file and mended in all of it.

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, OptionSetting};
use crate::beanstalk::options::{self, ConfigOption};
use crate::beanstalk::yaml::Kind;
use crate::check::finding::Edit;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, file: &ConfigFile) {
    let language = subject.customizations.family.language();
    let becomes = |setting: &OptionSetting| {
        becomes(setting, options::find_on(language, &setting.namespace.value, &setting.name.value)?)
    };
    let mut found: Vec<_> =
        file.option_settings.iter().filter_map(|setting| Some((&setting.value, becomes(setting)?))).collect();
    found.sort_by_key(|(value, _)| value.span.start);
    found.dedup_by_key(|(value, _)| value.span.start);
    let (Some((first, read)), Some((last, _))) = (found.first(), found.last()) else { return };
    let more = match found.len() - 1 {
        0 => String::new(),
        1 => "; one more value of this file is read so".to_owned(),
        more => format!("; {more} more values of this file are read so"),
    };
    let message = format!("YAML reads `{}` as `{read}`, and that is what arrives{more}", first.value);
    let fix = if found.len() == 1 { "put it in quotes" } else { "put them in quotes" };
    let (mut at, mut with) = (first.span.start, String::new());
    for (value, _) in &found {
        with.push_str(file.text.get(at..value.span.start).unwrap_or_default());
        with.push_str(&format!("\"{}\"", value.value));
        at = value.span.end;
    }
    let edit = Edit::Replace { span: first.span.start..last.span.end, with };
    subject.find("EB210", &file.path, first.span.clone(), message, fix).edit(edit);
}

/// What arrives of a value, if that is something else.
fn becomes(setting: &OptionSetting, row: &ConfigOption) -> Option<String> {
    let text = setting.value.value.as_str();
    let property = setting.namespace.value == DEFAULT_NAMESPACE;
    let becomes = match setting.kind {
        Kind::Int(number) if text != number.to_string() && number != i64::MAX => number.to_string(),
        Kind::Float if text.contains('.') && text.ends_with('0') && text.parse::<f64>().is_ok() => {
            text.parse::<f64>().map(|number| number.to_string()).unwrap_or_default()
        }
        Kind::Bool(value) if property && text != value.to_string() => value.to_string(),
        _ => return None,
    };
    let same =
        row.kind == options::Kind::Integer && text.parse::<f64>().is_ok_and(|number| number.to_string() == becomes);
    (!same).then_some(becomes)
}
