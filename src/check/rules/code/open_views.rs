//! Open views: what Django REST framework lets anybody change, since nobody says who may.

use std::ops::Range;

use crate::beanstalk::lines::placed;
use crate::check::django::loaded::Module;
use crate::check::django::{Settings, Value};
use crate::check::script::find_all;
use crate::check::subject::Subject;

const RULE: &str = "EB371";

/// Views that delete what is there. One that only makes or changes something may be meant for everybody, such as a form for a
/// password that somebody has forgotten.
const CHANGING: [&str; 4] =
    ["ModelViewSet", "DestroyAPIView", "RetrieveDestroyAPIView", "RetrieveUpdateDestroyAPIView"];

/// Who logs in before a view is asked, or sorts out who may.
const GUARDS: [&str; 5] = ["permission", "request.user", "login", "authenticat", "http_method_names"];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings().filter(|settings| asks_nobody(settings)) else { return };
    if guarded(&settings) {
        return;
    }
    let tree = subject.tree;
    let texts: Vec<&str> = modules.iter().filter_map(|module| tree.code(&module.path)).collect();
    let routes = |name: &str| {
        texts
            .iter()
            .any(|text| ["register(", "as_view("].iter().any(|word| text.contains(word)) && has_word(text, name))
    };
    let served = modules.iter().filter(|module| !module.path.contains("test"));
    let mut found = served.flat_map(|module| {
        let text = tree.code(&module.path).unwrap_or_default();
        let drf = text.contains("rest_framework");
        let views = if drf { views(text) } else { Vec::new() };
        views.into_iter().map(move |(name, span)| (module.path.clone(), name, span))
    });
    let mut found = found.by_ref().filter(|(_, name, _)| routes(name));
    let Some((path, name, span)) = found.next() else { return };
    let more = match found.count() {
        0 => String::new(),
        1 => ", and of one view more".to_owned(),
        others => format!(", and of {others} views more"),
    };
    let message = format!(
        "anybody may delete what is behind `{name}`{more}: neither the view nor `DEFAULT_PERMISSION_CLASSES` says who may"
    );
    let fix = "`\"DEFAULT_PERMISSION_CLASSES\": [\"rest_framework.permissions.IsAuthenticated\"]` in `REST_FRAMEWORK`, and `permission_classes = [AllowAny]` where everybody may come, such as at the login";
    subject.find(RULE, &path, span, message, fix);
}

/// Is the framework in use, and lets it everybody in where a view says nothing?
pub(super) fn asks_nobody(settings: &Settings) -> bool {
    let apps = settings.value("INSTALLED_APPS").items();
    let used = apps.iter().any(|app| app.text() == Some("rest_framework"));
    let open = match settings.value("REST_FRAMEWORK") {
        Value::Missing => true,
        own @ Value::Dict(_) => match own.get("DEFAULT_PERMISSION_CLASSES") {
            Value::Missing => true,
            Value::List(classes) => {
                !classes.is_empty()
                    && classes.iter().all(|class| class.text().is_some_and(|text| text.ends_with(".AllowAny")))
            }
            _ => false,
        },
        _ => false,
    };
    used && open
}

/// May a middleware send away whoever has not logged in? Those of known packages do not.
pub(super) fn guarded(settings: &Settings) -> bool {
    const PLAIN: [&str; 8] = [
        "django.",
        "corsheaders.",
        "whitenoise.",
        "debug_toolbar.",
        "allauth.account.middleware.AccountMiddleware",
        "csp.",
        "django_prometheus.",
        "silk.",
    ];
    let plain =
        |class: &str| PLAIN.iter().any(|begin| class.starts_with(begin)) && !class.ends_with("LoginRequiredMiddleware");
    let list = settings.value("MIDDLEWARE");
    !matches!(list, Value::List(items) if items.iter().all(|item| item.text().is_some_and(plain)))
}

/// The classes of a text that change something, come from the framework alone and say nothing of who may.
fn views(text: &str) -> Vec<(String, Range<usize>)> {
    let lines: Vec<(usize, &str)> = placed(text).collect();
    let mut found = Vec::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        let Some((name, bases)) = line.trim_end().strip_prefix("class ").and_then(|rest| rest.split_once('(')) else {
            continue;
        };
        let Some((bases, "" | " ")) =
            bases.split_once("):").map(|(bases, rest)| (bases, rest.split('#').next().unwrap_or("")))
        else {
            continue;
        };
        let bases: Vec<&str> = bases.split(',').map(str::trim).filter(|base| !base.is_empty()).collect();
        let [base] = bases.as_slice() else { continue };
        let (module, last) = base.rsplit_once('.').unwrap_or(("", base));
        let known =
            matches!(module, "" | "viewsets" | "generics" | "rest_framework.viewsets" | "rest_framework.generics");
        // A name without its module is the framework's only where it is imported from there.
        let imported = !module.is_empty() || imports(text, last);
        if !known || !imported || !CHANGING.contains(&last) {
            continue;
        }
        let mut above = lines[..index].iter().rev().map(|(_, line)| *line).take_while(|line| !line.trim().is_empty());
        let decorated = above.any(|line| line.starts_with('@'));
        let of_body = |line: &str| line.trim().is_empty() || line.starts_with([' ', '\t', '#', ')']);
        let body = || lines[index + 1..].iter().map(|(_, line)| *line).take_while(|line| of_body(line));
        let lower = |line: &str| line.to_ascii_lowercase();
        let says = body().any(|line| GUARDS.iter().any(|word| lower(line).contains(word)));
        if !decorated && !says {
            found.push((name.trim().to_owned(), *at..*at + line.trim_end().len()));
        }
    }
    found
}

/// Does a line import this name from the framework?
fn imports(text: &str, name: &str) -> bool {
    let whole = ["from rest_framework.viewsets import", "from rest_framework.generics import"];
    whole.iter().any(|import| {
        text.split(import).skip(1).any(|rest| {
            let end = if rest.trim_start().starts_with('(') { rest.find(')') } else { rest.find('\n') };
            has_word(&rest[..end.unwrap_or(rest.len())], name)
        })
    })
}

/// Is this word anywhere but in a comment, and in the head of its own class?
fn has_word(text: &str, word: &str) -> bool {
    find_all(text, word).any(|span| {
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        !text[line..span.start].starts_with("class ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_that_ask_nobody() {
        let names = |text: &str| views(text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("class A(viewsets.ModelViewSet):\n    queryset = X.objects.all()\n"), ["A"]);
        assert_eq!(
            names(
                "from rest_framework.generics import (\n    DestroyAPIView,\n)\nclass A(DestroyAPIView):\n    x = 1\n"
            ),
            ["A"]
        );
        for text in [
            "class A(viewsets.ModelViewSet):\n    permission_classes = [IsAdmin]\n",
            "class A(viewsets.ModelViewSet):\n    def get_queryset(self):\n        return X.filter(owner=self.request.user)\n",
            "class A(OwnerMixin, viewsets.ModelViewSet):\n    x = 1\n",
            "class A(viewsets.ReadOnlyModelViewSet):\n    x = 1\n",
            "class A(generics.CreateAPIView):\n    x = 1\n",
            "class A(ModelViewSet):\n    x = 1\n",
            "@staff_only\nclass A(viewsets.ModelViewSet):\n    x = 1\n",
            "# class A(viewsets.ModelViewSet):\n",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }
}
