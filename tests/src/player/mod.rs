//! Players: real ones ([`mpv`], [`vlc`]), one that does whatever a test wants ([`scripted`]), and playerctl as a reader that is
//! not ours.

pub mod mpv;
pub mod scripted;
pub mod vlc;

use crate::bus::Bus;
use crate::missing::Missing;

/// What `playerctl` prints for these arguments, without the last newline.
///
/// # Errors
/// `Missing` when it is not installed.
pub fn playerctl(bus: &Bus, arguments: &[&str]) -> Result<String, Missing> {
    Ok(bus.run("playerctl", arguments)?.trim_end().to_owned())
}
