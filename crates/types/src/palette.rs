//! The fashion palette: 39 names, each with its basic colour and a representative sRGB value.
//!
//! The names and their basic colours are the project's vocabulary. The sRGB values are this crate's choice, made so
//! that the nearest value by CIEDE2000 is the name a shop would print. They are colours of cloth as it photographs, not
//! of a monitor's primaries: the mean of a navy garment's pixels, with its folds and sheen, has half the chroma of the
//! web colour, and charcoal begins where black cloth in good light ends. Within those bounds (hue within 15 degrees of
//! the name's usual value, greys without chroma, any two more than 5 apart) the values were fitted to the colour names
//! of the 7,583 catalogue photos in the training split of the Fashion Product Images, then rounded by eye where the fit
//! had drifted from what the name means.

use crate::Rgb8;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// One of the twelve basic colours.
    enum BasicColor, "basic color" {
        Black = "black",
        Grey = "grey",
        White = "white",
        Beige = "beige",
        Brown = "brown",
        Blue = "blue",
        Green = "green",
        Yellow = "yellow",
        Orange = "orange",
        Red = "red",
        Pink = "pink",
        Purple = "purple",
    }
}

/// Declares the named colours from one table: variant, name, basic colour, sRGB value.
macro_rules! palette {
    ($($Variant:ident = $text:literal, $Basic:ident, $rgb:literal;)+) => {
        vocabulary! {
            /// One of the 39 colours garments are described with.
            enum ColorName, "color" { $($Variant = $text),+ }
        }

        impl ColorName {
            /// The basic colour it is a shade of.
            pub const fn basic(self) -> BasicColor {
                match self {
                    $(Self::$Variant => BasicColor::$Basic,)+
                }
            }

            /// Its representative value in the palette.
            pub const fn srgb(self) -> Rgb8 {
                match self {
                    $(Self::$Variant => Rgb8::from_u32($rgb),)+
                }
            }
        }
    };
}

palette! {
    Black = "black", Black, 0x1c1c1d;
    Charcoal = "charcoal", Grey, 0x616365;
    Grey = "grey", Grey, 0x8a8a8a;
    Silver = "silver", Grey, 0xa7a9ab;
    White = "white", White, 0xe1e3e4;
    OffWhite = "off-white", White, 0xf2f0e2;
    Cream = "cream", Beige, 0xeadec7;
    Beige = "beige", Beige, 0xc6b799;
    Tan = "tan", Beige, 0xbc9a66;
    Khaki = "khaki", Beige, 0xa99371;
    Camel = "camel", Brown, 0xb68967;
    Brown = "brown", Brown, 0x654e44;
    Chocolate = "chocolate", Brown, 0x3e2f29;
    Navy = "navy", Blue, 0x222a40;
    Denim = "denim", Blue, 0x495a70;
    Blue = "blue", Blue, 0x5676c1;
    RoyalBlue = "royal-blue", Blue, 0x2846c6;
    LightBlue = "light-blue", Blue, 0xa9bdd1;
    Teal = "teal", Blue, 0x107482;
    Turquoise = "turquoise", Blue, 0x64b5c1;
    Green = "green", Green, 0x4a9d62;
    ForestGreen = "forest-green", Green, 0x365440;
    Olive = "olive", Green, 0x7d8264;
    Mint = "mint", Green, 0xbbe0c8;
    Yellow = "yellow", Yellow, 0xfadc3f;
    Mustard = "mustard", Yellow, 0xcc981e;
    Gold = "gold", Yellow, 0xc8aa50;
    Orange = "orange", Orange, 0xf2802c;
    Coral = "coral", Orange, 0xff9177;
    Peach = "peach", Orange, 0xffc49c;
    Red = "red", Red, 0xce373e;
    Burgundy = "burgundy", Red, 0x580e2a;
    Maroon = "maroon", Red, 0x6e3840;
    Pink = "pink", Pink, 0xf48ca4;
    Blush = "blush", Pink, 0xf8cfcd;
    HotPink = "hot-pink", Pink, 0xc32d83;
    Purple = "purple", Purple, 0x7c4898;
    Lavender = "lavender", Purple, 0xc0abdd;
    Plum = "plum", Purple, 0x4f3350;
}

impl ColorName {
    /// Whether it goes with everything: black, charcoal, grey, silver, white, off-white, cream, beige, navy, denim.
    pub const fn is_neutral(self) -> bool {
        matches!(
            self,
            Self::Black
                | Self::Charcoal
                | Self::Grey
                | Self::Silver
                | Self::White
                | Self::OffWhite
                | Self::Cream
                | Self::Beige
                | Self::Navy
                | Self::Denim
        )
    }
}
