//! Outside: packages that only start a program, which pip does not bring and no instance has.

use crate::beanstalk::requirements::Requirements;
use crate::check::script::find_all;
use crate::check::subject::Subject;
use crate::level::Level;

/// A package, the program that it starts, and the words by which something would install it.
const STARTS: [(&str, &str, &[&str]); 10] = [
    ("pytesseract", "tesseract", &["tesseract"]),
    ("pdf2image", "pdftoppm", &["poppler", "pdftoppm"]),
    ("pdfkit", "wkhtmltopdf", &["wkhtmlto"]),
    ("django-wkhtmltopdf", "wkhtmltopdf", &["wkhtmlto"]),
    ("imgkit", "wkhtmltoimage", &["wkhtmlto"]),
    ("ffmpeg-python", "ffmpeg", &["ffmpeg"]),
    ("pydub", "ffmpeg", &["ffmpeg", "libav"]),
    ("graphviz", "dot", &["graphviz"]),
    ("pypandoc", "pandoc", &["pandoc"]),
    ("pyppeteer", "chromium", &["chrom"]),
];

/// Programs that code starts by their names, and the words by which something would install them.
const PROGRAMS: [(&str, &[&str]); 14] = [
    ("ffmpeg", &["ffmpeg"]),
    ("ffprobe", &["ffmpeg", "ffprobe"]),
    ("soffice", &["office"]),
    ("libreoffice", &["office"]),
    ("wkhtmltopdf", &["wkhtmlto"]),
    ("wkhtmltoimage", &["wkhtmlto"]),
    ("tesseract", &["tesseract"]),
    ("pdftotext", &["poppler", "pdftotext"]),
    ("pdftoppm", &["poppler", "pdftoppm"]),
    ("pandoc", &["pandoc"]),
    ("pdflatex", &["texlive", "latex"]),
    ("exiftool", &["exiftool"]),
    ("google-chrome", &["chrom"]),
    ("chromium", &["chrom"]),
];

/// What starts a program: the name stands behind it, in quotes.
const CALLS: [&str; 6] = [
    "subprocess.run(",
    "subprocess.call(",
    "subprocess.Popen(",
    "subprocess.check_call(",
    "subprocess.check_output(",
    "os.system(",
];

/// Packages that are linked with a library of graphics, and what has the same without windows.
const WINDOWS: [(&str, &str); 2] =
    [("opencv-python", "opencv-python-headless"), ("opencv-contrib-python", "opencv-contrib-python-headless")];

/// Does anything of the project install what one of these words means?
fn brings(subject: &Subject<'_>, requirements: &Requirements, words: &[&str]) -> bool {
    let any = |text: &str| words.iter().any(|word| text.to_ascii_lowercase().contains(word));
    subject.scripts().iter().any(|script| any(script.text))
        || subject.customizations.configs.iter().any(|file| any(&file.text))
        // A program in the bundle, or another package that has one in it.
        || subject.tree.iter().any(|(path, _)| any(path.rsplit('/').next().unwrap_or(path)))
        || requirements.lines.iter().any(|line| any(&line.name) && !STARTS.iter().any(|(package, ..)| line.name == *package))
}

/// The modules of the server start a program by its name.
fn started(subject: &mut Subject<'_>, requirements: &Requirements) {
    for (program, words) in PROGRAMS {
        let loaded = subject.loaded();
        let place = loaded.iter().find_map(|module| {
            let text = subject.tree.code(&module.path)?;
            let at = find_all(text, program).map(|span| span.start).find(|at| is_started(text, *at, program))?;
            Some((module.path.clone(), at..at + program.len()))
        });
        let Some((path, span)) = place.filter(|_| !brings(subject, requirements, words)) else { continue };
        let message =
            format!("`{program}` is not found where this runs: no instance has it and nothing here installs it");
        subject.find("EB276", &path, span, message, fix(program));
    }
}

/// Is this name the first word of a list with what a program is given, or of what is handed to a call that starts one?
fn is_started(text: &str, at: usize, program: &str) -> bool {
    let (Some(before), Some(after)) = (text[..at].strip_suffix(['"', '\'']), text.get(at + program.len()..)) else {
        return false;
    };
    let (before, ends) = (before.trim_end(), after.starts_with(['"', '\'', ' ']));
    let call = |text: &str| CALLS.iter().any(|call| text.trim_end().ends_with(call));
    let given = after.get(1..).unwrap_or_default().trim_start().strip_prefix(',').map(str::trim_start);
    let given = given.is_some_and(|next| {
        next.starts_with(|char: char| char.is_alphabetic() || char == '_')
            || next.starts_with("\"-")
            || next.starts_with("'-")
    });
    let list = before.strip_suffix('[');
    ends && (call(before) || list.is_some_and(call) || (list.is_some() && given && text.contains("subprocess.")))
}

fn fix(program: &str) -> String {
    format!(
        "install `{program}` with `packages: yum:` if Amazon Linux 2023 has it, else ship it, or use the Docker platform"
    )
}

/// `import cv2` looks for a library that an instance without a screen does not have (`libQt5Gui` of the wheels names it, 4.11 and 5.0).
fn windows(subject: &mut Subject<'_>, requirements: &Requirements) {
    let headless =
        requirements.lines.iter().any(|line| line.name.starts_with("opencv") && line.name.ends_with("headless"));
    let found = WINDOWS.iter().find_map(|(package, other)| {
        Some((requirements.lines.iter().find(|line| line.name == *package && !line.constraint)?, *other))
    });
    let Some((line, other)) = found.filter(|_| !headless && !brings(subject, requirements, &["libgl", "mesa"])) else {
        return;
    };
    let moment = subject
        .loaded()
        .iter()
        .find(|module| module.imports.iter().any(|import| import.module.split('.').next() == Some("cv2")))
        .map(|module| module.moment);
    let fails =
        "`import cv2` fails with `libGL.so.1: cannot open shared object file`, a library that nothing here installs";
    let (message, level) = match moment {
        Some(moment) => (format!("{}: {fails}", moment.fate()), Level::Error),
        None => (fails.to_owned(), Level::Note),
    };
    let fix =
        format!("take `{other}`, which is the same without windows; or install `mesa-libGL` with `packages: yum:`");
    subject.find("EB276", &line.path, line.span.clone(), message, fix).level = level;
}

/// Does any code of the project name the module of a package, or is there some that nobody read?
fn is_used(subject: &Subject<'_>, package: &str) -> bool {
    let module = ["django-", "python-", "flask-"].iter().find_map(|prefix| package.strip_prefix(prefix));
    let module = module.unwrap_or(package).trim_end_matches("-python").replace('-', "_");
    let mut code = subject.tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".py"));
    code.any(|path| subject.tree.code(path).is_none_or(|text| text.to_ascii_lowercase().contains(&module)))
}

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if subject.prepared() && subject.python() && !subject.guessed() {
        started(subject, requirements);
        windows(subject, requirements);
    }
    for (package, program, words) in STARTS {
        let Some(line) = requirements.lines.iter().find(|line| line.name == package && !line.constraint) else {
            continue;
        };
        if !subject.prepared() || brings(subject, requirements, words) || !is_used(subject, package) {
            continue;
        }
        let message = format!(
            "`{package}` starts the program `{program}`, which no instance has and nothing here installs: where the site uses it, that fails"
        );
        subject.find("EB276", &line.path, line.span.clone(), message, fix(program));
    }
}
