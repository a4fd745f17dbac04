//! Times and durations for people. Reading them from a command line is [`xmppd_proto::duration`]'s.

use std::time::Duration;

use xmppd_proto::{Timestamp, duration};

/// How long ago something was, in its two largest units: `3h12m`, `45s`, `now`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second().saturating_sub(then.as_second())).unwrap_or(0);
    if seconds == 0 { "now".to_owned() } else { rough(seconds) }
}

/// A duration in milliseconds as players show it: `4:01`, `1:02:03`.
pub(crate) fn length(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The time of day here, with the date unless it is today's.
pub(crate) fn clock(at: Timestamp, now: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    at.strftime(if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// The duration cut to its two largest units.
fn rough(seconds: u64) -> String {
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        86_400.. => 3_600,
    };
    duration::format(Duration::from_secs(seconds - seconds % unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        let start = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in
            [(0, "now"), (45, "45s"), (61, "1m1s"), (3_600, "1h"), (11_555, "3h12m"), (180_061, "2d2h"), (-5, "now")]
        {
            assert_eq!(ago(start, Timestamp::from_second(seconds).unwrap()), expected, "{seconds}");
        }
    }

    #[test]
    fn lengths_read_as_on_a_player() {
        for (millis, expected) in [(0, "0:00"), (241_999, "4:01"), (3_723_000, "1:02:03")] {
            assert_eq!(length(millis), expected);
        }
    }
}
