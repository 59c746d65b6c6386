//! Of Apache: what becomes of lines that were written for it, and where nginx takes what it has in their place.

/// Is it a text for Apache? Its sections and these names nginx does not have.
pub(in crate::check) fn is_of_apache(text: &str) -> bool {
    const OWN: [&str; 9] = [
        "WSGI",
        "<VirtualHost",
        "<Directory",
        "<Location",
        "<IfModule",
        "RewriteEngine",
        "RewriteCond",
        "LoadModule",
        "SSLEngine",
    ];
    text.lines().any(|line| OWN.iter().any(|name| line.trim_start().starts_with(name)))
}

/// What to do with them. Most of it nginx allows in a `server` block only, and not in the files of `conf.d/`.
pub(in crate::check) fn instead(apache: &str) -> &'static str {
    const TLS: [&str; 3] = ["SSLEngine", "SSLCertificate", ":443"];
    const REQUESTS: [&str; 7] = ["Rewrite", "Redirect", "Proxy", "Alias", "<Location", "Header ", "Auth"];
    const LOG: &str = "LogFormat";
    let has = |words: &[&str]| words.iter().any(|word| apache.contains(word));
    // `WSGIPassAuthorization` and `WSGIScriptAlias` are mod_wsgi's.
    // A form of the log names headers too.
    let others = |line: &str| line.contains("WSGI") || line.contains(LOG);
    let of_requests = apache.lines().any(|line| !others(line) && REQUESTS.iter().any(|word| line.contains(word)));
    if has(&TLS) {
        "take it out; where TLS does not end at the load balancer, a `server` block with the certificate goes into `.platform/nginx/conf.d/https.conf`"
    } else if of_requests {
        "take it out; what nginx has for it (`location`, `return`, `rewrite`) goes into `.platform/nginx/conf.d/elasticbeanstalk/`, which is read in the `server` block"
    } else if has(&[LOG]) {
        "take it out; what nginx has for it (`log_format`) goes into `.platform/nginx/conf.d/`, which is read in the `http` block"
    } else if has(&["WSGI"]) {
        "take it out: gunicorn loads the application, and passes the header `Authorization` on by itself"
    } else {
        "take it out; what nginx has for it goes into `.platform/nginx/conf.d/elasticbeanstalk/`, which is read in the `server` block"
    }
}

#[cfg(test)]
mod tests {
    use crate::check::nginx::{Context, grammar};

    use super::*;

    #[test]
    fn what_is_of_apache() {
        for text in ["WSGIPassAuthorization On\n", "# x\n<VirtualHost *:80>\n  RewriteEngine On\n</VirtualHost>\n"] {
            assert!(is_of_apache(text), "{text}");
        }
        for text in ["", "location / {\n  return 200;\n}\n", "# <VirtualHost\n"] {
            assert!(!is_of_apache(text), "{text}");
        }
    }

    /// What nginx refuses in the `http` block is sent to no file that is read there.
    #[test]
    fn nothing_is_sent_where_nginx_refuses_it() {
        let for_server = ["location", "rewrite", "return", "if"];
        assert!(for_server.iter().all(|name| !grammar(name).is_some_and(|one| one.contexts.contains(&Context::Http))));
        for apache in [
            "ProxyPass /ws/ ws://127.0.0.1:5000/",
            "RewriteEngine On\nRewriteRule ^ https://x/",
            "<VirtualHost *:80>\nRedirect / https://example.org/\n</VirtualHost>",
            "Alias /static/ /opt/python/current/app/static/",
            "Header set X-Frame-Options DENY",
            "AddOutputFilterByType DEFLATE text/css",
            "",
        ] {
            assert!(instead(apache).contains("/conf.d/elasticbeanstalk/"), "{apache}");
        }
        assert!(grammar("log_format").is_some_and(|one| one.contexts == [Context::Http]));
        assert!(instead("LogFormat \"%{X-Forwarded-Proto}i %h\" combined").contains("`http` block"));
        assert!(instead("Listen 443\n<VirtualHost *:443>\nSSLEngine on").contains("`server` block"));
        assert!(!instead("WSGIPassAuthorization On\nWSGIScriptAlias / /x/wsgi.py").contains(".platform"));
    }
}
