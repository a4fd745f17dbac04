//! A real player: mpv without sound, seen on the bus through the mpv-mpris plug-in, playing files that ffmpeg made.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

/// What a made file's tags say. An empty part is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tags<'a> {
    /// `ARTIST`.
    pub artist: &'a str,
    /// `TITLE`.
    pub title: &'a str,
    /// `ALBUM`.
    pub album: &'a str,
    /// `TRACKNUMBER`.
    pub track: &'a str,
    /// How long it plays.
    pub seconds: u32,
}

/// A playing mpv; gone with the value.
#[derive(Debug)]
pub struct Mpv {
    process: Process,
    control: BufReader<UnixStream>,
    // The last field: the files go when nothing plays them any more.
    _folder: Folder,
}

impl Mpv {
    /// Makes a file for each of `tags` and plays them in that order; it is on the bus when this returns.
    ///
    /// # Errors
    /// `Missing` when mpv, its plug-in or ffmpeg is not installed.
    pub fn play(bus: &Bus, tags: &[Tags<'_>]) -> Result<Self, Missing> {
        program("mpv")?;
        let plugin = plugin()?;
        let folder = Folder::new("mpv");
        let files: Result<Vec<PathBuf>, Missing> =
            tags.iter().enumerate().map(|(index, tags)| make(&folder.join(&format!("{index}.flac")), tags)).collect();
        let socket = folder.join("control");
        let mut command = Command::new("mpv");
        clean(&mut command)
            .env("HOME", folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
            .args(["--no-config", "--load-scripts=no", "--ao=null", "--no-video", "--no-terminal", "--idle=yes"])
            .arg(format!("--script={}", plugin.display()))
            .arg(format!("--input-ipc-server={}", socket.display()))
            .arg("--")
            .args(files?);
        let process = Process::start("mpv", command, &folder.join("log"));
        let control = eventually("mpv takes commands", SOON, || UnixStream::connect(&socket).ok());
        control.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
        let id = process.id().to_string();
        eventually("mpv is on the bus", SOON, || {
            let names = bus.run("busctl", &["--user", "list", "--no-legend"]).ok()?;
            names.lines().any(|line| line.starts_with("org.mpris.MediaPlayer2.mpv") && line.contains(&id)).then_some(())
        });
        Ok(Self { process, control: BufReader::new(control), _folder: folder })
    }

    /// Pauses it.
    pub fn pause(&mut self) {
        self.command(&json!(["set_property", "pause", true]));
    }

    /// Plays on.
    pub fn resume(&mut self) {
        self.command(&json!(["set_property", "pause", false]));
    }

    /// Goes to the next file; after the last one it is idle.
    pub fn next(&mut self) {
        self.command(&json!(["playlist-next", "force"]));
    }

    /// Stops; mpv stays on the bus.
    pub fn stop(&mut self) {
        self.command(&json!(["stop"]));
    }

    /// Leaves the polite way.
    pub fn quit(mut self) {
        self.process.stop();
    }

    /// Dies without a word.
    pub fn die(mut self) {
        self.process.kill();
    }

    /// Runs any command of mpv's and gives back its data.
    ///
    /// # Panics
    /// When mpv refuses it or does not answer.
    #[track_caller]
    pub fn command(&mut self, command: &Value) -> Value {
        let request = json!({ "command": command, "request_id": 1 });
        writeln!(self.control.get_mut(), "{request}").expect("mpv reads its socket");
        loop {
            let mut line = String::new();
            self.control.read_line(&mut line).expect("mpv answers");
            let answer: Value = serde_json::from_str(&line).expect("mpv speaks JSON");
            // Its events come on the same socket.
            if answer["request_id"] == 1 && answer.get("event").is_none() {
                assert_eq!(answer["error"], "success", "mpv: {command}");
                return answer["data"].clone();
            }
        }
    }
}

/// Where Debian's package puts the plug-in: a link in mpv's own folder leads there.
fn plugin() -> Result<PathBuf, Missing> {
    ["/etc/mpv/scripts/mpris.so", "/usr/lib/mpv-mpris/mpris.so"]
        .iter()
        .find_map(|path| std::fs::canonicalize(path).ok())
        .ok_or_else(|| Missing("mpv-mpris".to_owned()))
}

/// A file of silence with these tags.
pub(super) fn make(file: &Path, tags: &Tags<'_>) -> Result<PathBuf, Missing> {
    let mut command = Command::new(program("ffmpeg")?);
    clean(&mut command).args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t"]);
    command.arg(tags.seconds.to_string());
    for (name, value) in [("artist", tags.artist), ("title", tags.title), ("album", tags.album), ("track", tags.track)]
    {
        if !value.is_empty() {
            command.arg("-metadata").arg(format!("{name}={value}"));
        }
    }
    let output = command.args(["-c:a", "flac"]).arg(file).output().expect("ffmpeg runs");
    assert!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    Ok(file.to_owned())
}
