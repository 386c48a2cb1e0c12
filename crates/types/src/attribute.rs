//! Slots of an outfit, and the attributes a garment has beside its category and colours.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A place in an outfit. An outfit fills top, bottom and shoes; outerwear and accessories are optional.
    enum Slot, "slot" {
        Top = "top",
        Bottom = "bottom",
        Outerwear = "outerwear",
        Shoes = "shoes",
        Accessory = "accessory",
    }
}

vocabulary! {
    /// What is drawn on the cloth.
    enum Pattern, "pattern" {
        Solid = "solid",
        Striped = "striped",
        Plaid = "plaid",
        Floral = "floral",
        Graphic = "graphic",
        Dotted = "dotted",
        Animal = "animal",
        Geometric = "geometric",
        Colorblock = "colorblock",
    }
}

vocabulary! {
    /// How close to the body a garment is cut.
    enum Fit, "fit" {
        Slim = "slim",
        Regular = "regular",
        Relaxed = "relaxed",
        Oversized = "oversized",
    }
}

vocabulary! {
    /// What a garment is mostly made of, as far as the wearer has said so.
    enum Material, "material" {
        Cotton = "cotton",
        Linen = "linen",
        Wool = "wool",
        Silk = "silk",
        Velvet = "velvet",
        Denim = "denim",
        Leather = "leather",
        Suede = "suede",
        Fur = "fur",
        Canvas = "canvas",
        Synthetic = "synthetic",
        Rubber = "rubber",
    }
}

impl Material {
    /// Whether water stains or warps it; `None` where that depends on what is made of it: boots of leather go out in
    /// the rain, a leather jacket stays in.
    pub const fn rain_ruins(self) -> Option<bool> {
        match self {
            Self::Silk | Self::Velvet | Self::Suede | Self::Fur => Some(true),
            Self::Synthetic | Self::Rubber => Some(false),
            Self::Cotton
            | Self::Linen
            | Self::Wool
            | Self::Denim
            | Self::Leather
            | Self::Canvas => None,
        }
    }
}

vocabulary! {
    /// A season a garment is worn in; a garment has one or several.
    enum Season, "season" {
        Spring = "spring",
        Summer = "summer",
        Fall = "fall",
        Winter = "winter",
    }
}

vocabulary! {
    /// The half of the earth the wearer lives on, which tells the season of a month.
    enum Hemisphere, "hemisphere" {
        North = "north",
        South = "south",
        /// between the tropics, where four seasons are not told apart
        Equator = "equator",
    }
}

impl Hemisphere {
    /// The season of a month, 1..=12, as meteorologists count: spring in the north begins with March. `None` at the
    /// equator.
    ///
    /// ```
    /// use wardrobe_types::{Hemisphere, Season};
    /// assert_eq!(Hemisphere::North.season(12), Some(Season::Winter));
    /// assert_eq!(Hemisphere::South.season(12), Some(Season::Summer));
    /// assert_eq!(Hemisphere::Equator.season(12), None);
    /// ```
    pub fn season(self, month: u8) -> Option<Season> {
        let half_a_year = match self {
            Self::North => 0,
            Self::South => 6,
            Self::Equator => return None,
        };
        Some(match (month + half_a_year) % 12 {
            3..=5 => Season::Spring,
            6..=8 => Season::Summer,
            9..=11 => Season::Fall,
            _ => Season::Winter,
        })
    }
}

vocabulary! {
    /// A manner of dressing; a garment may belong to several.
    enum Style, "style" {
        Casual = "casual",
        Formal = "formal",
        Preppy = "preppy",
        Streetwear = "streetwear",
        Sporty = "sporty",
        Business = "business",
        Bohemian = "bohemian",
        Minimalist = "minimalist",
        Vintage = "vintage",
        Party = "party",
    }
}
