//! Uploads: code that takes files of any size, behind an nginx that takes 1 MB.

use std::ops::Range;

use crate::beanstalk::lines::{indent, placed};
use crate::check::django::loaded::Module;
use crate::check::django::{Settings, Value, root};
use crate::check::rules::settings::upload_limit::refuses;
use crate::check::script::{find_all, find_in};
use crate::check::subject::Subject;

const RULE: &str = "EB277";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    if !refuses(subject) || subject.found().iter().any(|finding| finding.rule == RULE) {
        return;
    }
    let texts = || modules.iter().filter_map(|module| Some((&module.path, subject.tree.code(&module.path)?)));
    let has_field = texts().any(|(_, text)| find_in(text, &["FileField(", "ImageField("]).is_some());
    let found = texts().find_map(|(path, text)| {
        let (framework, span) = takes(text, has_field)?;
        Some((path.clone(), span, framework, ""))
    });
    let in_admin = || {
        let (path, span) = in_admin(subject, subject.settings().as_deref()?, modules)?;
        Some((path, span, "Django", " in the admin"))
    };
    let Some((path, span, framework, place)) = found.or_else(in_admin) else { return };
    let message = format!(
        "an upload of more than 1 MB{place} is a 413: nginx refuses it before {framework} sees it, and nothing here raises that limit"
    );
    let fix = "`client_max_body_size 20m;` in `.platform/nginx/conf.d/uploads.conf`, with what the site is to take; `beansprout add upload-limit`";
    subject.find(RULE, &path, span, message, fix);
}

/// Where code takes files, and with which framework. All of them are handed to forms which have no field for any as well.
fn takes(text: &str, has_field: bool) -> Option<(&'static str, Range<usize>)> {
    let taken = find_all(text, ".FILES").find_map(|span| {
        let of_word = |char: char| char.is_alphanumeric() || char == '_';
        // However the request is called.
        let before = text[..span.start].trim_end_matches(of_word);
        let is_one = text[span.end..].starts_with(['[', '.']);
        // What every view of a class hands on is no sign that there are any.
        let by_class = before.ends_with(": self.") || before.ends_with("files=self.");
        (is_one || (has_field && !by_class)).then_some(before.len()..span.end)
    });
    if let Some(span) = taken {
        return Some(("Django", span));
    }
    let imports = |module: &str| {
        [format!("from {module}"), format!("import {module}")].iter().any(|line| text.contains(line.as_str()))
    };
    if imports("flask_wtf")
        && let Some(span) = find_in(text, &["FileField("])
    {
        return Some(("Flask", span));
    }
    if imports("flask") {
        return Some(("Flask", find_in(text, &["request.files"])?));
    }
    imports("fastapi").then(|| Some(("FastAPI", find_in(text, &[": UploadFile", "[UploadFile", "= File("])?)))?
}

/// A field for files of a model that somebody fills in the admin.
fn in_admin(subject: &Subject<'_>, settings: &Settings, modules: &[Module]) -> Option<(String, Range<usize>)> {
    let tree = subject.tree;
    let apps = settings.value("INSTALLED_APPS").items();
    let installed = apps.iter().any(|app| app.text() == Some("django.contrib.admin"));
    let leads =
        |module: &Module| tree.code(&module.path).is_some_and(|text| find_in(text, &["admin.site.urls"]).is_some());
    if !installed || !modules.iter().any(leads) {
        return None;
    }
    let root = root(tree);
    apps.iter().filter_map(Value::text).find_map(|app| {
        let folder = format!("{root}{}", app.split(".apps.").next().unwrap_or(app).replace('.', "/"));
        let path = format!("{folder}/models.py");
        let admin = tree.code(&format!("{folder}/admin.py"))?;
        let (_, span) = fields(tree.code(&path)?).into_iter().find(|(class, _)| registers(admin, class))?;
        Some((path, span))
    })
}

/// The classes of a text that have a field for files, and where that is.
fn fields(text: &str) -> Vec<(&str, Range<usize>)> {
    const FIELDS: [&str; 2] = ["models.FileField(", "models.ImageField("];
    let mut class = None;
    let mut found = Vec::new();
    for (at, line) in placed(text) {
        if indent(line) == 0 && !line.trim().is_empty() {
            let name = line.strip_prefix("class ").and_then(|rest| rest.split(['(', ':']).next());
            class = name.map(str::trim);
        }
        let code = line.split('#').next().unwrap_or(line);
        let field = FIELDS.iter().find_map(|field| Some((code.find(field)?, field.len() - 1)));
        if let (Some(class), Some((start, length))) = (class, field)
            && !code.contains("editable=False")
        {
            found.push((class, at + start..at + start + length));
        }
    }
    found
}

/// Does the text of an `admin.py` register a model?
fn registers(text: &str, class: &str) -> bool {
    let code = text.lines().map(|line| line.split('#').next().unwrap_or(line));
    let mut lines = code.filter(|line| line.contains("admin.site.register(") || line.contains("@admin.register("));
    lines.any(|line| line.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_takes_files() {
        let is = |text: &str, bare: Option<&str>, with_field: Option<&str>| {
            let found = |has_field| takes(text, has_field).map(|(name, _)| name);
            assert_eq!((found(false), found(true)), (bare, with_field), "{text}");
        };
        let always = |text: &str, found: Option<&str>| is(text, found, found);
        is("form = Form(request.POST, request.FILES)\n", None, Some("Django"));
        is("if request.FILES:\n", None, Some("Django"));
        always("file = request.FILES['a']\n", Some("Django"));
        always("file = self.request.FILES.get('a')\n", Some("Django"));
        always("file = requests.FILES['a']\n", Some("Django"));
        always("from flask_wtf import FlaskForm\nclass A(FlaskForm):\n    x = FileField('x')\n", Some("Flask"));
        always("# form = Form(request.POST, request.FILES)\n", None);
        always("kwargs = {'files': self.request.FILES}\n", None);
        always("from flask import request\nfile = request.files['a']\n", Some("Flask"));
        always("file = request.files['a']\n", None);
        always("from fastapi import FastAPI, UploadFile\ndef a(file: UploadFile):\n    pass\n", Some("FastAPI"));
        always(
            "from fastapi import UploadFile, File\ndef a(files: List[UploadFile] = File(...)):\n    pass\n",
            Some("FastAPI"),
        );
        always("from fastapi import FastAPI, UploadFile\n", None);
    }

    #[test]
    fn fields_that_the_admin_fills() {
        let text = "class A(models.Model):\n    x = models.ImageField()\nclass B(models.Model):\n    # y = models.FileField()\n    z = models.FileField(editable=False)\n";
        let classes: Vec<&str> = fields(text).into_iter().map(|(class, _)| class).collect();
        assert_eq!(classes, ["A"]);
        assert!(registers("admin.site.register(A)\n", "A") && registers("@admin.register(B, A)\n", "A"));
        assert!(!registers("# admin.site.register(A)\n", "A") && !registers("admin.site.register(AB)\n", "A"));
    }
}
