//! Commands that are printed can be typed as they stand, where the person stands; those of others stay as they wrote them.

use crate::harness::Place;
use crate::launch::Site;

/// A project in a folder with a blank, seen from outside.
fn outside() -> Place {
    let site = Site::small();
    let place = Place::new();
    crate::harness::copy(&site.place.dir(), &place.path("our shop"));
    place
}

/// The commands between backticks of a text.
fn commands(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("beansprout ")).collect()
}

/// Type a line, as a shell takes it.
#[track_caller]
fn typed(place: &Place, line: &str) -> crate::harness::Run {
    let program = env!("CARGO_BIN_EXE_beansprout");
    let mut shell = place.command("bash");
    shell.args(["-c", &line.replacen("beansprout", program, 1)]);
    place.finish(shell)
}

#[test]
fn a_command_is_typed_where_the_person_stands() {
    let place = outside();
    let plan = place.run(["-C", "our shop", "launch", "shop-prod", "--sandbox"]).ok();
    let line = "beansprout -C 'our shop' launch shop-prod --sandbox --apply";
    assert!(plan.stdout.ends_with(&format!("`{line}` does it\n")), "{plan}");
    // The file is shown as it will be written.
    assert!(plan.stdout.contains("as `beansprout launch` makes it. `beansprout capture` keeps"), "{plan}");
    let json =
        place.run(["-C", "our shop", "launch", "shop-prod", "--sandbox", "--json"]).ok().document("launch-plan/1");
    assert_eq!(json["apply"], line);
    typed(&place, line).ok();

    let unknown = place.run(["-C", "our shop", "status", "shop-none", "--sandbox"]).exit(3);
    let hinted = commands(&unknown.stderr);
    assert_eq!(hinted, ["beansprout -C 'our shop' launch shop-none --sandbox"], "{unknown}");
    typed(&place, hinted[0]).ok();

    let recipe = place.run(["-C", "our shop", "recipes", "tail-cfn-logs"]).ok();
    let add = commands(&recipe.stdout).pop().unwrap();
    assert_eq!(add, "beansprout -C 'our shop' add tail-cfn-logs", "{recipe}");
    typed(&place, &format!("{add} --yes")).ok();

    // Without a place of its own it is as it was.
    let inside = Place::new().file("shop/beansprout.toml", "[project]\nname = 'shop'\n").enter("shop");
    let unknown = inside.run(["status", "shop-none", "--sandbox"]).exit(3);
    assert_eq!(commands(&unknown.stderr), ["beansprout launch shop-none --sandbox"], "{unknown}");
}

#[test]
fn the_way_to_a_new_project_begins_where_the_person_stands() {
    let place = Place::new().file("sites/notes", "");
    let run = place.run(["-C", "sites", "new", "shop", "--defaults"]).ok();
    assert!(run.stderr.contains("next: `cd sites/shop`, then `beansprout up` runs it"), "{run}");
    assert!(place.exists("sites/shop/manage.py"));
    let check = place.run(["-C", "sites", "check"]).exit(3);
    assert!(check.stderr.contains("there is one in `shop`: `-C sites/shop` looks there"), "{check}");
}

#[test]
fn words_of_others_stay_as_they_wrote_them() {
    let place = outside();
    let run = |arguments: &[&str]| place.run([&["-C", "our shop"], arguments, &["--sandbox"]].concat());
    run(&["publish", "--message", "Say that `beansprout prune` is next"]).ok();
    let versions = run(&["versions"]).ok();
    assert!(versions.stdout.contains("Say that `beansprout prune` is next"), "{versions}");
    // A change that is shown is that of a file.
    let site = place.run(["new", "site", "--defaults"]).ok();
    assert_eq!(site.exit, 0);
    place.write("site/README.md", "`beansprout check` looks.\n");
    let diff = place.run(["-C", "site", "update", "--dry-run", "--diff", "--defaults", "--set", "database=postgresql"]);
    assert!(!diff.stdout.contains("beansprout -C site"), "{diff}");
}
