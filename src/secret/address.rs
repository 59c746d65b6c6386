//! Addresses of indexes and repositories, and the credentials that may stand in them.

/// The text with `…` in place of what stands before the `@` of an address.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|char: char| char.is_whitespace() || matches!(char, '/' | '"' | '\'' | '`'))
            .unwrap_or(after.len());
        match after[..end].rfind('@') {
            // A variable is no secret: its name may be shown.
            Some(sign) if !only_variables(&after[..sign]) => {
                out.push('…');
                rest = &after[sign..];
            }
            _ => rest = after,
        }
    }
    out.push_str(rest);
    out
}

/// Does an address have credentials in it that are no variables?
pub(crate) fn has_credentials(text: &str) -> bool {
    without_credentials(text) != text
}

/// `${USER}:${TOKEN}`, or a name without a password.
fn only_variables(user: &str) -> bool {
    let mut parts = user.split(':');
    let name = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let variable = |part: &str| part.starts_with("${") && part.ends_with('}');
    if rest.is_empty() {
        variable(name)
    } else {
        rest.iter().all(|part| variable(part) || part.is_empty())
            && (variable(name) || rest.iter().any(|part| !part.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out() {
        #[track_caller]
        fn case(text: &str, shown: &str) {
            assert_eq!(without_credentials(text), shown);
        }
        case("see https://me:s3cret@packages.invalid/simple, and x", "see https://…@packages.invalid/simple, and x");
        case("--index-url https://t0ken@packages.invalid/simple", "--index-url https://…@packages.invalid/simple");
        case("https://t0ken:@packages.invalid/", "https://…@packages.invalid/");
        case("https://${USER}:${TOKEN}@packages.invalid/", "https://${USER}:${TOKEN}@packages.invalid/");
        case("https://${TOKEN}@packages.invalid/", "https://${TOKEN}@packages.invalid/");
        case("https://me:p@ss@packages.invalid/", "https://…@packages.invalid/");
        case("https://packages.invalid/a@b", "https://packages.invalid/a@b");
        case("no address", "no address");
    }
}
