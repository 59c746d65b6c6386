//! Outside: packages that only start a program, which pip does not bring and no instance has.

use crate::beanstalk::requirements::Requirements;
use crate::check::subject::Subject;

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

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let scripts = subject.scripts();
    let customizations = subject.customizations;
    let brings = |words: &[&str]| {
        let any = |text: &str| words.iter().any(|word| text.to_ascii_lowercase().contains(word));
        scripts.iter().any(|script| any(script.text))
            || customizations.configs.iter().any(|file| any(&file.text))
            // A program in the bundle, or another package that has one in it.
            || subject.tree.iter().any(|(path, _)| any(path.rsplit('/').next().unwrap_or(path)))
            || requirements.lines.iter().any(|line| any(&line.name) && !STARTS.iter().any(|(package, ..)| line.name == *package))
    };
    for (package, program, words) in STARTS {
        let Some(line) = requirements.lines.iter().find(|line| line.name == package && !line.constraint) else {
            continue;
        };
        if !subject.prepared() || brings(words) {
            continue;
        }
        let message = format!(
            "`{package}` starts the program `{program}`, which no instance has and nothing here installs: where the site uses it, that fails"
        );
        let fix = format!(
            "install `{program}` with `packages: yum:` if Amazon Linux 2023 has it, else ship it, or use the Docker platform"
        );
        subject.find("EB276", &line.path, line.span.clone(), message, fix);
    }
}
