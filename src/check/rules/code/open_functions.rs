//! Open functions: views that delete what they are asked for, and ask nobody who they are.

use std::ops::Range;

use super::open_views::{asks_nobody, guarded};
use crate::beanstalk::lines::placed;
use crate::check::django::loaded::{Module, Moment};
use crate::check::script::find_all;
use crate::check::subject::Subject;

const RULE: &str = "EB371";

/// Words of whoever looks at who asks, or at something that only some people have.
const GUARDS: [&str; 14] = [
    "user",
    "auth",
    "login",
    "logged",
    "session",
    "permission",
    "token",
    "password",
    "secret",
    "cookie",
    "owner",
    "admin",
    "staff",
    "key",
];

/// Decorators that let everybody through.
const PLAIN: [&str; 6] =
    ["csrf_exempt", "require_", "never_cache", "transaction.atomic", "ensure_csrf_cookie", "csrf_protect"];

/// What takes a request and decides nothing by it.
const TAKES: [&str; 8] = [
    "render",
    "redirect",
    "messages.success",
    "messages.error",
    "messages.info",
    "messages.warning",
    "messages.add_message",
    "print",
];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings().filter(|settings| !guarded(settings)) else { return };
    let api = asks_nobody(&settings);
    let tree = subject.tree;
    let texts = modules.iter().filter_map(|module| tree.code(&module.path));
    let urls: Vec<&str> = texts.filter(|text| text.contains("urlpatterns")).collect();
    let routed = |name: &str| {
        let lines = urls.iter().flat_map(|text| {
            find_all(text, name).map(|span| {
                let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
                text[line..].lines().next().unwrap_or_default()
            })
        });
        let lines: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with(['#', 'f', 'i'])).collect();
        let plain = |line: &&str| {
            !["required", "login", "permission", "protect", "admin"].iter().any(|word| line.contains(word))
        };
        !lines.is_empty() && lines.iter().all(plain)
    };
    let served = modules.iter().filter(|module| module.moment == Moment::Request && !module.path.contains("test"));
    let all = served.flat_map(|module| {
        let text = tree.code(&module.path).unwrap_or_default();
        views(text, api).into_iter().map(|(name, span)| (module.path.clone(), name, span))
    });
    let mut found = all.filter(|(_, name, _)| routed(name));
    let Some((path, name, span)) = found.next() else { return };
    let more = match found.count() {
        0 => String::new(),
        1 => ", and with one view more".to_owned(),
        others => format!(", and with {others} views more"),
    };
    let message = format!("anybody may delete with `{name}`{more}: neither the view nor a decorator asks who it is");
    let fix = "`@login_required` above it, with `@api_view` `@permission_classes([IsAuthenticated])`, and look at whose it is that is deleted";
    subject.find(RULE, &path, span, message, fix);
}

/// The functions of a text that answer requests, delete what they have looked up, and ask nobody; with the places of their heads.
fn views(text: &str, api: bool) -> Vec<(String, Range<usize>)> {
    let lines: Vec<(usize, &str)> = placed(text).collect();
    let mut found = Vec::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        let head = line.trim_end();
        let Some((name, parameters)) = head.strip_prefix("def ").and_then(|rest| rest.split_once('(')) else {
            continue;
        };
        if !parameters.starts_with("request") || !head.ends_with(':') {
            continue;
        }
        let above = lines[..index].iter().rev().map(|(_, line)| line.trim_end());
        let plain = |decorator: &str| {
            let name = decorator.trim_start_matches('@');
            PLAIN.iter().any(|plain| name.starts_with(plain)) || (api && name.starts_with("api_view("))
        };
        let mut decorators = above.take_while(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
        if !decorators.all(|line| line.starts_with('#') || plain(line)) {
            continue;
        }
        let of_body = |line: &str| line.trim().is_empty() || line.starts_with([' ', '\t', '#']);
        let body = lines[index + 1..].iter().map(|(_, line)| *line).take_while(|line| of_body(line));
        let body: Vec<&str> = body.filter(|line| !line.trim_start().starts_with('#')).collect();
        if deletes(&body) && !asks(&body) {
            found.push((name.trim().to_owned(), *at..*at + head.len()));
        }
    }
    found
}

/// Does it delete something that it has looked up by its model?
fn deletes(body: &[&str]) -> bool {
    let looked_up = |name: &str| {
        let ways = ["objects.get(", "objects.filter(", "get_object_or_404("];
        body.iter().any(|line| {
            let value =
                line.trim_start().strip_prefix(name).map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
            value.is_some_and(|value| ways.iter().any(|way| value.contains(way)))
        })
    };
    body.iter().any(|line| {
        let Some(thing) = line.trim().strip_suffix(".delete()") else { return false };
        let word = thing.chars().all(|char| char.is_alphanumeric() || char == '_');
        let at_once = thing.contains(".objects.get(") || thing.contains(".objects.filter(");
        (word && looked_up(thing)) || at_once
    })
}

/// May it look at who asks, by itself or by something that it hands the request to?
fn asks(body: &[&str]) -> bool {
    let hands_on = |line: &str| {
        line.match_indices("(request").any(|(at, _)| {
            let is_whole = line[at + "(request".len()..].starts_with([',', ')']);
            let called = line[..at].rsplit(|char: char| !(char.is_alphanumeric() || "_.".contains(char))).next();
            is_whole && !TAKES.contains(&called.unwrap_or_default())
        })
    };
    body.iter().any(|line| {
        let lower = line.to_ascii_lowercase();
        GUARDS.iter().any(|word| lower.contains(word)) || hands_on(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_ask_nobody() {
        let names = |text: &str| views(text, true).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        for text in [
            "def drop(request, pk):\n    item = get_object_or_404(Item, pk=pk)\n    item.delete()\n    return redirect('x')\n",
            "@csrf_exempt\ndef drop(request, pk):\n    Item.objects.get(pk=pk).delete()\n",
            "@api_view(['DELETE'])\ndef drop(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.delete()\n",
            "def drop(request, pk):\n    items = Item.objects.filter(pk=pk)\n    items.delete()\n    return render(request, 'x.html')\n",
        ] {
            assert_eq!(names(text), ["drop"], "{text}");
        }
        for text in [
            "@login_required\ndef drop(request, pk):\n    Item.objects.get(pk=pk).delete()\n",
            "def drop(request, pk):\n    Item.objects.get(pk=pk, by=request.user).delete()\n",
            "def drop(request, pk):\n    check(request)\n    Item.objects.get(pk=pk).delete()\n",
            "def drop(request, pk):\n    if 'id' not in request.session:\n        return\n    Item.objects.get(pk=pk).delete()\n",
            "def drop(request):\n    cache.delete()\n",
            "def drop(pk):\n    Item.objects.get(pk=pk).delete()\n",
            "# def drop(request, pk):\n#    Item.objects.get(pk=pk).delete()\n",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }
}
