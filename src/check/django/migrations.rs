//! Migrations that the code before them cannot live with: while two environments share a database, both run.
//!
//! What is taken away, renamed, or must not be empty any more breaks what does not know it yet.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::expressions::range;
use super::syntax::{self, Source};
use crate::beanstalk::lines::Lines;

/// A migration: its path in the bundle, and its text.
pub(crate) type Migration = (String, String);

/// Something that the old code cannot live with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Risk {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// What was found in migrations that one version has and another has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) risks: Vec<Risk>,
    /// What nobody can judge by reading: Python that does not parse, and SQL.
    pub(crate) unread: Vec<String>,
}

/// Is this file a migration?
pub(crate) fn is_migration(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let in_folder = folder == "migrations" || folder.ends_with("/migrations");
    in_folder && name.ends_with(".py") && name != "__init__.py"
}

/// What of the new migrations the old code cannot live with.
pub(crate) fn scan(old: &[Migration], new: &[Migration]) -> Scan {
    // Parsers recurse, and how deep is the input's choice: see `syntax::Source`.
    std::thread::scope(|scope| {
        let read = || read(old, new);
        let thread = std::thread::Builder::new().stack_size(syntax::STACK).spawn_scoped(scope, read).ok()?;
        thread.join().ok()
    })
    .unwrap_or_else(|| Scan { risks: Vec::new(), unread: new.iter().map(|(path, _)| path.clone()).collect() })
}

fn read(old: &[Migration], new: &[Migration]) -> Scan {
    let mut scan = Scan::default();
    // Migrations of an app are numbered, so their names are in the order of time.
    let mut all: BTreeMap<&str, (&str, bool)> =
        old.iter().map(|(path, text)| (path.as_str(), (text.as_str(), false))).collect();
    for (path, text) in new {
        let known = all.get(path.as_str()).is_some_and(|(before, _)| *before == text.as_str());
        if !known {
            all.insert(path, (text, true));
        }
    }
    let mut empty = BTreeMap::new();
    for (path, (text, is_new)) in all {
        let Ok(source) = Source::parse(text) else {
            if is_new {
                scan.unread.push(path.to_owned());
            }
            continue;
        };
        let app = path.rsplit_once("migrations/").map_or("", |(app, _)| app);
        let lines = Lines::of(text);
        let mut look = Look { app, path, lines: &lines, is_new, empty: &mut empty, scan: &mut scan, line: 0 };
        source.statements().iter().for_each(|statement| look.class(statement));
    }
    scan
}

/// May a column be empty? By app, model and field.
type Nullable = BTreeMap<(String, String, String), bool>;

struct Look<'a> {
    app: &'a str,
    path: &'a str,
    lines: &'a Lines,
    is_new: bool,
    empty: &'a mut Nullable,
    scan: &'a mut Scan,
    /// Of the operation that is looked at.
    line: usize,
}

/// The last word of `migrations.AddField`, or of `AddField`.
fn name(call: &ExprCall) -> &str {
    match &*call.func {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}

/// An argument by its name, or by its place.
fn argument<'a>(call: &'a ExprCall, key: &str, place: usize) -> Option<&'a Expr> {
    let named =
        call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == key));
    named.map(|keyword| &keyword.value).or_else(|| call.arguments.args.get(place))
}

fn text(expression: Option<&Expr>) -> String {
    match expression {
        Some(Expr::StringLiteral(literal)) => literal.value.to_str().to_owned(),
        _ => String::new(),
    }
}

fn is_true(expression: Option<&Expr>) -> bool {
    matches!(expression, Some(Expr::BooleanLiteral(literal)) if literal.value)
}

fn elements(expression: Option<&Expr>) -> &[Expr] {
    match expression {
        Some(Expr::List(list)) => &list.elts,
        Some(Expr::Tuple(tuple)) => &tuple.elts,
        _ => &[],
    }
}

/// A field: may it be empty, has the database a value for it, and is it a column of this table at all?
struct Field {
    nullable: bool,
    filled: bool,
    column: bool,
}

fn field(expression: Option<&Expr>) -> Field {
    let Some(Expr::Call(call)) = expression else { return Field { nullable: false, filled: false, column: true } };
    Field {
        nullable: is_true(argument(call, "null", usize::MAX)),
        filled: argument(call, "db_default", usize::MAX).is_some() || name(call) == "GeneratedField",
        column: !matches!(name(call), "ManyToManyField" | "GenericForeignKey" | "GenericRelation"),
    }
}

impl Look<'_> {
    fn class(&mut self, statement: &Stmt) {
        let Stmt::ClassDef(class) = statement else { return };
        for inner in &class.body {
            let (target, value) = match inner {
                Stmt::Assign(assign) => (assign.targets.first(), Some(&*assign.value)),
                Stmt::AnnAssign(assign) => (Some(&*assign.target), assign.value.as_deref()),
                _ => continue,
            };
            if matches!(target, Some(Expr::Name(name)) if name.id.as_str() == "operations") {
                self.operations(value);
            }
        }
    }

    fn operations(&mut self, list: Option<&Expr>) {
        for operation in elements(list) {
            if let Expr::Call(call) = operation {
                self.line = self.lines.number(range(operation).start);
                self.operation(call);
            }
        }
    }

    fn risk(&mut self, what: String) {
        if self.is_new {
            self.scan.risks.push(Risk { path: self.path.to_owned(), line: self.line, what });
        }
    }

    fn key(&self, model: &str, field: &str) -> (String, String, String) {
        (self.app.to_owned(), model.to_lowercase(), field.to_owned())
    }

    /// What is known of a model's fields, which has that name no more.
    fn take(&mut self, model: &str) -> Vec<(String, bool)> {
        let (app, model) = (self.app.to_owned(), model.to_lowercase());
        let mut taken = Vec::new();
        self.empty.retain(|(of_app, of_model, field), nullable| {
            let of_it = *of_app == app && *of_model == model;
            if of_it {
                taken.push((field.clone(), *nullable));
            }
            !of_it
        });
        taken
    }

    fn operation(&mut self, call: &ExprCall) {
        let model = text(argument(call, "model_name", 0));
        let named = text(argument(call, "name", 1));
        match name(call) {
            "CreateModel" => {
                let model = text(argument(call, "name", 0));
                for pair in elements(argument(call, "fields", 1)) {
                    if let [name, value] = elements(Some(pair)) {
                        let key = self.key(&model, &text(Some(name)));
                        self.empty.insert(key, field(Some(value)).nullable);
                    }
                }
            }
            "AddField" => {
                let added = field(argument(call, "field", 2));
                if added.column && !added.nullable && !added.filled {
                    let what = format!(
                        "`{model}.{named}` is added and must not be empty: the old code writes rows without it"
                    );
                    self.risk(what);
                }
                let key = self.key(&model, &named);
                self.empty.insert(key, added.nullable);
            }
            "AlterField" => {
                let altered = field(argument(call, "field", 2));
                let key = self.key(&model, &named);
                if altered.column && !altered.nullable && !altered.filled && self.empty.get(&key) != Some(&false) {
                    self.risk(format!("`{model}.{named}` must not be empty any more"));
                }
                self.empty.insert(key, altered.nullable);
            }
            "RemoveField" => {
                self.empty.remove(&self.key(&model, &named));
                self.risk(format!("`{model}.{named}` is removed"));
            }
            "RenameField" => {
                let (old, new) = (text(argument(call, "old_name", 1)), text(argument(call, "new_name", 2)));
                self.risk(format!("`{model}.{old}` is renamed to `{new}`"));
                if let Some(nullable) = self.empty.remove(&self.key(&model, &old)) {
                    self.empty.insert(self.key(&model, &new), nullable);
                }
            }
            "DeleteModel" => {
                let model = text(argument(call, "name", 0));
                self.take(&model);
                self.risk(format!("`{model}` is deleted"));
            }
            "RenameModel" => {
                let (old, new) = (text(argument(call, "old_name", 0)), text(argument(call, "new_name", 1)));
                self.risk(format!("`{old}` is renamed to `{new}`"));
                for (field, nullable) in self.take(&old) {
                    self.empty.insert(self.key(&new, &field), nullable);
                }
            }
            "AlterModelTable" => {
                self.risk(format!("the table of `{}` is renamed", text(argument(call, "name", 0))));
            }
            // What Django only believes changes nothing in the database.
            "SeparateDatabaseAndState" => self.operations(argument(call, "database_operations", 0)),
            "RunSQL" if self.is_new && !self.scan.unread.iter().any(|known| known == self.path) => {
                self.scan.unread.push(self.path.to_owned());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(number: &str, operations: &str) -> Migration {
        let text = format!(
            "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    operations = [\n{operations}    ]\n"
        );
        (format!("shop/orders/migrations/{number}_x.py"), text)
    }

    #[track_caller]
    fn case(old: &str, new: &str, risks: &[&str]) {
        let (old, new) = ([migration("0001", old)], [migration("0001", old), migration("0002", new)]);
        let found = scan(&old, &new);
        let found: Vec<String> = found.risks.iter().map(|risk| format!("{}: {}", risk.line, risk.what)).collect();
        assert_eq!(found, risks, "{new:?}");
    }

    #[test]
    fn what_the_old_code_cannot_live_with() {
        let model = "migrations.CreateModel(name='Order', fields=[('id', models.AutoField()), ('note', models.TextField(null=True)), ('sum', models.IntegerField())]),\n";
        case(model, "migrations.RemoveField(model_name='order', name='note'),\n", &["5: `order.note` is removed"]);
        case(model, "migrations.RemoveField('order', 'note'),\n", &["5: `order.note` is removed"]);
        case(
            model,
            "\n        migrations.RenameField('order', old_name='note', new_name='memo'),\n",
            &["6: `order.note` is renamed to `memo`"],
        );
        case(model, "migrations.DeleteModel('Order'),\n", &["5: `Order` is deleted"]);
        case(model, "migrations.RenameModel('Order', 'Sale'),\n", &["5: `Order` is renamed to `Sale`"]);
        case(model, "migrations.AlterModelTable('Order', 'sales'),\n", &["5: the table of `Order` is renamed"]);
        let alter = |field: &str, kind: &str| format!("migrations.AlterField('order', '{field}', models.{kind}),\n");
        case(model, &alter("note", "TextField()"), &["5: `order.note` must not be empty any more"]);
        case(model, &alter("note", "CharField(null=True)"), &[]);
        case(model, &alter("sum", "BigIntegerField()"), &[]);
        // Made where nobody looked: it may have been empty.
        case(model, &alter("other", "TextField()"), &["5: `order.other` must not be empty any more"]);
        let add = |kind: &str| format!("migrations.AddField(model_name='order', name='x', field=models.{kind}),\n");
        case(model, &add("TextField(null=True)"), &[]);
        case(model, &add("TextField(db_default='')"), &[]);
        case(model, &add("ManyToManyField(to='orders.order')"), &[]);
        case(
            model,
            &add("TextField(default='')"),
            &["5: `order.x` is added and must not be empty: the old code writes rows without it"],
        );
        case(model, "migrations.CreateModel(name='New', fields=[]),\nmigrations.AddIndex('order', 1),\n", &[]);
        // What is known of a field goes with its name.
        let renamed = "migrations.RenameModel('Order', 'Sale'),\nmigrations.RenameField('sale', 'sum', 'total'),\n";
        let not_empty = "migrations.AlterField('sale', 'total', models.BigIntegerField()),\n";
        case(&format!("{model}{renamed}"), not_empty, &[]);
        let empty = "migrations.AlterField('sale', 'note', models.TextField()),\n";
        case(&format!("{model}{renamed}"), empty, &["5: `sale.note` must not be empty any more"]);
        // In both: it was carried out long ago.
        case("migrations.DeleteModel('Gone'),\n", "", &[]);
        let state = "migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel('Order')], database_operations=[migrations.RemoveField('order', 'note')]),\n";
        case(model, state, &["5: `order.note` is removed"]);
    }

    #[test]
    fn what_nobody_can_judge_is_named() {
        let sql = migration("0002", "migrations.RunSQL('drop table x'),\n");
        let broken = ("a/migrations/0003_y.py".to_owned(), "class (".to_owned());
        let found = scan(&[], &[sql.clone(), broken]);
        assert_eq!(found.unread, ["a/migrations/0003_y.py", sql.0.as_str()]);
        assert!(is_migration(&sql.0) && is_migration("migrations/0001.py"));
        assert!(!is_migration("a/migrations/__init__.py") && !is_migration("a/migrations.py"));
    }
}
