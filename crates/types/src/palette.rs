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
    Black = "black", Black, 0x1c_1c_1d;
    Charcoal = "charcoal", Grey, 0x61_63_65;
    Grey = "grey", Grey, 0x8a_8a_8a;
    Silver = "silver", Grey, 0xbe_bf_c0;
    White = "white", White, 0xec_ed_ee;
    OffWhite = "off-white", White, 0xf2_f0_e2;
    Cream = "cream", Beige, 0xea_de_c7;
    Beige = "beige", Beige, 0xc6_b7_99;
    Tan = "tan", Beige, 0xbc_9a_66;
    Khaki = "khaki", Beige, 0xa9_93_71;
    Camel = "camel", Brown, 0xb6_89_67;
    Brown = "brown", Brown, 0x65_4e_44;
    Chocolate = "chocolate", Brown, 0x3e_2f_29;
    Navy = "navy", Blue, 0x22_2a_40;
    Denim = "denim", Blue, 0x49_5a_70;
    Blue = "blue", Blue, 0x56_76_c1;
    RoyalBlue = "royal-blue", Blue, 0x28_46_c6;
    LightBlue = "light-blue", Blue, 0xa9_bd_d1;
    Teal = "teal", Blue, 0x10_74_82;
    Turquoise = "turquoise", Blue, 0x64_b5_c1;
    Green = "green", Green, 0x4a_9d_62;
    ForestGreen = "forest-green", Green, 0x36_54_40;
    Olive = "olive", Green, 0x7d_82_64;
    Mint = "mint", Green, 0xbb_e0_c8;
    Yellow = "yellow", Yellow, 0xfa_dc_3f;
    Mustard = "mustard", Yellow, 0xcc_98_1e;
    Gold = "gold", Yellow, 0xc8_aa_50;
    Orange = "orange", Orange, 0xf2_80_2c;
    Coral = "coral", Orange, 0xff_91_77;
    Peach = "peach", Orange, 0xff_c4_9c;
    Red = "red", Red, 0xce_37_3e;
    Burgundy = "burgundy", Red, 0x58_0e_2a;
    Maroon = "maroon", Red, 0x6e_38_40;
    Pink = "pink", Pink, 0xf4_8c_a4;
    Blush = "blush", Pink, 0xf8_cf_cd;
    HotPink = "hot-pink", Pink, 0xc3_2d_83;
    Purple = "purple", Purple, 0x7c_48_98;
    Lavender = "lavender", Purple, 0xc0_ab_dd;
    Plum = "plum", Purple, 0x4f_33_50;
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
