//! The one macro that makes a closed vocabulary.

/// Declares an enum whose variants have stable kebab-case names.
///
/// The enum gets `ALL` (in declaration order), `as_str`, `Display`, `FromStr` (an unknown name lists the near
/// ones) and serde through the same names.
macro_rules! vocabulary {
    ($(#[$meta:meta])* enum $Name:ident, $kind:literal { $($(#[$variant_meta:meta])* $Variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Name {
            $(#[doc = concat!("`", $text, "`")] $(#[$variant_meta])* $Variant,)+
        }

        impl $Name {
            /// Every value, in declaration order; `as usize` is the index into it.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$Variant),+];

            /// The stable kebab-case name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::Error;

            fn from_str(name: &str) -> $crate::Result<Self> {
                Self::ALL
                    .into_iter()
                    .find(|value| value.as_str() == name)
                    .ok_or_else(|| $crate::vocabulary::unknown($kind, name, Self::ALL.map(Self::as_str)))
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use vocabulary;

/// The longest vocabulary that an error prints whole.
const SHORT: usize = 12;

/// The error for a name outside `known`.
pub(crate) fn unknown<'a>(
    kind: &'static str,
    name: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> crate::Error {
    let known = known.into_iter();
    let near = crate::did_you_mean(name, known.clone());
    let all = if known.clone().count() <= SHORT {
        known.map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    crate::Error::UnknownName {
        kind,
        name: name.to_owned(),
        near: near.into_iter().map(str::to_owned).collect(),
        all,
    }
}
