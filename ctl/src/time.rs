//! Times and durations for people. Reading durations from a command line is [`xmppd_proto::duration`]'s.

use std::time::Duration;

use jiff::{Zoned, civil};
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

/// The point in time that a person means: `18:00` (the next one), `tomorrow 07:30`, or RFC 3339.
///
/// # Errors
/// What to write instead.
pub(crate) fn until(text: &str) -> Result<Timestamp, String> {
    point(text, &Zoned::now())
}

/// The point in the past that a person means: `2h` ago, `18:00` (the last one), `yesterday 07:30`, a date, or RFC 3339.
///
/// # Errors
/// What to write instead.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    past(text, &Zoned::now())
}

fn past(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Ok(timestamp);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = match words.as_slice() {
        ["today"] => on(now.date(), civil::Time::midnight(), now),
        ["yesterday"] => now.date().yesterday().ok().and_then(|date| on(date, civil::Time::midnight(), now)),
        ["yesterday", time] => time_of_day(time).and_then(|time| on(now.date().yesterday().ok()?, time, now)),
        [date, time] => time_of_day(time).and_then(|time| on(date.parse().ok()?, time, now)),
        [word] => match (duration::parse(word), time_of_day(word), word.parse::<civil::Date>()) {
            (Ok(ago), ..) => now.checked_sub(ago).ok(),
            (_, Some(time), _) => last(time, now),
            (.., Ok(date)) => on(date, civil::Time::midnight(), now),
            (Err(_), None, Err(_)) => None,
        },
        _ => None,
    };
    let wrong = || {
        format!("`{text}` is no time: write 2h, 18:00, \"yesterday 07:30\", 2026-11-22 or 2026-11-22T18:00:00+01:00")
    };
    found.map(|zoned| zoned.timestamp()).ok_or_else(wrong)
}

fn point(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Ok(timestamp);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = match words.as_slice() {
        [time] => time_of_day(time).and_then(|time| next(time, now)),
        ["tomorrow", time] => time_of_day(time).and_then(|time| on(now.date().tomorrow().ok()?, time, now)),
        _ => None,
    };
    let wrong = || format!("`{text}` is no time: write 18:00, \"tomorrow 07:30\" or 2027-01-31T18:00:00+01:00");
    found.map(|zoned| zoned.timestamp()).ok_or_else(wrong)
}

/// `7:30`, `07:30` or `07:30:15`.
fn time_of_day(text: &str) -> Option<civil::Time> {
    let part =
        |part: &str| part.parse::<i8>().ok().filter(|_| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()));
    match text.split(':').map(part).collect::<Option<Vec<i8>>>()?.as_slice() {
        [hour, minute] => civil::Time::new(*hour, *minute, 0, 0).ok(),
        [hour, minute, second] => civil::Time::new(*hour, *minute, *second, 0).ok(),
        _ => None,
    }
}

/// The next time that the clock shows this.
fn next(time: civil::Time, now: &Zoned) -> Option<Zoned> {
    let today = on(now.date(), time, now)?;
    if today > *now { Some(today) } else { on(now.date().tomorrow().ok()?, time, now) }
}

/// The last time that the clock showed this.
fn last(time: civil::Time, now: &Zoned) -> Option<Zoned> {
    let today = on(now.date(), time, now)?;
    if today <= *now { Some(today) } else { on(now.date().yesterday().ok()?, time, now) }
}

fn on(date: civil::Date, time: civil::Time, now: &Zoned) -> Option<Zoned> {
    date.to_datetime(time).to_zoned(now.time_zone().clone()).ok()
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
    fn points_in_time_are_read_as_people_write_them() {
        let check = |now: &str, text: &str, expected: Option<&str>| {
            let found = point(text, &now.parse().unwrap()).map(|at| at.to_string());
            assert_eq!(found.as_deref().ok(), expected, "{text} at {now}: {found:?}");
            if let Err(error) = found {
                assert!(error.contains("write 18:00, \"tomorrow 07:30\" or 2027-01-31T18:00:00+01:00"), "{error}");
            }
        };
        let evening = "2026-11-22T17:30:00+01:00[Europe/Berlin]";
        check(evening, "18:00", Some("2026-11-22T17:00:00Z"));
        check(evening, "17:30", Some("2026-11-23T16:30:00Z"));
        check(evening, "17:30:01", Some("2026-11-22T16:30:01Z"));
        check(evening, " 7:05 ", Some("2026-11-23T06:05:00Z"));
        check(evening, "tomorrow 18:00", Some("2026-11-23T17:00:00Z"));
        check(evening, "2027-01-31T18:00:00+01:00", Some("2027-01-31T17:00:00Z"));
        check(evening, "2020-01-31T18:00:00Z", Some("2020-01-31T18:00:00Z"));
        // The day on which the clock goes forward has no 02:30, and the one on which it goes back has two.
        check("2026-03-28T20:00:00+01:00[Europe/Berlin]", "02:30", Some("2026-03-29T01:30:00Z"));
        check("2026-10-24T20:00:00+02:00[Europe/Berlin]", "tomorrow 02:30", Some("2026-10-25T00:30:00Z"));
        for wrong in ["", "soon", "18", "25:00", "18:60", "18:00:00:00", "+1:00", "tomorrow", "yesterday 18:00", "6pm"]
        {
            check(evening, wrong, None);
        }
    }

    #[test]
    fn points_in_the_past_are_read_as_people_write_them() {
        let evening = "2026-11-22T17:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let found = past(text, &evening).map(|at| at.to_string());
            assert_eq!(found.as_deref().ok(), expected, "{text}: {found:?}");
        };
        check("2h", Some("2026-11-22T14:30:00Z"));
        check("1d", Some("2026-11-21T16:30:00Z"));
        check("17:30", Some("2026-11-22T16:30:00Z"));
        check("18:00", Some("2026-11-21T17:00:00Z"));
        check("today", Some("2026-11-21T23:00:00Z"));
        check("yesterday", Some("2026-11-20T23:00:00Z"));
        check("yesterday 07:30", Some("2026-11-21T06:30:00Z"));
        check("2026-11-02", Some("2026-11-01T23:00:00Z"));
        check("2026-11-02 09:15", Some("2026-11-02T08:15:00Z"));
        check("2026-11-22T10:00:00Z", Some("2026-11-22T10:00:00Z"));
        for wrong in ["", "soon", "tomorrow 07:30", "25:00", "2026-13-01"] {
            check(wrong, None);
        }
    }

    #[test]
    fn lengths_read_as_on_a_player() {
        for (millis, expected) in [(0, "0:00"), (241_999, "4:01"), (3_723_000, "1:02:03")] {
            assert_eq!(length(millis), expected);
        }
    }
}
