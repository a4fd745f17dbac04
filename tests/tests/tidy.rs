//! The laws of ARCHITECTURE.md as tests that read the sources. Each law is tried on a sample that breaks it as well,
//! so that a law that has gone blind is seen. What the compiler and clippy hold is left to them.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/source.rs"]
mod source;

use source::Source;

#[test]
fn the_core_depends_on_nothing_that_reaches_out() {
    let manifest = source::text_of("daemon/core/Cargo.toml");
    keep(names::core_dependencies(&manifest), "move the work to the daemon, and pass its result in as a value");
    let bad = "[dependencies]\njid.workspace = true\ntokio = \"1\"\n\n[dev-dependencies]\nproptest = \"1\"\n";
    assert_eq!(names::core_dependencies(bad), ["tokio"]);
}

#[test]
fn the_core_names_no_io_no_clock_and_no_randomness() {
    let fix = "time, entropy, secrets and bytes come into the core as values";
    law(names::pure_core, fix);
    let path = "daemon/core/src/x.rs";
    let bad = "use std::{fmt, fs::File};\nfn f() { let _ = std::time::Instant::now(); } // std::net\n";
    breaks(
        names::pure_core,
        path,
        bad,
        &["daemon/core/src/x.rs:1: std::fs::File", "daemon/core/src/x.rs:2: std::time::Instant::now"],
    );
    breaks(names::pure_core, "daemon/src/x.rs", bad, &[]);
    breaks(names::pure_core, path, "#[cfg(test)]\nmod tests { use std::fs; }\n", &[]);
}

#[test]
fn only_proto_derives_what_goes_over_the_wire() {
    law(names::serialize_in_proto, "give the type its wire form in proto, and convert by hand at the edge");
    let bad = "#[derive(Debug, Serialize)]\nstruct Inner;\n";
    breaks(names::serialize_in_proto, "daemon/src/hub.rs", bad, &["daemon/src/hub.rs:1: Serialize"]);
    breaks(names::serialize_in_proto, "proto/src/show.rs", bad, &[]);
    breaks(names::serialize_in_proto, "daemon/src/config/file.rs", "#[derive(Deserialize)]\nstruct File;\n", &[]);
}

#[test]
fn a_face_knows_api_and_proto_alone() {
    law(names::faces, "let `api` answer it: one variant of `Request`, one arm");
    let bad = "use crate::{api::Api, hub::Hub};\nuse super::store;\nuse xmppd_core::loss::Loss;\n";
    let found = [
        "daemon/src/rpc/mod.rs:1: crate::hub",
        "daemon/src/rpc/mod.rs:2: crate::store",
        "daemon/src/rpc/mod.rs:3: xmppd_core",
    ];
    breaks(names::faces, "daemon/src/rpc/mod.rs", bad, &found);
    breaks(names::faces, "daemon/src/rpc/frame.rs", "use super::connection;\nuse crate::api;\n", &[]);
}

#[test]
fn the_daemons_folders_name_only_what_is_below_them() {
    law(names::layers, "turn the call round (a sender that says only its own words), or give the table a better order");
    let found = ["daemon/src/account/mod.rs:1: `account` names `hub`"];
    breaks(names::layers, "daemon/src/account/mod.rs", "use crate::hub::Hub;\nuse crate::transport::Link;\n", &found);
    let found = ["daemon/src/new.rs: the module `new` has no place in the table of layers"];
    breaks(names::layers, "daemon/src/new.rs", "", &found);
}

#[test]
fn no_modules_name_each_other_in_a_circle() {
    let sources = source::all();
    for folder in ["proto/src/", "daemon/core/src/", "daemon/src/", "ctl/src/"] {
        keep(names::cycles(&sources, folder), "move what both need into a module below both");
    }
    let of = |path: &str, text: &str| Source::sample(path, text);
    let good = of("ctl/src/call.rs", "use crate::show;");
    let circle =
        [good, of("ctl/src/show.rs", "use crate::text;"), of("ctl/src/text.rs", "fn f() { crate::show::g() }")];
    assert_eq!(names::cycles(&circle, "ctl/src/"), ["ctl/src/show names text", "ctl/src/text names show"]);
    assert_eq!(names::cycles(&circle[..2], "ctl/src/"), [""; 0]);
}

#[test]
fn state_has_one_owner_and_no_lock() {
    law(shape::no_shared_state, "let an actor own it, and send to that");
    let bad = "static A: &'static str = \"\";\nfn f(m: &Mutex<u8>) {}\nconst STATIC: &str = \"static\";\n";
    breaks(shape::no_shared_state, "daemon/src/x.rs", bad, &["daemon/src/x.rs:1: static", "daemon/src/x.rs:2: Mutex"]);
}

#[test]
fn every_module_opens_with_its_purpose() {
    law(shape::opens_with_its_purpose, "open the file with `//!`: what it is, and what it leaves to others");
    breaks(shape::opens_with_its_purpose, "ctl/src/x.rs", "//!\nfn f() {}\n", &["ctl/src/x.rs: begins with \"//!\""]);
}

#[test]
fn files_stay_short() {
    law(shape::short_files, "split the file where its subject splits; tests may move to a file of their own");
    breaks(shape::short_files, "ctl/src/x.rs", &"\n".repeat(401), &["ctl/src/x.rs: 401 lines"]);
    breaks(shape::short_files, "ctl/src/x.rs", &"\n".repeat(400), &[]);
}

#[test]
fn functions_stay_short() {
    law(shape::short_functions, "give a part of it a name of its own");
    let of =
        |lines: usize| format!("fn f(x: [u8; 3]) {{\n{}}}\n", "let _ = (\"{\", '{', r#\"{\"#); // {\n".repeat(lines));
    breaks(shape::short_functions, "ctl/src/x.rs", &of(59), &["ctl/src/x.rs:1: f has 61 lines"]);
    breaks(shape::short_functions, "ctl/src/x.rs", &of(58), &[]);
    breaks(
        shape::short_functions,
        "ctl/src/x.rs",
        &format!("trait T {{ fn f(&self) -> [u8; 2]; }}{}", "\n".repeat(90)),
        &[],
    );
}

#[test]
fn nothing_outside_tests_takes_a_shortcut() {
    law(shape::no_shortcuts, "make it a value; `expect(\"the invariant\")` where nothing outside can break it");
    let bad = "fn f() { g().unwrap(); /* unsafe */ }\n#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }\nfn g() { todo!() }\n";
    let found = ["daemon/src/x.rs:1: .unwrap()", "daemon/src/x.rs:4: todo!"];
    breaks(shape::no_shortcuts, "daemon/src/x.rs", bad, &found);
    breaks(shape::no_shortcuts, "tests/tests/x.rs", bad, &[]);
}

#[test]
fn no_test_sleeps() {
    law(shape::no_sleeps_in_tests, "wait for the condition itself with tests/src/wait.rs, or move paused time by hand");
    let bad = "fn nap() { sleep(1); }\n#[cfg(test)]\nmod tests { fn f() { thread::sleep(1); } }\n";
    breaks(shape::no_sleeps_in_tests, "daemon/src/x.rs", bad, &["daemon/src/x.rs:3: sleep"]);
    breaks(shape::no_sleeps_in_tests, "tests/src/wait.rs", bad, &[]);
    breaks(shape::no_sleeps_in_tests, "tests/src/bus.rs", "impl Vfs for Disk { fn sleep(&self) {} }", &[]);
    breaks(
        shape::no_sleeps_in_tests,
        "tests/src/bus.rs",
        bad,
        &["tests/src/bus.rs:1: sleep", "tests/src/bus.rs:3: sleep"],
    );
}

#[test]
fn every_file_is_fit_to_commit() {
    let files = source::files().into_iter().filter(|path| !path.starts_with("LICENSE"));
    let found = files.flat_map(|path| shape::fit_to_commit(&path, &source::text_of(&path))).collect();
    keep(found, "take it out: a stranger's machine has other paths, and a diff shows blanks");
    let bad = concat!("cd /wo", "rk/main\nfine\nblank \n");
    assert_eq!(shape::fit_to_commit("x", bad), [concat!("x:1: names /wo", "rk/"), "x:3: blanks at its end"]);
}

/// The law holds for the whole project.
#[track_caller]
fn law(law: fn(&[Source]) -> Vec<String>, fix: &str) {
    keep(law(&source::all()), fix);
}

#[track_caller]
fn keep(found: Vec<String>, fix: &str) {
    assert!(found.is_empty(), "\n  {}\n  What to do: {fix}.\n", found.join("\n  "));
}

/// The law finds exactly `expected` in a file of this path and text.
#[track_caller]
fn breaks(law: fn(&[Source]) -> Vec<String>, path: &str, text: &str, expected: &[&str]) {
    assert_eq!(law(&[Source::sample(path, text)]), expected);
}
