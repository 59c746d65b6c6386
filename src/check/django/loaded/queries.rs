//! Queries: what a module asks the database for as it is imported.
//!
//! A query set asks nobody until something looks into it.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::super::expressions::range;

/// Where the lines at the top of a module and of its classes do, outside of conditions, of `try` and of functions.
pub(super) fn queries(body: &[Stmt]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    block(body, &mut found, 0);
    found
}

fn block(body: &[Stmt], found: &mut Vec<Range<usize>>, depth: usize) {
    const DEEPEST: usize = 5;
    for statement in body {
        match statement {
            Stmt::Assign(assign) => look(&assign.value, found, 0),
            Stmt::AnnAssign(assign) => assign.value.iter().for_each(|value| look(value, found, 0)),
            Stmt::AugAssign(assign) => look(&assign.value, found, 0),
            Stmt::Expr(expression) => look(&expression.value, found, 0),
            Stmt::For(each) if is_set(&each.iter, 0) => found.push(range(&each.iter)),
            Stmt::ClassDef(class) if depth < DEEPEST => block(&class.body, found, depth + 1),
            _ => {}
        }
    }
}

/// What an expression asks for wherever it is carried out.
fn look(expression: &Expr, found: &mut Vec<Range<usize>>, depth: usize) {
    const DEEPEST: usize = 30;
    if depth > DEEPEST {
        return;
    }
    let first =
        |generators: &[ruff_python_ast::Comprehension]| generators.first().is_some_and(|one| is_set(&one.iter, 0));
    let asks = match expression {
        Expr::ListComp(list) => first(&list.generators),
        Expr::SetComp(set) => first(&set.generators),
        Expr::DictComp(dict) => first(&dict.generators),
        Expr::Call(call) => is_asked(call),
        _ => false,
    };
    if asks {
        return found.push(range(expression));
    }
    let mut inner = |expression: &Expr| look(expression, found, depth + 1);
    match expression {
        Expr::List(list) => list.elts.iter().for_each(inner),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(inner),
        Expr::Dict(dict) => dict.items.iter().for_each(|item| inner(&item.value)),
        Expr::BinOp(operation) => [&operation.left, &operation.right].into_iter().for_each(|side| inner(side)),
        Expr::Attribute(attribute) => inner(&attribute.value),
        Expr::Subscript(subscript) => inner(&subscript.value),
        Expr::Starred(starred) => inner(&starred.value),
        Expr::Call(call) => {
            inner(&call.func);
            call.arguments.args.iter().for_each(&mut inner);
            call.arguments.keywords.iter().for_each(|keyword| inner(&keyword.value));
        }
        _ => {}
    }
}

/// Does a call look into a set of rows, or ask for one?
fn is_asked(call: &ExprCall) -> bool {
    const LOOKS: [&str; 7] = ["bool", "dict", "len", "list", "set", "sorted", "tuple"];
    const ASKS: [&str; 9] =
        ["aggregate", "count", "create", "earliest", "exists", "first", "get", "get_or_create", "last"];
    match &*call.func {
        Expr::Name(name) => {
            LOOKS.contains(&name.id.as_str()) && call.arguments.args.first().is_some_and(|argument| is_set(argument, 0))
        }
        Expr::Attribute(method) => ASKS.contains(&method.attr.as_str()) && is_set_or_manager(&method.value, 0),
        _ => false,
    }
}

/// `Model.objects.filter(…)`, with whatever calls behind it that make another set of it.
fn is_set(expression: &Expr, depth: usize) -> bool {
    const MAKES: [&str; 13] = [
        "all",
        "annotate",
        "defer",
        "distinct",
        "exclude",
        "filter",
        "only",
        "order_by",
        "prefetch_related",
        "reverse",
        "select_related",
        "values",
        "values_list",
    ];
    let Expr::Call(call) = expression else { return false };
    let Expr::Attribute(method) = &*call.func else { return false };
    MAKES.contains(&method.attr.as_str()) && is_set_or_manager(&method.value, depth + 1)
}

fn is_set_or_manager(expression: &Expr, depth: usize) -> bool {
    const DEEPEST: usize = 20;
    let is_model = |owner: &Expr| match owner {
        Expr::Name(name) => name.id.starts_with(|char: char| char.is_ascii_uppercase()),
        Expr::Attribute(attribute) => attribute.attr.starts_with(|char: char| char.is_ascii_uppercase()),
        _ => false,
    };
    depth < DEEPEST
        && match expression {
            Expr::Attribute(attribute) => attribute.attr.as_str() == "objects" && is_model(&attribute.value),
            other => is_set(other, depth),
        }
}

#[cfg(test)]
mod tests {
    use super::super::super::syntax::Source;
    use super::*;

    fn found(text: &str) -> usize {
        Source::parse(text).map_or(0, |source| queries(source.statements()).len())
    }

    #[test]
    fn what_is_asked_as_a_module_is_imported() {
        for text in [
            "class F(forms.Form):\n    a = forms.ChoiceField(choices=[(x.id, x) for x in Shop.objects.all()])\n",
            "N = Shop.objects.filter(a=1).count()\n",
            "A = list(models.Shop.objects.values_list('id', 'name'))\n",
            "for x in Shop.objects.order_by('a'):\n    pass\n",
            "FIRST = Shop.objects.get(pk=1).name\n",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
        for text in [
            "class V(ListView):\n    queryset = Shop.objects.all()\n",
            "A = forms.ModelChoiceField(queryset=Shop.objects.filter(a=1))\n",
            "def f():\n    return list(Shop.objects.all())\n",
            "try:\n    N = Shop.objects.count()\nexcept Exception:\n    N = 0\n",
            "if A:\n    N = Shop.objects.count()\n",
            "A = lambda: Shop.objects.count()\n",
            "A = config.get('x')\nB = [x for x in y.objects.all()]\n",
            "A = (x for x in Shop.objects.all())\n",
        ] {
            assert_eq!(found(text), 0, "{text}");
        }
    }
}
