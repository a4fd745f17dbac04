//! Dates and times as XMPP writes them ([XEP-0082](https://xmpp.org/extensions/xep-0082.html)).

use crate::time::Wall;

/// Milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// Reads `2026-03-01T10:00:00.123Z` and the like. A missing zone is taken for UTC, a leap second for the one before
/// it, and fractions below a millisecond are cut off; `None` for everything else, years of other than four digits
/// included.
pub fn parse(text: &str) -> Option<Wall> {
    let (date, time) = text.trim().split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (digits(date.next()?, 4)?, digits(date.next()?, 2)?, digits(date.next()?, 2)?);
    if date.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (time, offset_minutes) = split_zone(time)?;
    let (time, millis) = match time.split_once('.') {
        None => (time, 0),
        Some((time, fraction)) => (time, fraction_millis(fraction)?),
    };
    let mut time = time.split(':');
    let (hour, minute, second) = (digits(time.next()?, 2)?, digits(time.next()?, 2)?, digits(time.next()?, 2)?);
    if time.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    Some(Wall::from_unix_millis((minutes * 60 + second.min(59)) * 1000 + millis))
}

/// Writes a time as UTC with milliseconds.
pub fn write(time: Wall) -> String {
    let millis = time.as_unix_millis();
    let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 23 && minutes <= 59).then_some((time, sign * (hours * 60 + minutes)))
}

fn fraction_millis(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = fraction.bytes().chain(*b"00").take(3);
    Some(padded.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March so that the leap day is last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The year, month and day that lie so many days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (era * 400 + year, month, date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse(text), expected.map(Wall::from_unix_millis), "{text}");
    }

    #[test]
    fn times_are_read() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-03-01T10:00:00Z", Some(1_772_359_200_000));
        check("2000-02-29T23:59:59.5Z", Some(951_868_799_500));
        check(" 1969-07-21T02:56:15Z ", Some(-14_159_025_000));
        check("1969-07-20T21:56:15-05:00", Some(-14_159_025_000));
        check("2026-03-01T15:30:00+05:30", Some(1_772_359_200_000));
        check("2026-03-01T10:00:00", Some(1_772_359_200_000));
        check("2016-12-31T23:59:60Z", Some(1_483_228_799_000));
        check("2026-03-01T10:00:00.0019999999999999999999999999Z", Some(1_772_359_200_001));
        check("0000-01-01T00:00:00Z", Some(-62_167_219_200_000));
        check("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999));
    }

    #[test]
    fn what_is_no_time_is_none() {
        let texts = [
            "",
            "T",
            "2026-03-01",
            "-001-03-01T10:00:00Z",
            "99999-03-01T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "2026-02-29T10:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T10:60:00Z",
            "2026-03-01T10:00:61Z",
            "2026-03-01T10:00Z",
            "2026-03-01T10:00:00.Z",
            "2026-03-01T10:00:00.-5Z",
            "2026-03-01T10:00:00+24:00",
            "2026-03-01T10:00:00+é:00",
            "2026-03-01T+1:00:00Z",
            "20260301T10:00:00",
        ];
        for text in texts {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(millis in -62_167_219_200_000_i64..=253_402_300_799_999) {
            let text = write(Wall::from_unix_millis(millis));
            prop_assert_eq!(parse(&text), Some(Wall::from_unix_millis(millis)), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9TZ:.é]{0,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.?[-+Z0-9:]{0,9}") {
            parse(&text);
        }
    }

    #[test]
    fn months_follow_each_other_without_a_gap() {
        let mut expected = days_since_epoch(0, 1, 1);
        for (year, month) in (0..=9999).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            assert_eq!(days_since_epoch(year, month, 1), expected, "{year}-{month}");
            assert_eq!(days_since_epoch(year, month, days_in(year, month)), expected + days_in(year, month) - 1);
            expected += days_in(year, month);
        }
    }
}
