//! Transcripts: dialogues between an account and a server, in virtual time, through the account's public interface
//! alone. One file a dialogue, in the notation of [`script`]; each is played as written, byte by byte, in larger
//! pieces, and with the connection cut at every place of the server's side.

mod account;
mod compare;
mod runner;
mod scram;
mod script;
mod wire;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use runner::{Mode, Runner};
use scram::Keys;
use script::Script;

#[test]
fn every_dialogue_goes_as_it_is_written() {
    play(Mode::Whole);
}

#[test]
fn every_dialogue_goes_the_same_byte_by_byte() {
    play(Mode::Bytewise);
}

#[test]
fn every_dialogue_goes_the_same_in_larger_pieces() {
    play(Mode::Coalesced);
}

#[test]
fn every_dialogue_can_be_cut_anywhere() {
    let keys = Keys::default();
    report(scripts().into_iter().filter_map(|(path, script)| cut(&path, &script, &keys).err()).collect());
}

fn play(mode: Mode) {
    let keys = Keys::default();
    let failures = scripts().into_iter().filter_map(|(_, script)| Runner::new(&script, &keys, mode).play().err());
    report(failures.collect());
}

/// Cuts the server's bytes: all of them where the transcript says `set cut all`, else those of its own steps, behind
/// every tag and one byte further. Between those places an account only collects bytes, as playing byte by byte shows.
fn cut(path: &Path, script: &Script, keys: &Keys) -> Result<(), String> {
    let says = |value: &str| script.settings.contains(&("cut".into(), value.into()));
    let (everywhere, nowhere) = (says("all"), says("no"));
    if nowhere {
        return Ok(());
    }
    for (step, says) in Runner::new(script, keys, Mode::Whole).play()? {
        let own = script.steps[step].own;
        let is_place = |at: &usize| everywhere || own && (*at == 0 || says[at.saturating_sub(2)..*at].contains(&b'>'));
        for bytes in (0..=says.len()).filter(is_place) {
            let mode = Mode::Cut { step, bytes };
            let played = Runner::new(script, keys, mode).play();
            played.map_err(|why| format!("{} cut at byte {bytes} of a step\n   {why}", path.display()))?;
        }
    }
    Ok(())
}

fn scripts() -> Vec<(PathBuf, Script)> {
    let mut paths = Vec::new();
    collect(&script::folder(), &mut paths);
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| (path.clone(), Script::read(&path))).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of transcripts") {
        let path = entry.expect("an entry").path();
        if path.ends_with("parts") {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
}

fn report(failures: Vec<String>) {
    assert!(failures.is_empty(), "{} of the transcripts fail:\n{}", failures.len(), failures.join("\n"));
}
