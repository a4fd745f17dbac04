//! The laws about what stands in a file: its first line, its length, words that are not to be there.
//! Each takes the sources and gives back what breaks it, a line each.

use super::source::{Source, closing, words};

/// The longest file, in lines.
const FILE: usize = 400;
/// The longest function, in lines, from `fn` to its closing brace.
const FUNCTION: usize = 60;
/// The one table that is as long as there are methods: what is asked, and who answers it.
const TABLE: (&str, &str) = ("daemon/src/api/desk.rs", "call");
/// The one file of the tests that may pause.
const PAUSE: &str = "tests/src/wait.rs";

/// The one queue that has no actor: whatever thread has something to log puts it there.
const LOG: &str = "daemon/src/log.rs";

/// Law 4: state has one owner and no lock. A counter that two threads bump is neither.
pub fn no_shared_state(sources: &[Source]) -> Vec<String> {
    const SHARED: &[&str] = &["thread_local!", "Mutex", "RwLock", "OnceLock", "OnceCell", "LazyLock", "LazyCell"];
    each(sources, |source| {
        if source.path == LOG {
            return Vec::new();
        }
        let statics = words(&source.product, "static").into_iter().filter(|at| !source.product[..*at].ends_with('\''));
        let statics = statics.map(|at| format!("{}:{}: static", source.path, source.line(at)));
        statics.chain(SHARED.iter().flat_map(|word| source.places(&source.product, word))).collect()
    })
}

/// Law 5: what the module is and what it leaves to others, before anything else.
pub fn opens_with_its_purpose(sources: &[Source]) -> Vec<String> {
    each(sources, |source| {
        let first = source.text.lines().next().unwrap_or_default();
        let said = first.strip_prefix("//!").is_some_and(|text| text.split_whitespace().count() >= 2);
        if said { vec![] } else { vec![format!("{}: begins with {first:?}", source.path)] }
    })
}

/// Law 6, files.
pub fn short_files(sources: &[Source]) -> Vec<String> {
    each(sources, |source| match source.text.lines().count() {
        lines if lines > FILE => vec![format!("{}: {lines} lines", source.path)],
        _ => vec![],
    })
}

/// Law 6, functions.
pub fn short_functions(sources: &[Source]) -> Vec<String> {
    each(sources, |source| {
        let functions = words(&source.code, "fn").into_iter().filter_map(|at| function(source, at));
        let long =
            functions.filter(|(name, _, lines)| *lines > FUNCTION && (source.path.as_str(), name.as_str()) != TABLE);
        long.map(|(name, line, lines)| format!("{}:{line}: {name} has {lines} lines", source.path)).collect()
    })
}

/// What ends a program or hides a fault: in tests only.
pub fn no_shortcuts(sources: &[Source]) -> Vec<String> {
    const SHORTCUTS: &[&str] = &[".unwrap()", "todo!", "unimplemented!", "dbg!", "unsafe"];
    each(sources, |source| SHORTCUTS.iter().flat_map(|word| source.places(&source.product, word)).collect())
}

/// A test waits for a condition; how long that takes is nobody's guess.
pub fn no_sleeps_in_tests(sources: &[Source]) -> Vec<String> {
    each(sources, |source| {
        // Who only answers to the name has not called it.
        let sleeps = words(&source.code, "sleep").into_iter().filter(|at| !source.code[..*at].ends_with("fn "));
        // What is blank in the product and not in the code is a test.
        let in_tests = sleeps.filter(|at| source.product[*at..].starts_with(' ') && source.path != PAUSE);
        in_tests.map(|at| format!("{}:{}: sleep", source.path, source.line(at))).collect()
    })
}

/// What belongs in no commit: paths of the machine it was made on, a merge's marks, blanks at a line's end.
pub fn fit_to_commit(path: &str, text: &str) -> Vec<String> {
    // In two halves, so that this file passes.
    let machine = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home/", "runner")];
    let marks = [concat!("<<<<", "<<< "), concat!(">>>>", ">>> ")];
    let wrong = |line: &str| {
        let named = machine.iter().find(|place| line.contains(**place)).map(|place| format!("names {place}"));
        let mark = marks.iter().find(|mark| line.starts_with(**mark)).map(|_| "a merge's mark".to_owned());
        named.or(mark).or_else(|| (line != line.trim_end()).then(|| "blanks at its end".to_owned()))
    };
    let lines = text.lines().enumerate().filter_map(|(at, line)| Some((at, wrong(line)?)));
    lines.map(|(at, what)| format!("{path}:{}: {what}", at + 1)).collect()
}

/// The name, first line and number of lines of the function whose `fn` is at `at`; `None` without a body.
fn function(source: &Source, at: usize) -> Option<(String, usize, usize)> {
    let code = &source.code;
    let name: String = code[at + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut open = at;
    loop {
        open += code[open..].find(['{', ';', '(', '['])?;
        match &code[open..=open] {
            "{" => break,
            ";" => return None,
            _ => open = closing(code, open),
        }
    }
    let (first, last) = (source.line(at), source.line(closing(code, open) - 1));
    (!name.is_empty()).then_some((name, first, last - first + 1))
}

fn each(sources: &[Source], law: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    sources.iter().flat_map(law).collect()
}
