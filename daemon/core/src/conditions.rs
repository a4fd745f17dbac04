//! Error conditions as XMPP writes them: an element's name out of a list that may grow.

/// Declares an enum of conditions with their names on the wire and one arm for names it does not know.
macro_rules! conditions {
    ($(#[$about:meta])* $name:ident or $fallback:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A condition no document we know of defines, by its element's name.
            Unknown(String),
        }

        impl $name {
            /// The condition of this element name.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $($text => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }

            /// The element name of this condition.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(name) => name,
                }
            }

            /// The element name to send: a condition we do not know is not passed on.
            pub fn name_to_send(&self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(_) => $fallback,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use conditions;
