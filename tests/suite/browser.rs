//! A real browser opens what people see: the generated site, and the sandbox's page.

use std::path::PathBuf;
use std::process::Stdio;

use crate::harness::{Place, missing};
use crate::sandbox::start;

/// Debian's Chromium, without a screen and without its own conversations.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--log-level=0",
];

struct Window {
    /// The document as it stands after it was loaded.
    document: String,
    picture: PathBuf,
}

/// Open `url` in a window of this size. What the page's console says is an error.
#[track_caller]
fn open(place: &Place, url: &str, (width, height): (u32, u32), scheme: &str) -> Window {
    let picture = place.path(format!("{width}-{scheme}.png"));
    let run = |last: &str| {
        let profile = tempfile::tempdir().unwrap();
        let mut command = place.command("timeout");
        command.args(["60", "chromium"]).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("--window-size={width},{height}"));
        // The number is Blink's: 0 is dark, 1 is light.
        let number = if scheme == "dark" { 0 } else { 1 };
        command.arg(format!("--blink-settings=preferredColorScheme={number}"));
        command.args([last, url]).stdin(Stdio::null());
        let run = place.finish(command).ok();
        assert!(!run.stderr.contains(":CONSOLE"), "the page's console has something to say:\n{run}");
        run.stdout
    };
    let document = run("--dump-dom");
    run(&format!("--screenshot={}", picture.display()));
    Window { document, picture }
}

/// Names every element whose content does not fit into it, and which does not scroll. Heads may be there for the ear alone.
const MEASURE: &str = "<script>addEventListener('load', () => { \
    const wide = [...document.querySelectorAll('body, body *')].filter(e => \
        !e.closest('thead') && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX == 'visible'); \
    document.documentElement.dataset.wide = '[' + wide.map(e => e.tagName + ' ' + e.textContent) + ']' })</script>";

/// Does all of this page fit into a telephone's window, and into a desk's?
#[track_caller]
fn fits(place: &Place, page: &str) {
    place.write("measured.html", format!("{page}{MEASURE}"));
    let url = format!("file://{}", place.path("measured.html").display());
    for width in [400, 800, 1280] {
        let document = open(place, &url, (width, 900), "light").document;
        let (_, wide) = document.split_once("data-wide=\"").expect("the page was measured");
        let wide = wide.split_once('"').unwrap().0;
        assert_eq!(wide, "[]", "at {width} pixels");
    }
}

impl Window {
    /// Is there anything in the picture? One colour would be compressed to almost nothing.
    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.document.contains(text), "no `{text}` in\n{}", self.document);
        }
        let bytes = std::fs::metadata(&self.picture).unwrap().len();
        assert!(bytes > 8_000, "{} has {bytes} bytes", self.picture.display());
    }
}

#[test]
fn the_page_of_the_sandbox_in_a_browser() {
    if missing("chromium", "chromium") {
        return;
    }
    let seed = r#"[
        {"operation": "PutObject", "parameters": {"Bucket": "bundles", "Key": "shop/1.zip", "File": "bundle.zip"}},
        {"operation": "CreateApplicationVersion", "parameters": {
            "ApplicationName": "shop", "VersionLabel": "shop-3f2a9c01b7de", "AutoCreateApplication": true,
            "Description": "Offer gift cards", "SourceBundle": {"S3Bucket": "bundles", "S3Key": "shop/1.zip"}}},
        {"operation": "CreateEnvironment", "parameters": {
            "ApplicationName": "shop", "EnvironmentName": "shop-prod", "VersionLabel": "shop-3f2a9c01b7de", "CNAMEPrefix": "shop",
            "SolutionStackName": "64bit Amazon Linux 2023 v4.13.7 running Python 3.13"}}
    ]"#;
    let place = Place::new().file("seed.json", seed).file("bundle.zip", "zip");
    let (_running, endpoint) = start(&place, &["--seed", "seed.json"]);
    for (size, scheme) in [((1200, 900), "light"), ((1200, 900), "dark"), ((400, 900), "light")] {
        let window = open(&place, &endpoint, size, scheme);
        window.shows(&["shop-prod", "Green", "shop-3f2a9c01b7de", "Successfully launched environment"]);
    }
    // A copy does not load itself again.
    let page = open(&place, &endpoint, (1200, 900), "light").document;
    fits(&place, &page.replace("http-equiv=\"refresh\"", ""));
}

#[test]
fn the_generated_site_in_a_browser() {
    if missing("chromium", "chromium") {
        return;
    }
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let place = place.enter("shop");
    let mut up = place.start(["up", "--port", "0"]);
    let url = up.wait_for("runs at ");
    for (size, scheme) in [((1200, 900), "light"), ((400, 900), "dark")] {
        let window = open(&place, &url, size, scheme);
        window.shows(&["It grows!", "/static/site."]);
    }
    let page = open(&place, &url, (1200, 900), "light").document;
    fits(&place, &page.replace("=\"/static/", &format!("=\"{}/static/", url.trim_end_matches('/'))));
    place.run(["explain", "--html", "../explain.html"]).ok();
    fits(&place, &place.read("../explain.html"));
}
