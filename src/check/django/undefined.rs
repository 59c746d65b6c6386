//! Undefined: names that a file asks for before anything has given them a value, so that Python stops with `NameError`.
//!
//! Only what is carried out for certain: at the top level, outside of conditions, and where nothing gives names unseen.

use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprContext, InterpolatedStringElement, Pattern, Stmt};

use super::expressions::range;

/// What Python has by itself, from 3.9 to 3.14, and what each module has.
const BUILTINS: &str = "\
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError BufferError \
    BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError \
    DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup False FileExistsError \
    FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError \
    InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError None \
    NotADirectoryError NotImplemented NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError \
    ProcessLookupError PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning \
    StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError \
    UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError \
    Warning ZeroDivisionError __annotations__ __build_class__ __builtins__ __cached__ __debug__ __dict__ __doc__ __file__ __import__ \
    __loader__ __name__ __package__ __path__ __spec__ abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr \
    classmethod compile complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset \
    getattr globals hasattr hash help hex id input int isinstance issubclass iter len license list locals map max memoryview min \
    next object oct open ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum super \
    tuple type vars zip";

/// What gives names that no assignment shows, or takes them away.
const UNSEEN: [&str; 9] =
    ["import *", "exec(", "execfile(", "globals(", "locals(", "vars(", "sys.modules", "include(", "builtins"];

/// Gets all settings into its hands, and sets no other names.
const HEROKU: &str = "django_heroku.settings(locals()";

/// A name that nothing has given a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check) struct Undefined {
    pub(in crate::check) name: String,
    pub(in crate::check) path: String,
    pub(in crate::check) span: Range<usize>,
    /// Does a line further down give it one?
    pub(in crate::check) later: bool,
}

/// The first of them in a file.
pub(super) fn first(body: &[Stmt], text: &str, path: &str) -> Option<Undefined> {
    let unseen = text.replace(HEROKU, "");
    if UNSEEN.iter().any(|word| unseen.contains(word)) {
        return None;
    }
    let mut given = Given::default();
    for (at, statement) in body.iter().enumerate() {
        given.at = at;
        given.visit_stmt(statement);
    }
    let lacks = |at: usize, name: &str| {
        let known = given.names.get(name).is_some_and(|first| *first <= at);
        !known && !BUILTINS.split_ascii_whitespace().any(|builtin| builtin == name)
    };
    let of_heroku = unseen.len() < text.len();
    let mut asked = body.iter().enumerate().flat_map(|(at, statement)| {
        let mut found = Vec::new();
        certain(statement, &mut found);
        found.into_iter().map(move |(name, span)| (at, name, span))
    });
    let (_, name, span) = asked.find(|(at, name, _)| lacks(*at, name)).filter(|_| !given.unknown)?;
    // What that sets is in capitals.
    let may_be_set = of_heroku && name.chars().all(|char| !char.is_lowercase());
    (!may_be_set).then(|| Undefined {
        name: name.to_owned(),
        path: path.to_owned(),
        span,
        later: given.names.contains_key(name),
    })
}

/// The names that statements give a value, wherever they do, each with the first at the top level in which that is.
#[derive(Default)]
struct Given<'a> {
    names: BTreeMap<&'a str, usize>,
    at: usize,
    /// Is there something that gives names in a way that is not looked into?
    unknown: bool,
}

impl<'a> Given<'a> {
    fn put(&mut self, name: &'a str) {
        self.names.entry(name).or_insert(self.at);
    }
}

impl<'a> Visitor<'a> for Given<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let whole = alias.name.as_str();
                    self.put(
                        alias.asname.as_ref().map_or(whole.split('.').next().unwrap_or(whole), |name| name.as_str()),
                    );
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.put(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            Stmt::FunctionDef(function) => self.put(function.name.as_str()),
            Stmt::ClassDef(class) => self.put(class.name.as_str()),
            // A function gives it one whenever it is called.
            Stmt::Global(global) => {
                for name in &global.names {
                    self.names.insert(name.as_str(), 0);
                }
            }
            Stmt::TypeAlias(_) => self.unknown = true,
            // What it changes has to be there.
            Stmt::AugAssign(assign) if matches!(*assign.target, Expr::Name(_)) => {
                return self.visit_expr(&assign.value);
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx != ExprContext::Load
        {
            self.put(name.id.as_str());
        }
        walk_expr(self, expression);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.put(name.as_str());
        }
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, _: &'a Pattern) {
        self.unknown = true;
    }
}

type Names<'a> = Vec<(&'a str, Range<usize>)>;

/// The names that a statement at the top level asks for whatever happens.
fn certain<'a>(statement: &'a Stmt, found: &mut Names<'a>) {
    let mut all = |expressions: &mut dyn Iterator<Item = &'a Expr>| expressions.for_each(|one| asked(one, found, 0));
    match statement {
        Stmt::Assign(assign) => {
            all(&mut std::iter::once(&*assign.value));
            all(&mut assign.targets.iter());
        }
        Stmt::AnnAssign(assign) => all(&mut assign.value.as_deref().into_iter()),
        Stmt::AugAssign(assign) => {
            // It asks for what it changes, and for that first.
            if let Expr::Name(name) = &*assign.target {
                found.push((name.id.as_str(), range(&assign.target)));
            }
            asked(&assign.value, found, 0);
        }
        Stmt::Expr(expression) => all(&mut std::iter::once(&*expression.value)),
        Stmt::If(branch) => all(&mut std::iter::once(&*branch.test)),
        Stmt::For(each) => all(&mut std::iter::once(&*each.iter)),
        Stmt::With(with) => all(&mut with.items.iter().take(1).map(|item| &item.context_expr)),
        Stmt::FunctionDef(function) => {
            all(&mut function.decorator_list.iter().map(|decorator| &decorator.expression));
        }
        Stmt::ClassDef(class) => {
            all(&mut class.decorator_list.iter().map(|decorator| &decorator.expression));
            if class.type_params.is_none() {
                all(&mut class.arguments.iter().flat_map(|arguments| &arguments.args));
            }
        }
        _ => {}
    }
}

/// The names that an expression asks for whatever they come to: not in a function, nor in what a condition leaves out.
fn asked<'a>(expression: &'a Expr, found: &mut Names<'a>, depth: usize) {
    const DEEPEST: usize = 100;
    if depth > DEEPEST {
        return;
    }
    let mut inner = |expression: &'a Expr| asked(expression, found, depth + 1);
    match expression {
        Expr::Name(name) if name.ctx == ExprContext::Load => found.push((name.id.as_str(), range(expression))),
        Expr::Attribute(attribute) => inner(&attribute.value),
        Expr::Subscript(subscript) => {
            inner(&subscript.value);
            inner(&subscript.slice);
        }
        Expr::Starred(starred) => inner(&starred.value),
        Expr::Call(call) => {
            inner(&call.func);
            call.arguments.args.iter().for_each(&mut inner);
            call.arguments.keywords.iter().for_each(|keyword| inner(&keyword.value));
        }
        Expr::BinOp(operation) => [&operation.left, &operation.right].into_iter().for_each(|side| inner(side)),
        Expr::UnaryOp(operation) => inner(&operation.operand),
        Expr::Compare(comparison) => {
            inner(&comparison.left);
            comparison.comparators.iter().take(1).for_each(inner);
        }
        Expr::BoolOp(operation) => operation.values.iter().take(1).for_each(inner),
        Expr::If(choice) => inner(&choice.test),
        Expr::Dict(dict) => {
            for item in &dict.items {
                item.key.iter().for_each(&mut inner);
                inner(&item.value);
            }
        }
        Expr::List(list) => list.elts.iter().for_each(inner),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(inner),
        Expr::Set(set) => set.elts.iter().for_each(inner),
        Expr::FString(text) => {
            for element in text.value.elements() {
                if let InterpolatedStringElement::Interpolation(part) = element {
                    inner(&part.expression);
                }
            }
        }
        Expr::ListComp(comprehension) => comprehension.generators.iter().take(1).for_each(|one| inner(&one.iter)),
        Expr::SetComp(comprehension) => comprehension.generators.iter().take(1).for_each(|one| inner(&one.iter)),
        Expr::DictComp(comprehension) => comprehension.generators.iter().take(1).for_each(|one| inner(&one.iter)),
        Expr::Generator(comprehension) => comprehension.generators.iter().take(1).for_each(|one| inner(&one.iter)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Source;
    use super::*;

    /// What a file lacks, and whether it has it further down.
    fn lacks(text: &str) -> Option<(String, bool)> {
        let source = Source::parse(text).ok()?;
        first(source.statements(), text, "settings.py").map(|one| (one.name, one.later))
    }

    #[test]
    fn names_that_nothing_gives_a_value() {
        #[track_caller]
        fn case(text: &str, name: &str, later: bool) {
            assert_eq!(lacks(text), Some((name.to_owned(), later)), "{text}");
        }
        case("A = os.path.join('a')", "os", false);
        case("A = os.getenv('a')\nimport os", "os", true);
        case("import os\nA = {'b': [BASE_DIR / 'c']}", "BASE_DIR", false);
        case("A = f'{x}'", "x", false);
        case("A += ['b']", "A", false);
        case("A['b'] = 1", "A", false);
        case("A = [x for x in y]", "y", false);
        case("import os.path as p\nA = os", "os", false);
        case("if DEBUG:\n    A = 1", "DEBUG", false);
        case("A = True if x else y", "x", false);
        case("import django_heroku\nA = os\ndjango_heroku.settings(locals())", "os", false);
    }

    #[test]
    fn names_that_something_may_give_a_value() {
        for text in [
            "import os.path\nA = os.sep",
            "from .base import *\nA = os.sep",
            "try:\n    from .local import x\nexcept ImportError:\n    x = 1\nA = x",
            "def f():\n    return os.sep\nclass C:\n    a = os",
            "try:\n    A = os\nexcept NameError:\n    pass",
            "if False:\n    A = os",
            "A = [os for x in []]",
            "A = lambda: os",
            "A = True or os",
            "A = 1 if True else os",
            "globals()['os'] = 1\nA = os",
            "def f():\n    global os\n    os = 1\nf()\nA = os",
            "for x in [1]:\n    pass\nA = x",
            "with open('a') as x:\n    pass\nA = x",
            "A = __file__ + str(NotImplemented)",
            "try:\n    pass\nexcept ValueError as x:\n    pass\nA = x",
            "if (x := 1):\n    pass\nA = x",
            "A: os = 1",
            "import django_heroku\ndjango_heroku.settings(locals())\nA = DATABASES",
            "match 1:\n    case x:\n        pass\nA = x",
        ] {
            assert_eq!(lacks(text), None, "{text}");
        }
    }
}
