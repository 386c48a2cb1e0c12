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
    /// A season a garment is worn in; a garment has one or several.
    enum Season, "season" {
        Spring = "spring",
        Summer = "summer",
        Fall = "fall",
        Winter = "winter",
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
