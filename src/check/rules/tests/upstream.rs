//! Whom nginx asks in a container beside others.

use super::case;

const CONF: &str = "server {\n  listen 80;\n  location / { proxy_pass http://web:8000; }\n}\n";
const IMAGE: (&str, &str) = ("nginx/Dockerfile", "FROM nginx:1.27\nCOPY default.conf /etc/nginx/conf.d/default.conf\n");

#[track_caller]
fn services(found: bool, compose: &str, conf: &str, more: &[(&str, &str)]) {
    let files = [("docker-compose.yml", compose), ("nginx/default.conf", conf), ("Procfile", ""), IMAGE];
    case("EB382", found, &[&files[..], more].concat());
}

#[test]
fn hosts_that_no_service_is() {
    const BUILT: &str = "services:\n  app: {build: .}\n  proxy: {build: ./nginx, ports: ['80:80']}\n";
    services(true, BUILT, CONF, &[]);
    services(
        true,
        BUILT,
        "upstream site { server web:8000; }\nserver { location / { proxy_pass http://site; } }\n",
        &[],
    );
    let mounted = "services:\n  app: {build: .}\n  proxy: {image: 'nginx:alpine', ports: ['80:80'], volumes: ['./nginx/default.conf:/etc/nginx/conf.d/default.conf:ro']}\n";
    services(true, mounted, CONF, &[]);
    services(false, &BUILT.replace("app:", "web:"), CONF, &[]);
    for more in ["container_name: web", "hostname: web", "networks: {default: {aliases: [web]}}"] {
        services(false, &BUILT.replace("{build: .}", &format!("{{build: ., {more}}}")), CONF, &[]);
    }
    for more in ["links: ['app:web']", "extra_hosts: ['web:10.0.0.1']", "network_mode: host", "profiles: [desk]"] {
        services(false, &BUILT.replace("['80:80']", &format!("['80:80'], {more}")), CONF, &[]);
    }
    for host in ["localhost:8000", "127.0.0.1:8000", "shop.example.org", "$upstream", "unix:/run/web.sock", "app:8000"]
    {
        services(false, BUILT, &CONF.replace("web:8000", host), &[]);
    }
    services(
        false,
        BUILT,
        "upstream web { server app:8000; }\nserver { location / { proxy_pass http://web; } }\n",
        &[],
    );
    // What the image is made of otherwise, nobody knows.
    services(false, BUILT, CONF, &[("nginx/Dockerfile", "FROM nginx:1.27\nCOPY --from=a /x /etc/nginx/conf.d/\n")]);
    services(false, BUILT, CONF, &[("nginx/Dockerfile", "FROM nginx:1.27\nCOPY other.conf /etc/nginx/conf.d/\n")]);
    services(false, BUILT, CONF, &[("nginx/Dockerfile", "FROM shop/proxy\nCOPY default.conf /etc/nginx/conf.d/\n")]);
    services(false, &format!("include: [other.yml]\n{BUILT}"), CONF, &[]);
}
