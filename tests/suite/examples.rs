//! The examples work as they are.

use std::path::Path;

use crate::harness::Place;

/// A place where `beansprout` is on the path, as it is for whoever uses an example.
fn place() -> (Place, String) {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    (place.enter("shop"), path)
}

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).display().to_string()
}

#[test]
fn the_build_script_says_what_it_published() {
    let (place, path) = place();
    let publish = |arguments: &[&str]| {
        let mut command = place.command(example("build-script/publish.sh"));
        command.args(arguments).env("PATH", &path);
        place.finish(command)
    };
    let first = publish(&["--sandbox"]).ok();
    let label = first.stdout.lines().last().unwrap().to_owned();
    assert!(label.starts_with("shop-"), "{first}");
    assert_eq!(publish(&["--sandbox"]).ok().stdout.lines().last(), Some(label.as_str()));

    // The same label for other content is a conflict, and the script says so with its exit code.
    place.write("shop/extra.py", "");
    publish(&["--sandbox", "--label", &label]).exit(7);

    // A finding stops it before anything is sent.
    place.write("Procfile", "web: gunicorn nowhere.wsgi\n");
    publish(&["--sandbox"]).exit(1);
}
