//! Durations as people write them: `90s`, `25m`, `1h30m`, `2d`.

use std::time::Duration;

/// The units, largest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads one or more numbers with their units, each unit at most once and in falling order. `None` for anything else,
/// and for what does not fit.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(end);
        let mut letters = tail.chars();
        let letter = letters.next()?;
        let (_, size) = units.find(|(unit, _)| *unit == letter)?;
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = letters.as_str();
    }
    (!text.is_empty()).then_some(Duration::from_secs(seconds))
}

/// Writes a duration so that [`parse`] reads it back; parts of a second are dropped.
pub(crate) fn write(duration: Duration) -> String {
    let mut left = duration.as_secs();
    let mut text = String::new();
    for (unit, size) in UNITS {
        let count = left / size;
        left %= size;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_falling_units() {
        let check = |text, seconds: Option<u64>| assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text}");
        check("90s", Some(90));
        check("25m", Some(1_500));
        check("1h30m", Some(5_400));
        check("2d", Some(172_800));
        check("0s", Some(0));
        for wrong in [
            "",
            "90",
            "s",
            "1x",
            "1m1h",
            "1h1h",
            "-1s",
            "1.5h",
            " 1s",
            "1 s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seconds in [0, 1, 90, 5_400, 172_800, 90_061] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse(&write(duration)), Some(duration));
        }
        assert_eq!(write(Duration::from_secs(5_400)), "1h30m");
    }
}
