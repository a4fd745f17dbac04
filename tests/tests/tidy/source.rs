//! Rust sources as the laws read them: which are there, what in them is code, and what of that is tests.
//!
//! This is no parser: it knows comments, literals and brackets, which is enough to count and to search.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One Rust file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Below the project's root, with `/`.
    pub path: String,
    /// What is written.
    pub text: String,
    /// `text` with comments and the insides of literals blanked; every line is where it was.
    pub code: String,
    /// `code` with tests blanked: `#[cfg(test)]` items, and everything in a file that is declared by one.
    pub product: String,
}

impl Source {
    /// A file that is not on disk: what the laws are tested with.
    pub fn sample(path: &str, text: &str) -> Self {
        read(vec![(path.to_owned(), text.to_owned())]).remove(0)
    }

    /// The line that holds the byte at `offset`, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// Every place in `code` or `product` where `word` stands and is not part of a longer name: `path:line`.
    pub fn places(&self, code: &str, word: &str) -> Vec<String> {
        words(code, word).into_iter().map(|offset| format!("{}:{}: {word}", self.path, self.line(offset))).collect()
    }
}

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the project").to_owned()
}

/// Every Rust file of the project.
pub fn all() -> Vec<Source> {
    let files = files().into_iter().filter(|path| path.ends_with(".rs"));
    read(files.map(|path| (path.clone(), text_of(&path))).collect())
}

/// Every file of the project, below its root: what is neither built nor hidden (but `.ci` is the project's own).
pub fn files() -> Vec<String> {
    let root = root();
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the project's folders can be read").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "target" || (name.starts_with('.') && name != ".ci") {
                continue;
            }
            match entry.file_type().expect("a file has a type").is_dir() {
                true => folders.push(entry.path()),
                false => found.push(below(&root, &entry.path())),
            }
        }
    }
    found.sort();
    found
}

/// A file's text, read as UTF-8 with what is not blotted out.
pub fn text_of(path: &str) -> String {
    let bytes = std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where `word` stands in `text`, not as a part of a longer name.
pub fn words(text: &str, word: &str) -> Vec<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let (starts, ends) = (word.starts_with(part), word.ends_with(part));
    let whole =
        |at: usize| !(starts && text[..at].ends_with(part) || ends && text[at + word.len()..].starts_with(part));
    text.match_indices(word).map(|(at, _)| at).filter(|at| whole(*at)).collect()
}

/// The offset after the bracket that closes the one at `open`; the end of the text when none does.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("it was found below the root").to_string_lossy().into_owned()
}

fn read(files: Vec<(String, String)>) -> Vec<Source> {
    let mut test_files = BTreeSet::new();
    let mut sources = Vec::new();
    for (path, text) in files {
        let code = blanked(&text);
        let items = test_items(&code);
        for item in &items {
            test_files.extend(declared(&path, &text[item.clone()]));
        }
        let mut product = code.clone();
        for item in items {
            blank(&mut product, item);
        }
        sources.push(Source { path, text, code, product });
    }
    for source in &mut sources {
        let file = test_files.iter().any(|test| source.path == format!("{test}.rs"));
        let folder = test_files.iter().any(|test| source.path.starts_with(&format!("{test}/")));
        if file || folder || source.path.split('/').any(|part| part == "tests" || part == "fuzz") {
            blank(&mut source.product, 0..source.code.len());
        }
    }
    sources
}

/// The items under a `#[cfg(test)]`, from the attribute to the item's end.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let attributes = words(code, "#[cfg(test)]");
    attributes.into_iter().map(|start| start..item_end(code, start)).collect()
}

/// Where the item ends whose first attribute is at `start`: after its `;` or its closing brace.
fn item_end(code: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(found) = code[at..].find(['{', ';', '(', '[']) {
        at += found;
        match &code[at..=at] {
            ";" => return at + 1,
            "{" => return closing(code, at),
            _ => at = closing(code, at),
        }
    }
    code.len()
}

/// What file, without `.rs`, a `mod name;` in the file at `path` means; `item` is its text with attributes.
fn declared(path: &str, item: &str) -> Option<String> {
    let name = item.split("mod ").nth(1)?.strip_suffix(';')?.trim();
    let (folder, file) = path.rsplit_once('/')?;
    if let Some(named) = item.split("#[path = \"").nth(1).and_then(|rest| rest.split(".rs\"").next()) {
        return Some(format!("{folder}/{named}"));
    }
    match file {
        "mod.rs" | "lib.rs" | "main.rs" => Some(format!("{folder}/{name}")),
        _ => Some(format!("{folder}/{}/{name}", file.strip_suffix(".rs")?)),
    }
}

fn blank(text: &mut String, range: Range<usize>) {
    let blank: String = text[range.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    // Only ASCII is left in blanked code (see `blanked`), so that the length stays.
    text.replace_range(range, &blank);
}

/// The text with comments and the insides of literals replaced by blanks, byte for byte.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    while out.len() < bytes.len() {
        let at = out.len();
        let (kept, end) = token(text, at);
        out.extend_from_slice(&bytes[at..at + kept]);
        let inside = &bytes[at + kept..end];
        out.extend(inside.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
    }
    String::from_utf8(out).expect("what is not ASCII was blanked whole")
}

/// What begins at `at`: how many of its bytes are code, and where it ends.
fn token(text: &str, at: usize) -> (usize, usize) {
    let rest = &text[at..];
    let end = |length: Option<usize>| length.map_or(text.len(), |length| at + length);
    if rest.starts_with("//") {
        return (0, end(rest.find('\n')));
    }
    if rest.starts_with("/*") {
        return (0, end(comment_length(rest)));
    }
    let named = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if let Some(length) = raw_string_length(rest).filter(|_| !named) {
        return (1, at + length);
    }
    match rest.as_bytes()[0] {
        b'"' => (1, end(string_length(rest))),
        b'\'' => (1, character_length(rest).map_or(at + 1, |length| at + length)),
        byte if byte.is_ascii() => (1, at + 1),
        _ => (0, at + rest.chars().next().map_or(1, char::len_utf8)),
    }
}

/// Rust's block comments nest.
fn comment_length(rest: &str) -> Option<usize> {
    let (mut depth, mut next) = (0usize, 0);
    for (at, _) in rest.match_indices(['*', '/']).filter(|(at, _)| rest.is_char_boundary(at + 2)) {
        match &rest[at..at + 2] {
            "/*" if at >= next => depth += 1,
            "*/" if at >= next => depth -= 1,
            _ => continue,
        }
        next = at + 2;
        if depth == 0 {
            return Some(next);
        }
    }
    None
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let raw = rest.strip_prefix('b').or_else(|| rest.strip_prefix('c')).unwrap_or(rest).strip_prefix('r')?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let inside = raw[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let before = rest.len() - inside.len();
    Some(inside.find(&close).map_or(rest.len(), |length| before + length + close.len()))
}

fn string_length(rest: &str) -> Option<usize> {
    let mut escaped = true; // The opening quote does not close.
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    None
}

/// A character literal, not a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let mut inside = rest[1..].chars();
    match inside.next()? {
        '\\' => rest[3..].find('\'').map(|length| length + 4),
        c => (inside.next()? == '\'').then(|| c.len_utf8() + 2),
    }
}
