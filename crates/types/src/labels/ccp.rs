//! The 52 labels of Clothing Co-Parsing (Yang et al. 2014, arXiv:1502.00739).

use super::LabelTable;
use crate::Category as C;

/// CCP's labels. `top` and `shoes` are coarse: they lie over `blouse`, `boots` and the like.
///
/// Unmapped are underwear, hosiery, jewellery, glasses, wallets, gloves, capes and the catch-all `accessories`, and
/// `vest`, which CCP uses for sleeveless tops and waistcoats alike.
pub const CCP: LabelTable = LabelTable {
    kind: "CCP label",
    mapped: &[
        ("bag", &[C::Bag]),
        ("belt", &[C::Belt]),
        ("blazer", &[C::Blazer, C::SuitJacket]),
        ("blouse", &[C::Blouse]),
        ("bodysuit", &[C::Bodysuit]),
        ("boots", &[C::Boots, C::AnkleBoots]),
        ("cardigan", &[C::Cardigan]),
        ("coat", &[C::Coat, C::TrenchCoat]),
        ("dress", &[C::Dress, C::EveningDress]),
        ("flats", &[C::Flats]),
        ("hat", &[C::Hat]),
        ("heels", &[C::Heels]),
        ("hoodie", &[C::Hoodie]),
        (
            "jacket",
            &[C::Jacket, C::DenimJacket, C::LeatherJacket, C::PufferJacket],
        ),
        ("jeans", &[C::Jeans]),
        ("jumper", &[C::Sweater]),
        ("leggings", &[C::Leggings]),
        ("loafers", &[C::Loafers]),
        ("pants", &[C::Trousers, C::Chinos, C::Joggers]),
        ("pumps", &[C::Heels]),
        ("purse", &[C::Bag]),
        ("romper", &[C::Romper, C::Jumpsuit]),
        ("sandals", &[C::Sandals]),
        ("scarf", &[C::Scarf]),
        ("shirt", &[C::Shirt]),
        (
            "shoes",
            &[
                C::Flats,
                C::DressShoes,
                C::Sneakers,
                C::Heels,
                C::Loafers,
                C::AnkleBoots,
                C::Boots,
                C::Sandals,
            ],
        ),
        ("shorts", &[C::Shorts]),
        ("skirt", &[C::Skirt, C::MiniSkirt]),
        ("sneakers", &[C::Sneakers]),
        ("suit", &[C::SuitJacket, C::Blazer]),
        ("sunglasses", &[C::Sunglasses]),
        ("sweater", &[C::Sweater]),
        ("sweatshirt", &[C::Sweatshirt]),
        ("t-shirt", &[C::TShirt]),
        ("tie", &[C::Tie]),
        ("top", &[C::Blouse, C::TankTop, C::LongSleeveTop, C::TShirt]),
        ("watch", &[C::Watch]),
        ("wedges", &[C::Heels]),
    ],
    unmapped: &[
        "accessories",
        "bra",
        "bracelet",
        "cape",
        "earrings",
        "glasses",
        "gloves",
        "necklace",
        "ring",
        "socks",
        "stockings",
        "tights",
        "vest",
        "wallet",
    ],
};
