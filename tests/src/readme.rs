//! What README.md tells people to type and to write, as the tests read it: so that what it promises is what is tested.

use std::path::Path;

/// The whole text.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn text() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    std::fs::read_to_string(file).expect("README.md is in the tree")
}

/// The section under a heading of the second rank, up to the next one.
///
/// # Panics
/// When there is no such section.
#[must_use]
pub fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let begun = text.split_once(&format!("\n## {heading}\n"));
    let (_, rest) = begun.unwrap_or_else(|| panic!("README.md has no section {heading:?}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The fenced blocks of a language, without their indentation.
#[must_use]
pub fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (line.trim().strip_prefix("```"), &mut open) {
            (Some(named), None) => open = Some((named == language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|(meant, _)| *meant).map(|(_, block)| block)),
            (None, Some((_, block))) => block.push_str(&format!("{}\n", line.trim_start())),
            (None, None) => {}
        }
    }
    blocks
}

/// What stands in single backticks, with the bars of a table's cell as a shell wants them; fenced blocks are left out.
#[must_use]
pub fn code(text: &str) -> Vec<String> {
    let outside = text.split("```").step_by(2).collect::<String>();
    outside.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|").replace('\n', " ")).collect()
}
