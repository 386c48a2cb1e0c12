//! The fashion palette: 39 names, each with its basic colour and a representative sRGB value.
//!
//! The names and their basic colours are the project's vocabulary. The sRGB values are this crate's choice, made so
//! that the nearest value by CIEDE2000 is the name a shop would print: cloth as it photographs (black is #17171a
//! rather than #000000, since no fabric absorbs all light; red, green and blue are dye rather than monitor
//! primaries), and neighbours kept apart in the dimension that tells them apart in speech (maroon is brown-red,
//! burgundy blue-red; tan, camel and khaki differ in chroma and hue, not only in lightness).

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
    Black = "black", Black, 0x17_17_1a;
    Charcoal = "charcoal", Grey, 0x42_45_49;
    Grey = "grey", Grey, 0x82_84_87;
    Silver = "silver", Grey, 0xbd_c0_c3;
    White = "white", White, 0xfa_fa_fa;
    OffWhite = "off-white", White, 0xec_e8_dd;
    Cream = "cream", Beige, 0xf4_e6_c4;
    Beige = "beige", Beige, 0xd8_c6_a6;
    Tan = "tan", Beige, 0xc8_a0_78;
    Khaki = "khaki", Beige, 0xa8_9a_70;
    Camel = "camel", Brown, 0xb4_80_46;
    Brown = "brown", Brown, 0x73_49_2e;
    Chocolate = "chocolate", Brown, 0x43_2c_22;
    Navy = "navy", Blue, 0x1e_27_44;
    Denim = "denim", Blue, 0x4c_66_8a;
    Blue = "blue", Blue, 0x26_62_b4;
    RoyalBlue = "royal-blue", Blue, 0x28_3c_c4;
    LightBlue = "light-blue", Blue, 0xa4_c6_e6;
    Teal = "teal", Blue, 0x14_72_78;
    Turquoise = "turquoise", Blue, 0x3a_c4_c4;
    Green = "green", Green, 0x2e_8a_46;
    ForestGreen = "forest-green", Green, 0x1e_48_2e;
    Olive = "olive", Green, 0x67_67_36;
    Mint = "mint", Green, 0xa8_e0_c4;
    Yellow = "yellow", Yellow, 0xf6_dc_3c;
    Mustard = "mustard", Yellow, 0xcc_98_1e;
    Gold = "gold", Yellow, 0xd4_b4_5c;
    Orange = "orange", Orange, 0xf0_78_28;
    Coral = "coral", Orange, 0xf8_80_6c;
    Peach = "peach", Orange, 0xfa_c6_a2;
    Red = "red", Red, 0xcc_20_2c;
    Burgundy = "burgundy", Red, 0x74_1c_38;
    Maroon = "maroon", Red, 0x62_1c_1c;
    Pink = "pink", Pink, 0xf0_9a_b6;
    Blush = "blush", Pink, 0xec_cc_c8;
    HotPink = "hot-pink", Pink, 0xe4_30_88;
    Purple = "purple", Purple, 0x6c_3a_98;
    Lavender = "lavender", Purple, 0xb8_a6_da;
    Plum = "plum", Purple, 0x62_2c_58;
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
