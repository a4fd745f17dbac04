//! The little of DER (X.690) that is read from certificates by hand.

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, explicit.
pub(super) const FIRST_TAGGED: u8 = 0xa0;

/// The content of the element of this tag at the start of `input`, and what follows the element.
pub(super) fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (seen, content, rest) = any_element(input)?;
    (seen == tag).then_some((content, rest))
}

/// The first element of `input`, whatever it is: its tag, its content, and what follows it (section 8.1, definite
/// lengths).
pub(super) fn any_element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
