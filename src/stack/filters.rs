//! Filters that Tera has not: a title becomes a name of one convention or another.

use std::collections::HashMap;

use serde_json::Value;
use tera::{Error, Result, Tera};
use unicode_normalization::UnicodeNormalization;

/// Turns words into a name.
type Convention = fn(&[String]) -> String;

const CONVENTIONS: [(&str, Convention); 5] = [
    ("slugify", |words| words.join("-")),
    ("kebab_case", |words| words.join("-")),
    ("snake_case", |words| words.join("_")),
    ("pascal_case", |words| words.iter().map(|word| capitalized(word)).collect()),
    ("camel_case", |words| {
        let (first, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        first.to_owned() + &rest.iter().map(|word| capitalized(word)).collect::<String>()
    }),
];

pub(super) fn register(tera: &mut Tera) {
    for (name, convention) in CONVENTIONS {
        tera.register_filter(name, move |value: &Value, _: &HashMap<String, Value>| -> Result<Value> {
            let text = value.as_str().ok_or_else(|| Error::msg(format!("`{name}` is for texts")))?;
            Ok(convention(&words(text)).into())
        });
    }
}

/// The words of a title or a name, in small letters of ASCII: accents are taken off, and what has no place in a name parts words.
fn words(text: &str) -> Vec<String> {
    let plain: Vec<char> = text.nfkd().filter(|c| !('\u{300}'..='\u{36F}').contains(c)).collect();
    let mut words = vec![String::new()];
    for (at, c) in plain.iter().enumerate() {
        // `ShopFront` is two words, `HTTPServer` too.
        let begins = c.is_ascii_uppercase()
            && at > 0
            && (plain[at - 1].is_ascii_lowercase()
                || plain[at - 1].is_ascii_digit()
                || (plain[at - 1].is_ascii_uppercase() && plain.get(at + 1).is_some_and(char::is_ascii_lowercase)));
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is always a word").push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Scope, render};

    #[test]
    fn a_title_becomes_a_name() {
        #[track_caller]
        fn case(title: &str, filter: &str, expected: &str) {
            let mut scope = Scope::default();
            scope.set("title", title.into());
            assert_eq!(render("case", &format!("{{{{ title | {filter} }}}}"), &scope).unwrap(), expected);
        }
        case("My Café, No. 2", "slugify", "my-cafe-no-2");
        case("my_shop", "kebab_case", "my-shop");
        case("ShopFront", "snake_case", "shop_front");
        case("HTTPServer2 Go", "snake_case", "http_server2_go");
        case("my shop-front", "pascal_case", "MyShopFront");
        case("my shop-front", "camel_case", "myShopFront");
        case("---", "slugify", "");
        case("", "camel_case", "");
        case("サイト", "slugify", "");
    }
}
