//! The 47 categories.

use crate::vocabulary::vocabulary;
use crate::{Formality, Slot};

const TOP: &[Slot] = &[Slot::Top];
const BOTTOM: &[Slot] = &[Slot::Bottom];
const TOP_AND_BOTTOM: &[Slot] = &[Slot::Top, Slot::Bottom];
const OUTERWEAR: &[Slot] = &[Slot::Outerwear];
const SHOES: &[Slot] = &[Slot::Shoes];
const ACCESSORY: &[Slot] = &[Slot::Accessory];

/// Declares the categories from one table: variant, name, slots, formality, warmth, whether rain ruins it.
macro_rules! categories {
    ($($Variant:ident = $text:literal, $slots:ident, $formality:literal, $warmth:literal, $rain:literal;)+) => {
        vocabulary! {
            /// What a garment is: one of 47 kinds.
            enum Category, "category" { $($Variant = $text),+ }
        }

        impl Category {
            /// The places of an outfit it fills: one, or top and bottom for dresses and jumpsuits.
            pub const fn slots(self) -> &'static [Slot] {
                match self {
                    $(Self::$Variant => $slots,)+
                }
            }

            /// How formal a garment of this kind is before anything else is known of it.
            pub const fn formality(self) -> Formality {
                Formality::prior(match self {
                    $(Self::$Variant => $formality,)+
                })
            }

            /// How warm it keeps the part it covers, from 0 (no cloth to speak of) to 1 (deep winter).
            pub const fn warmth(self) -> f32 {
                match self {
                    $(Self::$Variant => $warmth,)+
                }
            }

            /// Whether to leave it at home in the rain: usual materials that water stains or warps (suede, smooth
            /// leather, silk, structured wool), and shoes that leave the foot open.
            pub const fn rain_ruins(self) -> bool {
                match self {
                    $(Self::$Variant => $rain,)+
                }
            }
        }
    };
}

// The formalities of sneakers, jeans, polo, chinos, blazer, dress-shoes, suit-jacket and evening-dress are given
// by the taxonomy; the others are placed between them. Warmth is on one scale: bare 0, a t-shirt .2, a sweater
// .65, a puffer jacket .95.
categories! {
    TShirt = "t-shirt", TOP, 0.2, 0.2, false;
    Shirt = "shirt", TOP, 0.6, 0.3, false;
    Blouse = "blouse", TOP, 0.6, 0.2, false;
    Polo = "polo", TOP, 0.45, 0.2, false;
    TankTop = "tank-top", TOP, 0.15, 0.05, false;
    LongSleeveTop = "long-sleeve-top", TOP, 0.3, 0.35, false;
    Sweater = "sweater", TOP, 0.45, 0.65, false;
    Cardigan = "cardigan", TOP, 0.5, 0.55, false;
    Hoodie = "hoodie", TOP, 0.15, 0.6, false;
    Sweatshirt = "sweatshirt", TOP, 0.2, 0.6, false;
    Bodysuit = "bodysuit", TOP, 0.4, 0.2, false;
    Jeans = "jeans", BOTTOM, 0.3, 0.45, false;
    Trousers = "trousers", BOTTOM, 0.65, 0.45, false;
    Chinos = "chinos", BOTTOM, 0.5, 0.4, false;
    Joggers = "joggers", BOTTOM, 0.15, 0.45, false;
    Leggings = "leggings", BOTTOM, 0.15, 0.35, false;
    Shorts = "shorts", BOTTOM, 0.15, 0.05, false;
    Skirt = "skirt", BOTTOM, 0.5, 0.25, false;
    MiniSkirt = "mini-skirt", BOTTOM, 0.35, 0.1, false;
    Dress = "dress", TOP_AND_BOTTOM, 0.55, 0.25, false;
    EveningDress = "evening-dress", TOP_AND_BOTTOM, 0.95, 0.2, true;
    Jumpsuit = "jumpsuit", TOP_AND_BOTTOM, 0.5, 0.35, false;
    Romper = "romper", TOP_AND_BOTTOM, 0.3, 0.15, false;
    Jacket = "jacket", OUTERWEAR, 0.4, 0.6, false;
    Blazer = "blazer", OUTERWEAR, 0.75, 0.5, false;
    SuitJacket = "suit-jacket", OUTERWEAR, 0.95, 0.5, true;
    DenimJacket = "denim-jacket", OUTERWEAR, 0.3, 0.5, false;
    LeatherJacket = "leather-jacket", OUTERWEAR, 0.35, 0.6, true;
    PufferJacket = "puffer-jacket", OUTERWEAR, 0.2, 0.95, false;
    Coat = "coat", OUTERWEAR, 0.65, 0.9, false;
    TrenchCoat = "trench-coat", OUTERWEAR, 0.65, 0.65, false;
    Vest = "vest", OUTERWEAR, 0.5, 0.4, false;
    Sneakers = "sneakers", SHOES, 0.2, 0.35, false;
    Boots = "boots", SHOES, 0.4, 0.8, false;
    AnkleBoots = "ankle-boots", SHOES, 0.5, 0.6, false;
    DressShoes = "dress-shoes", SHOES, 0.9, 0.4, true;
    Loafers = "loafers", SHOES, 0.65, 0.3, true;
    Heels = "heels", SHOES, 0.8, 0.15, true;
    Flats = "flats", SHOES, 0.5, 0.2, true;
    Sandals = "sandals", SHOES, 0.2, 0.05, true;
    Belt = "belt", ACCESSORY, 0.5, 0.0, false;
    Tie = "tie", ACCESSORY, 0.9, 0.05, true;
    Scarf = "scarf", ACCESSORY, 0.5, 0.5, false;
    Hat = "hat", ACCESSORY, 0.3, 0.3, false;
    Bag = "bag", ACCESSORY, 0.5, 0.0, false;
    Sunglasses = "sunglasses", ACCESSORY, 0.4, 0.0, false;
    Watch = "watch", ACCESSORY, 0.6, 0.0, false;
}

impl Category {
    /// Whether such shoes leave the toes bare.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Sandals)
    }

    /// Every category that fills `slot`, in declaration order.
    pub fn of_slot(slot: Slot) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |category| category.slots().contains(&slot))
    }
}
