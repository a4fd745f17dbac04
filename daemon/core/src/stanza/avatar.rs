//! User avatar ([XEP-0084](https://xmpp.org/extensions/xep-0084.html)): the picture of our own, and what is known of
//! somebody's. Pictures of others are never fetched here, so nothing has to be trusted about them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::xml::{Element, ns};

/// The largest picture: as base64 in a stanza it stays under 64 KiB, which every server takes.
pub const LARGEST: usize = 40 * 1024;

/// What is known of a picture (section 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// The SHA-1 of its bytes, in lower-case hexadecimal digits.
    pub id: String,
    /// Its media type, as `image/png`.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u32,
    /// Pixels.
    pub width: Option<u16>,
    /// Pixels.
    pub height: Option<u16>,
}

/// Why bytes are no avatar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAvatar {
    /// It has more than [`LARGEST`] bytes.
    #[error("it has more than {} KiB, which not every server takes", LARGEST / 1024)]
    TooLarge,
    /// It is none of the formats that contacts can show.
    #[error("it is not a picture in PNG, JPEG, GIF or WebP")]
    NoPicture,
}

impl Avatar {
    /// What is to be said of a picture. Its type is what the bytes say, whatever a file was called.
    ///
    /// # Errors
    /// When it is too large, or no picture.
    pub fn of(picture: &[u8]) -> Result<Self, NoAvatar> {
        let bytes = u32::try_from(picture.len()).ok().filter(|_| picture.len() <= LARGEST).ok_or(NoAvatar::TooLarge)?;
        let (media_type, size) = recognise(picture).ok_or(NoAvatar::NoPicture)?;
        let id = Sha1::digest(picture).iter().map(|byte| format!("{byte:02x}")).collect();
        let (width, height) = size.unzip();
        Ok(Self { id, media_type: media_type.to_owned(), bytes, width, height })
    }
}

/// The element with the picture itself.
pub fn data(picture: &[u8]) -> Element {
    Element::new("data", ns::AVATAR_DATA).with_text(STANDARD.encode(picture))
}

/// The element that tells of a picture, or that there is none (section 4.2.2).
pub fn to_element(avatar: Option<&Avatar>) -> Element {
    let metadata = Element::new("metadata", ns::AVATAR_METADATA);
    let Some(Avatar { id, media_type, bytes, width, height }) = avatar else { return metadata };
    let info = Element::new("info", ns::AVATAR_METADATA)
        .with_attr("bytes", bytes.to_string())
        .with_optional_attr("height", height.map(|height| height.to_string()))
        .with_attr("id", id)
        .with_attr("type", media_type)
        .with_optional_attr("width", width.map(|width| width.to_string()));
    metadata.with_child(info)
}

/// Reads a `<metadata/>`: `None` for any other element, `Some(None)` for no picture. Of several, the first that is told as
/// the schema wants it.
pub fn parse(element: &Element) -> Option<Option<Avatar>> {
    let mut infos = element.is("metadata", ns::AVATAR_METADATA).then(|| element.children())?;
    Some(infos.find_map(info))
}

fn info(element: &Element) -> Option<Avatar> {
    let is_id = |id: &&str| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_word = |word: &str| {
        (1..=32).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let attr = |name| element.attr(name).filter(|_| element.is("info", ns::AVATAR_METADATA));
    Some(Avatar {
        id: attr("id").filter(is_id)?.to_ascii_lowercase(),
        media_type: attr("type").filter(|kind| kind.strip_prefix("image/").is_some_and(is_word))?.to_owned(),
        bytes: attr("bytes")?.parse().ok().filter(|bytes| *bytes > 0)?,
        width: attr("width").and_then(|width| width.parse().ok()),
        height: attr("height").and_then(|height| height.parse().ok()),
    })
}

/// The media type, and the size where it is told near the beginning.
fn recognise(picture: &[u8]) -> Option<(&'static str, Option<(u16, u16)>)> {
    let number =
        |at: usize, read: fn([u8; 2]) -> u16| picture.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map(read);
    if picture.starts_with(b"\x89PNG\r\n\x1a\n") {
        // The upper halves of both numbers; what does not fit into the others is no size for an avatar.
        let small = number(16, u16::from_be_bytes) == Some(0) && number(20, u16::from_be_bytes) == Some(0);
        let size = number(18, u16::from_be_bytes).zip(number(22, u16::from_be_bytes));
        return Some(("image/png", size.filter(|_| small)));
    }
    if picture.starts_with(b"GIF87a") || picture.starts_with(b"GIF89a") {
        return Some(("image/gif", number(6, u16::from_le_bytes).zip(number(8, u16::from_le_bytes))));
    }
    if picture.starts_with(b"\xff\xd8\xff") {
        return Some(("image/jpeg", None));
    }
    let is_webp = picture.starts_with(b"RIFF") && picture.get(8..12) == Some(b"WEBP");
    is_webp.then_some(("image/webp", None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30\x08";

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        let check = |picture: &[u8], expected: Result<(&str, Option<u16>, Option<u16>), NoAvatar>| {
            let avatar = Avatar::of(picture);
            let found = avatar.as_ref().map(|avatar| (avatar.media_type.as_str(), avatar.width, avatar.height));
            assert_eq!(found.map_err(|error| *error), expected, "{picture:?}");
        };
        check(PNG, Ok(("image/png", Some(64), Some(48))));
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\0\x40\0\0\0\x30", Ok(("image/png", None, None)));
        check(b"\x89PNG\r\n\x1a\n", Ok(("image/png", None, None)));
        check(b"GIF89a\x40\0\x30\0", Ok(("image/gif", Some(64), Some(48))));
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Ok(("image/jpeg", None, None)));
        check(b"RIFF\x24\0\0\0WEBPVP8 ", Ok(("image/webp", None, None)));
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", Err(NoAvatar::NoPicture));
        check(b"", Err(NoAvatar::NoPicture));
        check(&[0; LARGEST + 1], Err(NoAvatar::TooLarge));
    }

    #[test]
    fn what_is_told_of_a_picture_reads_back() {
        let avatar = Avatar::of(PNG).unwrap();
        let element = to_element(Some(&avatar));
        assert_eq!(parse(&element), Some(Some(avatar.clone())));
        assert_eq!(
            writer::to_string(&element),
            format!(
                "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='25' height='48' id='{}' type='image/png' \
                 width='64'/></metadata>",
                avatar.id,
            ),
        );
        assert_eq!(parse(&to_element(None)), Some(None));
        assert_eq!(data(b"abc").text(), "YWJj");
    }

    #[test]
    fn what_contacts_tell_is_believed_only_in_its_shape() {
        let check = |attributes: &str, expected: bool| {
            let text = format!("<metadata xmlns='urn:xmpp:avatar:metadata'><info {attributes}/></metadata>");
            let read = parse(&testing::element(&text)).unwrap();
            assert_eq!(read.is_some(), expected, "{attributes}");
        };
        let id = "id='111f4b3c50d7b0df729d299bc6f8e9ef9066971f'";
        check(&format!("{id} type='image/png' bytes='12345'"), true);
        check(&format!("{id} type='image/svg+xml' bytes='1' width='-1' height='99999'"), true);
        check(&format!("{id} type='text/html' bytes='1'"), false);
        check(&format!("{id} type='image/' bytes='1'"), false);
        check(&format!("{id} type='image/p n' bytes='1'"), false);
        check(&format!("{id} type='image/png' bytes='0'"), false);
        check(&format!("{id} type='image/png' bytes='4294967296'"), false);
        check(&format!("{id} type='image/png'"), false);
        check("id='../../../etc/passwd' type='image/png' bytes='1'", false);
        check("type='image/png' bytes='1'", false);
        assert_eq!(parse(&Element::new("metadata", ns::CLIENT)), None);
    }
}
