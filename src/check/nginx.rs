//! nginx: its configuration as blocks, and what may stand in which of them.
//!
//! A mistake in `.platform/nginx` shows when the proxy starts again, after the old version is gone. So what `nginx -t` would
//! say is said here, for the directives that people write. What is not in the tables is not judged.

mod names;
mod of_apache;

use std::ops::Range;

pub(super) use names::meant;
pub(super) use of_apache::{instead as instead_of_apache, is_of_apache};

/// A directive with its arguments, and what is between its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    pub(super) span: Range<usize>,
    pub(super) block: Option<Vec<Directive>>,
}

/// What cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid {
    pub(super) span: Range<usize>,
    pub(super) what: String,
}

/// Where directives stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Context {
    Main,
    Events,
    Http,
    Server,
    Location,
    Upstream,
    /// `if` in a server or location, `limit_except`, `map`, `geo`, `types` …: not judged.
    Other,
}

impl Context {
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::Main => "the top of `nginx.conf`",
            Self::Events => "`events`",
            Self::Http => "the `http` block",
            Self::Server => "the `server` block",
            Self::Location => "a `location`",
            Self::Upstream => "an `upstream`",
            Self::Other => "this block",
        }
    }

    /// The context between the braces of a directive here.
    pub(super) fn inside(name: &str) -> Self {
        match name {
            "events" => Self::Events,
            "http" => Self::Http,
            "server" => Self::Server,
            "location" => Self::Location,
            "upstream" => Self::Upstream,
            _ => Self::Other,
        }
    }
}

/// The contexts of a directive, and whether it may stand twice in one block. Source: nginx.org, alphabetical index of directives.
pub(super) struct Grammar {
    pub(super) contexts: &'static [Context],
    pub(super) once: bool,
}

pub(super) fn grammar(name: &str) -> Option<Grammar> {
    use Context::{Events, Http, Location, Main, Server, Upstream};
    const HSL: &[Context] = &[Http, Server, Location];
    const HS: &[Context] = &[Http, Server];
    const SL: &[Context] = &[Server, Location];
    const H: &[Context] = &[Http];
    let (contexts, once): (&'static [Context], bool) = match name {
        "client_max_body_size"
        | "client_body_buffer_size"
        | "client_body_timeout"
        | "keepalive_timeout"
        | "send_timeout"
        | "sendfile"
        | "tcp_nopush"
        | "tcp_nodelay"
        | "server_tokens"
        | "gzip"
        | "gzip_comp_level"
        | "gzip_min_length"
        | "gzip_proxied"
        | "gzip_vary"
        | "gzip_http_version"
        | "proxy_read_timeout"
        | "proxy_send_timeout"
        | "proxy_connect_timeout"
        | "proxy_buffering"
        | "proxy_buffer_size"
        | "proxy_buffers"
        | "proxy_busy_buffers_size"
        | "proxy_http_version"
        | "proxy_request_buffering"
        | "proxy_redirect_off"
        | "root"
        | "charset"
        | "default_type"
        | "etag"
        | "expires"
        | "client_body_in_file_only"
        | "large_client_header_buffers_location"
        | "types_hash_max_size"
        | "autoindex"
        | "log_not_found" => (HSL, true),
        "gzip_types"
        | "index"
        | "error_page"
        | "add_header"
        | "proxy_set_header"
        | "proxy_hide_header"
        | "access_log"
        | "error_log"
        | "allow"
        | "deny"
        | "limit_req"
        | "limit_conn"
        | "auth_basic"
        | "auth_basic_user_file"
        | "proxy_cookie_path" => (if name == "error_log" { &[Main, Http, Server, Location] } else { HSL }, false),
        "large_client_header_buffers"
        | "client_header_timeout"
        | "client_header_buffer_size"
        | "underscores_in_headers"
        | "ssl_certificate_key"
        | "ssl_prefer_server_ciphers"
        | "ssl_session_timeout"
        | "merge_slashes" => (HS, true),
        "ssl_certificate" | "ssl_protocols" | "ssl_ciphers" => (HS, name != "ssl_certificate"),
        "resolver" | "real_ip_header" | "real_ip_recursive" => (HSL, true),
        "set_real_ip_from" => (HSL, false),
        "location" => (SL, false),
        "return" | "rewrite" | "if" | "set" | "break" => (SL, false),
        "listen" | "server_name" => (&[Server], false),
        "try_files" => (SL, true),
        "proxy_pass" => (&[Location], true),
        "alias" => (&[Location], true),
        "internal" | "limit_except" => (&[Location], true),
        "server" => (&[Http, Upstream], false),
        "upstream" | "map" | "geo" | "split_clients" | "limit_req_zone" | "limit_conn_zone" | "log_format"
        | "proxy_cache_path" => (H, false),
        "map_hash_bucket_size"
        | "map_hash_max_size"
        | "server_names_hash_bucket_size"
        | "server_names_hash_max_size"
        | "variables_hash_max_size" => (H, true),
        "types" => (HSL, false),
        "http" | "events" | "stream" => (&[Main], true),
        "user" | "worker_processes" | "pid" | "worker_rlimit_nofile" | "load_module" => {
            (&[Main], name != "load_module")
        }
        "worker_connections" | "multi_accept" => (&[Events], true),
        "keepalive" | "ip_hash" | "least_conn" => (&[Upstream], true),
        _ => return None,
    };
    Some(Grammar { contexts, once })
}

/// The file of the bundle that takes the place of one below `/etc/nginx`, by what is in it: `conf.d` is read in the `http`
/// block, `conf.d/elasticbeanstalk` in the `server` block.
pub(super) fn place(path: &str, content: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "nginx.conf" {
        return ".platform/nginx/nginx.conf".to_owned();
    }
    let server = match parse(content) {
        Ok(directives) if !directives.is_empty() => directives.iter().any(|directive| {
            grammar(&directive.name).is_some_and(|grammar| !grammar.contexts.contains(&Context::Http))
        }),
        _ => path.contains("/conf.d/elasticbeanstalk/"),
    };
    match server || path.contains("/conf.d/elasticbeanstalk/") {
        true => format!(".platform/nginx/conf.d/elasticbeanstalk/{name}"),
        false => format!(".platform/nginx/conf.d/{name}"),
    }
}

/// The directives of a file.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, Invalid> {
    let tokens = tokens(text)?;
    let mut stack: Vec<(Vec<Directive>, Option<Directive>)> = vec![(Vec::new(), None)];
    let mut now: Option<Directive> = None;
    for (token, span) in tokens {
        match token.as_str() {
            ";" => match now.take() {
                Some(directive) => stack.last_mut().expect("there is the file itself").0.push(directive),
                None => return Err(Invalid { span, what: "there is a `;` and nothing before it".to_owned() }),
            },
            "{" => match now.take() {
                Some(directive) if stack.len() < 20 => stack.push((Vec::new(), Some(directive))),
                _ => return Err(Invalid { span, what: "there is a `{` and nothing before it".to_owned() }),
            },
            "}" => {
                if let Some(directive) = now {
                    let what = format!("there is no `;` after `{}`", directive.name);
                    return Err(Invalid { span: directive.span, what });
                }
                match stack.pop() {
                    Some((block, Some(mut directive))) => {
                        directive.block = Some(block);
                        stack.last_mut().expect("a block is inside of something").0.push(directive);
                    }
                    _ => return Err(Invalid { span, what: "there is a `}` too many".to_owned() }),
                }
            }
            _ => match &mut now {
                None => now = Some(Directive { name: token, arguments: Vec::new(), span, block: None }),
                Some(directive) => {
                    directive.span.end = span.end;
                    directive.arguments.push(token);
                }
            },
        }
    }
    if let Some(directive) = now {
        return Err(Invalid { what: format!("there is no `;` after `{}`", directive.name), span: directive.span });
    }
    match stack.pop() {
        Some((directives, None)) => Ok(directives),
        Some((_, Some(open))) => {
            Err(Invalid { what: format!("`{}` is not closed with `}}`", open.name), span: open.span })
        }
        None => Ok(Vec::new()),
    }
}

fn tokens(text: &str) -> Result<Vec<(String, Range<usize>)>, Invalid> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        match char {
            '#' => at += rest.find('\n').unwrap_or(rest.len()),
            ';' | '{' | '}' => {
                found.push((char.to_string(), at..at + 1));
                at += 1;
            }
            '"' | '\'' => {
                let mut end = 1;
                let bytes = rest.as_bytes();
                while end < bytes.len() && bytes[end] != char as u8 {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                if end >= bytes.len() {
                    return Err(Invalid { span: at..at + 1, what: "a quote is not closed".to_owned() });
                }
                found.push((rest.get(1..end).unwrap_or_default().to_owned(), at..at + end + 1));
                at += end + 1;
            }
            char if char.is_whitespace() => at += char.len_utf8(),
            _ => {
                // `${name}` has braces of its own.
                let mut end = 0;
                let mut braces = 0usize;
                for (index, char) in rest.char_indices() {
                    let opens = char == '{' && rest[..index].ends_with('$');
                    let closes = char == '}' && braces > 0;
                    if !opens && !closes && (char.is_whitespace() || matches!(char, ';' | '{' | '}')) {
                        break;
                    }
                    braces = if opens {
                        braces + 1
                    } else if closes {
                        braces - 1
                    } else {
                        braces
                    };
                    end = index + char.len_utf8();
                }
                found.push((rest[..end].to_owned(), at..at + end));
                at += end.max(1);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_words() {
        let text = "# a comment\nclient_max_body_size 20m;\nlocation ~ ^/a$ {\n  add_header X \"a; b\";\n  rewrite ^ https://$host${request_uri};\n}\n";
        let found = parse(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].name.as_str(), found[0].arguments.as_slice()),
            ("client_max_body_size", &["20m".to_owned()][..])
        );
        let block = found[1].block.as_ref().unwrap();
        assert_eq!(block[0].arguments, ["X", "a; b"]);
        assert_eq!(block[1].arguments, ["^", "https://$host${request_uri}"]);
        assert_eq!(&text[found[0].span.clone()], "client_max_body_size 20m");
    }

    #[test]
    fn what_is_not_nginx() {
        for text in ["a b", "a {", "}", "a \"b;", "location / {\n root x\n}", ";", "{"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse(""), Ok(Vec::new()));
        assert!(parse(&"a {".repeat(100_000)).is_err());
    }

    #[test]
    fn a_file_goes_where_its_content_may_stand() {
        const HTTP: &str = "/etc/nginx/conf.d/a.conf";
        assert_eq!(place(HTTP, "client_max_body_size 20m;"), ".platform/nginx/conf.d/a.conf");
        assert_eq!(place(HTTP, "upstream x { server a; }"), ".platform/nginx/conf.d/a.conf");
        assert_eq!(place(HTTP, "server { listen 80; location / { } }"), ".platform/nginx/conf.d/a.conf");
        assert_eq!(place(HTTP, "location /media/ { alias /x/; }"), ".platform/nginx/conf.d/elasticbeanstalk/a.conf");
        assert_eq!(place(HTTP, "rewrite ^ / last;"), ".platform/nginx/conf.d/elasticbeanstalk/a.conf");
        let own = "/etc/nginx/conf.d/elasticbeanstalk/a.conf";
        assert_eq!(place(own, ""), ".platform/nginx/conf.d/elasticbeanstalk/a.conf");
        assert_eq!(place("/etc/nginx/nginx.conf", ""), ".platform/nginx/nginx.conf");
    }
}
