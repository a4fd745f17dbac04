//! Durations as people type them: `90s`, `25m`, `1h30m`, `2d`. Points in time are left to the callers.

use std::time::Duration;

/// The units with their length in milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was given.
    #[error("a duration is missing: write it like 90s, 25m, 1h30m or 2d")]
    Empty,
    /// A unit without digits before it; the rest of the text.
    #[error("`{0}` does not begin with a whole number: write durations like 90s, 25m, 1h30m or 2d")]
    NoNumber(String),
    /// Digits without a unit behind them.
    #[error("`{0}` has no unit: say {0}s, {0}m, {0}h or {0}d")]
    NoUnit(String),
    /// A unit that is none.
    #[error("`{0}` is no unit of time: use d, h, m, s or ms")]
    UnknownUnit(String),
    /// A unit that is repeated or stands behind a shorter one.
    #[error("`{0}` stands in the wrong place: write the longer unit first and each unit once, like 1h30m")]
    Order(String),
    /// More milliseconds than can be counted.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads a duration: one or more whole numbers, each with a unit out of `d h m s ms`, the longest unit first.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let (digits, behind) = split_where(rest, |c| !c.is_ascii_digit());
        if digits.is_empty() {
            return Err(DurationError::NoNumber(rest.to_owned()));
        }
        let (unit, behind) = split_where(behind, |c| !c.is_alphabetic());
        if unit.is_empty() {
            return Err(no_unit(digits, behind, rest));
        }
        if !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(DurationError::UnknownUnit(unit.to_owned()));
        }
        let (_, length) = units.find(|(name, _)| *name == unit).ok_or_else(|| DurationError::Order(unit.to_owned()))?;
        let number: u64 = digits.parse().map_err(|_| DurationError::TooLong)?;
        total = number.checked_mul(*length).and_then(|part| total.checked_add(part)).ok_or(DurationError::TooLong)?;
        rest = behind;
    }
    Ok(Duration::from_millis(total))
}

/// The duration in the same words, exact to the millisecond: `1h30m`, `0s`.
pub fn format(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, length) in UNITS {
        if left >= length {
            text.push_str(&format!("{}{name}", left / length));
            left %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn no_unit(digits: &str, behind: &str, rest: &str) -> DurationError {
    if behind.is_empty() { DurationError::NoUnit(digits.to_owned()) } else { DurationError::NoNumber(rest.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<u64, &str>) {
        let found = parse(text).map(|duration| duration.as_millis()).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(u128::from).map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn durations_are_whole_numbers_with_units() {
        check("90s", Ok(90_000));
        check(" 25m ", Ok(1_500_000));
        check("1h30m", Ok(5_400_000));
        check("2d", Ok(172_800_000));
        check("1d2h3m4s5ms", Ok(93_784_005));
        check("0s", Ok(0));
    }

    #[test]
    fn errors_say_what_to_write_instead() {
        check("", Err("a duration is missing: write it like 90s, 25m, 1h30m or 2d"));
        check("90", Err("`90` has no unit: say 90s, 90m, 90h or 90d"));
        check("1h30", Err("`30` has no unit: say 30s, 30m, 30h or 30d"));
        check("soon", Err("`soon` does not begin with a whole number: write durations like 90s, 25m, 1h30m or 2d"));
        check("-5m", Err("`-5m` does not begin with a whole number: write durations like 90s, 25m, 1h30m or 2d"));
        check("1.5h", Err("`1.5h` does not begin with a whole number: write durations like 90s, 25m, 1h30m or 2d"));
        check("3y", Err("`y` is no unit of time: use d, h, m, s or ms"));
        check("5 m", Err("`5 m` does not begin with a whole number: write durations like 90s, 25m, 1h30m or 2d"));
        check("5mé", Err("`mé` is no unit of time: use d, h, m, s or ms"));
        check(
            "30m1h",
            Err("`h` stands in the wrong place: write the longer unit first and each unit once, like 1h30m"),
        );
        check("1m1m", Err("`m` stands in the wrong place: write the longer unit first and each unit once, like 1h30m"));
        check("99999999999999999999s", Err("the duration is too long"));
        check("18446744073709551615d", Err("the duration is too long"));
    }

    #[test]
    fn what_is_formatted_reads_back_the_same() {
        for (millis, text) in [(0, "0s"), (90_000, "1m30s"), (5_400_000, "1h30m"), (1_500, "1s500ms")] {
            let duration = Duration::from_millis(millis);
            assert_eq!(format(duration), text);
            assert_eq!(parse(text), Ok(duration));
        }
    }
}
