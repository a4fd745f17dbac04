//! Lenient reading of D-Bus values: the types that programs confuse in the field are repaired, what cannot be is absent.
//! What a value means is left to its readers.
#![expect(clippy::wildcard_enum_match_arm, reason = "each reading names the few kinds of D-Bus value it can repair")]

use zbus::Variant;

/// The longest text that is read; the rest of a longer one is dropped.
const LONGEST_TEXT: usize = 4 * 1024;

/// How many texts of a list are read.
const MOST_TEXTS: usize = 32;

/// One text: as it is, or the first of a list. Empty is absent; what is longer than 4 KiB is cut.
pub(crate) fn text(value: &Variant<'_>) -> Option<String> {
    text_within(value, LONGEST_TEXT)
}

/// The same, cut to this many bytes.
pub(crate) fn text_within(value: &Variant<'_>, longest: usize) -> Option<String> {
    match unwrapped(value) {
        Variant::Str(text) => bounded(text.as_str(), longest),
        Variant::ObjectPath(path) => bounded(path.as_str(), longest),
        Variant::Array(items) => items.inner().iter().find_map(|item| text_within(item, longest)),
        _ => None,
    }
}

/// Several texts: a list, a list of lists, or one text alone.
pub(crate) fn texts(value: &Variant<'_>) -> Vec<String> {
    let mut found = Vec::new();
    collect_texts(value, &mut found);
    found
}

fn collect_texts(value: &Variant<'_>, found: &mut Vec<String>) {
    match unwrapped(value) {
        Variant::Array(items) => {
            for item in items.inner() {
                if found.len() == MOST_TEXTS {
                    return;
                }
                collect_texts(item, found);
            }
        }
        single => found.extend(text(single)),
    }
}

/// A whole number of any kind, also as text ("3", "3/12") or as the first of a list.
pub(crate) fn integer(value: &Variant<'_>) -> Option<i64> {
    match unwrapped(value) {
        Variant::U8(number) => Some(i64::from(*number)),
        Variant::I16(number) => Some(i64::from(*number)),
        Variant::U16(number) => Some(i64::from(*number)),
        Variant::I32(number) => Some(i64::from(*number)),
        Variant::U32(number) => Some(i64::from(*number)),
        Variant::I64(number) => Some(*number),
        Variant::U64(number) => i64::try_from(*number).ok(),
        Variant::F64(number) => rounded(*number),
        Variant::Str(text) => {
            let text = text.as_str().split('/').next()?.trim();
            text.parse().ok().or_else(|| rounded(text.parse().ok()?))
        }
        Variant::Array(items) => items.inner().first().and_then(integer),
        _ => None,
    }
}

/// A number that may have a fraction, of any kind.
pub(crate) fn number(value: &Variant<'_>) -> Option<f64> {
    let number = match unwrapped(value) {
        Variant::F64(number) => *number,
        Variant::Str(text) => text.as_str().trim().parse().ok()?,
        Variant::Array(items) => items.inner().first().and_then(number)?,
        other => integer(other)? as f64,
    };
    number.is_finite().then_some(number)
}

fn rounded(number: f64) -> Option<i64> {
    // 2^63 is the first number that an i64 cannot hold.
    let fits = number.is_finite() && number.abs() < 9_223_372_036_854_775_808.0;
    fits.then(|| number.round() as i64)
}

/// The value inside, however often it is wrapped as a variant.
pub(crate) fn unwrapped<'v, 'a>(mut value: &'v Variant<'a>) -> &'v Variant<'a> {
    while let Variant::Variant(inner) = value {
        value = inner;
    }
    value
}

fn bounded(text: &str, longest: usize) -> Option<String> {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    (!text.trim().is_empty()).then(|| text.to_owned())
}
