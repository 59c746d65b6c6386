//! `package`: the files of a project become a bundle.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::bundle::{
    Bundle, Checkout, Errand, Error, FORMAT, IgnoreMode, Include, LeftOut, MAX_BYTES, Manifest, Note, Output, Plan,
    Scope, Source, TreeDigest, Trust, Why, write_beside,
};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

/// Build the source bundle
///
/// Two builds of the same tree give the same bytes: on any day, in any folder, by any user. The bundle is named after its
/// content, so a label can never mean two things.
#[derive(Debug, Default, Args)]
#[command(after_help = "Example: beansprout package --source HEAD --require-clean")]
pub(crate) struct PackageArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Write the bundle to FILE instead of `.beansprout/bundles/<label>.zip`
    #[arg(short, long, value_name = "FILE", conflicts_with = "list")]
    output: Option<PathBuf>,
    /// Write what is in the bundle to FILE, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    manifest: Option<PathBuf>,
    /// Print what would ship, write nothing
    #[arg(long)]
    list: bool,
    /// Tell which rule of which file puts PATH in or out, write nothing
    #[arg(long, value_name = "PATH", conflicts_with_all = ["list", "output", "manifest"])]
    why: Option<String>,
    /// Refuse if something in the work tree is not committed
    #[arg(long)]
    require_clean: bool,
    /// Read everything again and compare it with what the cache would have taken for unchanged
    #[arg(long, conflicts_with_all = ["list", "why", "dry_run"])]
    verify_cache: bool,
    /// Read everything and tell digest and label, write nothing
    #[arg(long, conflicts_with_all = ["list", "output", "manifest", "why"])]
    dry_run: bool,
}

/// What ships, as the command line says it.
#[derive(Debug, Default, Args)]
pub(crate) struct ScopeArgs {
    /// Where the content comes from: `worktree`, `index` or a git revision
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Whose meaning of `.ebignore` holds
    #[arg(long, value_name = "MODE", value_enum)]
    ignore: Option<IgnoreMode>,
    /// Obey the user's own `core.excludesFile` too
    #[arg(long)]
    global_excludes: bool,
    /// Let files matching PATTERN ship although they look like secrets
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<String>,
}

impl ScopeArgs {
    /// The command line first, then the project's settings, then the defaults.
    pub(crate) fn scope(&self, project: &Project, world: &World) -> Scope {
        let bundle = &project.config.bundle;
        let source = self.source.as_ref().or(bundle.source.as_ref());
        let include = bundle.include.iter().map(|(at, dir)| Include { at: at.clone(), dir: project.root.join(dir) });
        Scope {
            source: source.map_or(Source::Worktree, |text| Source::parse(text)),
            include: include.collect(),
            ignore: self.ignore.unwrap_or_default(),
            global_excludes: self.global_excludes.then(|| global_excludes(project, world)).flatten(),
            exclude: bundle.exclude.clone(),
            allow: [bundle.allow.as_slice(), self.allow.as_slice()].concat(),
            ..Scope::of(&project.root)
        }
    }
}

pub(crate) fn package(args: &PackageArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let scope = args.scope.scope(&project, world);
    if let Some(path) = &args.why {
        let plan = Plan::read(&scope)?;
        let why = plan.why(path).ok_or_else(|| NoSuchPath::new(path, &scope.source))?;
        ui.answer(&Explained { why, paint: ui.out() });
        return Ok(Exit::Done);
    }
    if args.list {
        let plan = Plan::read(&scope)?;
        ui.answer(&Listing::of(&plan));
        let left_out = count(plan.left_out().len(), "path");
        ui.say(format_args!("{}, {}; {left_out} left out", count(plan.entries().len(), "file"), bytes(plan.size())));
        for problem in plan.problems() {
            ui.warn(problem);
        }
        return Ok(if plan.problems().is_empty() { Exit::Done } else { Exit::Invalid });
    }
    let output = args.output.as_ref().map(|path| world.resolve(path));
    let manifest = args.manifest.as_ref().map(|path| world.resolve(path));
    let trust = if args.verify_cache { Trust::Prove } else { Trust::Believe };
    let job =
        Job { project: &project, scope, output, manifest, clean: args.require_clean, dry_run: args.dry_run, trust };
    let answer = job.run(world, ui)?;
    ui.answer(&answer);
    Ok(Exit::Done)
}

/// Build the bundle of `project` as its own settings say, into `.beansprout/bundles`.
pub(crate) fn build(project: &Project, world: &World, ui: &mut Ui) -> Result<Bundle, Failure> {
    let scope = ScopeArgs::default().scope(project, world);
    let job = Job { project, scope, output: None, manifest: None, clean: false, dry_run: false, trust: Trust::Believe };
    let packaged = job.run(world, ui)?;
    Ok(packaged.bundle.expect("only a dry run makes none"))
}

/// One build, with every question answered.
struct Job<'a> {
    project: &'a Project,
    scope: Scope,
    output: Option<PathBuf>,
    manifest: Option<PathBuf>,
    clean: bool,
    dry_run: bool,
    trust: Trust,
}

impl Job<'_> {
    fn run(self, world: &World, ui: &mut Ui) -> Result<Packaged, Failure> {
        // git looks at the work tree while we read it.
        let checkout = Checkout::start(&self.project.root);
        if self.clean {
            let checkout = checkout.finish();
            self.require_clean(checkout.as_ref())?;
            return self.pack(checkout, world, ui);
        }
        let plan = Plan::read(&self.scope)?;
        let made = self.make(&plan, world, ui)?;
        self.report(&plan, made, checkout.finish(), ui)
    }

    fn pack(self, checkout: Option<Checkout>, world: &World, ui: &mut Ui) -> Result<Packaged, Failure> {
        let plan = Plan::read(&self.scope)?;
        let made = self.make(&plan, world, ui)?;
        self.report(&plan, made, checkout, ui)
    }

    fn require_clean(&self, checkout: Option<&Checkout>) -> Result<(), NotClean> {
        match checkout {
            None => Err(NotClean::NoRepository { root: self.project.root.clone() }),
            Some(Checkout { revision: None, .. }) => Err(NotClean::NoCommit),
            Some(Checkout { changes: 0, .. }) => Ok(()),
            Some(Checkout { changes, .. }) => Err(NotClean::Changes { changes: *changes }),
        }
    }

    fn make(&self, plan: &Plan, world: &World, ui: &Ui) -> Result<Made, Failure> {
        plan.sound()?;
        let progress = ui.progress("packaging", plan.size());
        let max_bytes = self.project.config.bundle.max_bytes.unwrap_or(MAX_BYTES);
        let dir = self.project.state_dir().join("bundles");
        let cache = Some((dir.as_path(), self.trust));
        let errand = Errand { progress: &progress, interrupt: &world.interrupt, max_bytes, cache };
        if self.dry_run {
            return Ok(Made::Digest(plan.manifest(&errand)?.digest));
        }
        let output = match &self.output {
            Some(path) => Output::File(path.clone()),
            None => {
                hide_from_git(&self.project.state_dir())?;
                Output::Labelled { dir: dir.clone(), name: self.project.name() }
            }
        };
        Ok(Made::Bundle(plan.write(&output, &errand)?))
    }

    fn report(self, plan: &Plan, made: Made, checkout: Option<Checkout>, ui: &mut Ui) -> Result<Packaged, Failure> {
        let (digest, bundle) = match made {
            Made::Digest(digest) => (digest, None),
            Made::Bundle(bundle) => (bundle.digest, Some(bundle)),
        };
        let notes = bundle.as_ref().map(|bundle| bundle.notes.clone()).unwrap_or_default();
        for note in &notes {
            ui.warn(note);
        }
        if let Some(bundle) = &bundle
            && bundle.entries > 65_535
        {
            let entries = count(bundle.entries, "entry");
            ui.warn(format_args!("{entries} need zip64, which unzip on the instance reads and some tools do not"));
        }
        let other_mode = match self.scope.ignore {
            IgnoreMode::Git => None,
            IgnoreMode::EbCli => Some(OtherMode::of(plan, &self.scope)?),
        };
        if let Some(other) = &other_mode {
            ui.warn(other);
        }
        let label = digest.label(&self.project.name());
        if let (Some(path), Some(bundle)) = (&self.manifest, &bundle) {
            write_manifest(path, &label, plan, checkout.as_ref(), &plan.manifest_of(bundle))?;
        }
        Ok(Packaged {
            label,
            digest,
            source: plan.source().clone(),
            revision: plan.revision().map(str::to_owned),
            checkout,
            entries: plan.entries().len(),
            content_bytes: plan.size(),
            path: bundle.as_ref().map(|bundle| bundle.path.clone()),
            bytes: bundle.as_ref().map(|bundle| bundle.bytes),
            reused: bundle.as_ref().map(|bundle| bundle.reused),
            unchanged: bundle.as_ref().is_some_and(|bundle| bundle.unchanged),
            left_out: plan.left_out().to_vec(),
            notes,
            other_mode,
            bundle,
            out: ui.out(),
        })
    }
}

enum Made {
    Digest(TreeDigest),
    Bundle(Bundle),
}

/// Our state is nobody's source: git shall not see it, whatever the project's own `.gitignore` says.
fn hide_from_git(state_dir: &Path) -> Result<(), Error> {
    let path = state_dir.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    let failed = |source| Error::Write { path: state_dir.to_owned(), source };
    std::fs::create_dir_all(state_dir).map_err(failed)?;
    write_beside(&path, b"*\n")
}

/// Where git looks for the user's own excludes.
fn global_excludes(project: &Project, world: &World) -> Option<PathBuf> {
    let configured = Checkout::global_excludes(&project.root);
    let home = || world.var("HOME").map(PathBuf::from);
    let config = || world.var("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".config")));
    configured.or_else(|| Some(config()?.join("git/ignore")))
}

fn write_manifest(
    path: &Path,
    label: &str,
    plan: &Plan,
    checkout: Option<&Checkout>,
    manifest: &Manifest,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        format: &'static str,
        tool: String,
        label: &'a str,
        source: &'a Source,
        revision: Option<&'a str>,
        #[serde(flatten)]
        manifest: &'a Manifest,
    }
    let worktree = checkout.and_then(|checkout| checkout.revision.as_deref());
    let document = Document {
        schema: "beansprout.manifest/1",
        format: FORMAT,
        tool: format!("beansprout {}", env!("CARGO_PKG_VERSION")),
        label,
        source: plan.source(),
        revision: plan.revision().or(worktree),
        manifest,
    };
    let mut text = serde_json::to_vec_pretty(&document).expect("a manifest has string keys");
    text.push(b'\n');
    write_beside(path, &text)
}

#[derive(Debug, thiserror::Error)]
enum NotClean {
    #[error("{} in the work tree {} not committed", count(*changes, "change"), if *changes == 1 { "is" } else { "are" })]
    Changes { changes: usize },
    #[error("nothing is committed yet")]
    NoCommit,
    #[error("`{}` is in no git repository that git can read", root.display())]
    NoRepository { root: PathBuf },
}

impl Fault for NotClean {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("commit, or leave out `--require-clean`".to_owned())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no `{path}` in {place}")]
struct NoSuchPath {
    path: String,
    place: String,
}

impl NoSuchPath {
    fn new(path: &str, source: &Source) -> Self {
        let place = match source {
            Source::Worktree => "the work tree".to_owned(),
            Source::Index => "the index".to_owned(),
            Source::Revision(name) => format!("`{name}`"),
        };
        Self { path: path.to_owned(), place }
    }
}

impl Fault for NoSuchPath {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("paths are relative to the top of the project; an empty folder does not ship".to_owned())
    }
}

/// The answer of `package`.
#[derive(Serialize)]
struct Packaged {
    label: String,
    digest: TreeDigest,
    source: Source,
    /// The commit that a revision stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    /// How the work tree stands; absent outside of git.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout: Option<Checkout>,
    entries: usize,
    /// Bytes of content before they were packed.
    content_bytes: u64,
    /// Absent when nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Entries that were taken from the previous bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<usize>,
    /// Was the bundle there already?
    unchanged: bool,
    left_out: Vec<LeftOut>,
    notes: Vec<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_mode: Option<OtherMode>,
    #[serde(skip)]
    bundle: Option<Bundle>,
    #[serde(skip)]
    out: Paint,
}

impl Answer for Packaged {
    const SCHEMA: &str = "package/1";
}

impl fmt::Display for Packaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.out.bold(&self.label))?;
        writeln!(f, "  digest  {}", self.digest)?;
        writeln!(f, "  source  {}", self.described_source())?;
        write!(f, "  content {} in {}", bytes(self.content_bytes), count(self.entries, "file"))?;
        if let (Some(path), Some(size)) = (&self.path, self.bytes) {
            let unchanged = if self.unchanged { ", unchanged" } else { "" };
            write!(f, "\n  bundle  {}, {}{unchanged}", path.display(), bytes(size))?;
        }
        Ok(())
    }
}

impl Packaged {
    /// The source, and what of the work tree is in the bundle although it is not committed, or the other way round.
    fn described_source(&self) -> String {
        let mut text = self.source.to_string();
        let head = self.checkout.as_ref().and_then(|checkout| checkout.revision.as_ref());
        if let Some(commit) = self.revision.as_ref().or(head) {
            let short = commit.get(..12).unwrap_or(commit);
            text += &format!("{} {short}", if self.source == Source::Worktree { " at" } else { "," });
        }
        if let Some(Checkout { changes: changes @ 1.., .. }) = self.checkout {
            text += &match self.source {
                Source::Worktree => format!(", {} not committed", count(changes, "change")),
                _ => format!(", without {} in the work tree", count(changes, "change")),
            };
        }
        text
    }
}

/// How the EB CLI's bundle differs from ours.
#[derive(Serialize)]
struct OtherMode {
    /// Ships in this mode only.
    only_eb_cli: Vec<String>,
    /// Would ship in the default mode only.
    only_git: Vec<String>,
}

impl OtherMode {
    fn of(plan: &Plan, scope: &Scope) -> Result<Self, Error> {
        let other = Plan::read(&Scope { ignore: IgnoreMode::Git, ..scope.clone() })?;
        let paths = |plan: &Plan| plan.entries().iter().map(|entry| entry.path().to_string()).collect::<BTreeSet<_>>();
        let (eb_cli, git) = (paths(plan), paths(&other));
        Ok(Self {
            only_eb_cli: eb_cli.difference(&git).cloned().collect(),
            only_git: git.difference(&eb_cli).cloned().collect(),
        })
    }
}

impl fmt::Display for OtherMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |paths: &[String]| paths.first().map(|path| format!(" (first: `{path}`)")).unwrap_or_default();
        write!(
            f,
            "with the EB CLI's rules, {}{} more ship than with git's, and {}{} fewer",
            count(self.only_eb_cli.len(), "file"),
            first(&self.only_eb_cli),
            count(self.only_git.len(), "file"),
            first(&self.only_git)
        )
    }
}

/// The answer of `package --why`.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    why: Why,
    #[serde(skip)]
    paint: Paint,
}

impl Answer for Explained {
    const SCHEMA: &str = "package-why/1";
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.why.ships { self.paint.green("ships") } else { self.paint.yellow("stays out") };
        write!(f, "`{}` {verdict}: {}", self.why.path, self.why.decided.reason)?;
        let decided = self.why.decided.path.trim_end_matches('/');
        if decided == self.why.path { Ok(()) } else { write!(f, ", which matches `{}`", self.why.decided.path) }
    }
}

/// The answer of `package --list`.
#[derive(Serialize)]
struct Listing<'a> {
    entries: Vec<Listed<'a>>,
    left_out: &'a [LeftOut],
    /// What keeps the bundle from being made.
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Listed<'a> {
    path: &'a str,
    bytes: u64,
}

impl<'a> Listing<'a> {
    fn of(plan: &'a Plan) -> Self {
        let entries = plan.entries().iter();
        let entries = entries.map(|entry| Listed { path: entry.path().as_str(), bytes: entry.size() }).collect();
        let problems = plan.problems().iter().map(ToString::to_string).collect();
        Self { entries, left_out: plan.left_out(), problems }
    }
}

impl Answer for Listing<'_> {
    const SCHEMA: &'static str = "package-list/1";
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| writeln!(f, "{}", entry.path))
    }
}
