//! Lists every file under `templates/`, so that the binary carries its stacks and recipes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[expect(clippy::disallowed_methods, reason = "this is how cargo speaks to a build script")]
fn main() -> io::Result<()> {
    start_quickly();
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("templates");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).expect("the walk starts at the root").to_string_lossy().replace('\\', "/");
        writeln!(code, "({name:?}, include_bytes!({:?}) as &[u8]),", file.display().to_string())
            .expect("a String takes every byte");
    }
    code.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("templates.rs"), code)
}

/// A program that may be loaded anywhere has 38,000 pointers to put right first, most of them in the models of AWS's API.
/// That is 0.7 ms of each run, and a run over thirty unchanged files takes 1.5 ms. What reads foreign bundles and projects is
/// Rust (SECURITY.md says more); the addresses of the stack, the heap and the system's libraries stay random.
#[expect(clippy::disallowed_methods, reason = "this is how cargo speaks to a build script")]
fn start_quickly() {
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", dir.display());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // `golden/` is what `stack test` compares with, and no part of a stack.
        if path.file_name().is_some_and(|name| name == "__pycache__" || name == "golden") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
