//! Random: calls whose value is another one each time the settings are loaded.

use ruff_python_ast::{Expr, ExprCall};

use super::expressions::dotted;

/// Functions that nobody calls anything else by.
const NAMES: [&str; 8] = [
    "get_random_secret_key",
    "get_random_string",
    "token_hex",
    "token_urlsafe",
    "token_bytes",
    "uuid4",
    "urandom",
    "generate_key",
];

/// What `random` and `secrets` have by more usual names.
const CHOICES: [&str; 6] = ["choice", "choices", "sample", "randint", "randbelow", "randbytes"];

/// What makes another text of the same value, and as random.
const FORMS: [&str; 6] = ["str", "b64encode", "urlsafe_b64encode", "hexlify", "b2a_hex", "sha256"];

/// How deep calls are looked into.
const DEEPEST: usize = 6;

/// Is it random, or made of something that is: `"".join(random.choice(…) for …)`, `str(uuid4())`, `urandom(32).hex()`?
pub(super) fn is_random(call: &ExprCall) -> bool {
    within(call, DEEPEST)
}

fn within(call: &ExprCall, depth: usize) -> bool {
    let inner = |expression: &Expr| match expression {
        _ if depth == 0 => false,
        Expr::Call(call) => within(call, depth - 1),
        Expr::Generator(list) => matches!(&*list.elt, Expr::Call(call) if within(call, depth - 1)),
        Expr::ListComp(list) => matches!(&*list.elt, Expr::Call(call) if within(call, depth - 1)),
        _ => false,
    };
    let name = dotted(&call.func);
    let (module, last) = name.rsplit_once('.').unwrap_or(("", &name));
    let chooses = matches!(module, "random" | "secrets") && CHOICES.contains(&last);
    if NAMES.contains(&last) || chooses {
        return true;
    }
    let of_argument = || call.arguments.args.first().is_some_and(inner);
    let Expr::Attribute(method) = &*call.func else { return FORMS.contains(&last) && of_argument() };
    let of_system = matches!(&*method.value, Expr::Call(system) if dotted(&system.func).ends_with("SystemRandom"));
    match method.attr.as_str() {
        "join" => of_argument(),
        "hex" | "decode" | "encode" | "replace" | "hexdigest" => inner(&method.value),
        name => (of_system && CHOICES.contains(&name)) || (FORMS.contains(&last) && of_argument()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::beanstalk::tree::Tree;
    use crate::check::django::{Settings, Value};

    #[test]
    fn what_is_another_value_each_time() {
        #[track_caller]
        fn case(text: &str, random: bool) {
            let tree = Tree::default().file("settings.py", format!("KEY = {text}\n"));
            let settings = Settings::of(&tree, "", "settings", BTreeMap::new()).expect("there are settings");
            assert_eq!(*settings.value("KEY") == Value::Random, random, "{text}");
        }
        for text in [
            "get_random_secret_key()",
            "''.join(random.choice(letters) for _ in range(50))",
            "''.join([random.SystemRandom().choice(letters) for _ in range(50)])",
            "''.join(random.choices(letters, k=50))",
            "crypto.get_random_string(50, letters)",
            "str(uuid.uuid4())",
            "os.urandom(32).hex()",
            "base64.b64encode(os.urandom(32)).decode()",
            "Fernet.generate_key().decode('utf-8')",
        ] {
            case(text, true);
        }
        for text in ["'x'", "''.join(['a', 'b'])", "forms.choice('a')", "str(1)", "len(get_random_secret_key())"] {
            case(text, false);
        }
    }
}
