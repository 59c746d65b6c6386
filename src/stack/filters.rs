//! Filters that Tera has not, or has otherwise: a title becomes a name of one convention or another, and Python's words.

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
    tera.register_filter("title", |value: &Value, arguments: &HashMap<String, Value>| -> Result<Value> {
        let text = value.as_str().ok_or_else(|| Error::msg("`title` is for texts"))?;
        Ok(title(text, flag(arguments, "every")?).into())
    });
    tera.register_filter("json_python", |value: &Value, arguments: &HashMap<String, Value>| -> Result<Value> {
        Ok(json_python(value, flag(arguments, "html")?)?.into())
    });
}

fn flag(arguments: &HashMap<String, Value>, name: &str) -> Result<bool> {
    match arguments.get(name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| Error::msg(format!("`{name}` is true or false"))),
    }
}

/// A capital at the beginning of each word, and small letters behind it. A word begins behind a blank, a hyphen or an opening
/// bracket; with `every`, behind whatever is no letter.
fn title(text: &str, every: bool) -> String {
    let parts = |letter: char| match every {
        true => !letter.is_alphabetic(),
        false => letter.is_whitespace() || matches!(letter, '-' | '(' | '{' | '[' | '<'),
    };
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for letter in text.chars() {
        match begins {
            true => out.extend(letter.to_uppercase()),
            false => out.extend(letter.to_lowercase()),
        }
        begins = parts(letter);
    }
    out
}

/// As Python writes JSON: blanks behind signs, and letters beyond ASCII by their numbers; with `html`, what a page would take
/// for a tag or a quote too.
fn json_python(value: &Value, html: bool) -> Result<String> {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            out.write_all(if first { b"" } else { b", " })
        }

        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            out.write_all(if first { b"" } else { b", " })
        }

        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    serde::Serialize::serialize(value, &mut serializer).map_err(Error::json)?;
    let text = String::from_utf8(bytes).map_err(|error| Error::msg(error.to_string()))?;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() && letter != '\u{7f}' && !(html && matches!(letter, '<' | '>' | '&' | '\'')) {
            out.push(letter);
        } else {
            letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Ok(out)
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
        case("my shop-front (old) a.b it's", "title", "My Shop-Front (Old) A.b It's");
        case("HTTP 2go", "title", "Http 2go");
        case("my_shop 2go it's", "title(every=true)", "My_Shop 2Go It'S");
        case("a \"b\" <é> 😀", "json_python", "\"a \\\"b\\\" <\\u00e9> \\ud83d\\ude00\"");
        case("<a href='x'>&", "json_python(html=true)", "\"\\u003ca href=\\u0027x\\u0027\\u003e\\u0026\"");
    }

    #[test]
    fn json_is_spaced_as_python_does() {
        let mut scope = Scope::default();
        scope.set("value", serde_json::json!({"a": [1, true, "b"], "c": null}));
        assert_eq!(render("case", "{{ value | json_python }}", &scope).unwrap(), r#"{"a": [1, true, "b"], "c": null}"#);
    }
}
