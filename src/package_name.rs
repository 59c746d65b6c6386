//! Names of Python's packages, as every index spells them (PEP 503): one package has one name, however it is written.

/// Lower case, with `-` for each run of `-`, `_` and `.`.
pub fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for char in name.chars() {
        match char {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            char => normal.extend(char.to_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_has_one_name() {
        for name in ["flask-login", "Flask_Login", "FLASK.login", "flask-_.login", "Flask--Login"] {
            assert_eq!(normal(name), "flask-login", "{name}");
        }
        assert_eq!(normal("flasklogin"), "flasklogin");
    }
}
