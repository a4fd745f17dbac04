//! What a file names of the other modules: its `use` trees unfolded, and paths in the code itself.

use super::source::{Source, closing, words};

/// Every path that the product's code names in a `use`, or that begins with `crate::` or `std::` anywhere: segments
/// joined by `::`, without `self` and `*`, each with its line.
pub fn of(source: &Source) -> Vec<(String, usize)> {
    let code = &source.product;
    let mut paths = Vec::new();
    for at in words(code, "use") {
        // `use<'a>` is a capture, not an import.
        let Some(end) = code[at..].find(';').filter(|_| !code[at + 3..].starts_with('<')) else { continue };
        let line = source.line(at);
        paths.extend(unfolded("", code[at + 3..at + end].trim()).into_iter().map(|path| (path, line)));
    }
    for root in ["crate::", "std::"] {
        for at in words(code, root) {
            let end = code[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let path = &code[at..end.map_or(code.len(), |end| at + end)];
            paths.push((path.trim_end_matches(':').to_owned(), source.line(at)));
        }
    }
    paths
}

/// The first segment below the crate that each path means, for a file of the module `top`.
///
/// `crate::hub::Hub` means `hub`; so does `super::hub` in a file that is directly below the crate's root.
pub fn modules(source: &Source, folder: &str) -> Vec<(String, usize)> {
    let depth = module_depth(source.path.strip_prefix(folder).unwrap_or(&source.path));
    let above = format!("{}::", vec!["super"; depth].join("::"));
    let paths = of(source).into_iter().filter_map(|(path, line)| {
        let below = path.strip_prefix("crate::").or_else(|| path.strip_prefix(&above).filter(|_| depth > 0))?;
        Some((below.split("::").next()?.to_owned(), line))
    });
    paths.filter(|(module, _)| module.starts_with(|c: char| c.is_lowercase()) && module != "super").collect()
}

/// The module below `folder` that a file belongs to: `hub` for `hub.rs`, `hub/mod.rs` and `hub/post.rs`.
pub fn module(path: &str, folder: &str) -> Option<String> {
    let below = path.strip_prefix(folder)?;
    let first = below.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first).to_owned())
}

/// How many `super::` lead from a file's module to the crate's root.
fn module_depth(below: &str) -> usize {
    let file = below.rsplit('/').next().unwrap_or(below);
    let folders = below.matches('/').count();
    if ["mod.rs", "lib.rs", "main.rs"].contains(&file) { folders } else { folders + 1 }
}

fn unfolded(prefix: &str, tree: &str) -> Vec<String> {
    let joined = |part: &str| match (prefix, part) {
        ("", part) => part.to_owned(),
        (prefix, "self" | "*") => prefix.to_owned(),
        (prefix, part) => format!("{prefix}::{part}"),
    };
    match tree.find('{') {
        None => vec![joined(tree.split(" as ").next().unwrap_or(tree).trim().trim_end_matches("::*"))],
        Some(open) => {
            let prefix = joined(tree[..open].trim_end().trim_end_matches(':'));
            let inside = &tree[open + 1..closing(tree, open).saturating_sub(1)];
            parts(inside).into_iter().flat_map(|part| unfolded(&prefix, part)).collect()
        }
    }
}

/// What stands between the commas that are in no brackets.
fn parts(list: &str) -> Vec<&str> {
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = list[at..].find([',', '{']) {
        at += next;
        if list[at..].starts_with('{') {
            at = closing(list, at);
        } else {
            found.push(&list[start..at]);
            at += 1;
            start = at;
        }
    }
    found.push(&list[start..]);
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}
