//! A real screen that nobody looks at (Xvfb), and on it a real notification service, dunst.

use std::process::Command;

use serde_json::Value;

use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

/// A running dunst and its screen; gone with the value.
#[derive(Debug)]
pub struct Screen<'a> {
    bus: &'a Bus,
    // Before the screen, or it dies of its loss.
    dunst: Process,
    _server: Process,
    _folder: Folder,
}

/// A notification as it was on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its title.
    pub summary: String,
    /// Its text, as markup.
    pub body: String,
}

impl<'a> Screen<'a> {
    /// Starts both and waits until dunst has its name.
    ///
    /// # Errors
    /// `Missing` when Xvfb or dunst is not installed.
    pub fn start(bus: &'a Bus) -> Result<Self, Missing> {
        let (xvfb, dunst) = (program("Xvfb")?, program("dunst")?);
        program("dunstctl")?;
        let folder = Folder::new("screen");
        let mut command = Command::new(xvfb);
        clean(&mut command).args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]);
        let server = Process::start("Xvfb", command, &folder.join("server"));
        let display = eventually("the screen has a number", SOON, || {
            server.log().lines().find(|line| line.parse::<u32>().is_ok()).map(|number| format!(":{number}"))
        });
        // It would keep lines to itself.
        let mut command = Command::new("stdbuf");
        command.arg("-oL").arg(dunst);
        clean(&mut command).env("DBUS_SESSION_BUS_ADDRESS", bus.address()).env("DISPLAY", display);
        command.arg("-print").arg("-conf").arg(folder.write("dunstrc", "[global]\nmarkup = full\n"));
        let dunst = Process::start("dunst", command, &folder.join("log"));
        bus.wait_for("org.freedesktop.Notifications");
        Ok(Self { bus, dunst, _server: server, _folder: folder })
    }

    /// What dunst prints of all that it shows.
    #[must_use]
    pub fn log(&self) -> String {
        self.dunst.log()
    }

    /// How many notifications stand on the screen now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.dunstctl(&["count", "displayed"]).trim().parse().expect("dunst counts")
    }

    /// Takes them off the screen; all that were ever on it and were not replaced, the last first.
    #[must_use]
    pub fn cleared(&self) -> Vec<Shown> {
        self.dunstctl(&["close-all"]);
        let history: Value = serde_json::from_str(&self.dunstctl(&["history"])).expect("dunst speaks JSON");
        let text = |shown: &Value, name: &str| shown[name]["data"].as_str().unwrap_or_default().to_owned();
        let shown = history["data"][0].as_array().into_iter().flatten();
        shown.map(|shown| Shown { summary: text(shown, "summary"), body: text(shown, "body") }).collect()
    }

    fn dunstctl(&self, arguments: &[&str]) -> String {
        self.bus.run("dunstctl", arguments).expect("it is installed")
    }
}
