//! The word for a person's availability: as people write it, as the contract's JSON shows it and as XML carries it.

use std::str::FromStr;

/// What a person can ask for. `Offline` closes the stream; `Invisible` needs XEP-0186.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// Available, without a `<show/>`.
    Online,
    /// Available and eager to talk.
    Chat,
    /// Away for a short while.
    Away,
    /// Away for long (extended away).
    Xa,
    /// Do not disturb.
    Dnd,
    /// No stream at all.
    Offline,
    /// A stream that contacts do not see.
    Invisible,
}

/// A word that is no [`Show`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of online, chat, away, xa, dnd, offline, invisible (or available for online, busy for dnd)")]
pub struct UnknownShow;

impl Show {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Chat => "chat",
            Self::Away => "away",
            Self::Xa => "xa",
            Self::Dnd => "dnd",
            Self::Offline => "offline",
            Self::Invisible => "invisible",
        }
    }

    /// The text of the `<show/>` element (RFC 6121 section 4.7.2.1); none for what is told without one.
    pub fn element_text(self) -> Option<&'static str> {
        match self {
            Self::Chat | Self::Away | Self::Xa | Self::Dnd => Some(self.as_str()),
            Self::Online | Self::Offline | Self::Invisible => None,
        }
    }

    /// Whether contacts see the person at all.
    pub fn is_visible(self) -> bool {
        match self {
            Self::Online | Self::Chat | Self::Away | Self::Xa | Self::Dnd => true,
            Self::Offline | Self::Invisible => false,
        }
    }
}

impl FromStr for Show {
    type Err = UnknownShow;

    /// Reads the words of [`Show::as_str`] and the synonyms `available` and `busy`.
    fn from_str(word: &str) -> Result<Self, UnknownShow> {
        match word {
            "online" | "available" => Ok(Self::Online),
            "chat" => Ok(Self::Chat),
            "away" => Ok(Self::Away),
            "xa" => Ok(Self::Xa),
            "dnd" | "busy" => Ok(Self::Dnd),
            "offline" => Ok(Self::Offline),
            "invisible" => Ok(Self::Invisible),
            _ => Err(UnknownShow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_what_it_says() {
        let check = |word: &str, show: Show, element: Option<&str>| {
            assert_eq!(word.parse(), Ok(show));
            assert_eq!(show.as_str().parse(), Ok(show));
            assert_eq!(show.element_text(), element);
        };
        check("online", Show::Online, None);
        check("available", Show::Online, None);
        check("chat", Show::Chat, Some("chat"));
        check("away", Show::Away, Some("away"));
        check("xa", Show::Xa, Some("xa"));
        check("dnd", Show::Dnd, Some("dnd"));
        check("busy", Show::Dnd, Some("dnd"));
        check("offline", Show::Offline, None);
        check("invisible", Show::Invisible, None);
        assert_eq!("Online".parse::<Show>(), Err(UnknownShow));
    }
}
