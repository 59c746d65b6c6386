//! What a plain word means in YAML 1.1.
//!
//! Source: the type repository of YAML 1.1 (yaml.org/type: null, bool, int, float, timestamp).

/// What a scalar resolves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float,
    Timestamp,
    String,
}

pub(super) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Kind::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Kind::Bool(false),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Kind::String;
    }
    if let Some(number) = integer(text) {
        return Kind::Int(number);
    }
    if is_float(text) {
        return Kind::Float;
    }
    if is_timestamp(text) { Kind::Timestamp } else { Kind::String }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let plain = digits.replace('_', "");
    let radix = |digits: &str, radix: u32| i64::from_str_radix(digits, radix).ok();
    let signless = |digits: &str| digits.starts_with(|first: char| first.is_ascii_alphanumeric());
    let value = if let Some(rest) = plain.strip_prefix("0b") {
        signless(rest).then(|| radix(rest, 2))?
    } else if let Some(rest) = plain.strip_prefix("0x") {
        signless(rest).then(|| radix(rest, 16))?
    } else if plain.contains(':') {
        sexagesimal(&plain)
    } else if plain.len() > 1 && plain.starts_with('0') {
        radix(&plain, 8)
    } else if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too large for us is an integer all the same.
        return Some(plain.parse::<i64>().map_or(i64::MAX, |value| sign * value));
    } else {
        None
    }?;
    Some(sign * value)
}

/// `22:22` is 22 × 60 + 22.
fn sexagesimal(digits: &str) -> Option<i64> {
    let mut parts = digits.split(':');
    let first = parts.next().filter(|part| !part.starts_with('0') || *part == "0")?;
    let mut value: i64 = first.parse().ok()?;
    for part in parts {
        let valid = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = part.parse().ok().filter(|&number| valid && number < 60)?;
        value = value.checked_mul(60)?.checked_add(number)?;
    }
    Some(value)
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let Some((whole, fraction)) = mantissa.split_once('.') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let exponent = exponent.is_none_or(|text| {
        text.strip_prefix(['-', '+'])
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    digits(whole) && digits(fraction) && exponent && (whole.len() + fraction.len() > 0)
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..].iter().all(|byte| byte.is_ascii_digit() || b"-:tTzZ +.".contains(byte));
    let date = text.split(['T', 't', ' ']).next().unwrap_or(text);
    let parts: Vec<&str> = date.split('-').collect();
    shape && parts.len() == 3 && parts[1..].iter().all(|part| matches!(part.len(), 1 | 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_yaml_1_1_says() {
        #[track_caller]
        fn case(text: &str, kind: Kind) {
            assert_eq!(resolve(text), kind, "{text}");
        }
        case("", Kind::Null);
        case("~", Kind::Null);
        case("yes", Kind::Bool(true));
        case("Off", Kind::Bool(false));
        case("y", Kind::String);
        case("12", Kind::Int(12));
        case("-1_000", Kind::Int(-1000));
        case("000644", Kind::Int(420));
        case("0x1F", Kind::Int(31));
        case("0b101", Kind::Int(5));
        case("09", Kind::String);
        case("22:22", Kind::Int(1342));
        case("08:30", Kind::String);
        case("22:60", Kind::String);
        case("1:2:3", Kind::Int(3723));
        case("3.10", Kind::Float);
        case("1e3", Kind::String);
        case("1.5e+3", Kind::Float);
        case("-.5", Kind::Float);
        case(".", Kind::String);
        case("-", Kind::String);
        case(".inf", Kind::Float);
        case("1.2.3", Kind::String);
        case("2026-11-23", Kind::Timestamp);
        case("2001-12-14t21:59:43.10-05:00", Kind::Timestamp);
        case("2026-11", Kind::String);
        case("99999999999999999999", Kind::Int(i64::MAX));
        case("0x-1", Kind::String);
        case("t3.micro", Kind::String);
    }
}
