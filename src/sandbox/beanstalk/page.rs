//! Answers in pages.

use serde_json::Value;

use super::super::input::Input;
use super::super::reply::Refusal;

/// Take the page that `MaxRecords` and `NextToken` ask for from items in their order, and the token of the next one.
///
/// A token names the last item that was given, not a position: items that come or go meanwhile shift nothing.
pub(super) fn page<T>(
    input: &Input,
    items: impl Iterator<Item = T>,
    name: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Value), Refusal> {
    let mut items: Vec<T> = items.collect();
    if let Some(token) = input.text("NextToken") {
        let last = read(token).ok_or_else(|| Refusal::value("Invalid value for NextToken."))?;
        items.retain(|item| name(item) > last);
    }
    let limit = input.number("MaxRecords").map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let more = items.len() > limit;
    items.truncate(limit);
    let token = items.last().filter(|_| more).map(|item| write(&name(item)));
    Ok((items, Value::from(token)))
}

/// Hexadecimal, so that nobody is tempted to compose one.
fn write(name: &str) -> String {
    crate::hex::encode(name)
}

fn read(token: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

/// A name that sorts the newest first.
pub(super) fn newest_first(time: jiff::Timestamp, name: &str) -> String {
    format!("{:020} {name}", i64::MAX - time.as_microsecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_follow_each_other() {
        #[track_caller]
        fn case(input: Value, items: &[&str], next: Option<&str>) -> Value {
            let all = ["a", "b", "c"].into_iter();
            let (found, token) = page(&Input::new(input), all, |item| (*item).to_owned()).unwrap();
            assert_eq!(found, items);
            assert_eq!(token.as_str().and_then(read).as_deref(), next);
            token
        }
        case(json!({}), &["a", "b", "c"], None);
        case(json!({"MaxRecords": 3}), &["a", "b", "c"], None);
        let token = case(json!({"MaxRecords": 2}), &["a", "b"], Some("b"));
        case(json!({"MaxRecords": 2, "NextToken": token}), &["c"], None);
        let refusal = page(&Input::new(json!({"NextToken": "zz"})), [""].into_iter(), |item| (*item).to_owned());
        assert_eq!(refusal.unwrap_err().code, "InvalidParameterValue");
    }

    #[test]
    fn newer_sorts_first() {
        let old = newest_first("2026-01-01T00:00:00Z".parse().unwrap(), "b");
        let new = newest_first("2026-01-01T00:00:00.001Z".parse().unwrap(), "a");
        assert!(new < old);
    }
}
